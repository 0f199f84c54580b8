"""Runs what is in this folder, and the core of the API tests on a real PostgreSQL; says at the end what was shown and what was missing."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CORE = ["test_sessions.py", "test_seats.py", "test_call.py", "test_call_host.py", "test_rooms.py"]


def pytest(*what, **env):
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-rs", *map(str, what)], cwd=ROOT, env={**os.environ, **env}).returncode


def main():
    path = pathlib.Path(os.environ.get("INTEROP_DIR", ROOT / ".interop")) / "missing.json"
    missing = json.loads(path.read_text()) if path.exists() else {}
    chosen = sys.argv[1:]
    failed = pytest(*(chosen or [HERE]))
    if not chosen and "postgresql" not in missing:
        print("the core of the API on a real PostgreSQL:", flush=True)
        failed |= pytest(*(ROOT / "test" / "api" / name for name in CORE), DATABASE="postgresql")
    for name, why in missing.items():
        print(f"make interop: {name} is missing: {why}")
    shown = "everything that was run passed" if not failed else "something failed"
    print(f"make interop: {shown}" + (f"; not run for want of a part: {', '.join(missing)}" if missing else ""))
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
