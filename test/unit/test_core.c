/* Sessions, seats, presence, attendance, recordings and jobs as rules, with a clock that the test holds. */
#include "core_fixture.h"

/* ---- sessions */

TEST(test_status_moves)
{
    for (int from = 0; from < session_status_count; from++)
        for (int to = 0; to < session_status_count; to++) {
            struct session s = schedule(now.now + MINUTE, false, false, 5);
            DONE(session_set_status(&now, &s, (enum session_status)from, NULL, &err));
            now.now += 1000;
            DONE(session_set_status(&now, &s, (enum session_status)to, "host", &err));
            struct session back = again(&s);
            assert_int_equal(back.status, to);
            assert_int_equal(HAS(&back, session, actual_start), from == session_status_active || to == session_status_active);
            assert_int_equal(HAS(&back, session, ended_at), from == session_status_ended || to == session_status_ended);
        }
}

TEST(test_times_of_moves_are_of_the_first)
{
    struct session s = schedule(0, false, false, 5);
    int64_t first = now.now;
    for (int i = 0; i < 3; i++) {
        DONE(session_set_status(&now, &s, session_status_active, NULL, &err));
        DONE(session_set_status(&now, &s, session_status_ended, "host", &err));
        now.now += MINUTE;
    }
    assert_int_equal(s.actual_start, first);
    assert_int_equal(s.ended_at, first);
    assert_int_equal(count_events(&s, event_session_started), 1);
    assert_int_equal(count_events(&s, event_session_reopened), 2);
    assert_int_equal(count_events(&s, event_session_ended), 3);
}

TEST(test_expiry)
{
    int64_t start = now.now + 10 * MINUTE, end = start + 60 * MINUTE + config->GRACE_MINUTES * MINUTE;
    struct session s = schedule(start, false, false, 5), endless = schedule(0, false, false, 5);
    assert_int_equal(s.expires_at, end);
    assert_false(HAS(&endless, session, expires_at));
    now.now = end - 1;
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&s).status, session_status_scheduled);
    now.now = end;
    DONE(session_end_due(&now, &err));
    s = again(&s);
    assert_int_equal(s.status, session_status_ended);
    assert_int_equal(again(&endless).status, session_status_scheduled);
    now.now += MINUTE; /* put back into life it gets its full time again */
    DONE(session_set_status(&now, &s, session_status_active, NULL, &err));
    assert_int_equal(s.expires_at, now.now + 60 * MINUTE + config->GRACE_MINUTES * MINUTE);
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&s).status, session_status_active);
}

TEST(test_empty_rooms_end)
{
    struct session visited = schedule(0, false, false, 5), nobody = schedule(0, false, false, 5);
    struct participant p = join_as(&ada, &visited);
    DONE(session_set_status(&now, &nobody, session_status_active, NULL, &err));
    struct entry in = enter(&p, NULL, false);
    now.now += 2 * config->EMPTY_TIMEOUT_SECONDS * 1000;
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&visited).status, session_status_active); /* somebody is in */
    assert_int_equal(again(&nobody).status, session_status_ended);
    DONE(presence_leave(&now, in.span.connection, "left", 0, &err));
    now.now += config->DEPARTURE_TIMEOUT_SECONDS * 1000 - 1;
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&visited).status, session_status_active);
    now.now += 1;
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&visited).status, session_status_ended);
}

