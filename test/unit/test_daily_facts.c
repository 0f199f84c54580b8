/* Daily's own samples of events (docs.daily.co/reference/rest-api/webhooks/events), seed S2's flat one, and odd ones, as facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "provider/daily/parts.h"
#include <string.h>

static struct arena a;
static struct facts facts;
static struct err err;

static bool read_event(const char *text)
{
    err = (struct err){0};
    return daily_inbound(NULL, &a, &(struct provider_letter){.body = text, .size = strlen(text)}, &facts, &err);
}

static const struct fact *fact_of(const char *text)
{
    if (!read_event(text)) fail_msg("%s", err.text);
    assert_int_equal(facts.count, 1);
    return facts.items;
}

static void people(void **state)
{
    (void)state;
    const struct fact *f = fact_of("{\"version\":\"1.0.0\",\"type\":\"participant.joined\",\"id\":\"ptcpt-join-6497c79b-f326-4942-aef8-c36a29140ad1-1708972279961\",\"payload\":{\"room\":\"test\","
        "\"user_id\":\"6497c79b-f326-4942-aef8-c36a29140ad1\",\"user_name\":\"testuser\",\"session_id\":\"0c0d2dda-f21d-4cf9-ab56-86bf3c407ffa\",\"joined_at\":1708972279.96,\"will_eject_at\":1708972299.541,"
        "\"owner\":false,\"permissions\":{\"hasPresence\":true,\"canSend\":true,\"canReceive\":{\"base\":true},\"canAdmin\":false}},\"event_ts\":1708972279.961}");
    assert_int_equal(f->kind, FACT_JOINED);
    assert_string_equal(f->room, "test");
    assert_string_equal(f->person.connection, "0c0d2dda-f21d-4cf9-ab56-86bf3c407ffa");
    assert_string_equal(f->person.identity, "6497c79b-f326-4942-aef8-c36a29140ad1");
    assert_string_equal(f->person.name, "testuser");
    assert_int_equal(f->person.joined_at, 1708972279960);
    f = fact_of("{\"version\":\"1.0.0\",\"type\":\"participant.left\",\"id\":\"x\",\"payload\":{\"room\":\"test\",\"user_name\":\"bipol\",\"session_id\":\"s\",\"joined_at\":1708972291.567,"
        "\"will_eject_at\":null,\"owner\":false,\"permissions\":{\"hasPresence\":true,\"canSend\":[\"audio\"],\"canReceive\":{},\"canAdmin\":false},\"duration\":11.419000148773193},\"event_ts\":1708972302.986}");
    assert_int_equal(f->kind, FACT_LEFT);
    assert_null(f->person.identity);
    assert_int_equal(f->person.joined_at, 1708972291567);
    assert_int_equal(f->person.left_at, 1708972302986);
}

static void meetings(void **state)
{
    (void)state;
    const struct fact *f = fact_of("{\"version\":\"1.0.0\",\"type\":\"meeting.ended\",\"id\":\"met-end-f2aa1ade-ff80-464c-b46e-50ffa577d48d-1708526104\",\"payload\":{\"start_ts\":1708526032,\"end_ts\":1708526104.671,"
        "\"meeting_id\":\"f2aa1ade-ff80-464c-b46e-50ffa577d48d\",\"room\":\"TrPmUX1DzjSwDaAFDfNj\"},\"event_ts\":1708526125.197}");
    assert_int_equal(f->kind, FACT_EMPTY);
    assert_int_equal(f->at, 1708526104671);
}

static void recordings(void **state)
{
    (void)state;
    const struct fact *f = fact_of("{\"version\":\"1.0.0\",\"type\":\"recording.started\",\"id\":\"rec-sta-c3df927c-f738-4471-a2b7-066fa7e95a6b-1692124183\",\"payload\":{\"action\":\"start-cloud-recording\","
        "\"recording_id\":\"08fa0b24-9220-44c5-846c-3f116cf8e738\",\"layout\":{\"preset\":\"active-participant\"},\"started_by\":\"0a20567c-9e95-4fa7-aaa3-fb62f5be0449\",\"instance_id\":\"c3df927c-f738-4471-a2b7-066fa7e95a6b\",\"start_ts\":1692124183},\"event_ts\":1692124183}");
    assert_int_equal(f->recording.state, FACT_RECORDING_STARTED);
    assert_null(f->recording.uuid); /* Daily's own default instance is nobody's */
    assert_null(f->room);
    assert_string_equal(f->recording.external, "08fa0b24-9220-44c5-846c-3f116cf8e738");
    f = fact_of("{\"version\":\"1.0.0\",\"type\":\"recording.ready-to-download\",\"id\":\"rec-rtd-11111111-2222-4333-8444-555555555555-1692124192\",\"payload\":{\"recording_id\":\"08fa0b24-9220-44c5-846c-3f116cf8e738\","
        "\"room_name\":\"Xcm97xRZ08b2dePKb78g\",\"start_ts\":1692124183,\"status\":\"finished\",\"max_participants\":1,\"duration\":9,\"share_token\":\"ntDCL5k98Ulq\",\"s3_key\":\"api-test/x/1692124183028\"},\"event_ts\":1692124192}");
    assert_int_equal(f->recording.state, FACT_RECORDING_READY);
    assert_string_equal(f->recording.uuid, "11111111-2222-4333-8444-555555555555"); /* only the event's id says it */
    assert_string_equal(f->room, "Xcm97xRZ08b2dePKb78g");
    assert_int_equal(f->recording.started_at, 1692124183000);
    assert_int_equal(f->recording.duration_ms, 9000);
    f = fact_of("{\"version\":\"1.0.0\",\"type\":\"recording.error\",\"id\":\"rec-err-c3df927c-f738-4471-a2b7-066fa7e95a6b-1693402871\",\"payload\":{\"action\":\"cloud-recording-error\",\"error_msg\":\"Error fetching STS credentials\","
        "\"instance_id\":\"11111111-2222-4333-8444-555555555555\",\"room_name\":\"iM5wNQvwtK4980eP049T\",\"timestamp\":\"1693402871\"},\"event_ts\":1693402871.203}");
    assert_int_equal(f->recording.state, FACT_RECORDING_FAILED);
    assert_string_equal(f->recording.error, "Error fetching STS credentials");
    assert_string_equal(f->recording.uuid, "11111111-2222-4333-8444-555555555555");
}

