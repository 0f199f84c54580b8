/* One fact, in FastAPI's and Pydantic 2's own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/voice.h"
#include <stdio.h>
#include <string.h>

static void test_error(void **state)
{
    (void)state;
    struct buf b;
    struct err e;
    buf_init(&b, 0);
    err_fail(&e, error_session_full);
    voice_v1.error(&b, &e);
    assert_string_equal(b.data, "{\"detail\":\"Session is full\"}");
    buf_reset(&b);
    err_set(&e, ERR_CALLER, "x", "a \"quoted\" \\ line");
    voice_v1.error(&b, &e);
    assert_string_equal(b.data, "{\"detail\":\"a \\\"quoted\\\" \\\\ line\"}");
    buf_release(&b);
}

static void said(const struct model *m, const char *place, unsigned flags, const char *in, const char *expected)
{
    static char object[4096];
    struct arena a;
    struct buf b;
    struct violations v = {.count = 0};
    arena_init(&a);
    buf_init(&b, 0);
    json_t *j = json_loads(in, JSON_DECODE_ANY, NULL);
    assert_false(model_parse(m, j, object, &a, flags, &v));
    voice_v1.violations(&b, place, &v);
    assert_string_equal(b.data, expected);
    json_t *reply = json_loadb(b.data, b.size, 0, NULL);
    assert_non_null(reply);
    json_decref(reply);
    json_decref(j);
    buf_release(&b);
    arena_release(&a);
}

#define ONE(type, loc, msg, input) "{\"detail\":[{\"type\":\"" type "\",\"loc\":[" loc "],\"msg\":\"" msg "\",\"input\":" input "}]}"
#define ONE_CTX(type, loc, msg, input, ctx) "{\"detail\":[{\"type\":\"" type "\",\"loc\":[" loc "],\"msg\":\"" msg "\",\"input\":" input ",\"ctx\":" ctx "}]}"

static void test_pydantics_texts(void **state)
{
    (void)state;
    const struct model *m = &session_create_model;
    said(m, "body", PARSE_LAX, "{}", ONE("missing", "\"body\",\"title\"", "Field required", "{}"));
    said(m, "body", PARSE_LAX, "[]", ONE("model_attributes_type", "\"body\"", "Input should be a valid dictionary or object to extract fields from", "[]"));
    said(m, "body", PARSE_LAX, "{\"title\":5}", ONE("string_type", "\"body\",\"title\"", "Input should be a valid string", "5"));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"max_participants\":0}", ONE_CTX("greater_than_equal", "\"body\",\"max_participants\"", "Input should be greater than or equal to 1", "0", "{\"ge\":1}"));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"max_participants\":101}", ONE_CTX("less_than_equal", "\"body\",\"max_participants\"", "Input should be less than or equal to 100", "101", "{\"le\":100}"));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"max_participants\":\"x\"}", ONE("int_parsing", "\"body\",\"max_participants\"", "Input should be a valid integer, unable to parse string as an integer", "\"x\""));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"max_participants\":1.5}", ONE("int_from_float", "\"body\",\"max_participants\"", "Input should be a valid integer, got a number with a fractional part", "1.5"));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"max_participants\":null}", ONE("int_type", "\"body\",\"max_participants\"", "Input should be a valid integer", "null"));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"enable_chat\":\"x\"}", ONE("bool_parsing", "\"body\",\"enable_chat\"", "Input should be a valid boolean, unable to interpret input", "\"x\""));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"enable_chat\":[]}", ONE("bool_type", "\"body\",\"enable_chat\"", "Input should be a valid boolean", "[]"));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"scheduled_start\":[]}", ONE("datetime_type", "\"body\",\"scheduled_start\"", "Input should be a valid datetime", "[]"));
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"scheduled_start\":\"x\"}", ONE_CTX("datetime_from_date_parsing", "\"body\",\"scheduled_start\"", "Input should be a valid datetime or date, input is too short", "\"x\"", "{\"error\":\"input is too short\"}"));
    static const struct { const char *text, *why; } times[] = {{"2030-13-01", "month value is outside expected range of 1-12"}, {"2030-02-30", "day value is outside expected range"},
        {"2030-01-01T25:00:00Z", "unexpected extra characters at the end of the input"}, {"2030-01-01T10", "unexpected extra characters at the end of the input"}, {"next monday", "invalid character in year"}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char in[128], expected[400];
        snprintf(in, sizeof in, "{\"title\":\"t\",\"scheduled_start\":\"%s\"}", times[i].text);
        snprintf(expected, sizeof expected, ONE_CTX("datetime_from_date_parsing", "\"body\",\"scheduled_start\"", "Input should be a valid datetime or date, %s", "\"%s\"", "{\"error\":\"%s\"}"), times[i].why, times[i].text, times[i].why);
        said(m, "body", PARSE_LAX, in, expected);
    }
    said(m, "body", PARSE_LAX, "{\"title\":\"t\",\"enable_chat\":0.5}", ONE("bool_type", "\"body\",\"enable_chat\"", "Input should be a valid boolean", "0.5"));
    said(&session_update_model, "body", PARSE_LAX, "{\"status\":\"live\"}", ONE_CTX("enum", "\"body\",\"status\"", "Input should be 'scheduled', 'active', 'ended' or 'cancelled'", "\"live\"", "{\"expected\":\"'scheduled', 'active', 'ended' or 'cancelled'\"}"));
    said(&user_create_model, "body", PARSE_LAX, "{\"email\":\"a@b.c\",\"password\":\"short\"}", ONE_CTX("string_too_short", "\"body\",\"password\"", "String should have at least 8 characters", "\"short\"", "{\"min_length\":8}"));
    said(&user_create_model, "body", PARSE_LAX, "{\"email\":\"a\",\"password\":\"long enough\"}", ONE_CTX("value_error", "\"body\",\"email\"", "value is not a valid email address: An email address must have an @-sign.", "\"a\"", "{\"reason\":\"An email address must have an @-sign.\"}"));
    said(&session_query_model, "query", PARSE_LAX, "{\"limit\":\"0\"}", ONE_CTX("greater_than_equal", "\"query\",\"limit\"", "Input should be greater than or equal to 1", "\"0\"", "{\"ge\":1}"));
}

static void test_deep_places_and_unknown_keys(void **state)
{
    (void)state;
    said(&call_publish_model, "body", 0, "{\"sdp\":\"v\",\"tracks\":[{\"mid\":\"0\",\"kind\":\"mic\"},{\"kind\":\"mic\"}]}", ONE("missing", "\"body\",\"tracks\",1,\"mid\"", "Field required", "{\"kind\":\"mic\"}"));
    said(&call_publish_model, "body", 0, "{\"sdp\":\"v\",\"tracks\":5}", ONE("list_type", "\"body\",\"tracks\"", "Input should be a valid list", "5"));
    said(&lock_request_model, "body", PARSE_STRICT, "{\"a\\\"b\":1}", ONE("extra_forbidden", "\"body\",\"a\\\"b\"", "Extra inputs are not permitted", "1"));
    said(&guest_join_request_model, "body", 0, "{\"room_code\":\"x\",\"name\":\"\"}", ONE_CTX("string_too_short", "\"body\",\"name\"", "String should have at least 1 character", "\"\"", "{\"min_length\":1}"));
}

/* ---- Express and Joi */