TEST(test_names_and_codes)
{
    struct session s = schedule(0, false, false, 5), found;
    char spaced[16], lower[8], name[24];
    snprintf(spaced, sizeof spaced, " \t%s\n", s.room_code);
    for (size_t i = 0; i < 7; i++) lower[i] = (char)(s.room_code[i] >= 'A' ? s.room_code[i] | 0x20 : s.room_code[i]);
    DONE(session_by_code(&now, spaced, &found, &err));
    DONE(session_by_code(&now, lower, &found, &err));
    assert_int_equal(found.id, s.id);
    snprintf(name, sizeof name, "%lld", (long long)s.id);
    DONE(session_access(&now, name, ACCESS_TEACHER, &found, &err));
    DONE(session_access(&now, s.uuid, ACCESS_TEACHER, &found, &err));
    static const char *const bad[] = {"", "0", "-1", "1x", " 1", "+1", "99999999999999999999", "00000000-0000-4000-8000-000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) REFUSED(session_access(&now, bad[i], ACCESS_MEMBER, &found, &err), session_not_found);
    static const char *const codes[] = {"", "ABCDE", "ABCDEFG", "AB CDE", "\xc3\x84\xc3\x84\xc3\x84"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) REFUSED(session_by_code(&now, codes[i], &found, &err), session_not_found);
    DONE(session_delete(&now, &s, &err));
    REFUSED(session_by_code(&now, s.room_code, &found, &err), session_not_found);
    REFUSED(session_access_id(&now, s.id, ACCESS_MEMBER, &found, &err), session_not_found);
}

/* The totals are kept beside the rows: whatever is done, they are what counting would say. */
static void totals_are_true(const struct user *u)
{
    static const char COUNTED[] = "SELECT count(*) FROM participants p JOIN sessions s ON s.id = p.session_id WHERE p.user_id = $1 AND s.deleted_at IS NULL AND s.status = $2";
    int64_t sum = 0, all;
    struct list rows;
    for (size_t i = 0; i < session_status_words.count; i++) {
        int64_t counted, kept;
        assert_int_equal(db_number(now.db, COUNTED, &counted, &err, INT_(u->id), TEXT_(session_status_words.words[i])), DB_ROW);
        DONE(session_list(&now, u->id, session_status_words.words[i], 0, 100, &rows, &kept, &err));
        assert_int_equal(kept, counted);
        assert_int_equal(rows.count, counted);
        sum += counted;
    }
    DONE(session_list(&now, u->id, NULL, 0, 100, &rows, &all, &err));
    assert_int_equal(all, sum);
}

TEST(test_totals)
{
    struct participant seat;
    for (int i = 0; i < 60; i++) {
        struct session s = schedule(0, false, false, 5);
        if (i % 2) DONE(participant_seat(&now, &s, &grace, participant_role_student, &seat, &err));
        if (i % 2) DONE(participant_seat(&now, &s, &grace, participant_role_student, &seat, &err));
        for (int move = 0; move < i % 5; move++) DONE(session_set_status(&now, &s, (enum session_status)((i + move * 3) % session_status_count), NULL, &err));
        if (i % 3 == 0) DONE(session_delete(&now, &s, &err));
        totals_are_true(&ada);
        totals_are_true(&grace);
    }
}

TEST(test_access)
{
    struct session s = schedule(0, false, false, 5), out;
    struct scope hers = now, nobody = now, super = now;
    struct user admin = {.id = 99, .is_superuser = true};
    hers.actor = &grace;
    nobody.actor = NULL;
    super.actor = &admin;
    DONE(session_access_id(&now, s.id, ACCESS_TEACHER, &out, &err));
    DONE(session_access_id(&super, s.id, ACCESS_TEACHER, &out, &err));
    REFUSED(session_access_id(&hers, s.id, ACCESS_MEMBER, &out, &err), forbidden);
    REFUSED(session_access_id(&nobody, s.id, ACCESS_MEMBER, &out, &err), forbidden);
    join_as(&grace, &s);
    DONE(session_access_id(&hers, s.id, ACCESS_MEMBER, &out, &err));
    REFUSED(session_access_id(&hers, s.id, ACCESS_TEACHER, &out, &err), forbidden);
}

/* ---- seats and tokens */

TEST(test_seats)
{
    struct session s = schedule(0, false, false, 2);
    struct scope hers = now;
    struct participant p, guest;
    struct user eve = make_user("eve@example.org");
    hers.actor = &eve;
    join_as(&grace, &s);
    REFUSED(participant_join(&hers, &s, &p, &err), session_full);
    REFUSED(participant_join_guest(&now, &s, "G", &guest, &err), session_full);
    REFUSED(participant_seat(&now, &s, &eve, participant_role_viewer, &p, &err), session_full);
    struct participant seat = join_as(&grace, &s);
    DONE(participant_kick(&now, &s, &seat, &err)); /* a kicked one's seat is free */
    DONE(participant_join(&hers, &s, &p, &err));
    struct scope graces = now;
    graces.actor = &grace;
    REFUSED(participant_join(&graces, &s, &p, &err), participant_removed);
    struct participant teacher;
    assert_int_equal(participant_of_user(&now, s.id, ada.id, &teacher, &err), DB_ROW);
    REFUSED(participant_kick(&now, &s, &teacher, &err), not_allowed);
    REFUSED(participant_in(&now, s.id + 1, teacher.id, &p, &err), participant_not_found);
}

TEST(test_tokens_die)
{
    struct session s = schedule(0, false, false, 5), other = schedule(0, false, false, 5), out;
    struct participant p = join_as(&grace, &s), seat;
    const char *token = join_token_sign(&now, &p);
    DONE(join_token_check(&now, token, &out, &seat, NULL, &err));
    assert_int_equal(seat.id, p.id);
    struct participant moved = p;
    moved.session_id = other.id; /* a seat of one session signed for another */
    REFUSED(join_token_check(&now, join_token_sign(&now, &moved), &out, &seat, NULL, &err), bad_join_token);
    REFUSED(join_token_check(&now, access_token_sign(&now, &grace), &out, &seat, NULL, &err), bad_join_token);
    struct scope later = now;
    later.now += config->JOIN_TOKEN_EXPIRE_MINUTES * MINUTE;
    REFUSED(join_token_check(&later, token, &out, &seat, NULL, &err), bad_join_token);
    DONE(participant_kick(&now, &s, &p, &err));
    REFUSED(join_token_check(&now, token, &out, &seat, NULL, &err), participant_removed);
    REFUSED(join_token_check(&now, "x", &out, &seat, NULL, &err), bad_join_token);
}

/* ---- presence */

TEST(test_come_leave_come_back)
{
    struct session s = schedule(0, false, false, 5);
    struct participant p = join_as(&grace, &s);
    struct entry first = enter(&p, NULL, false);
    assert_false(first.resumed);
    struct entry same = enter(&p, first.span.connection, false);
    assert_true(same.resumed);
    assert_int_equal(same.span.id, first.span.id);
    DONE(presence_leave(&now, first.span.connection, "left", 0, &err));
    DONE(presence_leave(&now, first.span.connection, "left", 0, &err)); /* doubled */
    DONE(presence_leave(&now, "never seen", "left", 0, &err));
    assert_int_equal(count_events(&s, event_participant_left), 1);
    struct entry fresh = enter(&p, first.span.connection, false);
    assert_false(fresh.resumed);
    struct entry newest = enter(&p, NULL, false);
    assert_string_equal(newest.replaced, fresh.span.connection);
    struct list open;
    DONE(presence_open(&now, s.id, &open, &err));
    assert_int_equal(open.count, 1);
    struct participant ada_seat = join_as(&ada, &s);
    assert_false(enter(&ada_seat, newest.span.connection, false).resumed); /* somebody else's */
}

TEST(test_door)
{
    struct session s = schedule(0, false, true, 1), out;
    struct participant p, teacher;
    struct entry in;
    s.max_participants = 5;
    p = join_as(&grace, &s);
    assert_int_equal(enter(&p, NULL, false).outcome, ENTRY_WAIT);
    assert_int_equal(participant_of_user(&now, s.id, ada.id, &teacher, &err), DB_ROW);
    assert_int_equal(enter(&teacher, NULL, false).outcome, ENTRY_IN);
    assert_int_equal(again(&s).status, session_status_active);
    DONE(participant_in(&now, s.id, p.id, &p, &err));
    DONE(participant_admit(&now, &p, true, &err));
    REFUSED(presence_enter(&now, join_token_sign(&now, &p), NULL, false, &in, &err), session_full); /* one seat, and the host has it */
    assert_int_equal(enter(&teacher, NULL, false).outcome, ENTRY_IN); /* in one's own place */
    out = again(&s);
    DONE(session_set_status(&now, &out, session_status_ended, "host", &err));
    REFUSED(presence_enter(&now, join_token_sign(&now, &p), NULL, false, &in, &err), session_not_active);
}

TEST(test_lock_at_the_door)
{
    struct session s = schedule(0, false, false, 5);
    struct participant guest, known;
    struct entry in;
    DONE(participant_join_guest(&now, &s, "G", &guest, &err));
    DONE(participant_join_guest(&now, &s, "K", &known, &err));
    in = enter(&known, NULL, false);
    DONE(presence_leave(&now, in.span.connection, "lost", 0, &err));
    DONE(session_set_locked(&now, &s, true, &err));
    REFUSED(presence_enter(&now, join_token_sign(&now, &guest), NULL, false, &in, &err), session_locked);
    assert_int_equal(enter(&known, NULL, false).outcome, ENTRY_IN); /* was here before */
}

TEST(test_consent)
{
    struct session s = schedule(0, true, false, 5);
    struct participant p = join_as(&grace, &s);
    struct recording r;
    assert_int_equal(enter(&p, NULL, false).outcome, ENTRY_CONSENT);
    assert_int_equal(recording_running(&now, s.id, &r, &err), DB_NONE);
    assert_int_equal(enter(&p, NULL, true).outcome, ENTRY_IN);
    assert_int_equal(recording_running(&now, s.id, &r, &err), DB_ROW); /* by itself */
    assert_int_equal(enter(&p, NULL, false).outcome, ENTRY_IN);        /* asked once */
    assert_int_equal(count_events(&s, event_recording_consent), 1);
    DONE(recording_act(&now, &r, record_action_stop, &err));
    enter(&p, NULL, false);
    assert_int_equal(recording_running(&now, s.id, &r, &err), DB_NONE); /* once stopped it does not start by itself */
}

/* ---- attendance */

static struct attendance_person only_person(const struct session *s)
{
    struct list people;
    DONE(attendance(&now, s, &people, &err));
    assert_int_equal(people.count, 1);
    return *(const struct attendance_person *)people.items;
}

TEST(test_attendance_merges)
{
    struct session s = schedule(0, false, false, 5);
    struct participant p = join_as(&grace, &s);
    int64_t midnight;
    assert_true(time_parse("2030-03-15T23:59:58Z", &midnight));
    now.now = midnight;
    struct entry in = enter(&p, NULL, false);
    now.now += 5000; /* over midnight */
    DONE(presence_leave(&now, in.span.connection, "lost", 0, &err));
    now.now += 1000; /* back at once: one stay */
    in = enter(&p, NULL, false);
    now.now += 4000;
    DONE(presence_leave(&now, in.span.connection, "left", now.now - 1000, &err)); /* known later than it was */
    struct attendance_person grace_was = only_person(&s);
    const struct attendance_span *spans = grace_was.spans.items;
    assert_int_equal(grace_was.spans.count, 1);
    assert_int_equal(spans[0].joined_at, midnight);
    assert_int_equal(spans[0].left_at, midnight + 9000);
    assert_int_equal(grace_was.total_seconds, 9);
    now.now += 60000;
    enter(&p, NULL, false);
    now.now += 10000;
    grace_was = only_person(&s);
    spans = grace_was.spans.items;
    assert_int_equal(grace_was.spans.count, 2);
    assert_false(HAS(&spans[1], attendance_span, left_at));
    assert_int_equal(grace_was.total_seconds, 19);
    struct list people = {&grace_was, 1};
    const char *csv = attendance_csv(now.arena, &people, attendance_rows_stays);
    assert_non_null(strstr(csv, ",2030-03-15T23:59:58Z,2030-03-16T00:00:07Z,19,"));
}

TEST(test_a_span_never_ends_before_it_began)
{
    struct session s = schedule(0, false, false, 5);
    struct participant p = join_as(&grace, &s);
    struct entry in = enter(&p, NULL, false);
    DONE(presence_leave(&now, in.span.connection, "lost", now.now - 3600000, &err));
    assert_int_equal(only_person(&s).total_seconds, 0);
}

/* ---- recordings and jobs */

TEST(test_recording_states)
{
    struct session s = schedule(0, false, false, 5);
    struct recording r, second;
    struct job j;
    DONE(recording_begin(&now, &s, &r, &err));
    REFUSED(recording_begin(&now, &s, &second, &err), recording_running);
    REFUSED(recording_retry(&now, &r, &err), recording_not_failed);
    REFUSED(recording_delete(&now, &r, &err), recording_busy);
    for (int i = 0; i < 3; i++) {
        DONE(recording_act(&now, &r, record_action_pause, &err));
        now.now += 1000;
        DONE(recording_act(&now, &r, record_action_resume, &err));
    }
    struct list spans;
    DONE(recording_spans(&now, r.id, &spans, &err));
    assert_int_equal(spans.count, 4);
    DONE(session_set_status(&now, &s, session_status_ended, "host", &err));
    assert_int_equal(recording_by_id(&now, r.id, &r, &err), DB_ROW);
    assert_int_equal(r.status, recording_status_processing);
    REFUSED(recording_act(&now, &r, record_action_resume, &err), recording_not_running);
    REFUSED(recording_begin(&now, &s, &second, &err), session_not_active);
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_NONE); /* Janus closes its files first */
    DONE(job_hurry(&now, "compose", r.id, &err));
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
    DONE(recording_failed(&now, r.id, "why", &err));
    assert_int_equal(recording_by_id(&now, r.id, &r, &err), DB_ROW);
    assert_string_equal(r.error, "why");
    DONE(recording_retry(&now, &r, &err));
    struct recording_file f = {.recording_id = r.id, .kind = file_kind_video, .name = "a", .sink = "local", .key = "k", .content_type = "video/mp4", .sha256 = "x"};
    model_all_present(&recording_file_model, &f);
    for (int i = 0; i < 2; i++) DONE(recording_ready(&now, r.id, 5, &f, 1, &err)); /* by two nodes, of which one was taken for dead: once */
    int64_t told;
    assert_int_equal(db_number(now.db, "SELECT count(*) FROM events WHERE event_type = 'recording.ready' AND session_id = $1", &told, &err, INT_(s.id)), DB_ROW);
    assert_int_equal(told, 1);
    struct list files;
    DONE(recording_files(&now, r.id, &files, &err));
    assert_int_equal(files.count, 1);
    assert_int_equal(recording_by_id(&now, r.id, &r, &err), DB_ROW);
    DONE(recording_delete(&now, &r, &err));
    DONE(recording_ready(&now, r.id, 5, &f, 1, &err)); /* deleted meanwhile: nothing happens */
}

