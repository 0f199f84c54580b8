"""A join token of the rooms API in a real page: revoked, its media stops within a second both ways, and it lets in no more."""
from stage import room_url, stops, total_of


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
