"""The media module (src/provider/janus) on the real Janus with real WebRTC peers, each scenario in a network namespace of its
own: libnice leaves loopback out, and so nothing can leave the box. Needs root (or user namespaces), janus and python3-aiortc."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
BRIDGE = os.environ.get("JANUS_BRIDGE", str(HERE.parents[1] / "build" / "janus_bridge"))
NETWORK = ("ip link set lo up && ip link add m0 type veth peer name m1 && ip addr add 198.18.0.1/30 dev m0 && "
           "ip link set m0 up && ip link set m1 up && exec \"$@\"")


def scenarios():
    source = (HERE / "janus_scenarios.py").read_text()
    after = source.split("# --- scenarios")[1]
    return [line.split("def ")[1].split("(")[0] for line in after.splitlines() if line.startswith("async def ")]


@pytest.mark.parametrize("name", scenarios())
def test_media(name, tmp_path):
    user = [] if os.geteuid() == 0 else ["-r"]
    command = ["unshare", *user, "-n", "sh", "-c", NETWORK, "sh", sys.executable, str(HERE / "janus_scenarios.py"), name, BRIDGE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    log = (tmp_path / "bridge.log").read_text() if (tmp_path / "bridge.log").exists() else ""
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log}"
    print(done.stdout)