TEST(test_links)
{
    struct recording_file f = {.id = 7, .recording_id = 3};
    char *url = recording_file_url(&now, &f), *expires = strstr(url, "expires="), *signature = strstr(url, "signature=") + 10;
    int64_t until = strtoll(expires + 8, NULL, 10);
    assert_true(recording_link_check(&now, 3, 7, until, signature));
    assert_false(recording_link_check(&now, 3, 8, until, signature));
    assert_false(recording_link_check(&now, 7, 3, until, signature));
    assert_false(recording_link_check(&now, 3, 7, until + 1, signature));
    assert_false(recording_link_check(&now, 3, 7, until, ""));
    now.now = until * 1000;
    assert_false(recording_link_check(&now, 3, 7, until, signature));
}

TEST(test_lanes_of_jobs)
{
    static const struct job_lane slow = {"compose", ",compose,", false}, quick = {"jobs", ",compose,", true};
    struct job j;
    DONE(job_add(&now, "compose", 1, now.now, &err));
    assert_int_equal(job_take(&now, &quick, 1000, &j, &err), DB_NONE);
    DONE(job_add(&now, "inbox", 1, now.now, &err));
    DONE(job_add(&now, "room_close", 1, now.now + 1, &err));
    assert_int_equal(job_take(&now, &quick, 1000, &j, &err), DB_ROW);
    assert_string_equal(j.kind, "inbox");
    assert_int_equal(job_take(&now, &quick, 1000, &j, &err), DB_NONE);
    assert_int_equal(job_take(&now, &slow, 1000, &j, &err), DB_ROW);
    assert_string_equal(j.kind, "compose");
    assert_int_equal(job_take(&now, &slow, 1000, &j, &err), DB_NONE);
}

