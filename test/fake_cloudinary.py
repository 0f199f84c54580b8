"""Cloudinary's upload API for one test: signed uploads in chunks, and destroy. The signature is checked by an own reading of its documents."""
import email
import email.policy
import hashlib
import json
import re
import threading
import time

import stand_in

CLOUD, KEY, SECRET = "demo", "123456789012345", "a secret of the cloud"
SMALLEST_CHUNK = 5 << 20


class FakeCloudinary:
    def __init__(self):
        self.files, self.chunks, self.faults, self.ranges, self.lock = {}, {}, [], [], threading.Lock()
        outer = self

        class Handler(stand_in.Handler):
            def serve(self):
                body = self.read_body()
                with outer.lock:
                    status, answer = outer.faults.pop(0) if outer.faults else outer.answer(self.path, self.headers, body)
                self.reply(status, {"Content-Type": "application/json"}, json.dumps(answer).encode())

        self.server = stand_in.Listener(Handler)
        self.url, self.close = self.server.url + "/v1_1", self.server.close

    def env(self, sinks="cloudinary", **other):
        return {"SINKS": sinks, "CLOUD_NAME": CLOUD, "CLOUD_API_KEY": KEY, "CLOUD_API_SECRET": SECRET, "CLOUD_API_BASE_URL": self.url, **other}

    @staticmethod
    def fields(headers, body):
        message = email.message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body, policy=email.policy.HTTP)
        return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in message.iter_parts()}

    def answer(self, path, headers, body):
        found = re.fullmatch(rf"/v1_1/{CLOUD}/video/(upload|destroy)", path)
        if not found:
            return 404, {"error": {"message": "Resource not found"}}
        fields = self.fields(headers, body)
        file = fields.pop("file", None)
        fields = {k: v.decode() for k, v in fields.items()}
        said, key = fields.pop("signature", ""), fields.pop("api_key", "")
        text = "&".join(f"{k}={fields[k]}" for k in sorted(fields))
        if key != KEY:
            return 401, {"error": {"message": "Invalid api_key " + key}}
        if hashlib.sha1((text + SECRET).encode()).hexdigest() != said:
            return 401, {"error": {"message": f"Invalid Signature {said}. String to sign - '{text}'."}}
        if abs(int(fields["timestamp"]) - time.time()) > 3600:
            return 400, {"error": {"message": "Stale request"}}
        if found[1] == "destroy":
            return 200, {"result": "ok" if self.files.pop(fields["public_id"], None) is not None else "not found"}
        return self.upload(headers, fields["public_id"], file)

    def upload(self, headers, name, file):
        first, last, total = (int(n) for n in re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers["Content-Range"]).groups())
        self.ranges.append((first, last, total))
        have = self.chunks.setdefault(headers["X-Unique-Upload-Id"], {})
        if last + 1 - first != len(file) or (last + 1 < total and len(file) < SMALLEST_CHUNK):
            return 400, {"error": {"message": "Invalid chunk size"}}
        have[first] = file
        if last + 1 < total:
            return 200, {"done": False, "public_id": name, "kind": "upload"}
        whole = b"".join(have[k] for k in sorted(have))
        if len(whole) != total:
            return 400, {"error": {"message": "Missing chunks"}}
        self.files[name] = whole
        return 200, {"public_id": name, "bytes": len(whole), "etag": hashlib.md5(whole).hexdigest(), "resource_type": "video",
                     "secure_url": f"https://res.cloudinary.example/{CLOUD}/video/upload/v1/{name}.mp4"}
