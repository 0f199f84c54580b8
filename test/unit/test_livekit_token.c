/* LiveKit's tokens: the vectors that its own SDKs made or checked, and each check by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "livekit.h"
#include "net/crypto.h"
#include <string.h>

enum { NOW = 1800000000 };
static const struct livekit_key dev = {"devkey", "secret"};
static struct livekit_memory *memory;
static struct livekit_error err;

static int setup(void **state)
{
    (void)state;
    memory = livekit_memory_create();
    err = (struct livekit_error){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    livekit_memory_destroy(memory);
    return 0;
}

static char *sign(const char *secret, const char *claims)
{
    static struct arena arena;
    struct hmac_key k;
    hmac_key_set(&k, secret, strlen(secret));
    char *token = jwt_sign(&arena, &k, claims), *copy = livekit_memory_take(memory, strlen(token) + 1);
    strcpy(copy, token);
    arena_release(&arena);
    return copy;
}

/* What a token of ours says, as JSON. */
static json_t *claims_in(const char *token)
{
    struct arena a;
    size_t size;
    arena_init(&a);
    const char *from = strchr(token, '.') + 1, *to = strchr(from, '.');
    char *text = base64url_decode(&a, from, (size_t)(to - from), &size);
    json_t *j = json_loadb(text, size, 0, NULL);
    arena_release(&a);
    assert_non_null(j);
    return j;
}

static void assert_says(const char *token, const char *expected)
{
    json_t *said = claims_in(token), *wanted = json_loads(expected, 0, NULL);
    assert_non_null(wanted);
    if (!json_equal(said, wanted)) fail_msg("the token says %s", json_dumps(said, JSON_COMPACT));
    json_decref(said);
    json_decref(wanted);
}

#define HEAD "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
static const char V1[] = HEAD "eyJpc3MiOiJkZXZrZXkiLCJzdWIiOiJ1c2VyLTEiLCJuYmYiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMCwibmFtZSI6IkFubiIsInZpZGVvIjp7InJvb21Kb2luIjp0cnVlLCJyb29tIjoicjEifX0"
                             ".I-PoEcrqzeb_lRo2tykUWx8r2tza4p46Ll87NN4AVeM";
static const char V2[] = HEAD "eyJpc3MiOiJkZXZrZXkiLCJuYmYiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMCwidmlkZW8iOnsicm9vbUFkbWluIjp0cnVlLCJyb29tIjoiIXJvb206ZXhhbXBsZS5jb20ifX0"
                             ".Fa8ljynKXwh_2IhnbYVlh6EA4vJxF4fuStMiNecthmQ";
static const char V3[] = HEAD "eyJpc3MiOiJkZXZrZXkiLCJuYmYiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMCwidmlkZW8iOnsicm9vbVJlY29yZCI6dHJ1ZX19.6mjzDW_cDKz0MmKcUuuScNxmpDZW4vh6vvO4DyGaDT4";
static const char V4[] = HEAD "eyJpc3MiOiJhYmNkZWZnIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDAsInNoYTI1NiI6IkNvRVF6MWNocUo5Ym5aUmNPUmRkanBsa3Zwam1QdWptTFRSNDJEYmVmWUk9In0"
                             ".45SVa7iB-KsshbVt1K0LidjrPmthucO7FnEG2BjZM9A";
static const char V5[] = HEAD "eyJpc3MiOiJkZXZrZXkiLCJuYmYiOjE3MDAwMDAwMDAsInZpZGVvIjp7InJvb21DcmVhdGUiOnRydWV9fQ.CohSR4uaVm-7wu52chC5B5r5tw3oGip8HITuPQ6bd1c";
static const char V6[] = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJkZXZrZXkiLCJleHAiOjQxMDI0NDQ4MDAsInZpZGVvIjp7InJvb21DcmVhdGUiOnRydWV9fQ.R2cKB4usrb9zj3phSq4P5igOpLIdOIl4jfmkhJfW4vs";
static const char V8[] = HEAD "eyJuYW1lIjoibmFtZSIsInZpZGVvIjp7InJvb21Kb2luIjp0cnVlLCJyb29tIjoibXktcm9vbSIsImNhblB1Ymxpc2giOnRydWUsImNhblN1YnNjcmliZSI6dHJ1ZSwiY2FuUHVibGlzaERhdGEiOnRydWV9LCJy"
                             "b29tQ29uZmlnIjp7ImFnZW50cyI6W3siYWdlbnROYW1lIjoidGVzdC1hZ2VudCIsIm1ldGFkYXRhIjoidGVzdC1tZXRhZGF0YSJ9XX0sInN1YiI6ImlkZW50aXR5IiwiaXNzIjoibXlhcGlrZXkiLCJuYmYiOjE3"
                             "NDE4Njk2NzksImV4cCI6NDEwMjQ0NDgwMH0.hmKovgw6sDbQUFZxAQ9Xjb9-VUzeBw1A6URTXFuCLMU";

