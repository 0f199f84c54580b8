/* What a Matrix room is called on the LiveKit server, and what an egress is told to write. The hashes are those of lk-jwt-service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "matrix/media_room.h"
#include "provider/livekit/output.h"
#include <string.h>

static struct arena a;

static int begin(void **state)
{
    (void)state;
    arena_init(&a);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&a);
    return 0;
}

static const char *name(const char *strategy, const char *slot, const char *room)
{
    struct config c = {.MATRIX_ROOM_NAME_STRATEGY = strategy, .MATRIX_ROOM_SLOT = slot, .MATRIX_ROOM_NAME_TEMPLATE = "call-{localpart}-{server}_{slot}"};
    return media_room_name(&c, &a, room);
}

static void test_names(void **state)
{
    (void)state;
    static const struct { const char *strategy, *slot, *room, *name; } rows[] = {
        {"sha256-json", "slot1234", "!roomid:example.com", "O8437W3+jmzMVjoIP3tNwbm+XxHQk2iKpOA7aqw3qSc"},
        {"sha256-json", "m.call#ROOM", "!room:example.com", "krj2dgxw2K6EOm9he4GfQJ6JsSVWfJ8a7BkyjZcSmxs"},
        {"sha256-json", "memberABC", "@alice:example.com", "M3VnsLXrkbxIDINXO64u8PZzFyD9ZYFiQULR2dshWYs"}, /* what identities are made of: the same hash */
        {"sha256-pipe", "m.call#ROOM", "!room:example.com", "EwqGuHF9pwg+oscy9WWYAFMnuZavt2K5x9/SyrHVmPc"},
        {"verbatim", "m.call#ROOM", "!room:example.com", "!room:example.com"},
        {"template", "m.call#ROOM", "!room:example.com:8448", "call-room-example.com:8448_m.call#ROOM"},
        {"template", "s", "!hri1kCzmqLnSLDcqRWi09mVUSpIP4jqMLBfde1JV5RY", "call-hri1kCzmqLnSLDcqRWi09mVUSpIP4jqMLBfde1JV5RY-_s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_string_equal(name(rows[i].strategy, rows[i].slot, rows[i].room), rows[i].name);
}

/* SHA-256 of ["!a\u003cb\u003e\u0026\"\\\u2028:x","m.call#ROOM"], as Go writes that array. */
static void test_names_as_go_escapes(void **state)
{
    (void)state;
    assert_string_equal(name("sha256-json", "m.call#ROOM", "!a<b>&\"\\\xe2\x80\xa8:x"), "WvwIoBnZyuvXVLqFDksI6OGmU+xXv3YvmZvaa32bC1k");
}

static void test_strategies_that_are_none(void **state)
{
    (void)state;
    struct err e;
    struct config c = {.MATRIX_ROOM_NAME_STRATEGY = "sha512", .MATRIX_ROOM_NAME_TEMPLATE = ""};
    assert_false(media_room_check(&c, &e));
    assert_non_null(strstr(e.text, "verbatim, sha256-pipe, sha256-json or template"));
    c.MATRIX_ROOM_NAME_STRATEGY = "template";
    assert_false(media_room_check(&c, &e));
    c.MATRIX_ROOM_NAME_TEMPLATE = "x{room_id}{oops}";
    assert_false(media_room_check(&c, &e));
    c.MATRIX_ROOM_NAME_TEMPLATE = "x{room_id}{slot}";
    assert_true(media_room_check(&c, &e));
    c.MATRIX_ROOM_NAME_STRATEGY = "sha256-json";
    assert_true(media_room_check(&c, &e));
}

/* ---- egress settings */

#define UUID "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a"