static void flat_as_seed_s2_has_it(void **state)
{
    (void)state;
    const struct fact *f = fact_of("{\"type\":\"recording.ready-to-download\",\"room\":\"javascript-basics-1234567890\",\"recording_id\":\"recording-uuid\",\"download_url\":\"https://api.daily.co/recordings/...\","
                                   "\"duration\":3600,\"start_ts\":1703500800000,\"end_ts\":1703504400000}");
    assert_int_equal(f->recording.state, FACT_RECORDING_READY);
    assert_string_equal(f->room, "javascript-basics-1234567890");
    assert_string_equal(f->recording.external, "recording-uuid");
    assert_int_equal(f->recording.started_at, 1703500800000); /* milliseconds there */
}

static void odd_ones(void **state)
{
    static const char *const nothing[] = {"{\"type\":\"transcript.started\",\"payload\":{}}", "{\"type\":\"new.thing\",\"id\":\"x\",\"payload\":null}", "{\"type\":\"meeting.started\",\"payload\":{\"room\":\"r\"}}"};
    static const char *const no_sense[] = {"", "[]", "{}", "{\"type\":7}", "\"x\""};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(read_event(nothing[i]));
        assert_int_equal(facts.count, 0);
    }
    for (size_t i = 0; i < 5; i++) assert_false(read_event(no_sense[i]));
    const struct fact *f = fact_of("{\"type\":\"participant.joined\",\"payload\":{}}");
    assert_null(f->person.connection); /* core takes no notice of it */
    f = fact_of("{\"type\":\"recording.ready-to-download\",\"payload\":{\"room_name\":\"r\"}}");
    assert_int_equal(f->recording.state, FACT_RECORDING_STOPPED); /* nothing to be fetched by */
    f = fact_of("{\"type\":\"recording.ready-to-download\",\"id\":\"rec-rtd-not-a-uuid\",\"payload\":{\"recording_id\":\"x\",\"room_name\":\"r\"}}");
    assert_null(f->recording.uuid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(people), cmocka_unit_test(meetings), cmocka_unit_test(recordings), cmocka_unit_test(flat_as_seed_s2_has_it), cmocka_unit_test(odd_ones)};
    arena_init(&a);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&a);
    return failed;
}