static const struct livekit_claims *good(const struct livekit_key *key, const char *token)
{
    const struct livekit_claims *c = livekit_token_verify(key, 1, token, NOW, memory, &err);
    if (!c) fail_msg("%s: %s", livekit_code_name(err.code), err.message);
    return c;
}

static void test_vectors_that_are_good(void **state)
{
    (void)state;
    const struct livekit_claims *c = good(&dev, V1);
    assert_string_equal(c->iss, "devkey");
    assert_string_equal(c->sub, "user-1");
    assert_string_equal(c->name, "Ann");
    assert_int_equal(c->exp, 4102444800);
    assert_true(c->video->room_join);
    assert_string_equal(c->video->room, "r1");
    assert_int_equal(c->video->can_publish, LIVEKIT_UNSAID);
    c = good(&dev, V2);
    assert_true(c->video->room_admin);
    assert_string_equal(c->video->room, "!room:example.com");
    assert_true(good(&dev, V3)->video->room_record);
    c = good(&(struct livekit_key){"abcdefg", "abababa"}, V4);
    assert_string_equal(c->sha256, "CoEQz1chqJ9bnZRcORddjplkvpjmPujmLTR42DbefYI=");
    assert_null(c->video);
    c = good(&(struct livekit_key){"myapikey", "thiskeyistotallyunsafe"}, V8);
    assert_int_equal(c->video->can_publish, LIVEKIT_YES);
    assert_int_equal(c->room_config->agents.count, 1);
    assert_string_equal(c->room_config->agents.items[0].agent_name, "test-agent");
    assert_string_equal(c->room_config->agents.items[0].metadata, "test-metadata");
    c = good(&dev, sign("secret", "{\"metadata\":\"{\\\"a\\\":1}\",\"attributes\":{\"k\":\"v\"},\"name\":\"N\",\"video\":{\"roomJoin\":true,\"room\":\"r\",\"canPublish\":false,"
                                  "\"canPublishSources\":[\"camera\"]},\"iss\":\"devkey\",\"exp\":4102444800,\"nbf\":0,\"sub\":\"me\",\"later\":{\"than\":[\"this\"]}}")); /* V9 */
    assert_string_equal(c->metadata, "{\"a\":1}");
    assert_string_equal(c->attributes.items[0].name, "k");
    assert_string_equal(c->attributes.items[0].value, "v");
    assert_int_equal(c->video->can_publish, LIVEKIT_NO);
    assert_string_equal(c->video->can_publish_sources.items[0], "camera");
}

/* A header without `typ`, as npm writes it. */
static void test_header_without_typ(void **state)
{
    (void)state;
    static const char *const pieces[] = {"{\"alg\":\"HS256\"}", "{\"iss\":\"devkey\",\"exp\":4102444800}"};
    char token[300];
    unsigned char hash[HMAC_SIZE];
    struct hmac_key k;
    size_t n = base64url(pieces[0], strlen(pieces[0]), token);
    token[n++] = '.';
    n += base64url(pieces[1], strlen(pieces[1]), token + n);
    hmac_key_set(&k, "secret", 6);
    hmac_sha256(&k, token, n, hash);
    token[n++] = '.';
    base64url(hash, sizeof hash, token + n);
    good(&dev, token);
}

