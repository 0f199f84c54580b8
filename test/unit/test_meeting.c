/* Meetings are rows that are kept as stays begin, end and are corrected: held against the definition, which looks at all stays each time, and against what the
 * migration makes of the same stays. */
#include "core_fixture.h"
#include "core/meeting.h"
#include "db/migrations.h"

enum { STAYS = 14, ROUNDS = 30, STEPS = 40 };
static struct span stays[STAYS];
static size_t count;
static struct session session;
static struct participant seat;
static uint32_t dice_state = 7;

static int64_t dice(uint32_t sides)
{
    dice_state = dice_state * 1664525 + 1013904223;
    return (dice_state >> 8) % sides;
}

/* ---- the definition */

static bool inside(const struct span *t, int64_t at)
{
    return !HAS(t, span, left_at) || t->left_at >= at;
}

static bool begins(size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (inside(&stays[k], stays[i].joined_at)) return false;
    return true;
}

static struct meeting by_definition(size_t first, size_t end)
{
    struct meeting m = {.first = stays[first].id, .started_at = stays[first].joined_at};
    for (size_t i = first; i < end; i++) {
        int64_t at_once = 1;
        for (size_t k = first; k < i; k++) at_once += !HAS(&stays[k], span, left_at) || stays[k].left_at > stays[i].joined_at;
        if (at_once > m.most) m.most = at_once;
        if (HAS(&stays[i], span, left_at) && stays[i].left_at > m.left_at) m.left_at = stays[i].left_at;
        m.inside += !HAS(&stays[i], span, left_at);
    }
    return m;
}

static void same(const struct meeting *kept, const struct meeting *m)
{
    assert_int_equal(kept->first, m->first);
    assert_int_equal(kept->started_at, m->started_at);
    assert_int_equal(kept->most, m->most);
    assert_int_equal(kept->inside, m->inside);
    if (!m->inside) assert_int_equal(kept->left_at, m->left_at);
    assert_int_equal(kept->host_id, session.teacher_id);
    assert_string_equal(kept->room, session.room_name);
}

static struct list kept(void)
{
    struct list rows;
    DONE(db_all(now.db, "SELECT {} FROM meetings WHERE session_id = $1 ORDER BY first", meeting, &rows, now.arena, &err, INT_(session.id)));
    return rows;
}

static int64_t number(const char *sql)
{
    int64_t n = -1;
    assert_int_equal(db_number(now.db, sql, &n, &err), DB_ROW);
    return n;
}

static void check_totals(int64_t of_session)
{
    struct meeting_query q = {.room = session.room_name, .ongoing = -1, .window = {.limit = 100}};
    struct list rows;
    int64_t total;
    DONE(meeting_list(&now, &q, &rows, &total, &err));
    assert_int_equal(total, of_session);
    assert_int_equal(rows.count, of_session);
    q.room = NULL;
    q.everybody = true;
    q.window.limit = 1;
    DONE(meeting_list(&now, &q, &rows, &total, &err));
    assert_int_equal(total, number("SELECT count(*) FROM meetings"));
    assert_int_equal(0, number("SELECT count(*) FROM meeting_counts WHERE total < 0"));
}

static void check(void)
{
    struct list rows = kept();
    size_t n = 0;
    for (size_t first = 0, end; first < count; first = end, n++) {
        for (end = first + 1; end < count && !begins(end); end++) {}
        struct meeting m = by_definition(first, end), found;
        assert_true(n < rows.count);
        same((const struct meeting *)rows.items + n, &m);
        for (size_t i = first; i < end; i++) {
            assert_int_equal(meeting_of(&now, session.id, stays[i].id, &found, &err), DB_ROW);
            assert_int_equal(found.first, m.first);
        }
    }
    assert_int_equal(n, rows.count);
    check_totals((int64_t)n);
}

/* ---- what happens to stays */

static void come(int64_t joined_at, int64_t left_at)
{
    char name[32];
    struct span *t = &stays[count++];
    *t = (struct span){0};
    snprintf(name, sizeof name, "c%lld-%zu", (long long)session.id, count);
    SET(t, span, connection, arena_strdup(now.arena, name));
    SET(t, span, session_id, session.id);
    SET(t, span, participant_id, seat.id);
    SET(t, span, joined_at, joined_at);
    if (left_at) SET(t, span, left_at, left_at);
    DONE(db_insert(now.db, "connection_spans", span, t, &err));
    DONE(meeting_arrival(&now, t, &err));
}

