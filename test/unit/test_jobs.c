/* Jobs: what becomes of one whose work cannot be done now, or by this program. */
#include "core_fixture.h"
#include "jobs/kinds.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static struct recording record(const struct session *s, enum recording_status status)
{
    struct recording r = {.session_id = s->id, .uuid = "00000000-0000-4000-8000-000000000001", .started_at = now.now, .ended_at = now.now + MINUTE};
    model_all_present(&recording_model, &r);
    SET(&r, recording, status, (int)status);
    CLEAR(&r, recording, error);
    CLEAR(&r, recording, deleted_at);
    DONE(db_insert(now.db, "recordings", recording, &r, &err));
    return r;
}

static enum work_result do_work(const char *kind, int64_t subject, struct err *e)
{
    const struct work_kind *k = work_kinds;
    struct job job = {.kind = kind, .subject_id = subject};
    struct work_context w = {.core = &core, .db = now.db, .arena = now.arena, .job = &job};
    while (strcmp(k->name, kind) != 0) k++;
    *e = (struct err){0};
    return k->run(&w, e);
}

/* ---- not now */

TEST(files_of_a_deleted_recording_are_not_forgotten_while_the_database_is_away)
{
    struct session s = schedule(0, false, false, 2);
    struct recording r = record(&s, recording_status_ready);
    DONE(db_run(now.db, "SAVEPOINT away", &err));
    DONE(db_run(now.db, "ALTER TABLE recordings RENAME TO away", &err));
    assert_int_equal(do_work("erase", r.id, &err), WORK_AGAIN);
    DONE(db_run(now.db, "ROLLBACK TO away", &err));
    assert_int_equal(do_work("erase", r.id, &err), WORK_DONE); /* it was not deleted at all */
}

/* Of the recording: DATA_DIR/recordings/UUID/raw. */
static const char *raw_of(const struct recording *r)
{
    const char *folder_of = arena_printf(now.arena, "%s/recordings", config->DATA_DIR), *own = arena_printf(now.arena, "%s/%s", folder_of, r->uuid);
    mkdir(folder_of, 0700);
    assert_int_equal(mkdir(own, 0700), 0);
    return arena_printf(now.arena, "%s/raw", own);
}

TEST(tracks_that_cannot_be_looked_for_are_not_none)
{
    struct session s = schedule(0, false, false, 2);
    struct recording r = record(&s, recording_status_processing);
    const char *raw = raw_of(&r);
    assert_int_equal(do_work("compose", r.id, &err), WORK_GIVEN_UP); /* nobody was in */
    assert_string_equal(err.code, "compose_empty");
    int fd = open(raw, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0 && close(fd) == 0);
    assert_int_equal(do_work("compose", r.id, &err), WORK_AGAIN); /* a folder that cannot be read */
    assert_int_equal(err.kind, ERR_DESTINATION);
}

/* ---- not by this program */

static struct recording kept;

TEST(another_roomds_job)
{
    struct session s = schedule(0, false, false, 2);
    kept = record(&s, recording_status_ready);
    DONE(job_add(&now, "of_tomorrow", kept.id, 0, &err));
}

static void a_job_that_is_not_known_here_touches_nothing(void **state)
{
    struct arena a;
    struct job job;
    struct recording r;
    another_roomds_job(state);
    assert_true(db_start_writer(db, &err));
    struct runner *runner = runner_start(&core, &err);
    assert_non_null(runner);
    arena_init(&a);
    struct scope s = {.core = &core, .db = db_reader(db, &err), .arena = &a};
    int64_t until = clock_monotonic_ms() + 20000;
    do {
        poll(NULL, 0, 5);
        assert_int_equal(db_one(s.db, "SELECT {} FROM jobs WHERE kind = 'of_tomorrow'", job, &job, &a, &err), DB_ROW);
    } while ((job.attempts == 0 || job.status == job_status_running) && clock_monotonic_ms() < until);
    runner_stop(runner);
    assert_int_equal(job.status, job_status_waiting); /* for a roomd that knows it */
    assert_int_equal(recording_by_id(&s, kept.id, &r, &err), DB_ROW);
    assert_int_equal(r.status, recording_status_ready);
    db_conn_close(s.db);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(files_of_a_deleted_recording_are_not_forgotten_while_the_database_is_away), UNIT(tracks_that_cannot_be_looked_for_are_not_none),
        UNIT(a_job_that_is_not_known_here_touches_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