static void test_each_check(void **state)
{
    (void)state;
    static const char protocol_secret[] = "YHC-CUhbQhGeVCaYgn1BNA++", protocol_key[] = "APID3B67uxk4Nj2GKiRPibAZ9";
    const struct livekit_key protocol = {protocol_key, protocol_secret};
    const struct { const struct livekit_key *key; const char *token; enum livekit_code code; } cases[] = {
        {&dev, NULL, LIVEKIT_TOKEN_MISSING}, {&dev, "", LIVEKIT_TOKEN_MISSING}, {&dev, "x", LIVEKIT_TOKEN_MALFORMED}, {&dev, "a.b", LIVEKIT_TOKEN_MALFORMED},
        {&dev, "a.b.c", LIVEKIT_TOKEN_MALFORMED}, {&dev, "a.b.c.d", LIVEKIT_TOKEN_MALFORMED}, {&dev, HEAD "e30.", LIVEKIT_TOKEN_KEY},
        {&dev, V5, LIVEKIT_TOKEN_WITHOUT_EXPIRY}, {&dev, V6, LIVEKIT_TOKEN_ALGORITHM}, {&dev, V4, LIVEKIT_TOKEN_KEY},
        {&(struct livekit_key){"devkey", "another"}, V1, LIVEKIT_TOKEN_SIGNATURE}, {&(struct livekit_key){"another", "secret"}, V1, LIVEKIT_TOKEN_KEY},
        {&dev, sign("secret", "{\"iss\":\"devkey\",\"exp\":\"4102444800\"}"), LIVEKIT_TOKEN_WITHOUT_EXPIRY},
        {&dev, sign("secret", "{\"iss\":\"devkey\",\"exp\":1799999940}"), LIVEKIT_TOKEN_EXPIRED},
        {&dev, sign("secret", "{\"iss\":\"devkey\",\"exp\":1799999941}"), LIVEKIT_OK},
        {&dev, sign("secret", "{\"iss\":\"devkey\",\"exp\":4102444800,\"nbf\":1800000061}"), LIVEKIT_TOKEN_NOT_YET},
        {&dev, sign("secret", "{\"iss\":\"devkey\",\"exp\":4102444800,\"nbf\":1800000060}"), LIVEKIT_OK},
        {&dev, sign("secret", "{\"iss\":\"devkey\",\"exp\":4102444800,\"nbf\":null}"), LIVEKIT_TOKEN_MALFORMED},
        {&dev, sign("secret", "{\"exp\":4102444800}"), LIVEKIT_TOKEN_KEY}, {&dev, sign("secret", "[1]"), LIVEKIT_TOKEN_MALFORMED},
        {&dev, sign("secret", "{\"iss\":\"devkey\",\"iss\":\"other\",\"exp\":4102444800}"), LIVEKIT_TOKEN_MALFORMED},
        {&protocol, sign(protocol_secret, "{\"exp\":1608930308,\"iss\":\"APID3B67uxk4Nj2GKiRPibAZ9\",\"nbf\":1608926708,\"room_join\":true,\"room_sid\":\"myid\",\"sub\":\"APID3B67uxk4Nj2GKiRPibAZ9\"}"),
         LIVEKIT_TOKEN_EXPIRED}}; /* V7 */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err = (struct livekit_error){0};
        bool ok = livekit_token_verify(cases[i].key, 1, cases[i].token, NOW, memory, &err) != NULL;
        if (err.code != cases[i].code || ok != (err.code == LIVEKIT_OK)) fail_msg("case %zu: %s, %s", i, livekit_code_name(err.code), err.message);
    }
}

static void test_any_of_several_keys(void **state)
{
    (void)state;
    const struct livekit_key keys[] = {{"old", "old-secret"}, {NULL, NULL}, {"devkey", "secret"}};
    assert_non_null(livekit_token_verify(keys, 3, V1, NOW, memory, &err));
    assert_null(livekit_token_verify(keys, 2, V1, NOW, memory, &err));
    assert_int_equal(err.code, LIVEKIT_TOKEN_KEY);
    assert_null(livekit_token_verify(keys, 0, V1, NOW, memory, &err));
    assert_null(livekit_token_verify((const struct livekit_key[]){{"devkey", ""}}, 1, sign("", "{\"iss\":\"devkey\",\"exp\":4102444800}"), NOW, memory, &err));
}