TEST(test_jobs)
{
    struct job j, other;
    bool given_up;
    static const int64_t waits[] = {5000, 20000, 80000, 320000, 1280000, 3600000, 3600000};
    DONE(job_add(&now, "compose", 1, now.now + 10, &err));
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_NONE);
    now.now += 10;
    for (int i = 0; i < 7; i++) {
        assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
        assert_int_equal(j.attempts, i + 1);
        assert_int_equal(job_take(&now, NULL, 1000, &other, &err), DB_NONE); /* it is taken */
        DONE(job_again(&now, &j, "why", 8, &given_up, &err));
        assert_false(given_up);
        now.now += waits[i] - 1;
        assert_int_equal(job_take(&now, NULL, 1000, &other, &err), DB_NONE);
        now.now += 1;
    }
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
    DONE(job_again(&now, &j, "why", 8, &given_up, &err));
    assert_true(given_up);
    now.now += 10 * 3600000;
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_NONE);
    DONE(job_add(&now, "compose", 1, now.now, &err));
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
    DONE(job_want(&now, "compose", 1, &err)); /* while it runs, for the last time: it fails, and is wanted all the same */
    DONE(job_again(&now, &j, "why", 1, &given_up, &err));
    assert_false(given_up);
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
    assert_int_equal(j.attempts, 1);
    DONE(job_add(&now, "compose", 1, now.now, &err)); /* by hand */
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
    assert_int_equal(j.attempts, 1);
    DONE(job_extend(&now, &j, 5000, &err));
    now.now += 4999;
    assert_int_equal(job_take(&now, NULL, 1000, &other, &err), DB_NONE);
    now.now += 1; /* whoever held the lease is gone */
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
    assert_int_equal(j.attempts, 2);
    DONE(job_release(&now, &j, &err));
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
    assert_int_equal(j.attempts, 2);
    DONE(job_release_all(&now, &err));
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW);
    DONE(job_done(&now, &j, &err));
    now.now += 3600000;
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_NONE);
}

