/* Seat names, and what becomes of LiveKit's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/seat_name.h"
#include "provider/livekit/parts.h"
#include <string.h>

static struct core core = {0};

static void test_there_and_back(void **state)
{
    struct arena a;
    struct seat_name n;
    struct participant p = {.id = 12, .token_generation = 3};
    (void)state;
    hmac_key_set(&core.seat_key, "a key", 5);
    arena_init(&a);
    const char *name = seat_name(&core, &a, &p, 7);
    assert_true(!strncmp(name, "seat-12-3-7-", 12) && strlen(name) == 28);
    assert_true(seat_name_read(&core, name, &n) && n.participant_id == 12 && n.generation == 3 && n.token_id == 7);
    assert_true(!strncmp(name, seat_name_stem(&a, 12), strlen(seat_name_stem(&a, 12))));
    assert_true(strncmp(name, seat_name_stem(&a, 1), strlen(seat_name_stem(&a, 1))) != 0);
    arena_release(&a);
}

static void test_nobody_else_makes_one(void **state)
{
    struct arena a;
    struct seat_name n;
    struct participant p = {.id = 12};
    (void)state;
    arena_init(&a);
    char *name = arena_strdup(&a, seat_name(&core, &a, &p, 0));
    const char *others[] = {"", "seat-", "seat-12-0-0-", "user-12", arena_printf(&a, "%sx", name), arena_printf(&a, " %s", name), arena_strndup(&a, name, strlen(name) - 1),
                            arena_printf(&a, "seat-12-0-1-%s", name + 12), arena_printf(&a, "seat-012-0-0-%s", name + 12), arena_printf(&a, "seat-+12-0-0-%s", name + 12)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(seat_name_read(&core, others[i], &n));
    name[strlen(name) - 1] ^= 1;
    assert_false(seat_name_read(&core, name, &n));
    arena_release(&a);
}

static struct facts told(struct arena *a, const char *body, int64_t received_at)
{
    struct facts out;
    struct err e;
    struct provider_letter letter = {.body = body, .size = strlen(body), .received_at = received_at};
    assert_true(sfu_inbound(NULL, a, &letter, &out, &e));
    return out;
}

#define PERSON(event, more) "{\"event\":\"" event "\",\"room\":{\"name\":\"r\"},\"participant\":{\"sid\":\"PA_1\",\"identity\":\"x\",\"joinedAtMs\":\"1700000010456\"" more "},\"createdAt\":\"1700000100\"}"

static void test_people(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a);
    struct facts f = told(&a, PERSON("participant_joined", ""), 1700000105000);
    assert_true(f.count == 1 && f.items->kind == FACT_JOINED && f.items->person.joined_at == 1700000010456);
    f = told(&a, PERSON("participant_left", ",\"disconnectReason\":\"PARTICIPANT_REMOVED\""), 1700000105000);
    assert_true(f.count == 1 && f.items->kind == FACT_LEFT && f.items->person.left_at == 1700000100999); /* told late: in that second */
    assert_string_equal(f.items->person.reason, "removed");
    f = told(&a, PERSON("participant_left", ""), 1700000100200);
    assert_true(f.items->person.left_at == 1700000100200); /* told at once: not after we heard of it */
    assert_int_equal(told(&a, PERSON("participant_joined", ",\"kind\":\"EGRESS\""), 0).count, 0);
    assert_int_equal(told(&a, PERSON("participant_joined", ",\"kind\":\"AGENT\""), 0).count, 0);
    assert_int_equal(told(&a, PERSON("participant_joined", ",\"kind\":\"SIP\""), 0).count, 1);
    assert_int_equal(told(&a, PERSON("participant_connection_aborted", ""), 0).count, 0);
    assert_int_equal(told(&a, PERSON("something_new", ""), 0).count, 0);
    arena_release(&a);
}

#define EGRESS(more) "{\"event\":\"egress_updated\",\"egressInfo\":{\"egressId\":\"EG_1\",\"roomName\":\"r\",\"roomComposite\":{\"fileOutputs\":[{\"filepath\":\"/rec/0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a.mp3\"}]}" more "}}"

static void test_recordings(void **state)
{
    static const struct { const char *body; enum fact_recording_state state; } cases[] = {
        {EGRESS(""), FACT_RECORDING_STARTED}, {EGRESS(",\"status\":\"EGRESS_ACTIVE\""), FACT_RECORDING_STARTED}, {EGRESS(",\"status\":\"EGRESS_ENDING\""), FACT_RECORDING_STOPPED},
        {EGRESS(",\"status\":\"EGRESS_COMPLETE\",\"fileResults\":[{\"filename\":\"/rec/x.mp3\",\"size\":\"5\"}]"), FACT_RECORDING_READY}, {EGRESS(",\"status\":\"EGRESS_FAILED\""), FACT_RECORDING_FAILED},
        {EGRESS(",\"status\":\"EGRESS_ABORTED\""), FACT_RECORDING_FAILED}, {EGRESS(",\"status\":\"EGRESS_LIMIT_REACHED\""), FACT_RECORDING_FAILED},
        {EGRESS(",\"status\":\"EGRESS_LIMIT_REACHED\",\"fileResults\":[{\"filename\":\"/rec/x.mp3\",\"size\":\"5\"}]"), FACT_RECORDING_READY}};
    struct arena a;
    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct facts f = told(&a, cases[i].body, 1);
        assert_true(f.count == 1 && f.items->kind == FACT_RECORDING);
        assert_string_equal(f.items->recording.uuid, "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a");
        assert_int_equal(f.items->recording.state, cases[i].state);
    }
    assert_int_equal(told(&a, "{\"event\":\"egress_ended\",\"egressInfo\":{\"roomComposite\":{\"fileOutputs\":[{\"filepath\":\"/rec/somebody-elses.mp3\"}]}}}", 1).count, 0);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_nobody_else_makes_one), cmocka_unit_test(test_people), cmocka_unit_test(test_recordings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
