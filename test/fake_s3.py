"""A bucket as S3 has it, for one test: PUT, multipart uploads, HEAD, GET with ranges, DELETE. Every request's signature (version 4, in the
header or in the address) and the hash of its body are checked by an own reading of the specification, so what this takes a real store takes too
(test/interop runs the same against MinIO)."""
import hashlib
import hmac
import re
import threading
import urllib.parse
import uuid

import stand_in

KEY, SECRET, REGION, BUCKET = "AKIAEXAMPLE", "a secret of the store", "eu-test-1", "lessons"
SMALLEST_PART = 5 << 20


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def signature(method, path, query, headers, names, payload, time, scope):
    lines = "".join(f"{n}:{' '.join(headers[n].split())}\n" for n in names)
    canonical = "\n".join([method, path, query, lines, ";".join(names), payload])
    key = ("AWS4" + SECRET).encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return hmac.new(key, f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{sha256(canonical.encode())}".encode(), hashlib.sha256).hexdigest()


class FakeS3:
    def __init__(self):
        self.objects, self.uploads, self.log, self.faults, self.lock = {}, {}, [], [], threading.Lock()
        outer = self

        class Handler(stand_in.Handler):
            def serve(self):
                body = self.read_body()
                path, _, query = self.path.partition("?")
                with outer.lock:
                    outer.log.append((self.command, urllib.parse.unquote(path), query))
                    fault = next((f for f in outer.faults if f[0](self.command, query)), None)
                    if fault:
                        outer.faults.remove(fault)
                    answer = fault[1] if fault else outer.answer(self.command, path, query, {k.lower(): v for k, v in self.headers.items()}, body)
                return self.reply(*answer) if answer else self.hang_up()

        self.server = stand_in.Listener(Handler)
        self.url, self.close = self.server.url, self.server.close

    def env(self, sinks="s3", **other):
        return {"SINKS": sinks, "S3_ENDPOINT": self.url, "S3_REGION": REGION, "S3_BUCKET": BUCKET, "S3_ACCESS_KEY_ID": KEY, "S3_SECRET_ACCESS_KEY": SECRET, **other}

    def fail(self, when, status=None, code="InternalError", message="Try again.", times=1):
        """The next requests of that kind are answered so, or not at all."""
        answer = None if status is None else self.error(status, code, message)
        self.faults += [(when, answer)] * times

    @staticmethod
    def error(status, code, message=""):
        return status, {"Content-Type": "application/xml"}, f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()

    # ---- who asks

    def refused(self, method, path, query, headers, body):
        fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if "X-Amz-Signature" in fields:
            bare = re.sub("&X-Amz-Signature=[0-9a-f]+$", "", query)
            names, payload, time, said = fields["X-Amz-SignedHeaders"].split(";"), "UNSIGNED-PAYLOAD", fields["X-Amz-Date"], fields["X-Amz-Signature"]
            who, _, scope = fields["X-Amz-Credential"].partition("/")
            assert bare == "&".join(sorted(bare.split("&"))), "parameters in order"
            query = bare
        else:
            found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", headers.get("authorization", ""))
            if not found:
                return self.error(403, "AccessDenied", "Access Denied.")
            who, scope, names, said = found[1], found[2], found[3].split(";"), found[4]
            payload, time = headers["x-amz-content-sha256"], headers["x-amz-date"]
            if payload != sha256(body):
                return self.error(400, "XAmzContentSHA256Mismatch")
            if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names):
                return self.error(403, "AccessDenied", "There were headers present in the request which were not signed")
        if who != KEY:
            return self.error(403, "InvalidAccessKeyId")
        if scope.split("/")[1:] != [REGION, "s3", "aws4_request"] or names != sorted(names):
            return self.error(403, "SignatureDoesNotMatch")
        if signature(method, path, query, headers, names, payload, time, scope) != said:
            return self.error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
        return None

    # ---- what is asked

    def answer(self, method, path, query, headers, body):
        refusal = self.refused(method, path, query, headers, body)
        if refusal:
            return refusal
        bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
        fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if bucket != BUCKET:
            return self.error(404, "NoSuchBucket", "The specified bucket does not exist.")
        if "uploads" in fields or "uploadId" in fields:
            return self.multipart(method, key, fields, headers, body)
        if method == "PUT":
            return self.keep(key, body, headers)
        if method == "DELETE":
            self.objects.pop(key, None)
            return 204, {}, b""
        if key not in self.objects:
            return self.error(404, "NoSuchKey")
        return self.give(key, headers, fields)

    def keep(self, key, body, headers):
        self.objects[key] = (body, headers)
        return 200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}, b""

    def give(self, key, headers, fields):
        body, said = self.objects[key]
        meta = {k: v for k, v in said.items() if k.startswith("x-amz-meta-") or k == "content-type"}
        if "response-content-disposition" in fields:
            meta["Content-Disposition"] = fields["response-content-disposition"]
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", ""))
        if not found:
            return 200, meta, body
        first, last = int(found[1]), min(int(found[2]), len(body) - 1)
        if first >= len(body):
            return self.error(416, "InvalidRange")
        return 206, {**meta, "Content-Range": f"bytes {first}-{last}/{len(body)}"}, body[first : last + 1]

    def multipart(self, method, key, fields, headers, body):
        if "uploads" in fields:
            name = uuid.uuid4().hex
            self.uploads[name] = (key, headers, {})
            return 200, {}, f"<?xml version=\"1.0\"?><InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>x</Key><UploadId>{name}</UploadId></InitiateMultipartUploadResult>".encode()
        upload = self.uploads.get(fields["uploadId"])
        if not upload or upload[0] != key:
            return self.error(404, "NoSuchUpload", "The specified multipart upload does not exist.")
        parts = upload[2]
        if method == "DELETE":
            del self.uploads[fields["uploadId"]]
            return 204, {}, b""
        if method == "PUT":
            parts[int(fields["partNumber"])] = body
            return 200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}, b""
        asked = re.findall(r"<Part><PartNumber>(\d+)</PartNumber><ETag>(.*?)</ETag></Part>", body.decode())
        if any(int(n) not in parts or tag != f'"{hashlib.md5(parts[int(n)]).hexdigest()}"' for n, tag in asked):
            return self.error(400, "InvalidPart")
        if any(len(parts[int(n)]) < SMALLEST_PART for n, _ in asked[:-1]):
            return self.error(400, "EntityTooSmall")
        del self.uploads[fields["uploadId"]]
        self.keep(key, b"".join(parts[int(n)] for n, _ in asked), upload[1])
        return 200, {}, b"<?xml version=\"1.0\"?><CompleteMultipartUploadResult/>"
