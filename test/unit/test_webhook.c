/* Endpoints and their messages: which, in which words, signed how, sent again when; what is noted and swept. */
#include "core_fixture.h"
#include "core/webhook.h"

static struct webhook_endpoint make(const char *types, const char *secret)
{
    struct webhook_endpoint w;
    const char *shown;
    struct webhook_new in = {.url = "https://example.org/", .event_types = types, .secret = secret};
    DONE(webhook_create(&now, &in, &w, &shown, &err));
    if (secret) assert_string_equal(shown, secret);
    assert_string_equal(webhook_secret(&now, &w), shown);
    assert_null(strstr(w.secret, shown + 6));
    return w;
}

static struct event happened(int64_t session_id)
{
    struct list rows;
    DONE(EMIT(&now, session_locked, session_id, &err, .reason = "why"));
    DONE(webhook_events(&now, 0, 1000, &rows, &err));
    return ((const struct event *)rows.items)[rows.count - 1];
}

/* ---- the schedule, with a clock that is counted on */

static void schedule_spans_75_hours(void **state)
{
    (void)state;
    static const int64_t seconds[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    for (uint32_t luck = 0; luck < 1000; luck += 333) {
        int64_t total = 0;
        for (int64_t n = 1; n <= 9; n++) {
            int64_t ms = webhook_wait_ms(webhook_retry_patient, n, luck);
            assert_in_range(ms, seconds[n - 1] * 1000, seconds[n - 1] * 1100);
            total += ms;
        }
        assert_in_range(total, 75 * 3600000LL, 84 * 3600000LL);
        assert_int_equal(webhook_wait_ms(webhook_retry_patient, 10, luck), -1);
    }
    assert_true(webhook_wait_ms(webhook_retry_patient, 3, 0) < webhook_wait_ms(webhook_retry_patient, 3, 999));
    for (int64_t n = 1; n <= 4; n++) assert_in_range(webhook_wait_ms(webhook_retry_exponential, n, 500), 1000, 900000);
    assert_int_equal(webhook_wait_ms(webhook_retry_exponential, 5, 0), -1);
    assert_int_equal(webhook_wait_ms(webhook_retry_circuit, 1, 0), -1);
    assert_int_equal(webhook_wait_ms(webhook_retry_patient, 0, 0), -1);
}

static void what_counts_as_taken(void **state)
{
    (void)state;
    assert_true(webhook_took_it(webhook_shape_standard, 200) && webhook_took_it(webhook_shape_standard, 204) && webhook_took_it(webhook_shape_daily, 200));
    assert_false(webhook_took_it(webhook_shape_daily, 204) || webhook_took_it(webhook_shape_standard, 302) || webhook_took_it(webhook_shape_standard, 199) || webhook_took_it(webhook_shape_standard, 500));
}

/* ---- signatures: the vector of the Standard Webhooks specification's own libraries, and Daily.co's rule */

TEST(standard_signature)
{
    struct webhook_endpoint w = make(NULL, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    struct webhook_keys keys;
    const char *headers[WEBHOOK_HEADERS];
    DONE(webhook_keys_open(&core, now.arena, &w, &keys, &err));
    webhook_sign(now.arena, webhook_shape_standard, &keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330000, "{\"test\": 2432232314}", headers);
    assert_string_equal(headers[0], "Content-Type: application/json");
    assert_string_equal(headers[1], "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek");
    assert_string_equal(headers[2], "webhook-timestamp: 1614265330");
    assert_string_equal(headers[3], "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_null(headers[4]);
}

TEST(both_keys_sign_until_the_old_one_ends)
{
    struct webhook_endpoint w = make(NULL, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    struct webhook_keys keys;
    const char *headers[WEBHOOK_HEADERS], *secret;
    DONE(webhook_rotate(&now, &w, NULL, 1000, &secret, &err));
    DONE(webhook_keys_open(&core, now.arena, &w, &keys, &err));
    webhook_sign(now.arena, webhook_shape_standard, &keys, "id", now.now + 999, "{}", headers);
    assert_non_null(strstr(headers[3], " v1,"));
    webhook_sign(now.arena, webhook_shape_standard, &keys, "id", now.now + 1000, "{}", headers);
    assert_null(strstr(headers[3] + 20, " v1,"));
}

TEST(daily_signature_and_authorization)
{
    struct webhook_endpoint w;
    struct webhook_keys keys;
    const char *headers[WEBHOOK_HEADERS], *secret;
    unsigned char mac[HMAC_SIZE];
    char text[48];
    struct hmac_key key;
    struct webhook_new in = {.url = "https://example.org/", .shape = webhook_shape_daily, .secret = "MDEyMzQ1Njc4OWFiY2RlZg==", .authorization = "Basic abc", .retry = webhook_retry_circuit};
    DONE(webhook_create(&now, &in, &w, &secret, &err));
    DONE(webhook_keys_open(&core, now.arena, &w, &keys, &err));
    webhook_sign(now.arena, webhook_shape_daily, &keys, "not used", 1614265330123, "{\"a\":1}", headers);
    hmac_key_set(&key, "0123456789abcdef", 16);
    hmac_sha256(&key, "1614265330123.{\"a\":1}", 21, mac);
    base64_text(mac, sizeof mac, text);
    assert_string_equal(headers[1], "X-Webhook-Timestamp: 1614265330123");
    assert_string_equal(headers[2] + strlen("X-Webhook-Signature: "), text);
    assert_string_equal(headers[3], "Authorization: Basic abc");
    assert_null(headers[4]);
}

/* ---- words */

TEST(the_words_of_an_event)
{
    struct session s = schedule(now.now, false, false, 5);
    struct event e = happened(s.id);
    struct webhook_letter letter;
    struct webhook_endpoint all = make(NULL, NULL), some = make("session.locked recording.*", NULL), others = make("recording.*", NULL);
    DONE(webhook_render(&now, &all, &e, &letter, &err));
    assert_string_equal(letter.message_id, arena_printf(now.arena, "evt_%lld", (long long)e.id));
    assert_string_equal(letter.body, arena_printf(now.arena, "{\"type\":\"session.locked\",\"timestamp\":\"2030-03-17T17:46:40Z\",\"data\":{\"id\":%lld,\"session_id\":%lld,\"user_id\":%lld,"
        "\"event_type\":\"session.locked\",\"event_data\":{\"reason\":\"why\"},\"timestamp\":\"2030-03-17T17:46:40Z\"}}", (long long)e.id, (long long)s.id, (long long)ada.id));
    DONE(webhook_render(&now, &some, &e, &letter, &err));
    assert_non_null(letter.body);
    DONE(webhook_render(&now, &others, &e, &letter, &err));
    assert_null(letter.body);
    SET(&all, webhook_endpoint, session_id, s.id + 1);
    DONE(webhook_render(&now, &all, &e, &letter, &err));
    assert_null(letter.body);
    SET(&some, webhook_endpoint, shape, webhook_shape_daily); /* nobody has set its words here */
    DONE(webhook_render(&now, &some, &e, &letter, &err));
    assert_null(letter.body);
}

TEST(types_that_are_known)
{
    DONE(webhook_check_types("session.created  recording.* *", &err));
    DONE(webhook_check_types("", &err));
    REFUSED(webhook_check_types("session.created nothing.*", &err), unknown_event_type);
    REFUSED(webhook_check_types("session", &err), unknown_event_type);
}

TEST(secrets_that_are_none)
{
    assert_false(webhook_secret_is_valid(webhook_shape_standard, "whsec_") || webhook_secret_is_valid(webhook_shape_standard, "whsec_YWJj") || webhook_secret_is_valid(webhook_shape_standard, "abc"));
    assert_true(webhook_secret_is_valid(webhook_shape_daily, "YWJj"));
    assert_false(webhook_secret_is_valid(webhook_shape_daily, "!") || webhook_secret_is_valid(webhook_shape_daily, ""));
}

/* ---- the log */

static struct webhook_outcome outcome(const struct webhook_endpoint *w, int64_t event_id, enum delivery_state state, int64_t attempts)
{
    struct webhook_outcome o = {.attempted = true};
    SET(&o.row, webhook_delivery, endpoint_id, w->id);
    SET(&o.row, webhook_delivery, event_id, event_id);
    SET(&o.row, webhook_delivery, event_type, "session.locked");
    SET(&o.row, webhook_delivery, state, (int)state);
    SET(&o.row, webhook_delivery, attempts, attempts);
    SET(&o.row, webhook_delivery, status, state == delivery_state_delivered ? 200 : 500);
    SET(&o.row, webhook_delivery, duration_ms, 3);
    SET(&o.row, webhook_delivery, last_at, now.now);
    SET(&o.row, webhook_delivery, created_at, now.now);
    return o;
}

static int64_t count_rows(const char *sql)
{
    int64_t n = -1;
    assert_int_equal(db_number(now.db, sql, &n, &err), DB_ROW);
    return n;
}

TEST(attempts_add_up_and_the_position_only_grows)
{
    struct webhook_endpoint w = make(NULL, NULL), read;
    bool mine;
    DONE(webhook_lease(&now, w.id, 1000, NULL, &mine, &err));
    assert_true(mine);
    struct webhook_outcome o = outcome(&w, 7, delivery_state_waiting, 1);
    struct webhook_account a = {.endpoint_id = w.id, .position = w.position + 5, .failed_count = 1, .failing_since = now.now, .last_attempt_at = now.now, .stop = -1};
    DONE(webhook_record(&now, &(struct webhook_batch){&o, 1, &a, 1}, &err));
    o = outcome(&w, 7, delivery_state_delivered, 2);
    a = (struct webhook_account){.endpoint_id = w.id, .position = w.position + 2, .last_success_at = now.now + 1, .stop = -1};
    DONE(webhook_record(&now, &(struct webhook_batch){&o, 1, &a, 1}, &err));
    DONE(webhook_find(&now, w.id, &read, &err));
    assert_int_equal(read.position, w.position + 5);
    assert_int_equal(read.failed_count, 0);
    assert_false(HAS(&read, webhook_endpoint, failing_since));
    assert_int_equal(read.last_attempt_at, now.now);
    assert_int_equal(count_rows("SELECT count(*) FROM webhook_deliveries"), 1);
    assert_int_equal(count_rows("SELECT count(*) FROM webhook_attempts"), 1);
}

TEST(who_lost_the_lease_says_nothing_of_the_endpoint_and_its_messages)
{
    struct webhook_endpoint w = make(NULL, NULL), read;
    bool mine;
    DONE(webhook_lease(&now, w.id, 1000, NULL, &mine, &err));
    DONE(db_run(now.db, "UPDATE webhook_endpoints SET node_id = node_id + 1", &err));
    struct webhook_account a = {.endpoint_id = w.id, .position = 1 << 20, .failed_count = 9, .stop = webhook_state_paused, .reason = "x"};
    struct webhook_outcome o = outcome(&w, 7, delivery_state_waiting, 1); /* the other one may have delivered it */
    DONE(webhook_record(&now, &(struct webhook_batch){&o, 1, &a, 1}, &err));
    assert_int_equal(count_rows("SELECT count(*) FROM webhook_deliveries"), !db_conn_is_shared(now.db));
    DONE(webhook_find(&now, w.id, &read, &err));
    assert_int_equal(read.position, w.position);
    assert_int_equal(read.state, webhook_state_active);
    DONE(webhook_lease(&now, w.id, 1000, NULL, &mine, &err));
    assert_int_equal(mine, !db_conn_is_shared(now.db)); /* with SQLite there is nobody else */
    now.now += 1001;
    DONE(webhook_lease(&now, w.id, 1000, NULL, &mine, &err));
    assert_true(mine);
    DONE(webhook_release(&now, w.id, &err));
}

TEST(old_rows_go_and_waiting_ones_stay)
{
    struct webhook_endpoint w = make(NULL, NULL), other = make(NULL, NULL);
    bool due;
    struct webhook_outcome o[] = {outcome(&w, 1, delivery_state_delivered, 1), outcome(&w, 2, delivery_state_waiting, 1), outcome(&w, 3, delivery_state_failed, 10), outcome(&other, 1, delivery_state_waiting, 1)};
    bool mine;
    DONE(webhook_lease(&now, w.id, 1000, NULL, &mine, &err));
    DONE(webhook_lease(&now, other.id, 1000, NULL, &mine, &err));
    DONE(webhook_record(&now, &(struct webhook_batch){o, 4, NULL, 0}, &err));
    DONE(webhook_sweep_due(&now, &due, &err));
    assert_false(due);
    DONE(webhook_delete(&now, &other, &err));
    DONE(webhook_sweep_due(&now, &due, &err));
    assert_true(due);
    DONE(webhook_sweep(&now, &err));
    assert_int_equal(count_rows("SELECT count(*) FROM webhook_deliveries"), 3);
    now.now += 31LL * 24 * 3600000;
    DONE(webhook_sweep(&now, &err));
    assert_int_equal(count_rows("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'"), 1);
    assert_int_equal(count_rows("SELECT count(*) FROM webhook_deliveries"), 1);
    assert_int_equal(count_rows("SELECT count(*) FROM webhook_attempts"), 1);
    DONE(webhook_sweep_due(&now, &due, &err));
    assert_false(due);
}

TEST(a_replay_takes_what_fits)
{
    struct session s = schedule(now.now, false, false, 5), t = schedule(now.now, false, false, 5);
    struct webhook_replay in = {0};
    int64_t count, last;
    for (int i = 0; i < 3; i++) happened(s.id);
    struct event e = happened(t.id);
    struct webhook_endpoint w = make("session.locked", NULL);
    DONE(webhook_replay_range(&now, &w, &in, &count, &last, &err));
    assert_int_equal(count, 4);
    assert_int_equal(last, 0);
    SET(&in, webhook_replay, after_event, e.id - 1);
    DONE(webhook_replay_range(&now, &w, &in, &count, &last, &err));
    assert_int_equal(count, 1);
    SET(&in, webhook_replay, after_event, 0);
    SET(&w, webhook_endpoint, session_id, s.id);
    DONE(webhook_replay_range(&now, &w, &in, &count, &last, &err));
    assert_int_equal(count, 3);
    SET(&in, webhook_replay, only_failed, true);
    DONE(webhook_replay_range(&now, &w, &in, &count, &last, &err));
    assert_int_equal(count, 0);
    SET(&in, webhook_replay, only_failed, false);
    SET(&in, webhook_replay, since, now.now + 1);
    DONE(webhook_replay_range(&now, &w, &in, &count, &last, &err));
    assert_int_equal(count, 0);
    assert_int_equal(count_rows("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedule_spans_75_hours), cmocka_unit_test(what_counts_as_taken), UNIT(standard_signature), UNIT(both_keys_sign_until_the_old_one_ends),
        UNIT(daily_signature_and_authorization), UNIT(the_words_of_an_event), UNIT(types_that_are_known), UNIT(secrets_that_are_none), UNIT(attempts_add_up_and_the_position_only_grows),
        UNIT(who_lost_the_lease_says_nothing_of_the_endpoint_and_its_messages), UNIT(old_rows_go_and_waiting_ones_stay), UNIT(a_replay_takes_what_fits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