static void test_formats_and_codecs(void **state)
{
    (void)state;
    static const struct { const char *format, *codec; int64_t bitrate; const char *type, *taken; int64_t kbps; bool audio_only; } rows[] = {
        {"mp3", "opus", 128000, "MP3", "AC_MP3", 128, true}, /* as seed S5 has it */
        {"mp3", "", 0, "MP3", "AC_MP3", 0, true},
        {"mp3", "aac", 999, "MP3", "AC_MP3", 320, true},
        {"mp3", "MP3", 96, "MP3", "AC_MP3", 96, true},
        {"ogg", "opus", 64000, "OGG", "OPUS", 64, true},
        {"ogg", "aac", 1000, "OGG", "OPUS", 8, true},
        {"mp4", "", 192000, "MP4", "AAC", 192, false},
        {"mp4", "opus", 100000000, "MP4", "OPUS", 512, false},
        {"mp4", "mp3", 5, "MP4", "AAC", 8, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct livekit_output out;
        struct err e;
        struct config c = {.RECORDING_FORMAT = rows[i].format, .EGRESS_AUDIO_CODEC = rows[i].codec, .EGRESS_BITRATE = rows[i].bitrate, .EGRESS_OUTPUT_PATH = "", .EGRESS_S3_BUCKET = ""};
        assert_true(livekit_output_check(&c, &e));
        livekit_output_make(&c, &a, "r1", UUID, &out);
        assert_string_equal(out.file_type, rows[i].type);
        assert_string_equal(out.audio_codec, rows[i].taken);
        assert_int_equal(out.audio_bitrate, rows[i].kbps);
        assert_int_equal(out.audio_only, rows[i].audio_only);
    }
}

static void test_paths(void **state)
{
    (void)state;
    static const struct { const char *pattern, *room, *path; } rows[] = {
        {"", "session-01ab", "recordings/session-01ab/" UUID ".mp3"},
        {"/recordings/{room_name}/{egress_id}", "session-01ab", "/recordings/session-01ab/" UUID ".mp3"}, /* seed S5 */
        {"/out", "r", "/out/" UUID ".mp3"},
        {"/out/", "r", "/out/" UUID ".mp3"},
        {"/out/{egress_id}.MP3", "r", "/out/" UUID ".MP3"},
        {"{room_name}/{egress_id}", "../../etc", "74ccf3c5b4c19a8167f9a3d1dd63e0e4/" UUID ".mp3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct livekit_output out;
        struct config c = {.RECORDING_FORMAT = "mp3", .EGRESS_AUDIO_CODEC = "", .EGRESS_OUTPUT_PATH = rows[i].pattern, .EGRESS_S3_BUCKET = ""};
        livekit_output_make(&c, &a, rows[i].room, UUID, &out);
        assert_string_equal(out.filepath, rows[i].path);
    }
}

/* A key of a bucket begins with no slash. */
static void test_keys(void **state)
{
    (void)state;
    static const struct { const char *pattern, *key; } rows[] = {
        {"", "recordings/r/" UUID ".mp3"}, {"/out/{egress_id}", "out/" UUID ".mp3"}, {"//out", "out/" UUID ".mp3"}, {"/", UUID ".mp3"}, {"out/", "out/" UUID ".mp3"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct livekit_output out;
        struct config c = {.RECORDING_FORMAT = "mp3", .EGRESS_AUDIO_CODEC = "", .EGRESS_OUTPUT_PATH = rows[i].pattern, .EGRESS_S3_BUCKET = "b"};
        livekit_output_make(&c, &a, "r", UUID, &out);
        assert_string_equal(out.filepath, rows[i].key);
    }
}

static void test_settings_that_are_none(void **state)
{
    (void)state;
    static const struct { const char *path, *codec, *words; } rows[] = {
        {"", "vorbis", "EGRESS_AUDIO_CODEC must be opus, aac or mp3, not \"vorbis\""}, {"/r/{time}", "", "knows {room_name} and {egress_id}"},
        {"s3://bucket/key", "", "is a path or a key"}, {"/r/../{egress_id}", "", "must not go up"}, {"..", "", "must not go up"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        struct config c = {.RECORDING_FORMAT = "mp3", .EGRESS_AUDIO_CODEC = rows[i].codec, .EGRESS_OUTPUT_PATH = rows[i].path};
        assert_false(livekit_output_check(&c, &e));
        assert_non_null(strstr(e.text, rows[i].words));
    }
    struct config fine = {.RECORDING_FORMAT = "ogg", .EGRESS_AUDIO_CODEC = "OPUS", .EGRESS_OUTPUT_PATH = "/a..b/{egress_id}"};
    assert_true(livekit_output_check(&fine, NULL));
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {WITH(test_names), WITH(test_names_as_go_escapes), WITH(test_strategies_that_are_none), WITH(test_formats_and_codecs), WITH(test_paths), WITH(test_keys), WITH(test_settings_that_are_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