static void change(struct span *t, bool was_open)
{
    int64_t inside;
    DONE(db_update(now.db, "connection_spans", span, t, &err));
    if (was_open && HAS(t, span, left_at)) DONE(meeting_departure(&now, t, &inside, &err));
    else DONE(meeting_mend(&now, session.id, t->id, &err));
}

static void step(int64_t *at)
{
    struct span *t = count ? &stays[dice((uint32_t)count)] : NULL;
    int64_t what = dice(10);
    bool open = t && !HAS(t, span, left_at);
    *at += dice(30);
    if (!t || (what < 4 && count < STAYS)) {
        int64_t joined_at = *at - (dice(4) ? 0 : dice(80));
        come(joined_at, dice(4) ? 0 : joined_at + dice(40));
    } else if (open && what < 8) {
        int64_t left_at = dice(3) ? *at : *at - dice(60);
        SET(t, span, left_at, left_at < t->joined_at ? t->joined_at : left_at);
        change(t, true);
    } else if (!open && what == 8) {
        CLEAR(t, span, left_at);
        change(t, false);
    } else {
        SET(t, span, joined_at, t->joined_at - dice(40));
        change(t, open);
    }
}

static void new_room(void)
{
    session = schedule(now.now, false, false, 50);
    seat = join_as(&ada, &session);
    count = 0;
}

TEST(test_kept_as_the_definition_has_it)
{
    for (int round = 0; round < ROUNDS; round++) {
        int64_t at = 1000000;
        new_room();
        for (int i = 0; i < STEPS; i++) {
            step(&at);
            check();
        }
    }
}

/* ---- what was before the rows were kept */

static const char *migration(const char *from)
{
    for (const struct migration *m = migrations; m->version; m++)
        if (m->version == 23) return strstr(m->sql, from);
    return NULL;
}

static void run_each(const char *sql)
{
    for (const char *end; (end = strchr(sql, ';')); sql = end + 1) DONE(db_run(now.db, arena_strndup(now.arena, sql, (size_t)(end - sql)), &err));
}

#define ROWS "SELECT count(*) FROM meetings m JOIN meetings_before b ON b.first = m.first AND b.session_id = m.session_id AND b.host_id = m.host_id AND b.room = m.room AND " \
    "b.started_at = m.started_at AND b.latest_at = m.latest_at AND coalesce(b.left_at, -1) = coalesce(m.left_at, -1) AND b.inside = m.inside AND b.most = m.most"
#define COUNTS "SELECT count(*) FROM meeting_counts c JOIN counts_before b ON b.host_id = c.host_id AND b.room = c.room AND b.total = c.total WHERE b.total > 0"

TEST(test_filled_from_what_is_there)
{
    for (int round = 0; round < ROUNDS; round++) {
        int64_t at = 1000000;
        new_room();
        for (int i = 0; i < STEPS; i++) step(&at);
        if (round % 3) continue;
        DONE(db_run(now.db, "UPDATE sessions SET status = 'ended' WHERE id = $1", &err, INT_(session.id)));
        DONE(session_release_name(&now, session.room_name, &err));
    }
    int64_t rows = number("SELECT count(*) FROM meetings"), counts = number("SELECT count(*) FROM meeting_counts WHERE total > 0");
    run_each("CREATE TABLE meetings_before AS SELECT * FROM meetings; CREATE TABLE counts_before AS SELECT * FROM meeting_counts; DELETE FROM meetings; DELETE FROM meeting_counts;");
    run_each(migration("INSERT INTO meetings"));
    assert_true(rows > ROUNDS);
    assert_int_equal(number("SELECT count(*) FROM meetings"), rows);
    assert_int_equal(number(ROWS), rows);
    assert_int_equal(number(COUNTS), counts);
}

/* ---- pages */

static void page(struct meeting_query q, const char *expected)
{
    char shown[200] = "";
    struct list rows;
    int64_t total;
    DONE(meeting_list(&now, &q, &rows, &total, &err));
    const struct meeting *m = rows.items;
    for (size_t i = 0; i < rows.count; i++) snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%lld ", (long long)m[i].started_at);
    snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "of %lld", (long long)total);
    assert_string_equal(shown, expected);
}