/* ---- bearers */

TEST(test_bearers)
{
    struct user u;
    char key[64];
    struct api_key row;
    struct bearer_rights rights;
    const char *token = access_token_sign(&now, &grace);
    DONE(bearer_user(&now, token, &u, &rights, &err));
    assert_int_equal(u.id, grace.id);
    assert_true(rights.scopes == EVERY_SCOPE && !rights.key_id);
    DONE(api_key_create(&now, "k", EVERY_SCOPE, ada.id, key, &row, &err));
    DONE(bearer_user(&now, key, &u, &rights, &err));
    assert_int_equal(u.id, ada.id);
    assert_int_equal(strlen(key), 43);
    assert_true(rights.scopes == EVERY_SCOPE && rights.key_id == row.id);
    DONE(api_key_revoke(&now, row.id, &err));
    REFUSED(bearer_user(&now, key, &u, &rights, &err), bad_credentials);
    assert_false(api_key_revoke(&now, row.id, &err));
    now.now += config->ACCESS_TOKEN_EXPIRE_MINUTES * MINUTE;
    REFUSED(bearer_user(&now, token, &u, &rights, &err), bad_credentials);
    REFUSED(user_create_hashed(&now, "ADA@example.org", NULL, "x", user_role_student, &u, &err), email_taken);
}

