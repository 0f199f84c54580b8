"""The egress service behind test/fake_livekit.py: workers that record nothing but behave as livekit-egress 1.12 did: slow starts, no workers, stops
that come too late, workers that die without a word. A finished recording is a file at its filepath, or in `uploads` where it names a bucket."""
import pathlib
import threading
import time

NO_SERVER = "twirp error unknown: no response from servers"
FINAL = ("EGRESS_COMPLETE", "EGRESS_FAILED", "EGRESS_ABORTED", "EGRESS_LIMIT_REACHED")
EXTENSION = {"MP3": ".mp3", "OGG": ".ogg", "MP4": ".mp4"}


def ns():
    return str(time.time_ns())


def empty_file(name=""):
    return {"filename": name, "started_at": "0", "ended_at": "0", "duration": "0", "size": "0", "location": ""}


def upload_shown(s3):
    if not s3:
        return {}
    return {"s3": {"access_key": "{access_key}", "secret": "{secret}", "session_token": "", "assume_role_arn": "", "assume_role_external_id": "", "region": s3.get("region", ""),
                   "endpoint": s3.get("endpoint", ""), "bucket": s3["bucket"], "force_path_style": s3.get("force_path_style", False), "metadata": {}, "tagging": "",
                   "content_disposition": "", "proxy": None}}


ENCODING = {"width": 0, "height": 0, "depth": 0, "framerate": 0, "audio_codec": "DEFAULT_AC", "audio_bitrate": 0, "audio_frequency": 0, "video_codec": "DEFAULT_VC",
            "video_bitrate": 0, "key_frame_interval": 0, "audio_quality": 0, "video_quality": 0}


