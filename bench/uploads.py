"""The upload figure: a recording of 2 GiB into a MinIO by roomd, beside `curl -T` of the same file to the same MinIO by a presigned link.

MinIO is what `make interop` installs into .interop (test/interop/install.py); without it there is no figure. What roomd's job took is read from its
log, so that the second in which it looks for work does not count."""
import hashlib
import hmac
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUCKET, REGION, SIZE, MIB = "bench", "us-east-1", 2 << 30, 1 << 20
sys.path[:0] = [str(ROOT / "test" / "interop"), str(ROOT / "test")]


def missing():
    """Why there can be no figure, or None."""
    import install
    program = install.BIN / f"minio-{install.MINIO}"
    return None if program.exists() else f"MinIO is not installed: {program} (make interop does it, or test/interop/install.py minio)"


def store(folder):
    """On a real disk, as the benchmark's other files are."""
    import tempfile

    import parts
    tempfile.tempdir = str(folder)
    minio = parts.Minio()
    folder = minio.folder
    (folder / "data" / BUCKET).mkdir(exist_ok=True)  # a folder there is a bucket
    return minio


def presigned(minio, key):
    """AWS Signature Version 4 in the query, with an unsigned payload: docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    query = urllib.parse.urlencode(sorted({"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{minio.KEY}/{scope}", "X-Amz-Date": stamp, "X-Amz-Expires": "3600", "X-Amz-SignedHeaders": "host"}.items()))
    canonical = f"PUT\n/{BUCKET}/{key}\n{query}\nhost:127.0.0.1:{minio.port}\n\nhost\nUNSIGNED-PAYLOAD"
    secret = ("AWS4" + minio.SECRET).encode()
    for part in (stamp[:8], REGION, "s3", "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return f"{minio.url}/{BUCKET}/{key}?{query}&X-Amz-Signature={hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()}"


def big_file(path):
    """Bytes that do not repeat within what anybody looks at together; its SHA-256."""
    block, sha256 = (hashlib.shake_256(b"upload").digest(64 * MIB)), hashlib.sha256()
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        for n in range(SIZE // len(block)):
            part = n.to_bytes(8, "big") + block[8:]
            out.write(part)
            sha256.update(part)
    return sha256.hexdigest()


def forget(minio, key):
    """Between two runs the store's disk is as empty as before."""
    subprocess.run(["rm", "-rf", minio.folder / "data" / BUCKET / key], check=True)


def curl(minio, file):
    began = time.monotonic()
    done = subprocess.run(["curl", "-sS", "-f", "-o", "/dev/null", "-T", str(file), presigned(minio, "floor.mp4")], stderr=subprocess.PIPE, text=True)
    took = time.monotonic() - began
    forget(minio, "floor.mp4")
    return {"rps": SIZE / MIB / took, "p99_ms": 0, "cpu_us": 0, "errors": int(done.returncode != 0)}


def peak_kib(roomd):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{roomd.process.pid}/status").read_text())[1])


def sql(roomd, text):
    return subprocess.run(["sqlite3", "-cmd", ".timeout 10000", roomd.folder / "data" / "roomd.db"], input=text, text=True, check=True, stdout=subprocess.PIPE).stdout.strip()


def recording(roomd, place):
    """A ready recording with that one file; `place(path)` puts it there and says its SHA-256."""
    made = json.loads(roomd.call("POST", roomd.session() + "/recordings"))
    key = f"recordings/{made['uuid']}/recording.mp4"
    sha256 = place(roomd.folder / "data" / key)
    sql(roomd, f"""UPDATE recordings SET status = 'ready', progress = 100, duration_ms = 40000, ended_at = started_at + 40000 WHERE id = {made['id']};
        INSERT INTO recording_files (recording_id, kind, name, sink, key, content_type, size_bytes, sha256, duration_ms) VALUES ({made['id']}, 'video', 'recording.mp4', 'local', '{key}', 'video/mp4', {SIZE}, '{sha256}', 40000);
        INSERT INTO recording_copies (recording_id, file_id, sink, key, status, done_bytes, created_at) SELECT {made['id']}, id, 's3', '{key}', 'failed', 0, 1 FROM recording_files WHERE recording_id = {made['id']};""")
    return made["id"], roomd.folder / "data" / key, key


def upload(roomd, minio, number, key):
    cpu, before = roomd.cpu_us(), (roomd.folder / "log").read_text().count("kind=publish")
    pathlib.Path(f"/proc/{roomd.process.pid}/clear_refs").write_text("5")  # the peak begins anew: hashing a password took more than this will
    peak = peak_kib(roomd)
    roomd.call("POST", f"/recordings/{number}/retry")
    until = time.monotonic() + 300
    while (lines := [line for line in (roomd.folder / "log").read_text().splitlines() if "kind=publish" in line][before:]) == [] and time.monotonic() < until:
        time.sleep(0.05)
    took = int(re.search(r"\bms=(\d+)", lines[0])[1]) / 1000 if lines else 300
    stored = sql(roomd, f"SELECT status FROM recording_copies WHERE recording_id = {number}") == "stored"
    sql(roomd, f"UPDATE recording_copies SET status = 'failed', upload = NULL, parts = NULL, done_bytes = 0 WHERE recording_id = {number};")
    forget(minio, key)
    return {"rps": SIZE / MIB / took, "p99_ms": 0, "cpu_us": roomd.cpu_us() - cpu, "errors": int(not stored), "more_kib": peak_kib(roomd) - peak}


def settings(minio):
    return {"SINKS": "local,s3", "S3_ENDPOINT": minio.url, "S3_REGION": REGION, "S3_BUCKET": BUCKET, "S3_ACCESS_KEY_ID": minio.KEY, "S3_SECRET_ACCESS_KEY": minio.SECRET}