TEST(test_scopes)
{
    struct user u;
    char key[64];
    struct api_key row;
    struct bearer_rights rights;
    api_scopes scopes, some = (api_scopes)1 << api_scope_sessions_read | (api_scopes)1 << api_scope_keys_admin;
    DONE(api_scopes_parse(" keys:admin,, sessions:read ", &scopes, &err));
    assert_true(scopes == some);
    DONE(api_scopes_parse(NULL, &scopes, &err));
    assert_true(scopes == EVERY_SCOPE);
    DONE(api_scopes_parse("", &scopes, &err));
    assert_true(scopes == 0);
    REFUSED(api_scopes_parse("sessions:read sessions:fly", &scopes, &err), unknown_scope);
    assert_string_equal(err.text, "Unknown scope: sessions:fly");
    DONE(api_scopes_hold(EVERY_SCOPE, EVERY_SCOPE, &err));
    DONE(api_scopes_hold(some, some, &err));
    REFUSED(api_scopes_hold(some, EVERY_SCOPE, &err), missing_scope);
    REFUSED(api_scopes_hold(some, some | (api_scopes)1 << api_scope_users_read, &err), missing_scope);
    assert_string_equal(err.text, "This API key lacks the scope users:read");
    DONE(api_key_create(&now, "k", some, ada.id, key, &row, &err));
    assert_string_equal(row.scope, "sessions:read keys:admin");
    DONE(bearer_user(&now, key, &u, &rights, &err));
    assert_true(rights.scopes == some);
}

