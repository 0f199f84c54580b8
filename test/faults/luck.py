"""What a run may choose: FAULT_SEED plays it again, FAULT_EACH and FAULT_HOURS say how much of it there is. conftest.py settles the seed for all processes of a run."""
import os

SEED = int(os.environ["FAULT_SEED"])
EACH = int(os.environ.get("FAULT_EACH", "3"))
HOURS = float(os.environ.get("FAULT_HOURS", "24"))
