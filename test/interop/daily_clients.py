"""Clients that others wrote for Daily's REST API, unchanged, with another base URL. Runs in .interop/venv: `daily_clients.py WHO URL KEY WORD [JSON]` prints JSON.

pipecat    pipecat-ai's DailyRESTHelper (PyPI; aiohttp and Pydantic)
achatbot   achatbot's DailyRESTHelper (PyPI; requests and Pydantic)
seed       the package dailyco_api that the seed describes; no registry has it: INTEROP_SEED_CLIENT names a folder with reflector/dailyco_api and reflector/utils/string.py of its repository"""
import asyncio
import json
import sys
import time
import uuid


# ---- pipecat-ai

async def pipecat(url, key, word, given):
    import aiohttp
    from pipecat.transports.daily import utils
    async with aiohttp.ClientSession() as session:
        helper = utils.DailyRESTHelper(daily_api_key=key, daily_api_url=url, aiohttp_session=session)
        if word == "make":
            properties = utils.DailyRoomProperties(exp=time.time() + 3600, enable_chat=True, enable_recording="cloud", max_participants=5, start_video_off=False)
            room = await helper.create_room(utils.DailyRoomParams(name=given["name"], privacy="private", properties=properties))
            again = await helper.get_room_from_url(room.url)
            assert again == room and room.config.enable_chat and room.config.max_participants == 5 and abs(room.config.exp - properties.exp) < 0.001
            token = lambda owner, **p: helper.get_token(room.url, 3600, True, owner, utils.DailyMeetingTokenParams(properties=utils.DailyMeetingTokenProperties(**p)))  # noqa: E731
            host = await token(True, user_name="Ada", user_id="teacher-1", start_cloud_recording=given["record"], enable_recording="cloud")
            return {"url": room.url, "id": room.id, "host": host, "guest": await token(False, user_name="Ben", user_id="student-7")}
        if word == "gone":
            deleted = await helper.delete_room_by_url(given["url"])
            try:
                await helper.get_room_from_url(given["url"])
            except Exception as error:
                return {"deleted": deleted, "then": str(error)}


# ---- achatbot

async def achatbot(url, key, word, given):
    from achatbot.services.help import daily_rest
    helper = daily_rest.DailyRESTHelper(key, url)
    if word == "make":
        room = helper.create_room(daily_rest.DailyRoomParams(name=given["name"], properties=daily_rest.DailyRoomProperties(enable_chat=True)))
        assert helper.get_room_from_name(room.name) == helper.get_room_from_url(room.url) == room
        token = helper.get_token_by_url(room.url, owner=False)
        shown = helper.verify_token(token)
        assert shown.room_name == room.name and not shown.is_owner
        return {"url": room.url, "id": room.id, "guest": token, "host": helper.get_token_by_name(room.name, owner=True)}


# ---- the seed's own

async def seed(url, key, word, given):
    from reflector import dailyco_api as api
    client = api.DailyApiClient(api_key=key, webhook_secret=given.get("hmac"), base_url=url)
    dump = lambda m: [dump(x) for x in m] if isinstance(m, list) else m if isinstance(m, dict) else m.model_dump(mode="json")  # noqa: E731
    try:
        return dump(await SEED[word](api, client, given))
    finally:
        await client.close()


async def make(api, client, given):
    properties = api.RoomProperties(enable_recording="cloud", enable_chat=True, exp=int(time.time()) + 3600)
    return await client.create_room(api.CreateRoomRequest(name=given["name"], privacy="private", properties=properties))


async def hook(api, client, given):
    types = ["participant.joined", "participant.left", "recording.started", "recording.ready-to-download", "recording.error"]
    made = await client.create_webhook(api.CreateWebhookRequest(url=given["url"], eventTypes=types, hmac=given["hmac"]))
    assert made in await client.list_webhooks() and (await client.find_webhook_by_url(given["url"])).uuid == made.uuid
    return made


async def unhook(api, client, given):
    await client.delete_webhook(given["uuid"])
    return [w for w in await client.list_webhooks() if w.uuid == given["uuid"]]


async def record(api, client, given):
    await client.start_recording(given["room"], "cloud", uuid.UUID(given["instance"]))
    return [r for r in await client.list_recordings(room_name=given["room"])]


async def events(api, client, given):
    """Each message, verified and read by their models: the loose one with its payload, and the union that knows each type."""
    from pydantic import TypeAdapter
    read = []
    for message in given["messages"]:
        body = message["body"].encode()
        signed = lambda text: api.verify_webhook_signature(text, message["signature"], message["timestamp"], given["hmac"])  # noqa: E731
        assert signed(body) and not signed(body + b" "), message
        event, typed = api.DailyWebhookEvent(**json.loads(body)), TypeAdapter(api.DailyWebhookEventUnion).validate_json(body)
        payload = api.parse_webhook_payload(event)
        assert api.extract_room_name(event) == given["room"] and typed.payload == payload and typed.id == event.id
        read.append({"type": event.type, "model": type(payload).__name__, "payload": payload.model_dump(mode="json"), "sent": event.event_ts})
    return read


SEED = {
    "make": make, "hook": hook, "unhook": unhook, "record": record, "events": events,
    "presence": lambda api, c, g: c.get_room_presence(g["room"]),
    "meeting": lambda api, c, g: c.get_meeting(g["id"]),
    "people": lambda api, c, g: c.get_meeting_participants(g["id"], limit=10),
    "recording": lambda api, c, g: c.get_recording(g["id"]),
    "recordings": lambda api, c, g: c.list_recordings(room_name=g["room"]),
    "token": lambda api, c, g: c.create_meeting_token(api.CreateMeetingTokenRequest(properties=api.MeetingTokenProperties(**g))),
}


def main():
    who, url, key, word = sys.argv[1:5]
    given = json.loads(sys.stdin.read() or "{}")
    print(json.dumps(asyncio.run({"pipecat": pipecat, "achatbot": achatbot, "seed": seed}[who](url, key, word, given))))


if __name__ == "__main__":
    main()