static void test_what_is_written(void **state)
{
    (void)state;
    const char *sources[] = {"camera", "microphone"}, *details[] = {"forwarded"};
    const struct livekit_pair pairs[] = {{"role", "host"}, {"empty", ""}};
    const struct livekit_video_grant all = {.room_create = true, .room_list = true, .room_record = true, .room_admin = true, .room_join = true, .room = "r \"1\"", .destination_room = "r2",
        .can_publish = LIVEKIT_NO, .can_subscribe = LIVEKIT_YES, .can_publish_data = LIVEKIT_NO, .can_publish_sources = {sources, 2}, .can_update_own_metadata = LIVEKIT_YES,
        .can_subscribe_metrics = LIVEKIT_NO, .can_manage_agent_session = LIVEKIT_YES, .ingress_admin = true, .hidden = true, .recorder = true, .agent = true};
    const struct livekit_room_agent_dispatch agent = {.agent_name = "a", .metadata = "m"};
    const struct livekit_room_configuration config = {.name = "n", .empty_timeout = 1, .departure_timeout = 2, .max_participants = 3, .sync_streams = true, .agents = {&agent, 1}};
    const struct livekit_claims c = {.sub = "i", .jti = "j", .nbf = 1, .exp = 2, .iat = 3, .name = "Änn", .kind = "agent", .kind_details = {details, 1}, .metadata = "{}", .attributes = {pairs, 2},
        .sha256 = "h=", .room_preset = "p", .video = &all, .sip = &(struct livekit_sip_grant){true, true}, .agent = &(struct livekit_agent_grant){true, true, true},
        .inference = &(struct livekit_inference_grant){true}, .observability = &(struct livekit_observability_grant){true}, .room_config = &config};
    assert_says(livekit_token_create(&dev, &c, 0, memory, &err),
        "{\"iss\":\"devkey\",\"sub\":\"i\",\"jti\":\"j\",\"nbf\":1,\"exp\":2,\"iat\":3,\"name\":\"Änn\",\"kind\":\"agent\",\"kindDetails\":[\"forwarded\"],\"metadata\":\"{}\","
        "\"attributes\":{\"role\":\"host\",\"empty\":\"\"},\"sha256\":\"h=\",\"roomPreset\":\"p\",\"video\":{\"roomCreate\":true,\"roomList\":true,\"roomRecord\":true,\"roomAdmin\":true,"
        "\"roomJoin\":true,\"room\":\"r \\\"1\\\"\",\"destinationRoom\":\"r2\",\"canPublish\":false,\"canSubscribe\":true,\"canPublishData\":false,\"canPublishSources\":[\"camera\",\"microphone\"],"
        "\"canUpdateOwnMetadata\":true,\"canSubscribeMetrics\":false,\"canManageAgentSession\":true,\"ingressAdmin\":true,\"hidden\":true,\"recorder\":true,\"agent\":true},"
        "\"sip\":{\"admin\":true,\"call\":true},\"agent\":{\"admin\":true,\"simulationAdmin\":true,\"databaseAdmin\":true},\"inference\":{\"perform\":true},\"observability\":{\"write\":true},"
        "\"roomConfig\":{\"name\":\"n\",\"emptyTimeout\":1,\"departureTimeout\":2,\"maxParticipants\":3,\"syncStreams\":true,\"agents\":[{\"agentName\":\"a\",\"metadata\":\"m\"}]}}");
}

/* What we sign is V1 byte for byte, where the claims are in its order. */
static void test_our_own_vector(void **state)
{
    (void)state;
    const struct livekit_claims c = {.sub = "user-1", .nbf = 1700000000, .exp = 4102444800, .name = "Ann", .video = &(struct livekit_video_grant){.room_join = true, .room = "r1"}};
    assert_string_equal(livekit_token_create(&dev, &c, 0, memory, &err), V1);
}