TEST(test_changing_accounts)
{
    struct user u, boss;
    struct user_update change = {0};
    DONE(user_create_hashed(&now, "boss@example.org", "Boss", "x", user_role_admin, &boss, &err));
    SET(&change, user_update, role, user_role_student);
    REFUSED(user_change(&now, boss.id, &change, NULL, &u, &err), last_admin);
    DONE(user_change(&now, ada.id, &change, "new hash", &u, &err));
    assert_true(u.role == user_role_student && !u.is_superuser && !strcmp(u.password_hash, "new hash"));
    SET(&change, user_update, role, user_role_admin);
    DONE(user_change(&now, ada.id, &change, NULL, &u, &err));
    assert_true(u.is_superuser && !strcmp(u.password_hash, "new hash"));
    change = (struct user_update){0};
    SET(&change, user_update, is_active, false);
    DONE(user_change(&now, boss.id, &change, NULL, &u, &err));
    REFUSED(user_change(&now, ada.id, &change, NULL, &u, &err), last_admin);
    REFUSED(user_change(&now, 999, &change, NULL, &u, &err), user_not_found);
}

/* ---- several nodes: the same core under another number */

static int64_t second_node(int64_t seen_at)
{
    struct cluster_node n = {0};
    SET(&n, cluster_node, name, "the other");
    SET(&n, cluster_node, url, "https://b.example");
    SET(&n, cluster_node, started_at, seen_at);
    SET(&n, cluster_node, seen_at, seen_at);
    DONE(db_insert(now.db, "nodes", cluster_node, &n, &err));
    return n.id;
}

