"""A join token of the rooms API in a real page: revoked, its media stops within a second both ways, and it lets in no more."""
from stage import room_url, stops, total_of, until


async def test_revoked_token(stage, server, cast):
    ada, ben = cast("Ada"), cast("Ben")
    room = ada.account.post("/rooms", {"room_type": "group", "name": "Clinic"}).json()
    room["room_name"] = room["livekit_room_name"]
    made = ada.account.post(f"/rooms/{room['id']}/token/", {"user": ben.account.id, "role": "participant", "ttl": 3600}).json()
    assert made["join_url"].endswith("?t=" + made["token"])
    await ada.enter(server, room)
    await ben.enter(server, room, token=made["token"])
    await ada.meets(ben)
    await ben.meets(ada)

    async def both():
        return await ben.received(), await total_of(ada, ben.connection, "mic"), (await ada.sees("Ben")) is None

    async def revoke():
        assert ada.account.post(f"/rooms/{room['id']}/tokens/{made['id']}/revoke").status_code == 200
    await stops(both, revoke, "bytes both ways")
    await ben.over("removed")
    again = await ben.context.new_page()
    await again.goto(room_url(server, room, made["token"]))
    await again.get_by_text("not valid any more").first.wait_for()
    assert await again.get_by_test_id("call").count() == 0


async def test_use_is_true_after_a_call(stage, server, cast):
    ada, ben = cast("Ada"), cast("Ben")
    room = ada.account.post("/rooms", {"room_type": "group"}).json()
    room["room_name"] = room["livekit_room_name"]
    await ada.enter(server, room)
    await ben.enter(server, room)
    await ada.meets(ben)

    async def bens():
        return next(p for p in ada.account.get(f"/rooms/{room['id']}/participants").json()["results"] if p["name"] == "Ben")
    await until(bens, lambda p: p["video_seconds"] >= 2, 30, "the camera's time is written while the call goes on")
    await ben.click("camera")
    await ada.wait(lambda s: any(p["name"] == "Ben" and t["kind"] == "camera" and t["muted"] for p in s["people"] for t in p["tracks"]), "the camera is off")
    off = await until(bens, lambda p: p["audio_seconds"] >= p["video_seconds"] + 5, 40, "the microphone stays on")
    await ben.page.close()
    end = await until(bens, lambda p: p["left_at"], 20, "he is gone")
    assert off["video_seconds"] <= end["video_seconds"] <= off["video_seconds"] + 1, "off is off"
    assert off["audio_seconds"] <= end["audio_seconds"] <= end["duration_seconds"] and end["screen_share_seconds"] == 0
    assert end["connection_quality"] in ("good", "fair", "poor") and len(end["stays"]) == 1