static void test_roles(void **state)
{
    (void)state;
    static const char *const grants[] = {
        [LIVEKIT_ROLE_HOST] = "{\"roomJoin\":true,\"room\":\"r\",\"canPublish\":true,\"canSubscribe\":true,\"canPublishData\":true,\"canUpdateOwnMetadata\":true}",
        [LIVEKIT_ROLE_PARTICIPANT] = "{\"roomJoin\":true,\"room\":\"r\",\"canPublish\":true,\"canSubscribe\":true,\"canPublishData\":true}",
        [LIVEKIT_ROLE_VIEWER] = "{\"roomJoin\":true,\"room\":\"r\",\"canPublish\":false,\"canSubscribe\":true,\"canPublishData\":false}"};
    for (int role = LIVEKIT_ROLE_HOST; role <= LIVEKIT_ROLE_VIEWER; role++) {
        const char *token = livekit_room_token(&dev, "r", "ann", "Ann", (enum livekit_role)role, 7200, memory, &err);
        json_t *said = claims_in(token), *wanted = json_loads(grants[role], 0, NULL);
        assert_true(json_equal(json_object_get(said, "video"), wanted));
        assert_string_equal(json_string_value(json_object_get(said, "sub")), "ann");
        assert_int_equal(json_integer_value(json_object_get(said, "exp")) - json_integer_value(json_object_get(said, "nbf")), 7200);
        json_decref(said);
        json_decref(wanted);
        assert_non_null(livekit_token_verify(&dev, 1, token, 0, memory, &err));
    }
}

static void test_what_is_refused(void **state)
{
    (void)state;
    const struct livekit_video_grant join = {.room_join = true, .room = "r"}, nowhere = {.room_join = true};
    const struct livekit_encoded_file_output file = {.filepath = "x", .s3 = &(struct livekit_s3_upload){.secret = "s"}}, plain = {.filepath = "x", .s3 = &(struct livekit_s3_upload){.bucket = "b"}};
    const struct livekit_stream_output stream = {0};
    const struct livekit_room_composite_egress_request secret = {.file_outputs = {&file, 1}}, live = {.stream_outputs = {&stream, 1}}, open = {.file_outputs = {&plain, 1}};
    const struct livekit_auto_track_egress tracks = {.gcp = &(struct livekit_gcp_upload){.credentials = "{}"}};
#define CONFIG(...) &(struct livekit_room_configuration){.egress = &(struct livekit_room_egress){__VA_ARGS__}}
    const struct { struct livekit_key key; struct livekit_claims claims; bool ok; } cases[] = {
        {{"k", ""}, {0}, false}, {{"", "s"}, {0}, false}, {{NULL, NULL}, {0}, false}, {{"k", "s"}, {.video = &join}, false}, {{"k", "s"}, {.sub = "i", .video = &nowhere}, false},
        {{"k", "s"}, {.sub = "i", .video = &join}, true}, {{"k", "s"}, {.name = "\xff"}, false}, {{"k", "s"}, {.name = "\xc0\x80"}, false}, {{"k", "s"}, {.name = "\xed\xa0\x80"}, false},
        {{"k", "s"}, {.name = "\xf0\x9f\x98\x80"}, true}, {{"k", "s"}, {.name = "\xe2\x82"}, false}, {{"k", "s"}, {.room_config = CONFIG(.room = &secret)}, false},
        {{"k", "s"}, {.room_config = CONFIG(.room = &live)}, false}, {{"k", "s"}, {.room_config = CONFIG(.tracks = &tracks)}, false}, {{"k", "s"}, {.room_config = CONFIG(.room = &open)}, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool ok = livekit_token_create(&cases[i].key, &cases[i].claims, 60, memory, &err) != NULL;
        if (ok != cases[i].ok || (!ok && err.code != LIVEKIT_BAD_REQUEST)) fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vectors_that_are_good, setup, teardown), cmocka_unit_test_setup_teardown(test_header_without_typ, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_check, setup, teardown), cmocka_unit_test_setup_teardown(test_any_of_several_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_written, setup, teardown), cmocka_unit_test_setup_teardown(test_our_own_vector, setup, teardown),
        cmocka_unit_test_setup_teardown(test_roles, setup, teardown), cmocka_unit_test_setup_teardown(test_what_is_refused, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
