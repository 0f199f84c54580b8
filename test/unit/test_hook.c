/* Providers' signatures and envelopes: vectors of the vendors' own libraries, of a real LiveKit server, and of Daily's rule worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/hook.h"
#include "model/skim.h"
#include <string.h>

static const char DAILY[] = "{\"version\":\"1.0.0\",\"type\":\"meeting.started\",\"id\":\"met-sta-1\",\"payload\":{\"start_ts\":1708526032.672,\"meeting_id\":\"m1\",\"room\":\"r1\"},\"event_ts\":1708526033.049}";
static const char SDK[] = "{\"event\":\"room_started\", \"room\":{\"sid\":\"RM_TkVjUvAqgzKz\", \"name\":\"mytestroom\", \"emptyTimeout\":300, \"creationTime\":\"1628545903\", \"turnPassword\":\"ICkSr2rEeslkN6e9bXL4Ji5zzMD5Z7zzr6ulOaxMj6N\", \"enabledCodecs\":[{\"mime\":\"audio/opus\"}, {\"mime\":\"video/VP8\"}]}}"; /* livekit server-sdk-js, WebhookReceiver.test.ts */
static const char SDK_TOKEN[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhYmNkZWZnIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDAsInNoYTI1NiI6IkNvRVF6MWNocUo5Ym5aUmNPUmRkanBsa3Zwam1QdWptTFRSNDJEYmVmWUk9In0.45SVa7iB-KsshbVt1K0LidjrPmthucO7FnEG2BjZM9A";
static const char REAL[] = "{\"event\":\"room_started\", \"room\":{\"sid\":\"RM_JgFM6GaPkFmd\", \"name\":\"t1\", \"emptyTimeout\":30, \"departureTimeout\":3, \"maxParticipants\":5, \"creationTime\":\"1795238819\", \"creationTimeMs\":\"1795238819737\", \"turnPassword\":\"vUf8os1YGseVoKahtJp5judDXVZcdXBNwopSJJA1V2W\", \"enabledCodecs\":[{\"mime\":\"audio/PCMU\"}, {\"mime\":\"audio/PCMA\"}, {\"mime\":\"audio/opus\"}, {\"mime\":\"audio/red\"}, {\"mime\":\"video/VP8\"}, {\"mime\":\"video/H264\"}, {\"mime\":\"video/VP9\"}, {\"mime\":\"video/AV1\"}, {\"mime\":\"video/H265\"}, {\"mime\":\"video/rtx\"}], \"metadata\":\"{\\\"a\\\":1}\"}, \"id\":\"EV_t3EDnvNwbHpt\", \"createdAt\":\"1795238819\"}"; /* livekit-server 1.13 --dev */
static const char REAL_TOKEN[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJkZXZrZXkiLCJleHAiOjE3OTUyMzkxMTksIm5iZiI6MTc5NTIzODgxOSwiaWF0IjoxNzk1MjM4ODE5LCJzaGEyNTYiOiIvdS8rbHkrbGRFcitxdnY1Nk5XSERzcGJOOGFUWXdGRFpKUXJESUhRU01BPSJ9.GxbhiXlGGeCOyIyROQowF1ruft2B6TbcsoZOi2Lwf5U";

static struct hmac_key key_of(const char *secret)
{
    struct hmac_key k;
    hmac_key_set(&k, secret, strlen(secret));
    return k;
}

static void test_daily_signature(void **state)
{
    struct hmac_key k = key_of("0123456789abcdef0123456789abcdef"), none = {0}, other = key_of("another");
    const char *seconds = "AD8Ja9xH88lOraG9BtS5bOhvaXQkpSbCnJu0eIDq0hs=", *milliseconds = "PJJ8/qbJmYx1ERVbY1pcZiLp2KwxLMYmo7JVOsV2GCg=";
    int64_t at = 1708526033049;
    size_t n = strlen(DAILY);
    (void)state;
    assert_true(hook_daily_signed(&k, "1708526033", seconds, DAILY, n, at));
    assert_true(hook_daily_signed(&k, "1708526033049", milliseconds, DAILY, n, at));
    assert_true(hook_daily_signed(&k, "1708526033", seconds, DAILY, n, at + 299000) && hook_daily_signed(&k, "1708526033", seconds, DAILY, n, at - 299000));
    assert_false(hook_daily_signed(&k, "1708526033", seconds, DAILY, n, at + 301000) || hook_daily_signed(&k, "1708526033049", milliseconds, DAILY, n, at - 301000));
    assert_false(hook_daily_signed(&k, "1708526034", seconds, DAILY, n, at) || hook_daily_signed(&k, "1708526033", milliseconds, DAILY, n, at));
    assert_false(hook_daily_signed(&k, "1708526033", seconds, DAILY, n - 1, at) || hook_daily_signed(&k, "1708526033", "", DAILY, n, at));
    assert_false(hook_daily_signed(&k, NULL, seconds, DAILY, n, at) || hook_daily_signed(&k, "1708526033", NULL, DAILY, n, at));
    assert_false(hook_daily_signed(&k, "", seconds, DAILY, n, at) || hook_daily_signed(&k, " 1708526033", seconds, DAILY, n, at) || hook_daily_signed(&k, "99999999999999999999", seconds, DAILY, n, at));
    assert_false(hook_daily_signed(&none, "1708526033", seconds, DAILY, n, at) || hook_daily_signed(&other, "1708526033", seconds, DAILY, n, at));
}

static void test_livekit_signature(void **state)
{
    struct hmac_key sdk = key_of("abababa"), dev = key_of("devsecret-devsecret-devsecret-dev0"), none = {0};
    struct arena a;
    (void)state;
    arena_init(&a);
    assert_true(hook_livekit_signed(&a, &sdk, "abcdefg", SDK_TOKEN, SDK, strlen(SDK), 1800000000000));
    assert_false(hook_livekit_signed(&a, &sdk, "another", SDK_TOKEN, SDK, strlen(SDK), 1800000000000));
    assert_false(hook_livekit_signed(&a, &sdk, "abcdefg", SDK_TOKEN, SDK, strlen(SDK) - 1, 1800000000000));
    assert_false(hook_livekit_signed(&a, &dev, "abcdefg", SDK_TOKEN, SDK, strlen(SDK), 1800000000000));
    assert_false(hook_livekit_signed(&a, &none, "", SDK_TOKEN, SDK, strlen(SDK), 1800000000000));
    int64_t at = 1795238820000;
    char *join = jwt_sign(&a, &dev, "{\"iss\":\"devkey\",\"exp\":4102444800,\"sub\":\"user-1\",\"video\":{\"roomJoin\":true}}"); /* a person's */
    assert_non_null(jwt_verify(&a, &dev, join, at / 1000));
    assert_true(hook_livekit_signed(&a, &dev, "devkey", REAL_TOKEN, REAL, strlen(REAL), at));
    assert_true(hook_livekit_signed(&a, &dev, "devkey", arena_printf(&a, "Bearer %s", REAL_TOKEN), REAL, strlen(REAL), at));
    assert_true(hook_livekit_signed(&a, &dev, "devkey", REAL_TOKEN, REAL, strlen(REAL), at - 50000)); /* clocks differ */
    assert_false(hook_livekit_signed(&a, &dev, "devkey", REAL_TOKEN, REAL, strlen(REAL), at - 70000));
    assert_false(hook_livekit_signed(&a, &dev, "devkey", REAL_TOKEN, REAL, strlen(REAL), at + 400000));
    assert_false(hook_livekit_signed(&a, &dev, "devkey", join, REAL, strlen(REAL), at));
    assert_false(hook_livekit_signed(&a, &dev, "devkey", NULL, REAL, strlen(REAL), at) || hook_livekit_signed(&a, &dev, "devkey", "x", REAL, strlen(REAL), at));
    arena_release(&a);
}

static void read_daily(const char *body, const char *type, const char *room, const char *identity)
{
    struct arena a;
    struct envelope v;
    arena_init(&a);
    hook_daily_read(&a, body, strlen(body), &v);
    assert_true(v.is_object);
    assert_string_equal(v.type ? v.type : "-", type);
    assert_string_equal(v.room_name ? v.room_name : "-", room);
    assert_string_equal(v.identity ? v.identity : "-", identity);
    arena_release(&a);
}

static void test_daily_envelopes(void **state)
{
    struct arena a;
    struct envelope v;
    (void)state;
    read_daily(DAILY, "meeting.started", "r1", "meeting.started met-sta-1 m1");
    read_daily("{\"type\":\"room.exp\",\"room\":\"js-1\"}", "room.exp", "js-1", "-");
    read_daily("{\"type\":\"recording.ready-to-download\",\"room\":\"js-1\",\"recording_id\":\"x\",\"id\":\"not one of Daily's\"}", "recording.ready-to-download", "js-1", "-");
    read_daily("{\"type\":\"participant.left\",\"id\":\"1\",\"payload\":{\"session_id\":\"s\",\"room\":\"r\"}}", "participant.left", "r", "participant.left s");
    read_daily("{\"type\":\"recording.error\",\"id\":\"rec-err\",\"payload\":{\"room_name\":\"r\",\"room\":5}}", "recording.error", "r", "recording.error rec-err r");
    read_daily("{\"type\":7,\"payload\":[],\"room\":{}}", "-", "-", "-");
    arena_init(&a);
    hook_daily_read(&a, "{\"test\":\"test\"}", 15, &v);
    assert_true(v.is_probe);
    hook_daily_read(&a, "{\"test\":\"test\",\"type\":\"room.exp\"}", 33, &v);
    assert_false(v.is_probe);
    hook_daily_read(&a, "[1]", 3, &v);
    assert_false(v.is_object || v.type || v.identity);
    hook_daily_read(&a, "", 0, &v);
    assert_false(v.is_object);
    arena_release(&a);
}

static void test_livekit_envelopes(void **state)
{
    struct arena a;
    struct envelope v;
    (void)state;
    arena_init(&a);
    hook_livekit_read(&a, REAL, strlen(REAL), &v);
    assert_string_equal(v.type, "room_started");
    assert_string_equal(v.room_name, "t1");
    assert_string_equal(v.identity, "EV_t3EDnvNwbHpt");
    const char *egress = "{\"event\":\"egress_ended\",\"egressInfo\":{\"roomName\":\"r1\"},\"id\":\"EV_1\",\"new\":1}";
    hook_livekit_read(&a, egress, strlen(egress), &v);
    assert_string_equal(v.room_name, "r1");
    arena_release(&a);
}

static void skims(const char *json, bool sure, const char *event, const char *room)
{
    struct skim_text t[] = {{.name = "event"}, {.in = "room", .name = "name"}};
    assert_int_equal(json_skim(json, strlen(json), t, 2), sure);
    if (!sure) return;
    assert_int_equal(t[0].size, strlen(event));
    assert_int_equal(t[1].size, strlen(room));
    assert_true((!t[0].text || !memcmp(t[0].text, event, t[0].size)) && (!t[1].text || !memcmp(t[1].text, room, t[1].size)));
}

/* Sure of what is plain, and of nothing else. */
static void test_skimming(void **state)
{
    (void)state;
    skims(REAL, true, "room_started", "t1");
    skims(" { \"a\" : [ 1 , -20 , { \"event\" : \"no\" } , [ ] , { } ] , \"room\" : { \"x\" : { \"name\" : \"no\" } , \"name\" : \"r\" } , \"event\" : \"e\" }\n", true, "e", "r");
    skims("{}", true, "", "");
    skims("{\"event\":7,\"room\":\"name\",\"x\":[true,false,null,\"\\\"\\n\"]}", true, "", "");
    skims("{\"room\":[{\"name\":\"no\"}],\"event\":{\"event\":\"no\"},\"\":\"\"}", true, "", "");
    static const char *const unsure[] = {"", "[]", "{", "{}x", "{} {}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":[1,]}", "{\"a\":01}", "{\"a\":-}", "{\"a\":1.5}", "{\"a\":1e3}",
        "{\"a\":1234567890123456}", "{\"a\":tru}", "{\"a\":truex}", "{\"a\":\"\\u0041\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\xc3\xa9\"}", "{\"a\":\"\t\"}", "{\"a\":\"", "{\"a\\n\":1}", "{a:1}",
        "{\"event\":\"a\",\"event\":\"b\"}", "{\"room\":{},\"room\":{}}", "{\"room\":{\"name\":1,\"name\":2}}", "{\"event\":\"a\\\"\"}"};
    for (size_t i = 0; i < sizeof unsure / sizeof *unsure; i++) skims(unsure[i], false, "", "");
    char deep[200] = "{\"a\":";
    memset(deep + 5, '[', 60);
    memset(deep + 65, ']', 60);
    strcpy(deep + 125, "}");
    skims(deep, false, "", "");
}

/* What is not plain is read all the same. */
static void test_livekit_envelopes_of_every_kind(void **state)
{
    struct arena a;
    struct envelope v;
    (void)state;
    arena_init(&a);
    const char *told = "{\"event\":\"ev\\u0065nt\",\"room\":{\"name\":\"K\xc3\xbc" "che\"},\"id\":\"EV_1\",\"n\":1.5}";
    hook_livekit_read(&a, told, strlen(told), &v);
    assert_true(v.is_object);
    assert_string_equal(v.type, "event");
    assert_string_equal(v.room_name, "K\xc3\xbc" "che");
    hook_livekit_read(&a, "[1]", 3, &v);
    assert_false(v.is_object || v.type || v.identity);
    hook_livekit_read(&a, "{\"event\":\"x\"", 12, &v);
    assert_false(v.is_object || v.type || v.identity);
    const char *ingress = "{\"event\":\"\",\"room\":{\"name\":\"\"},\"ingressInfo\":{\"roomName\":\"r2\"},\"id\":5}";
    hook_livekit_read(&a, ingress, strlen(ingress), &v);
    assert_string_equal(v.room_name, "r2");
    assert_false(v.type || v.identity);
    arena_release(&a);
}

static void redacted(const char *body, const char *expected)
{
    struct arena a;
    arena_init(&a);
    const char *kept = hook_livekit_redacted(&a, body, strlen(body));
    assert_string_equal(kept, expected);
    arena_release(&a);
}

static void test_turn_passwords_are_not_kept(void **state)
{
    (void)state;
    redacted("{\"room\":{\"name\":\"r\", \"turnPassword\":\"geheim\", \"sid\":\"RM_1\"}}", "{\"room\":{\"name\":\"r\", \"turnPassword\":\"xxxxxx\", \"sid\":\"RM_1\"}}");
    redacted("{\"turn_password\" : \"a\\\"b\",\"turnPassword\":\"c\"}", "{\"turn_password\" : \"xxxx\",\"turnPassword\":\"x\"}");
    redacted("{\"turnPassword\":7,\"a\":\"b\"}", "{\"turnPassword\":7,\"a\":\"b\"}");
    redacted("{\"turnPassword\":\"abc", "{\"turnPassword\":\"xxx");
    redacted("{\"turnPassword\"", "{\"turnPassword\"");
    redacted("{\"name\":\"turnPassword\"}", "{\"name\":\"turnPassword\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_turn_passwords_are_not_kept), cmocka_unit_test(test_daily_signature), cmocka_unit_test(test_livekit_signature), cmocka_unit_test(test_daily_envelopes), cmocka_unit_test(test_livekit_envelopes),
                                       cmocka_unit_test(test_skimming), cmocka_unit_test(test_livekit_envelopes_of_every_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
