"""The same world, with its calls at Daily."""
import base64
import threading

from fake_daily import EVENTS, FakeDaily
from world import World

SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def known_as(event):
    """By what an event is told from others (src/dailyco/events.c)."""
    payload = event["payload"]
    if event["type"].startswith("participant."):
        return f"{event['type']} {payload['session_id']}"
    return f"{event['type']} {event['id']} {next((payload[k] for k in ('recording_id', 'session_id', 'meeting_id', 'room', 'room_name') if k in payload), '')}"


class Daily(FakeDaily):
    """Makes a file of what was recorded; a recording ends when the last one leaves. Its limits are of real time, and are judged elsewhere."""
    content, muted, files = b"recorded at Daily", False, None  # files: a Front by way of which they are had

    def __init__(self):
        super().__init__(hosting=True)
        self.on_their_way, self.acknowledged = 0, lambda event: None
        self.post = lambda event: [] if self.muted else [event]

    def within_limits(self, method, parts):
        return True

    def begin_recording(self, room, *about, **more):
        self.telling(lambda: super(Daily, self).begin_recording(room, *about, **more))

    def telling(self, what):
        """What is told by a thread of its own is on its way until it is told."""
        with self.lock:
            self.on_their_way += 1
        try:
            what()
        finally:
            with self.lock:
                self.on_their_way -= 1

    def finished(self, method, below, query):
        status, reply = super().finished(method, below, query)
        if below[1:] == ["access-link"] and self.files:
            reply["download_link"] = self.files.url + "/files" + reply["download_link"].partition("/files")[2]
        return status, reply

    def push(self, url, secret, event):
        status = super().push(url, secret, event)
        if status == 200 and "id" in event:
            self.acknowledged(event)
        return status

    def record(self, name, verb, body):
        status, reply = super().record(name, verb, body)
        if status == 200 and verb == "stop":
            threading.Thread(target=self.finish, args=([r for r in self.made.values() if r.instance == body["instanceId"]],)).start()
        return status, reply

    def finish(self, recordings):
        for r in recordings:
            if r.status == "in-progress":
                r.status = "processing"
                self.telling(lambda r=r: self.finish_recording(r.instance, self.content))

    def leave(self, room, stay, **how):
        with self.lock:
            if stay not in self.people.get(room, {}):
                return
            last = len(self.people[room]) == 1
        self.telling(lambda: super(Daily, self).leave(room, stay, **how))
        if last:
            self.finish([r for r in list(self.made.values()) if r.room == room])


class Stay:
    def __init__(self, daily, room, id):
        self.daily, self.room, self.sid = daily, room, id

    @property
    def gone(self):
        return self.sid not in self.daily.people.get(self.room, {})

    def leave(self):
        self.daily.leave(self.room, self.sid)

    def publish(self):
        pass


class DailyWorld(World):
    provider = "daily"

    def neighbours(self):
        self.daily, self.out = Daily(), self.folder / "out"
        self.daily.acknowledged = self.answered
        return {"PROVIDER": "daily", "DAILY_API_KEY": self.daily.key, "DAILY_API_BASE_URL": self.daily.url, "PROVIDER_TIMEOUT_SECONDS": "10", "DAILY_WEBHOOK_SECRET": SECRET, "RECONCILE_SECONDS": "1"}

    def answered(self, event):
        self.hooks[known_as(event)] = None
        if event["type"] == "participant.joined":
            self.came.add(event["payload"]["session_id"])

    def introduce(self):
        status, hook = self.daily.webhook("POST", [], {"url": self.house.url + "/api/v1/webhooks/daily", "hmac": SECRET, "eventTypes": sorted(EVENTS), "retryType": "exponential"})
        assert status == 200, hook

    def part(self):
        self.daily.close()
        assert not self.daily.complaints, self.daily.complaints

    def mute(self, on):
        self.daily.muted = on

    def record_as(self, content):
        self.daily.content = content

    def there(self):
        return {id for people in list(self.daily.people.values()) for id in people}

    def rooms_there(self):
        return set(self.daily.rooms)

    def made(self):
        items = list(self.daily.made.values())
        return [r.id for r in items if r.status == "finished"], [r.id for r in items if r.status != "finished"]

    def all_leave(self):
        for room, people in list(self.daily.people.items()):
            for id in list(people):
                self.daily.leave(room, id)

    def quiet(self):
        return not self.daily.on_their_way

    def come(self, who, session):
        self.token(who, session)
        return Stay(self.daily, session["room_name"], self.daily.join(session["room_name"], str(who.id), who.name))

    def runs(self, row):
        return any(r.instance == row["uuid"] and r.status == "in-progress" for r in list(self.daily.made.values()))