TEST(test_pages)
{
    struct id_window all = {.limit = 10};
    new_room();
    for (int64_t at = 1000; at <= 5000; at += 1000) come(at, at == 5000 ? 0 : at + 10);
    struct session first = session;
    new_room();
    come(9000, 9010);
    const struct meeting *m = kept().items;
    page((struct meeting_query){.ongoing = -1, .window = all}, "9000 5000 4000 3000 2000 1000 of 6");
    page((struct meeting_query){.everybody = true, .ongoing = -1, .window = all}, "9000 5000 4000 3000 2000 1000 of 6");
    page((struct meeting_query){.room = first.room_name, .ongoing = -1, .window = {.limit = 2}}, "5000 4000 of 5");
    page((struct meeting_query){.everybody = true, .room = first.room_name, .ongoing = -1, .window = {.limit = 2, .oldest = true}}, "2000 1000 of 5");
    page((struct meeting_query){.everybody = true, .room = session.room_name, .ongoing = -1, .window = all}, "9000 of 1");
    page((struct meeting_query){.room = "nowhere", .ongoing = -1, .window = all}, "of 0");
    page((struct meeting_query){.from = 2000, .to = 5000, .ongoing = -1, .window = {.limit = 2}}, "4000 3000 of 3");
    page((struct meeting_query){.room = first.room_name, .from = 4000, .ongoing = -1, .window = all}, "5000 4000 of 2");
    page((struct meeting_query){.everybody = true, .to = 3000, .ongoing = -1, .window = {.limit = 1, .oldest = true}}, "1000 of 2");
    page((struct meeting_query){.ongoing = 1, .window = all}, "5000 of 6");
    page((struct meeting_query){.room = session.room_name, .ongoing = 1, .window = all}, "of 1");
    page((struct meeting_query){.room = first.room_name, .ongoing = 0, .from = 3000, .window = all}, "4000 3000 of 3");
    page((struct meeting_query){.ongoing = -1, .window = {.limit = 2, .below = m->first}}, "5000 4000 of 6");
    page((struct meeting_query){.ongoing = -1, .window = {.limit = 9, .above = m->first - 1}}, "9000 of 6");
    now.actor = &grace;
    page((struct meeting_query){.ongoing = -1, .window = all}, "of 0");
    page((struct meeting_query){.room = first.room_name, .ongoing = -1, .window = all}, "of 0");
}

/* 0: of none. */
static int64_t start_of_one_that_ended(int64_t at)
{
    struct recording rec = {.session_id = session.id};
    struct meeting m;
    SET(&rec, recording, ended_at, at);
    DONE(meeting_of_recording(&now, &rec, &m, &err));
    return m.id ? m.started_at : 0;
}

TEST(test_of_a_recording)
{
    new_room();
    assert_int_equal(start_of_one_that_ended(5000), 0);
    for (int64_t at = 1000; at <= 3000; at += 1000) come(at, at + 10);
    assert_int_equal(start_of_one_that_ended(999), 0);
    assert_int_equal(start_of_one_that_ended(2999), 2000);
    assert_int_equal(start_of_one_that_ended(9000), 3000);
}

static void people(const struct meeting *m, struct id_window w, const char *expected)
{
    char shown[100] = "";
    struct list rows;
    DONE(meeting_stays(&now, m, &w, &rows, &err));
    const struct meeting_stay *t = rows.items;
    for (size_t i = 0; i < rows.count; i++) snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%lld ", (long long)t[i].joined_at);
    assert_string_equal(shown, expected);
}

TEST(test_people_of_one)
{
    new_room();
    come(500, 600);
    for (int64_t at = 1000; at < 1005; at++) come(at, 2000);
    come(3000, 0);
    const struct meeting *m = (const struct meeting *)kept().items + 1;
    people(m, (struct id_window){.limit = 9, .oldest = true}, "1000 1001 1002 1003 1004 ");
    people(m, (struct id_window){.limit = 2}, "1003 1004 ");
    people(m, (struct id_window){.limit = 2, .oldest = true, .above = stays[2].id}, "1002 1003 ");
    people(m, (struct id_window){.limit = 2, .below = stays[4].id}, "1001 1002 ");
    people(m, (struct id_window){.limit = 9, .oldest = true, .above = stays[5].id}, "");
    people(m, (struct id_window){.limit = 9, .below = stays[1].id}, "");
}

/* The clock was set: who is in came at another time. */
TEST(test_the_clock_jumps)
{
    struct meeting m;
    bool taken;
    new_room();
    DONE(node_claim(&now, session.id, &taken, &err));
    come(1000, 2000);
    come(5000, 0);
    assert_int_equal(kept().count, 2);
    DONE(presence_shift(&now, -3500, &err));
    assert_int_equal(kept().count, 1);
    DONE(presence_shift(&now, 9000, &err));
    assert_int_equal(meeting_of(&now, session.id, stays[1].id, &m, &err), DB_ROW);
    assert_int_equal(m.started_at, 10500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(test_kept_as_the_definition_has_it), UNIT(test_filled_from_what_is_there), UNIT(test_pages), UNIT(test_of_a_recording), UNIT(test_people_of_one),
                                       UNIT(test_the_clock_jumps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
