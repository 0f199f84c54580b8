/* The server's API and webhooks: what livekit-server 1.13.5 and its egress really sent (test/captures) is read back, and what goes wrong is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "livekit.h"
#include "net/crypto.h"
#include "server_fixture.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CAPTURES
#define CAPTURES "test/captures"
#endif
enum { REQUEST = 32768, CAPTURED_AT = 1795238900 };
static const struct livekit_key dev = {"devkey", "devsecret-devsecret-devsecret-dev0"};
static struct livekit_memory *memory;
static struct livekit_error err;
static struct livekit *client;

/* ---- a server by hand: answers in turn, the last one again and again */
static char address[80], request[REQUEST];
static char answer[4][1 << 16];
static atomic_int answers, requests;

/* Each connection by itself: calls that must not be sent twice come over one of their own, beside those that are kept. */
static void talk(int fd)
{
    char in[REQUEST];
    while (server_read(fd, in, sizeof in)) {
        memcpy(request, in, sizeof request);
        int i = requests++;
        const char *text = answer[i < answers ? i : answers - 1];
        if (!*text || !server_send(fd, text, strlen(text))) break; /* empty: hang up */
    }
}

static void answers_with(int status, const char *type, const char *body)
{
    snprintf(answer[answers++], sizeof *answer, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", status, type, strlen(body), body);
}

static void hangs_up(void)
{
    *answer[answers++] = '\0';
}

static void begin(void)
{
    answers = requests = 0;
    err = (struct livekit_error){0};
    *request = '\0';
}

static int setup(void **state)
{
    (void)state;
    if (server_start(talk, true)) return -1;
    snprintf(address, sizeof address, "ws%s/base/", strchr(origin, ':'));
    begin();
    memory = livekit_memory_create();
    client = livekit_create(&(struct livekit_options){.url = address, .key = dev}, &err);
    return !client;
}

static int teardown(void **state)
{
    (void)state;
    livekit_destroy(client);
    server_stop();
    livekit_memory_destroy(memory);
    return 0;
}

static int setup_memory(void **state)
{
    (void)state;
    memory = livekit_memory_create();
    err = (struct livekit_error){0};
    return 0;
}

static int teardown_memory(void **state)
{
    (void)state;
    livekit_memory_destroy(memory);
    return 0;
}

/* What the last request's own token says. */
static const struct livekit_claims *token_sent(void)
{
    char *from = strstr(request, "Authorization: Bearer ");
    assert_non_null(from);
    from += strlen("Authorization: Bearer ");
    char *token = livekit_memory_take(memory, strcspn(from, "\r") + 1);
    memcpy(token, from, strcspn(from, "\r"));
    const struct livekit_claims *c = livekit_token_verify(&dev, 1, token, 0, memory, &err);
    assert_non_null(c);
    return c;
}

static void assert_sent(const char *path, const char *json)
{
    char line[128];
    snprintf(line, sizeof line, "POST /base/twirp/livekit.%s HTTP/1.1\r\n", path);
    if (strncmp(request, line, strlen(line)) != 0) fail_msg("not to %s: %.120s", path, request);
    assert_non_null(strstr(request, "Content-Type: application/json\r\n"));
    json_t *sent = json_loads(strstr(request, "\r\n\r\n") + 4, 0, NULL), *wanted = json_loads(json, 0, NULL);
    assert_non_null(wanted);
    if (!json_equal(sent, wanted)) fail_msg("%s got %s", path, strstr(request, "\r\n\r\n") + 4);
    json_decref(sent);
    json_decref(wanted);
}

static void test_requests_and_grants(void **state)
{
    (void)state;
    const struct livekit_video_grant *v;
    const char *ids[] = {"i"}, *names[] = {"r"}, *trunks[] = {"ST_1"};
    const struct livekit_encoded_file_output file = {.file_type = LIVEKIT_FILE_MP3, .filepath = "/recordings/x.mp3", .disable_manifest = true};
    const struct livekit_sip_dispatch_rule rule = {.dispatch_rule_direct = &(struct livekit_sip_dispatch_rule_direct){"r", "123456"}};
    answers_with(200, "application/json", "{}");
    assert_non_null(livekit_create_room(client, &(struct livekit_create_room_request){.name = "r", .empty_timeout = 300, .max_participants = 10, .metadata = "m", .departure_timeout = 20}, memory, &err));
    assert_sent("RoomService/CreateRoom", "{\"name\":\"r\",\"emptyTimeout\":300,\"maxParticipants\":10,\"metadata\":\"m\",\"departureTimeout\":20}");
    v = token_sent()->video;
    assert_true(v->room_create && !v->room_admin && !v->room_list && !v->room_record && !v->room_join);
    assert_true(token_sent()->exp - token_sent()->nbf <= 600);
    assert_non_null(livekit_list_rooms(client, &(struct livekit_list_rooms_request){.names = {names, 1}}, memory, &err));
    assert_sent("RoomService/ListRooms", "{\"names\":[\"r\"]}");
    assert_true(token_sent()->video->room_list && !token_sent()->video->room_create);
    assert_non_null(livekit_list_rooms(client, NULL, memory, &err));
    assert_sent("RoomService/ListRooms", "{}");
    assert_non_null(livekit_mute_published_track(client, &(struct livekit_mute_room_track_request){"r", "i", "TR_1", true}, memory, &err));
    assert_sent("RoomService/MutePublishedTrack", "{\"room\":\"r\",\"identity\":\"i\",\"trackSid\":\"TR_1\",\"muted\":true}");
    v = token_sent()->video;
    assert_true(v->room_admin && !v->room_create);
    assert_string_equal(v->room, "r");
    assert_non_null(livekit_send_data(client, &(struct livekit_send_data_request){.room = "r", .data = {"\1\2\377", 3}, .topic = "t", .destination_identities = {ids, 1}}, memory, &err));
    assert_sent("RoomService/SendData", "{\"room\":\"r\",\"data\":\"AQL/\",\"topic\":\"t\",\"destinationIdentities\":[\"i\"]}");
    const struct livekit_participant_permission permission = {.can_subscribe = true};
    assert_non_null(livekit_update_participant(client, &(struct livekit_update_participant_request){.room = "r", .identity = "i", .permission = &permission, .attributes = {&(struct livekit_pair){"a", ""}, 1}}, memory, &err));
    assert_sent("RoomService/UpdateParticipant", "{\"room\":\"r\",\"identity\":\"i\",\"permission\":{\"canSubscribe\":true},\"attributes\":{\"a\":\"\"}}");
    assert_non_null(livekit_start_room_composite_egress(client, &(struct livekit_room_composite_egress_request){.room_name = "r", .audio_only = true,
        .advanced = &(struct livekit_encoding_options){.audio_codec = LIVEKIT_AUDIO_MP3, .audio_bitrate = 128, .key_frame_interval = 0.5}, .file_outputs = {&file, 1}}, memory, &err));
    assert_sent("Egress/StartRoomCompositeEgress", "{\"roomName\":\"r\",\"audioOnly\":true,\"advanced\":{\"audioCodec\":\"AC_MP3\",\"audioBitrate\":128,\"keyFrameInterval\":0.5},"
                "\"fileOutputs\":[{\"fileType\":\"MP3\",\"filepath\":\"/recordings/x.mp3\",\"disableManifest\":true}]}");
    assert_true(token_sent()->video->room_record && !token_sent()->video->room_admin);
    assert_non_null(livekit_create_sip_dispatch_rule(client, &(struct livekit_create_sip_dispatch_rule_request){.rule = &rule, .trunk_ids = {trunks, 1}, .name = "n"}, memory, &err));
    assert_sent("SIP/CreateSIPDispatchRule", "{\"rule\":{\"dispatchRuleDirect\":{\"roomName\":\"r\",\"pin\":\"123456\"}},\"trunkIds\":[\"ST_1\"],\"name\":\"n\"}");
    assert_true(token_sent()->sip->admin && !token_sent()->sip->call);
    assert_non_null(livekit_create_sip_participant(client, &(struct livekit_create_sip_participant_request){.sip_trunk_id = "ST_1", .sip_call_to = "+1", .room_name = "r", .ringing_timeout = 20500}, memory, &err));
    assert_sent("SIP/CreateSIPParticipant", "{\"sipTrunkId\":\"ST_1\",\"sipCallTo\":\"+1\",\"roomName\":\"r\",\"ringingTimeout\":\"20.500s\"}");
    assert_true(token_sent()->sip->call && !token_sent()->sip->admin);
    assert_non_null(livekit_transfer_sip_participant(client, &(struct livekit_transfer_sip_participant_request){.participant_identity = "p", .room_name = "r", .transfer_to = "tel:+1"}, memory, &err));
    assert_true(token_sent()->sip->call && token_sent()->video->room_admin);
    assert_non_null(livekit_create_ingress(client, &(struct livekit_create_ingress_request){.input_type = LIVEKIT_INGRESS_WHIP, .name = "obs", .room_name = "r", .enable_transcoding = LIVEKIT_NO}, memory, &err));
    assert_sent("Ingress/CreateIngress", "{\"inputType\":\"WHIP_INPUT\",\"name\":\"obs\",\"roomName\":\"r\",\"enableTranscoding\":false}");
    assert_true(token_sent()->video->ingress_admin);
    assert_int_equal(requests, 11);
    begin();
    assert_null(livekit_list_participants(client, &(struct livekit_list_participants_request){0}, memory, &err));
    assert_int_equal(err.code, LIVEKIT_BAD_REQUEST);
    assert_null(livekit_create_room(client, &(struct livekit_create_room_request){.name = "\xff"}, memory, &err));
    assert_int_equal(err.code, LIVEKIT_BAD_REQUEST);
    assert_int_equal(requests, 0);
}

/* ---- captured replies */

static json_t *captured(const char *file)
{
    char line[1 << 17], path[200];
    snprintf(path, sizeof path, "%s/%s", CAPTURES, file);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    json_t *all = json_array();
    while (fgets(line, sizeof line, f)) {
        json_t *row = json_loads(line, 0, NULL);
        assert_non_null(row);
        json_array_append_new(all, row);
    }
    fclose(f);
    return all;
}

static const json_t *titled(const json_t *all, const char *title)
{
    for (size_t i = 0; i < json_array_size(all); i++)
        if (!strcmp(json_string_value(json_object_get(json_array_get(all, i), "title")), title)) return json_array_get(all, i);
    fail_msg("there is no capture \"%s\"", title);
    return NULL;
}

static void replay(const json_t *row)
{
    begin();
    answers_with((int)json_integer_value(json_object_get(row, "status")), json_string_value(json_object_get(row, "reply_type")), json_string_value(json_object_get(row, "reply")));
}

static void test_captured_rooms(void **state)
{
    (void)state;
    json_t *all = captured("livekit_twirp.jsonl");
    replay(titled(all, "create"));
    const struct livekit_room *room = livekit_create_room(client, &(struct livekit_create_room_request){.name = "t1"}, memory, &err);
    assert_string_equal(room->sid, "RM_JgFM6GaPkFmd");
    assert_int_equal(room->empty_timeout, 30);
    assert_int_equal(room->creation_time_ms, 1795238819737);
    assert_int_equal(room->enabled_codecs.count, 10);
    assert_string_equal(room->enabled_codecs.items[4].mime, "video/VP8");
    assert_string_equal(room->metadata, "{\"a\":1}");
    replay(titled(all, "list all"));
    assert_int_equal(livekit_list_rooms(client, NULL, memory, &err)->rooms.count, 3);
    replay(titled(all, "participants of unknown room"));
    assert_int_equal(livekit_list_participants(client, &(struct livekit_list_participants_request){"nosuch"}, memory, &err)->participants.count, 0);
    replay(titled(all, "inbound trunk"));
    const struct livekit_sip_inbound_trunk_info *trunk = livekit_create_sip_inbound_trunk(client, NULL, memory, &err);
    assert_string_equal(trunk->numbers.items[0], "+15550100");
    assert_int_equal(trunk->include_headers, LIVEKIT_SIP_NO_HEADERS);
    replay(titled(all, "dispatch rule, direct with PIN"));
    assert_string_equal(livekit_create_sip_dispatch_rule(client, NULL, memory, &err)->rule->dispatch_rule_direct->pin, "1234");
    replay(titled(all, "list rules"));
    const struct livekit_list_sip_dispatch_rule_response *rules = livekit_list_sip_dispatch_rule(client, NULL, memory, &err);
    assert_int_equal(rules->items.count, 2);
    assert_null(rules->items.items[0].rule->dispatch_rule_direct);
    replay(titled(all, "create ingress"));
    const struct livekit_ingress_info *ingress = livekit_create_ingress(client, NULL, memory, &err);
    assert_int_equal(ingress->input_type, LIVEKIT_INGRESS_WHIP);
    assert_int_equal(ingress->enable_transcoding, LIVEKIT_NO);
    assert_int_equal(ingress->enabled, LIVEKIT_UNSAID);
    assert_int_equal(ingress->state->status, LIVEKIT_INGRESS_INACTIVE);
    replay(titled(all, "Egress/ListEgress"));
    const struct livekit_list_egress_response *egresses = livekit_list_egress(client, NULL, memory, &err);
    assert_true(egresses->items.count >= 3);
    const struct livekit_egress_info *first = &egresses->items.items[0];
    assert_int_equal(first->status, LIVEKIT_EGRESS_ACTIVE);
    assert_int_equal(first->source_type, LIVEKIT_EGRESS_SOURCE_SDK);
    assert_int_equal(first->started_at, 1795240094686717877);
    assert_int_equal(first->participant->advanced->audio_codec, LIVEKIT_AUDIO_OPUS);
    assert_string_equal(first->participant->file_outputs.items[0].filepath, "rec-out/opus.mp4");
    json_decref(all);
}

static void test_captured_errors(void **state)
{
    (void)state;
    static const struct { const char *title; enum livekit_code code; int http_status; const char *says; } cases[] = {
        {"create, name of 257 bytes", LIVEKIT_INVALID_ARGUMENT, 400, "room name length exceeds limits"}, {"create, wrong type", LIVEKIT_MALFORMED, 400, "could not be decoded"},
        {"delete again", LIVEKIT_NOT_FOUND, 404, "requested room does not exist"}, {"get unknown participant", LIVEKIT_NOT_FOUND, 404, "participant does not exist"},
        {"mute unknown participant", LIVEKIT_UNAVAILABLE, 503, "no response from servers"}, {"no token", LIVEKIT_UNAUTHENTICATED, 401, "permissions denied"},
        {"garbage token", LIVEKIT_UNAUTHENTICATED, 401, "invalid authorization token"}, {"wrong secret", LIVEKIT_UNAUTHENTICATED, 401, "signature is invalid"},
        {"unknown key", LIVEKIT_UNAUTHENTICATED, 401, "invalid API key: nokey"}, {"expired an hour ago", LIVEKIT_UNAUTHENTICATED, 401, "token is expired"},
        {"unknown method", LIVEKIT_BAD_ROUTE, 404, "no handler for path"}, {"unknown service", LIVEKIT_BAD_ROUTE, 404, "404 page not found"},
        {"egress without Redis", LIVEKIT_INTERNAL, 500, "redis required"}, {"start egress, no worker", LIVEKIT_UNAVAILABLE, 503, "no response from servers"},
        {"dispatch rule, same again", LIVEKIT_INVALID_ARGUMENT, 400, "already exists in dispatch rule"}, {"stop again", LIVEKIT_FAILED_PRECONDITION, 412, "EGRESS_COMPLETE cannot be stopped"}};
    json_t *all = captured("livekit_twirp.jsonl");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        replay(titled(all, cases[i].title));
        assert_null(livekit_list_rooms(client, NULL, memory, &err));
        if (err.code != cases[i].code || err.http_status != cases[i].http_status || !strstr(err.message, cases[i].says) || err.maybe_done)
            fail_msg("%s: %s, %d, \"%s\"", cases[i].title, livekit_code_name(err.code), err.http_status, err.message);
        assert_int_equal(requests, 1);
    }
    json_decref(all);
}

