"""The object store that a sink for S3 is to be tried on: it really checks signatures, which its stand-ins do not."""
import datetime
import hashlib
import hmac
import urllib.parse

import httpx


def hmac_of(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(minio, method, path, body=b"", secret=None, **headers):
    """AWS Signature Version 4, as its documentation has it; written for this test alone."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    digest, path = hashlib.sha256(body).hexdigest(), urllib.parse.quote(path)
    own = {"host": f"127.0.0.1:{minio.port}", "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(own)
    request = "\n".join([method, path, "", *(f"{name}:{value}" for name, value in own.items()), "", names, digest])
    scope = f"{day}/us-east-1/s3/aws4_request"
    key = ("AWS4" + (secret or minio.SECRET)).encode()
    for part in scope.split("/"):
        key = hmac_of(key, part)
    signature = hmac_of(key, "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])).hex()
    authorization = f"AWS4-HMAC-SHA256 Credential={minio.KEY}/{scope}, SignedHeaders={names}, Signature={signature}"
    return httpx.request(method, minio.url + path, content=body, headers={**own, "Authorization": authorization, **headers})


def test_it_keeps_what_is_signed_and_refuses_the_rest(minio):
    body = bytes(range(256)) * 4000
    key = "/probe/rooms/a b/!x:y.ogg"
    assert signed(minio, "PUT", "/probe").status_code == 200
    assert signed(minio, "PUT", key, body).status_code == 200
    assert signed(minio, "GET", key).content == body
    assert signed(minio, "GET", key, Range="bytes=100-199").content == body[100:200]
    wrong = signed(minio, "PUT", "/probe/x", body, secret="wrong")
    assert wrong.status_code == 403 and "SignatureDoesNotMatch" in wrong.text
    assert httpx.get(f"{minio.url}/probe/x").status_code == 403
    assert signed(minio, "DELETE", key).status_code == 204