class Egress:
    def __init__(self, fake):
        self.fake, self.items, self.outputs, self.uploads, self.bots = fake, {}, {}, {}, {}
        self.workers, self.active_after, self.content = True, 0.0, b"recorded sound"
        self.fails_with, self.limit, self.stuck = None, False, False  # of those that are started from now on
        self.fate, self.store = {}, None  # store: a FakeS3 that gets what names a bucket

    # ---- calls

    def check(self, body):
        if not self.fake.redis:
            raise self.twirp("internal", "twirp error unknown: egress not connected (redis required)")
        if body["room_name"] not in self.fake.rooms:
            raise self.twirp("not_found", "twirp error unknown: requested room does not exist")
        if not self.workers:
            self.fake.closing.wait(22.0 * self.fake.pace)
            raise self.twirp("unavailable", NO_SERVER)

    def twirp(self, code, text):
        from fake_livekit import Twirp
        return Twirp(code, text)

    def begin(self, body, shown, name, request):
        from fake_livekit import sid
        room = self.fake.rooms[body["room_name"]]
        info = {"egress_id": sid("EG"), "room_id": room["sid"], "room_name": room["name"], "source_type": "EGRESS_SOURCE_TYPE_SDK", "status": "EGRESS_STARTING", "started_at": ns(),
                "ended_at": "0", "updated_at": ns(), request: shown, "stream_results": [], "file_results": [empty_file(name)], "segment_results": [], "image_results": [], "error": "",
                "error_code": 0, "details": "", "manifest_location": "", "backup_storage_used": False, "retry_count": 0, "file": empty_file(name)}
        with self.fake.lock:
            self.items[info["egress_id"]] = info
            self.outputs[info["egress_id"]] = (body.get("file_outputs") or [body.get("file")])[0]
            self.fate[info["egress_id"]] = (self.fails_with, self.limit, self.stuck)
        reply = dict(info)
        self.tell("egress_started", info)
        threading.Thread(target=self.come_up, args=(info["egress_id"],), daemon=True).start()
        return reply

    def start_room_composite_egress(self, body):
        self.check(body)
        files = body.get("file_outputs", [])
        if len(files) != 1:
            raise self.twirp("invalid_argument", "request has missing or invalid field: output")
        out = files[0]
        audio = body.get("audio_only", False)
        file_type = {0: "DEFAULT_FILETYPE", 1: "MP4", 2: "OGG", 3: "MP3"}.get(out.get("file_type", 0), out.get("file_type"))
        kind = file_type if file_type in EXTENSION else "OGG" if audio else "MP4"
        shown = {"room_name": body["room_name"], "layout": body.get("layout", ""), "audio_only": audio, "audio_mixing": "DEFAULT_MIXING", "video_only": False, "custom_base_url": "",
                 **({"advanced": {**ENCODING, **body["advanced"]}} if "advanced" in body else {}),
                 "file_outputs": [{"file_type": file_type, "filepath": out["filepath"], "disable_manifest": out.get("disable_manifest", False), **upload_shown(out.get("s3"))}],
                 "stream_outputs": [], "segment_outputs": [], "image_outputs": [], "webhooks": []}
        name = out["filepath"] if out["filepath"].endswith(EXTENSION[kind]) else out["filepath"] + EXTENSION[kind]
        return self.begin(body, shown, name, "room_composite")

    def start_track_egress(self, body):
        self.check(body)
        track = next((t for p in self.fake.people[body["room_name"]] for t in p.info["tracks"] if t["sid"] == body["track_id"]), None)
        shown = {"room_name": body["room_name"], "track_id": body["track_id"],
                 "file": {"filepath": body["file"]["filepath"], "disable_manifest": body["file"].get("disable_manifest", False), **upload_shown(body["file"].get("s3"))}, "webhooks": []}
        name = body["file"]["filepath"] + (".ogg" if track and track["type"] == "AUDIO" else ".webm") if track else ""
        return self.begin(body, shown, name, "track")

    def list_egress(self, body):
        items = [dict(i) for i in self.items.values() if body.get("room_name") in (None, "", i["room_name"]) and body.get("egress_id") in (None, "", i["egress_id"])]
        return {"items": [i for i in items if not body.get("active") or i["status"] not in FINAL], "next_page_token": None}

    def stop_egress(self, body):
        info = self.items.get(body.get("egress_id"))
        if not info:
            self.fake.closing.wait(3.0 * self.fake.pace)
            raise self.twirp("not_found", "egress does not exist")
        if info["status"] in FINAL:
            self.fake.closing.wait(3.0 * self.fake.pace)
            raise self.twirp("failed_precondition", f"egress with status {info['status']} cannot be stopped")
        if self.fate[info["egress_id"]][2] or info["egress_id"] not in self.bots and info["status"] != "EGRESS_STARTING":
            self.fake.closing.wait(15.0 * self.fake.pace)
            raise self.twirp("deadline_exceeded", "twirp error unknown: request timed out")
        info.update(status="EGRESS_ENDING", updated_at=ns(), details="End reason: StopEgress API")
        reply = dict(info)
        self.tell("egress_updated", info)
        threading.Thread(target=self.end, args=(info["egress_id"],), daemon=True).start()
        return reply

    # ---- what workers do

    def tell(self, event, info):
        self.fake.hook(event, None, queue=info["egress_id"], egress_info=info)

    def come_up(self, egress):
        info = self.items[egress]
        self.fake.closing.wait(self.active_after)
        if self.fate[egress][2]:
            return  # it never says that it began
        if not info["file_results"][0]["filename"]:
            self.fake.closing.wait(30.0 * self.fake.pace)
            return self.fail(egress, f"track {info['track']['track_id']} not found", 404)
        with self.fake.lock:
            if info["status"] != "EGRESS_STARTING" or info["room_name"] not in self.fake.rooms:
                return
            self.bots[egress] = self.fake.come(info["room_name"], {"sub": egress, "video": {"canPublish": False, "hidden": True, "recorder": True}}, "EGRESS")
            for result in (info["file_results"][0], info["file"]):
                result["started_at"] = ns()
            info.update(status="EGRESS_ACTIVE", updated_at=ns())
        self.tell("egress_updated", info)

    def go(self, egress):
        bot = self.bots.pop(egress, None)
        if bot:
            bot.leave()

    def fail(self, egress, text, code, status="EGRESS_FAILED"):
        info = self.items[egress]
        info.update(status=status, error=text, error_code=code, ended_at=ns(), updated_at=ns())
        self.go(egress)
        self.tell("egress_ended", info)

    def end(self, egress, status="EGRESS_COMPLETE"):
        info, (fails_with, limit, _) = self.items[egress], self.fate[egress]
        if fails_with:
            return self.fail(egress, *fails_with)
        result = info["file_results"][0]
        at = time.time_ns()
        begun = int(result["started_at"]) or at
        done = {"started_at": str(begun), "ended_at": str(at), "duration": str(at - begun), "size": str(len(self.content)), "location": self.write(egress, result["filename"])}
        result.update(done)
        info["file"] = dict(result)
        info.update(status="EGRESS_LIMIT_REACHED" if limit else status, ended_at=ns(), updated_at=ns(), error="Session limit reached" if limit else "", error_code=413 if limit else 0)
        self.go(egress)
        self.tell("egress_ended", info)

    def write(self, egress, name):
        s3 = self.outputs[egress].get("s3")
        if s3:
            self.uploads[f"{s3['bucket']}/{name}"] = self.content
            if self.store:
                self.store.keep(name, self.content, {})
            return f"{s3.get('endpoint', 'https://s3.amazonaws.com')}/{s3['bucket']}/{name}"
        path = pathlib.Path("/") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        return str(path)

    # ---- for tests

    def track_gone(self, track):
        for egress, info in list(self.items.items()):
            if info.get("track", {}).get("track_id") == track and egress in self.bots:
                info["details"] = "End reason: Source closed"
                self.end(egress)

    def room_finished(self, name):
        for egress, info in list(self.items.items()):
            if info["room_name"] == name and egress in self.bots:
                info["details"] = "End reason: Source closed"
                self.end(egress)

    def reach_limit(self, egress):
        self.fate[egress] = (None, True, False)
        self.end(egress)

    def die(self, egress):
        """The worker is killed: its item stays as it is for ever, and nothing is told. What it has written so far stays."""
        self.go(egress)
        return self.write(egress, self.items[egress]["file_results"][0]["filename"])

    def forget(self):
        """As a server does a day later, or one that lost its Redis."""
        self.items.clear()
