/* Sessions of courses as rules: what a published recording does, seats by an app's own ids, the total that is kept. */
#include "core_fixture.h"
#include "core/course.h"
#include "core/course_session.h"

static const char COURSE[] = "7d5b0c8a-3a52-4c0e-9d4e-0b6f1f6f0c11";

static struct live_row new_lesson(void)
{
    struct session plan = {.title = "Loops", .scheduled_start = now.now + MINUTE, .duration_minutes = 60, .max_participants = 3};
    struct live_row row;
    model_all_present(&session_model, &plan);
    CLEAR(&plan, session, description);
    CLEAR(&plan, session, actual_start);
    CLEAR(&plan, session, ended_at);
    CLEAR(&plan, session, empty_since);
    CLEAR(&plan, session, deleted_at);
    DONE(course_session_schedule(&now, &plan, COURSE, NULL, &row, &err));
    return row;
}

static struct live_row read_again(const struct live_row *row)
{
    struct live_row out;
    DONE(course_session_find(&now, row->uuid, &out, &err));
    return out;
}

static struct recording make_ready(int64_t session_id)
{
    struct session s;
    struct recording r;
    assert_int_equal(session_by_id(&now, session_id, &s, &err), DB_ROW);
    DONE(recording_begin(&now, &s, &r, &err));
    DONE(recording_act(&now, &r, record_action_stop, &err));
    struct recording_file f = {.recording_id = r.id, .kind = file_kind_video, .name = "a", .sink = "local", .key = "k", .content_type = "video/mp4", .sha256 = "x"};
    model_all_present(&recording_file_model, &f);
    DONE(recording_ready(&now, r.id, 61600, &f, 1, &err));
    return r;
}

TEST(test_our_own_recording_is_shown_and_ends_the_lesson)
{
    struct live_row row = new_lesson();
    const char *url;
    DONE(course_session_recording_url(&now, &row, &url, &err));
    assert_null(url);
    make_ready(row.id);
    row = read_again(&row);
    DONE(course_session_recording_url(&now, &row, &url, &err));
    assert_non_null(strstr(url, "/api/v1/recordings/"));
    assert_int_equal(row.recording_seconds, 62);
    assert_int_equal(row.status, session_status_ended);
}

TEST(test_a_recording_elsewhere)
{
    struct live_row row = new_lesson();
    const char *url;
    DONE(course_session_published(&now, row.id, "https://res.example/a.mp4", 3600, &err));
    row = read_again(&row);
    DONE(course_session_recording_url(&now, &row, &url, &err));
    assert_string_equal(url, "https://res.example/a.mp4");
    assert_int_equal(row.status, session_status_ended);
    DONE(course_session_published(&now, 4711, "x", 1, &err)); /* deleted meanwhile */
}

TEST(test_nobody_is_thrown_out_by_it)
{
    struct live_row row = new_lesson();
    struct participant p;
    struct entry in;
    assert_int_equal(participant_of_user(&now, row.id, ada.id, &p, &err), DB_ROW);
    DONE(presence_enter(&now, join_token_sign(&now, &p), NULL, true, &in, &err));
    make_ready(row.id);
    assert_int_equal(read_again(&row).status, session_status_active);
}

TEST(test_a_session_of_no_course_goes_on)
{
    struct session s = schedule(0, false, false, 5);
    struct live_row row;
    make_ready(s.id);
    DONE(course_session_find(&now, s.uuid, &row, &err));
    assert_int_equal(row.status, session_status_scheduled);
    assert_int_equal(row.recording_seconds, 62);
    assert_false(HAS(&row, live_row, course));
    assert_string_equal(row.instructor, account_uuid(now.arena, ada.id));
}

TEST(test_students)
{
    struct live_row row = new_lesson();
    struct session s;
    struct list who;
    assert_int_equal(session_by_id(&now, row.id, &s, &err), DB_ROW);
    DONE(course_session_add_student(&now, &s, "a", &err));
    DONE(course_session_add_student(&now, &s, "user-2", &err)); /* grace's account */
    REFUSED(course_session_add_student(&now, &s, "c", &err), session_full);
    DONE(course_session_remove_student(&now, &s, "a", &err));
    REFUSED(course_session_remove_student(&now, &s, "a", &err), participant_not_found);
    REFUSED(course_session_remove_student(&now, &s, "user-1", &err), participant_not_found); /* the teacher */
    now.now += 1;
    DONE(course_session_add_student(&now, &s, "a", &err));
    DONE(course_session_students(&now, s.id, &who, &err));
    assert_int_equal(who.count, 2);
    assert_string_equal(((const char *const *)who.items)[0], "user-2");
    assert_string_equal(((const char *const *)who.items)[1], "a");
}

TEST(test_the_total_is_kept)
{
    struct live_row row = new_lesson();
    struct session s = schedule(0, false, false, 5);
    struct list page;
    int64_t total;
    DONE(course_session_page(&now, NULL, 10, 0, &page, &total, &err));
    assert_int_equal(total, 2);
    DONE(session_delete(&now, &s, &err));
    DONE(course_session_page(&now, "", 10, 0, &page, &total, &err));
    assert_int_equal(total, 1);
    assert_int_equal(page.count, 1);
    assert_int_equal(((const struct live_row *)page.items)->id, row.id);
}

TEST(test_uuids_of_accounts)
{
    assert_string_equal(account_uuid(now.arena, 255), "00000000-0000-4000-8000-0000000000ff");
    assert_int_equal(account_of_uuid("00000000-0000-4000-8000-0000000000ff"), 255);
    assert_int_equal(account_of_uuid("00000000-0000-4000-8000-00000000000G"), 0);
    assert_int_equal(account_of_uuid(COURSE), 0);
    assert_int_equal(account_of_uuid("x"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_our_own_recording_is_shown_and_ends_the_lesson), UNIT(test_a_recording_elsewhere), UNIT(test_nobody_is_thrown_out_by_it), UNIT(test_a_session_of_no_course_goes_on),
        UNIT(test_students), UNIT(test_the_total_is_kept), UNIT(test_uuids_of_accounts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