TEST(test_a_call_lives_on_one_node)
{
    if (!db_is_shared(db)) return; /* there is one */
    int64_t here = core.node_id, there = second_node(now.now);
    struct session s = schedule(0, false, false, 5);
    struct participant p = join_as(&ada, &s), q = join_as(&grace, &s);
    core.node_id = there;
    struct entry in = enter(&p, NULL, false);
    assert_true(in.outcome == ENTRY_IN && !in.taken_over);
    core.node_id = here;
    struct entry other = enter(&q, NULL, false);
    assert_int_equal(other.outcome, ENTRY_ELSEWHERE);
    assert_string_equal(other.elsewhere, "https://b.example");
    assert_int_equal(count_events(&s, event_participant_joined), 1);
    DONE(presence_leave(&now, in.span.connection, "lost", 0, &err)); /* not ours to end */
    struct list open;
    DONE(presence_open(&now, s.id, &open, &err));
    assert_int_equal(open.count, 1);
    now.now += NODE_DEAD_MS; /* it tells nothing any more */
    struct list taken;
    DONE(node_take_over(&now, &taken, &err));
    assert_int_equal(taken.count, 1);
    assert_int_equal(((const struct session_node *)taken.items)->session_id, s.id);
    DONE(node_take_over(&now, &taken, &err));
    assert_int_equal(taken.count, 0);
    DONE(presence_open(&now, 0, &open, &err));
    assert_int_equal(open.count, 1); /* it is among ours */
    assert_true(enter(&p, in.span.connection, false).resumed);
    assert_int_equal(enter(&q, NULL, false).outcome, ENTRY_IN);
}

TEST(test_an_empty_call_may_move)
{
    if (!db_is_shared(db)) return;
    int64_t here = core.node_id, there = second_node(now.now);
    struct session s = schedule(0, false, false, 5);
    struct participant p = join_as(&ada, &s);
    struct recording r;
    core.node_id = there;
    struct entry in = enter(&p, NULL, false);
    DONE(presence_leave(&now, in.span.connection, "left", 0, &err));
    DONE(recording_begin(&now, &s, &r, &err));
    core.node_id = here;
    assert_int_equal(enter(&p, NULL, true).outcome, ENTRY_ELSEWHERE); /* nobody is in, but it is recorded there */
    DONE(recording_act(&now, &r, record_action_stop, &err));
    struct entry again = enter(&p, NULL, true);
    assert_true(again.outcome == ENTRY_IN && again.taken_over);
    assert_int_equal(node_of(&now, s.id), here);
}

TEST(test_jobs_stay_where_the_files_are)
{
    int64_t here = core.node_id, there = second_node(now.now);
    struct job j;
    DONE(job_add(&now, "compose", 7, now.now, &err));
    DONE(job_prefer(&now, "compose", 7, there, &err));
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_NONE);
    now.now += NODE_DEAD_MS;
    assert_int_equal(job_take(&now, NULL, 60000, &j, &err), DB_ROW); /* it is gone: anybody */
    assert_int_equal(j.node_id, here);
    core.node_id = there;
    DONE(job_release_all(&now, &err)); /* the other starts again: that is not its own */
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_NONE);
    now.now += 60000;
    struct job taken;
    assert_int_equal(job_take(&now, NULL, 1000, &taken, &err), DB_ROW); /* the lease ran out */
    core.node_id = here;
    DONE(job_done(&now, &j, &err)); /* who had it wakes: it is another's now */
    DONE(job_extend(&now, &j, 60000, &err));
    now.now += 1000;
    assert_int_equal(job_take(&now, NULL, 1000, &j, &err), DB_ROW); /* as that one was silent too */
    assert_int_equal(j.attempts, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_status_moves), UNIT(test_times_of_moves_are_of_the_first), UNIT(test_expiry), UNIT(test_empty_rooms_end), UNIT(test_names_and_codes), UNIT(test_totals), UNIT(test_access), UNIT(test_seats),
        UNIT(test_tokens_die), UNIT(test_come_leave_come_back), UNIT(test_door), UNIT(test_lock_at_the_door), UNIT(test_consent), UNIT(test_attendance_merges),
        UNIT(test_a_span_never_ends_before_it_began), UNIT(test_recording_states), UNIT(test_links), UNIT(test_lanes_of_jobs), UNIT(test_jobs), UNIT(test_bearers), UNIT(test_scopes), UNIT(test_changing_accounts), UNIT(test_a_call_lives_on_one_node), UNIT(test_an_empty_call_may_move), UNIT(test_jobs_stay_where_the_files_are)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