static void joi(const struct model *m, const char *in, const char *expected)
{
    static char object[4096];
    struct arena a;
    struct buf b, want;
    struct violations v = {.count = 0};
    arena_init(&a);
    buf_init(&b, 0);
    buf_init(&want, 0);
    json_t *j = json_loads(in, JSON_DECODE_ANY, NULL);
    assert_non_null(j);
    assert_false(model_parse(m, j, object, &a, voice_live_sessions.parse, &v));
    voice_live_sessions.violations(&b, "body", &v);
    buf_text(&want, "{\"message\":");
    json_write_string(&want, expected);
    buf_char(&want, '}');
    assert_string_equal(b.data, want.data);
    json_decref(j);
    buf_release(&b);
    buf_release(&want);
    arena_release(&a);
}

static void test_jois_texts(void **state)
{
    (void)state;
    static const struct { const struct model *m; const char *in, *expected; } cases[] = {
        {&live_session_create_model, "{}", "\"title\" is required"},
        {&live_session_create_model, "[]", "\"value\" must be of type object"},
        {&live_session_create_model, "5", "Invalid JSON"},
        {&live_session_create_model, "{\"title\":5}", "\"title\" must be a string"},
        {&live_session_create_model, "{\"title\":null}", "\"title\" must be a string"},
        {&live_session_create_model, "{\"title\":\"\"}", "\"title\" is not allowed to be empty"},
        {&live_session_create_model, "{\"title\":\"ab\"}", "\"title\" length must be at least 3 characters long"},
        {&live_session_create_model, "{\"title\":\"abc\",\"description\":null}", "\"description\" must be a string"},
        {&live_session_create_model, "{\"title\":\"abc\"}", "\"courseId\" is required"},
        {&live_session_create_model, "{\"title\":\"abc\",\"courseId\":\"\"}", "\"courseId\" is not allowed to be empty"},
        {&live_session_create_model, "{\"title\":\"abc\",\"courseId\":\"x\"}", "\"courseId\" must be a valid GUID"},
        {&live_session_update_model, "{\"scheduledAt\":5}", "\"scheduledAt\" must be a valid date"},
        {&live_session_update_model, "{\"scheduledAt\":\"soon\"}", "\"scheduledAt\" must be in ISO 8601 date format"},
        {&live_session_update_model, "{\"scheduledAt\":\"2020-01-01T00:00:00Z\"}", "\"scheduledAt\" must be greater than or equal to now"},
        {&live_session_update_model, "{\"duration\":\"x\"}", "\"duration\" must be a number"},
        {&live_session_update_model, "{\"duration\":true}", "\"duration\" must be a number"},
        {&live_session_update_model, "{\"duration\":\"60.5\"}", "\"duration\" must be an integer"},
        {&live_session_update_model, "{\"duration\":14}", "\"duration\" must be greater than or equal to 15"},
        {&live_session_update_model, "{\"duration\":481}", "\"duration\" must be less than or equal to 480"},
        {&live_session_update_model, "{\"duration\":9007199254740993}", "\"duration\" must be a safe number"},
        {&live_session_update_model, "{\"duration\":1e20}", "\"duration\" must be a safe number"},
        {&live_session_update_model, "{\"duration\":\"99999999999999999999\"}", "\"duration\" must be a safe number"},
        {&live_session_update_model, "{\"x\\\"y\":1}", "\"x\"y\" is not allowed"},
        {&live_session_update_model, "{\"x\":1,\"duration\":14}", "\"duration\" must be greater than or equal to 15"},
        {&live_student_model, "{}", "Student ID is required"},
        {&live_student_model, "{\"studentId\":\"\"}", "Student ID is required"},
        {&live_student_model, "{\"studentId\":null}", "Student ID is required"},
        {&live_student_model, "{\"studentId\":5}", "\"studentId\" must be a string"},
        {&live_status_change_model, "{\"status\":\"\"}", "Status is required"},
        {&live_status_change_model, "{\"status\":\"active\"}", "Invalid status value. Must be one of: scheduled, live, ended, cancelled"},
        {&session_update_model, "{\"status\":\"live\"}", "\"status\" must be one of [scheduled, active, ended, cancelled]"},
        {&session_update_model, "{\"enable_chat\":5}", "\"enable_chat\" must be a boolean"},
        {&user_create_model, "{\"email\":\"x\"}", "\"email\" must be a valid email"},
        {&call_publish_model, "{\"sdp\":\"v\",\"tracks\":5}", "\"tracks\" must be an array"},
        {&call_publish_model, "{\"sdp\":\"v\",\"tracks\":[{},{},{},{}]}", "\"tracks\" must contain less than or equal to 3 items"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) joi(cases[i].m, cases[i].in, cases[i].expected);
}

static void test_express_errors(void **state)
{
    (void)state;
    struct buf b;
    struct err e;
    buf_init(&b, 0);
    err_fail(&e, error_session_not_found);
    voice_live_sessions.error(&b, &e);
    assert_string_equal(b.data, "{\"message\":\"Live session not found\"}");
    buf_reset(&b);
    err_fail(&e, error_forbidden);
    voice_live_sessions.error(&b, &e);
    assert_string_equal(b.data, "{\"message\":\"Not enough permissions\"}");
    assert_int_equal(voice_status(&voice_live_sessions, &e), 403);
    err_fail(&e, error_session_full);
    assert_int_equal(voice_status(&voice_live_sessions, &e), 400);
    assert_ptr_equal(voice_of_path("/sessions"), &voice_live_sessions);
    assert_ptr_equal(voice_of_path("/sessions/x"), &voice_live_sessions);
    assert_ptr_equal(voice_of_path("/sessionsx"), &voice_v1);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_error), cmocka_unit_test(test_pydantics_texts), cmocka_unit_test(test_deep_places_and_unknown_keys),
        cmocka_unit_test(test_jois_texts), cmocka_unit_test(test_express_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