/* livekit-server sends the token back in its complaint about it; it must not get into anybody's log. */
static void test_no_token_in_messages(void **state)
{
    (void)state;
    char body[2000];
    struct livekit_memory *own = livekit_memory_create();
    const char *token = livekit_room_token(&dev, "room", "identity", NULL, LIVEKIT_ROLE_HOST, 60, own, NULL);
    snprintf(body, sizeof body, "invalid token: %s, error: token signature is invalid: signature is invalid\n", token);
    answers_with(401, "text/plain; charset=utf-8", body);
    assert_null(livekit_list_rooms(client, NULL, memory, &err));
    assert_string_equal(err.message, "RoomService/ListRooms: HTTP 401: invalid token: <token>, error: token signature is invalid: signature is invalid");
    begin();
    snprintf(body, sizeof body, "{\"code\":\"unauthenticated\",\"msg\":\"%s\"}", token);
    answers_with(401, "application/json", body);
    assert_null(livekit_list_rooms(client, NULL, memory, &err));
    assert_string_equal(err.message, "RoomService/ListRooms: <token>");
    livekit_memory_destroy(own);
}

static void test_what_is_no_livekit(void **state)
{
    (void)state;
    static const struct { int status; const char *type, *body; enum livekit_code code; } cases[] = {
        {200, "text/html", "<html>", LIVEKIT_BAD_REPLY}, {200, "application/json", "[]", LIVEKIT_BAD_REPLY}, {200, "application/json", "{\"rooms\":", LIVEKIT_BAD_REPLY},
        {404, "text/html", "<html>", LIVEKIT_BAD_ROUTE}, {403, "text/html", "", LIVEKIT_PERMISSION_DENIED}, {301, "text/html", "", LIVEKIT_INTERNAL}, {429, "text/html", "", LIVEKIT_RESOURCE_EXHAUSTED},
        {500, "application/json", "{\"error\":\"x\"}", LIVEKIT_UNKNOWN_ERROR}, {418, "application/json", "{\"code\":\"teapot\",\"msg\":\"short\"}", LIVEKIT_UNKNOWN_ERROR},
        {500, "application/json", "{\"code\":\"dataloss\",\"msg\":\"x\"}", LIVEKIT_DATA_LOSS}, {400, "application/json", "{\"code\":7}", LIVEKIT_INTERNAL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        answers_with(cases[i].status, cases[i].type, cases[i].body);
        assert_null(livekit_list_rooms(client, NULL, memory, &err));
        if (err.code != cases[i].code) fail_msg("case %zu: %s, %s", i, livekit_code_name(err.code), err.message);
    }
}

static void test_sip_status(void **state)
{
    (void)state;
    answers_with(429, "application/json", "{\"code\":\"resource_exhausted\",\"msg\":\"busy\",\"meta\":{\"sip_status\":\"Busy Here\",\"sip_status_code\":\"486\"}}");
    assert_null(livekit_create_sip_participant(client, NULL, memory, &err));
    assert_int_equal(err.sip_status, 486);
}

/* Unknown members, other spellings, other types: nothing of it is fatal. */
static void test_newer_servers(void **state)
{
    (void)state;
    answers_with(200, "application/json", "{\"participants\":[{\"sid\":\"PA_1\",\"joinedAtMs\":1795238819737,\"joined_at\":\"1795238819\",\"kind\":\"HOLOGRAM\",\"state\":2,\"isPublisher\":\"yes\","
                 "\"tracks\":[{\"type\":1,\"source\":\"CAMERA\",\"width\":640.0,\"name\":7},5,null],\"permission\":null,\"attributes\":{\"a\":\"b\",\"c\":1},\"newer\":{\"x\":[]},"
                 "\"disconnect_reason\":99,\"name\":\"A\\u0000B\"}]}");
    const struct livekit_participant_info *p = livekit_list_participants(client, &(struct livekit_list_participants_request){"r"}, memory, &err)->participants.items;
    assert_int_equal(p->joined_at_ms, 1795238819737);
    assert_int_equal(p->joined_at, 1795238819);
    assert_int_equal(p->kind, LIVEKIT_UNKNOWN);
    assert_int_equal(p->state, LIVEKIT_ACTIVE);
    assert_int_equal(p->disconnect_reason, 99);
    assert_int_equal(p->tracks.count, 1);
    assert_int_equal(p->tracks.items[0].type, LIVEKIT_VIDEO);
    assert_int_equal(p->tracks.items[0].width, 640);
    assert_null(p->tracks.items[0].name);
    assert_int_equal(p->attributes.count, 1);
    assert_string_equal(p->name, "A");
}

/* ---- what is tried again, and what is not */

static void test_tries(void **state)
{
    (void)state;
    static const char unavailable[] = "{\"code\":\"unavailable\",\"msg\":\"starting\"}";
    answers_with(503, "application/json", unavailable); /* a read goes on trying */
    answers_with(502, "text/html", "");
    answers_with(200, "application/json", "{}");
    assert_non_null(livekit_list_rooms(client, NULL, memory, &err));
    assert_int_equal(requests, 3);
    begin();
    answers_with(503, "application/json", unavailable); /* but not for ever */
    assert_null(livekit_list_rooms(client, NULL, memory, &err));
    assert_int_equal(requests, 3);
    begin();
    answers_with(503, "application/json", unavailable); /* a start is never sent twice */
    assert_null(livekit_start_room_composite_egress(client, NULL, memory, &err));
    assert_int_equal(requests, 1);
    assert_false(err.maybe_done);
    begin();
    answers_with(504, "text/html", ""); /* a proxy gave up: the server may have gone on */
    assert_null(livekit_start_room_composite_egress(client, NULL, memory, &err));
    assert_int_equal(requests, 1);
    assert_int_equal(err.code, LIVEKIT_UNAVAILABLE);
    assert_true(err.maybe_done);
    begin();
    answers_with(408, "application/json", "{\"code\":\"deadline_exceeded\",\"msg\":\"request timed out\"}");
    assert_null(livekit_start_room_composite_egress(client, NULL, memory, &err));
    assert_true(err.maybe_done);
}

static void test_lost_connections(void **state)
{
    (void)state;
    hangs_up();
    assert_null(livekit_start_track_egress(client, NULL, memory, &err));
    assert_int_equal(err.code, LIVEKIT_UNREACHABLE);
    assert_true(err.maybe_done);
    assert_int_equal(requests, 1);
    begin();
    hangs_up();
    answers_with(200, "application/json", "{}");
    assert_non_null(livekit_list_rooms(client, NULL, memory, &err));
    struct livekit *nobody = livekit_create(&(struct livekit_options){.url = "http://127.0.0.1:1", .key = dev, .tries = 2}, &err);
    assert_null(livekit_start_track_egress(nobody, NULL, memory, &err));
    assert_int_equal(err.code, LIVEKIT_UNREACHABLE);
    assert_false(err.maybe_done);
    livekit_destroy(nobody);
}

static void test_deadline(void **state)
{
    (void)state;
    int silent = socket(AF_INET, SOCK_STREAM, 0); /* takes connections, and says nothing */
    char url[64];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    assert_int_equal(bind(silent, (struct sockaddr *)&a, size) | listen(silent, 1) | getsockname(silent, (struct sockaddr *)&a, &size), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    struct livekit *slow = livekit_create(&(struct livekit_options){.url = url, .key = dev, .deadline_ms = 50}, &err);
    assert_null(livekit_start_track_egress(slow, NULL, memory, &err));
    assert_int_equal(err.code, LIVEKIT_TIMEOUT);
    assert_true(err.maybe_done);
    livekit_destroy(slow);
    close(silent);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {NULL, "", "livekit.example.com", "ftp://x", "wss://", "wss:///x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(livekit_create(&(struct livekit_options){.url = bad[i], .key = dev}, &err));
        assert_int_equal(err.code, LIVEKIT_BAD_REQUEST);
    }
    assert_null(livekit_create(&(struct livekit_options){.url = "wss://x"}, &err));
    assert_int_equal(err.code, LIVEKIT_BAD_REQUEST);
}

/* ---- PINs */

static void test_dial_in(void **state)
{
    (void)state;
    static const char taken[] = "{\"code\":\"invalid_argument\",\"msg\":\"Dispatch rule for the same trunk, inbound number, number, and PIN combination already exists in dispatch rule \\\"SDR_1\\\"\"}";
    answers_with(400, "application/json", taken);
    answers_with(400, "application/json", taken);
    answers_with(200, "application/json", "{\"sip_dispatch_rule_id\":\"SDR_2\",\"rule\":{\"dispatch_rule_direct\":{\"room_name\":\"r\",\"pin\":\"98765432\"}}}");
    assert_string_equal(livekit_open_dial_in(client, "ST_1", "r", 8, memory, &err)->rule->dispatch_rule_direct->pin, "98765432");
    assert_int_equal(requests, 3);
    const char *pin = strstr(request, "\"pin\":\"");
    assert_int_equal(strspn(pin + 7, "0123456789"), 8);
    begin();
    answers_with(400, "application/json", "{\"code\":\"invalid_argument\",\"msg\":\"no such trunk\"}");
    assert_null(livekit_open_dial_in(client, "ST_1", "r", 8, memory, &err));
    assert_int_equal(requests, 1);
    begin();
    answers_with(400, "application/json", taken);
    assert_null(livekit_open_dial_in(client, "ST_1", "r", 6, memory, &err));
    assert_int_equal(requests, 10);
    assert_null(livekit_open_dial_in(client, "", "r", 6, memory, &err));
    assert_null(livekit_open_dial_in(client, "ST_1", "r", 5, memory, &err));
    assert_int_equal(err.code, LIVEKIT_BAD_REQUEST);
}

/* ---- webhooks */

static void test_captured_webhooks(void **state)
{
    (void)state;
    size_t seen[LIVEKIT_AGENT_JOB_ENDED + 1] = {0};
    json_t *all = captured("livekit_webhooks.jsonl");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *row = json_array_get(all, i);
        const char *name = json_string_value(json_object_get(row, "name")), *body = json_string_value(json_object_get(row, "body")), *token = json_string_value(json_object_get(row, "authorization"));
        const struct livekit_claims *c = livekit_token_verify(&dev, 1, token, CAPTURED_AT, memory, &err); /* each was captured at its own time */
        int64_t now = c ? CAPTURED_AT : 0;
        for (int64_t t = CAPTURED_AT; !now && t < CAPTURED_AT + 86400; t += 120)
            if (livekit_token_verify(&dev, 1, token, t, memory, &err)) now = t;
        const struct livekit_webhook_event *e = livekit_webhook_receive(&dev, 1, token, body, strlen(body), now, memory, &err);
        if (!e) fail_msg("%s: %s", name, err.message);
        assert_true(e->event > LIVEKIT_EVENT_NONE);
        if (!(e->room ? e->room->sid : e->egress_info->room_id)) fail_msg("%s is of no room", name);
        assert_int_equal(strncmp(e->id, "EV_", 3), 0);
        seen[e->event]++;
        if (!strcmp(name, "001-room_started")) assert_int_equal(e->room->creation_time_ms, 1795238819737);
        if (!strcmp(name, "eg-024-egress_updated")) assert_int_equal(e->egress_info->file_results.items[0].started_at, 1795240094899851965);
        if (!strncmp(name, "sip-", 4) && e->event == LIVEKIT_PARTICIPANT_JOINED && e->participant->kind == LIVEKIT_KIND_SIP) seen[0]++;
        livekit_memory_reset(memory);
    }
    for (int k = LIVEKIT_ROOM_STARTED; k <= LIVEKIT_EGRESS_ENDED; k++)
        if (!seen[k] && k != LIVEKIT_PARTICIPANT_CONNECTION_ABORTED) fail_msg("no event %d was seen", k);
    assert_true(seen[0] > 0);
    json_decref(all);
}

static char *webhook_token(const char *body, const char *claims)
{
    unsigned char hash[32];
    char text[64], all[400];
    struct arena a;
    struct hmac_key k;
    arena_init(&a);
    sha256_bytes(body, strlen(body), hash);
    base64_text(hash, sizeof hash, text);
    snprintf(all, sizeof all, claims, text);
    hmac_key_set(&k, dev.secret, strlen(dev.secret));
    char *token = jwt_sign(&a, &k, all), *copy = livekit_memory_take(memory, strlen(token) + 1);
    strcpy(copy, token);
    arena_release(&a);
    return copy;
}

static void test_webhook_checks(void **state)
{
    (void)state;
    enum { NOW = 1800000000 };
    static const char body[] = "{\"event\":\"room_started\", \"id\":\"EV_1\"}", signed_by_key[] = "{\"iss\":\"devkey\",\"exp\":1800000300,\"nbf\":1800000000,\"sha256\":\"%s\"}";
    const char *good = webhook_token(body, signed_by_key);
    char bearer[600], other[600];
    snprintf(bearer, sizeof bearer, "Bearer %s", good);
    snprintf(other, sizeof other, "bearer %s", good);
    const struct { const char *authorization, *body; int64_t now; enum livekit_code code; } cases[] = {
        {good, body, NOW, LIVEKIT_OK}, {bearer, body, NOW, LIVEKIT_OK}, {other, body, NOW, LIVEKIT_OK}, {good, body, NOW + 359, LIVEKIT_OK}, {good, body, NOW + 360, LIVEKIT_TOKEN_EXPIRED},
        {good, body, NOW - 60, LIVEKIT_OK}, {good, body, NOW - 61, LIVEKIT_TOKEN_NOT_YET}, {good, "{\"event\":\"room_started\",\"id\":\"EV_1\"}", NOW, LIVEKIT_BODY_HASH_WRONG},
        {webhook_token(body, "{\"iss\":\"devkey\",\"exp\":1800000300}"), body, NOW, LIVEKIT_BODY_HASH_MISSING}, {NULL, body, NOW, LIVEKIT_TOKEN_MISSING}, {"Bearer ", body, NOW, LIVEKIT_TOKEN_MISSING},
        {"Basic abc", body, NOW, LIVEKIT_TOKEN_MALFORMED}, {webhook_token("[]", signed_by_key), "[]", NOW, LIVEKIT_BODY_MALFORMED}, {webhook_token("{\"x\"", signed_by_key), "{\"x\"", NOW, LIVEKIT_BODY_MALFORMED},
        {webhook_token(body, "{\"iss\":\"devkey\",\"exp\":1800000300,\"sha256\":\"\",\"was\":\"%s\"}"), body, NOW, LIVEKIT_BODY_HASH_WRONG}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err = (struct livekit_error){0};
        bool ok = livekit_webhook_receive(&dev, 1, cases[i].authorization, cases[i].body, strlen(cases[i].body), cases[i].now, memory, &err) != NULL;
        if (err.code != cases[i].code || ok != (err.code == LIVEKIT_OK)) fail_msg("case %zu: %s", i, livekit_code_name(err.code));
    }
    static const char newer[] = "{\"event\":\"room_exploded\",\"createdAt\":\"5\"}", started[] = "{\"event\":\"egress_started\",\"egressInfo\":{\"egressId\":\"EG_1\"}}";
    const struct livekit_webhook_event *e = livekit_webhook_parse(newer, strlen(newer), memory, &err);
    assert_int_equal(e->event, LIVEKIT_UNKNOWN);
    assert_int_equal(e->created_at, 5);
    e = livekit_webhook_parse(started, strlen(started), memory, &err);
    assert_int_equal(e->egress_info->status, LIVEKIT_EGRESS_STARTING); /* left out because it is 0 */
}

/* node-sdks' own body and signature (livekit.md's V4). */
static void test_node_sdks_body(void **state)
{
    (void)state;
    static const char token[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhYmNkZWZnIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDAsInNoYTI1NiI6IkNvRVF6MWNocUo5Ym5aUmNPUmRkanBsa3Zwam1QdWpt"
                                "TFRSNDJEYmVmWUk9In0.45SVa7iB-KsshbVt1K0LidjrPmthucO7FnEG2BjZM9A";
    assert_false(livekit_webhook_verify(&(struct livekit_key){"abcdefg", "abababa"}, 1, token, "{}", 2, 0, &err));
    assert_int_equal(err.code, LIVEKIT_BODY_HASH_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define SERVED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define ALONE(test) cmocka_unit_test_setup_teardown(test, setup_memory, teardown_memory)
        SERVED(test_requests_and_grants), SERVED(test_captured_rooms), SERVED(test_captured_errors), SERVED(test_no_token_in_messages), SERVED(test_what_is_no_livekit), SERVED(test_sip_status),
        SERVED(test_newer_servers), SERVED(test_tries), SERVED(test_lost_connections), SERVED(test_deadline), SERVED(test_dial_in),
        ALONE(test_addresses), ALONE(test_captured_webhooks), ALONE(test_webhook_checks), ALONE(test_node_sdks_body)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
