"""Recordings in a real object store: the requests of test/api/test_sinks.py, against MinIO, which checks every signature itself."""
import hashlib

import httpx
import pytest

from harness import Server, until
from recorded import MIB, lay_down, record, settled
from test_minio import signed

BUCKET = "lessons"


@pytest.fixture
def bucket(minio):
    assert signed(minio, "PUT", f"/{BUCKET}").status_code in (200, 409)
    return {"S3_ENDPOINT": minio.url, "S3_BUCKET": BUCKET, "S3_ACCESS_KEY_ID": minio.KEY, "S3_SECRET_ACCESS_KEY": minio.SECRET}


@pytest.fixture
def house(tmp_path, bucket):
    server = Server(tmp_path, {"RATE_LIMITS": "off", "SINKS": "s3", **bucket}).start()
    yield server
    assert server.stop() == 0


def test_a_recording_moves_there_and_back_by_its_links(house, minio):
    ada = house.person("Ada")
    _, number = record(house, ada)
    recording = settled(ada, number)
    folder = house.data / "recordings" / recording["uuid"]
    until(lambda: not any(p.is_file() for p in folder.rglob("*")), "no file is left here")
    for file in recording["files"]:
        reply = httpx.get(file["url"], follow_redirects=True)
        assert reply.status_code == 200 and hashlib.sha256(reply.content).hexdigest() == file["sha256"] and reply.url.port == minio.port
        assert httpx.get(file["url"], headers={"Range": "bytes=1-3"}, follow_redirects=True).content == reply.content[1:4]
        saved = httpx.get(file["url"] + "&download=true", follow_redirects=True)
        assert saved.headers["Content-Disposition"] == f'attachment; filename="{file["name"]}"' and saved.headers["Content-Type"] == file["content_type"]
    keys = [copy["key"] for copy in recording["copies"]]
    assert ada.delete(f"/recordings/{number}").status_code == 204
    until(lambda: all(signed(minio, "GET", f"/{BUCKET}/{key}").status_code == 404 for key in keys), "the store's copies are deleted")


def test_parts(house, minio):
    ada = house.person("Ada")
    number, key, data = lay_down(house, ada, 70 * MIB + 3)
    assert ada.post(f"/recordings/{number}/retry").status_code == 200
    assert settled(ada, number)["copies"][0]["done_bytes"] == len(data)
    assert hashlib.sha256(signed(minio, "GET", f"/{BUCKET}/{key}").content).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("wrong,says", [({"S3_SECRET_ACCESS_KEY": "wrong"}, "403: SignatureDoesNotMatch"), ({"S3_BUCKET": "nowhere"}, "404: NoSuchBucket"), ({"S3_ACCESS_KEY_ID": "nobody"}, "403: InvalidAccessKeyId")])
def test_what_it_says_is_shown(tmp_path, bucket, wrong, says):
    server = Server(tmp_path, {"RATE_LIMITS": "off", "SINKS": "local,s3", **bucket, **wrong}).start()
    ada = server.person("Ada")
    number, _, _ = lay_down(server, ada, MIB)
    ada.post(f"/recordings/{number}/retry")
    error = until(lambda: ada.get(f"/recordings/{number}").json()["copies"][0]["error"], "the fault is shown", 60)
    assert error.startswith('bucket "') and f"answered {says}" in error, error
    assert server.stop() == 0
