/* A node that was silent for so long that another has its call: everybody in it is sent there, and nothing of it stays. */
#include "call/parts.h"
#include "core_fixture.h"

enum { PAGES = 70 };

static struct session given_up;
static struct participant seat;

TEST(another_node_has_the_call)
{
    given_up = schedule(0, false, false, 10);
    seat = join_as(&grace, &given_up);
    DONE(db_run(now.db, "INSERT INTO nodes (name, url, started_at, seen_at) SELECT 'other', 'http://other', started_at, seen_at FROM nodes", &err));
    DONE(db_run(now.db, "INSERT INTO session_nodes (session_id, node_id, since) SELECT $1, max(id), 0 FROM nodes", &err, INT_(given_up.id)));
}

static struct caller callers[PAGES];

static struct peer *person(struct room *r, int number, bool outside)
{
    struct span span = {.joined_at = 1};
    struct join_pass pass = {0};
    char connection[CONNECTION_SIZE];
    snprintf(connection, sizeof connection, "%s%d", outside ? "out" : "in", number);
    span.connection = connection;
    struct peer *p = peer_add(r, &span, &seat, &pass);
    p->outside = outside;
    return p;
}

static void look(void *arg)
{
    struct hub *h = arg;
    int sent = 0;
    for (int i = 0; i < PAGES; i++) sent += callers[i].entering;
    assert_int_equal(sent, PAGES); /* each asks at the door, which sends it on */
    assert_null(h->rooms);
    loop_stop(h->loop);
}

static void end(void *arg)
{
    loop_stop(((struct hub *)arg)->loop);
}

static bool nothing(struct scope *s, void *arg, struct err *e)
{
    (void)s, (void)arg, (void)e;
    return true;
}

static void everybody_is_sent_there_and_nobody_is_left(void **state)
{
    another_node_has_the_call(state);
    struct hub h = {.core = &core, .loop = loop_create(), .db = db_reader(db, &err)};
    arena_init(&h.arena);
    struct room *r = room_open(&h, &given_up);
    for (int i = 0; i < PAGES; i++) {
        struct peer *p = person(r, i, false);
        callers[i] = (struct caller){.hub = &h, .references = 1, .token = strdup("none"), .peer = p};
        p->caller = &callers[i];
        person(r, i, true); /* by phone, say: the last of them stands behind the last page */
    }
    assert_true(db_start_writer(db, &err));
    tell_alive(&h); /* for the first time since long */
    assert_true(core_write(&core, nothing, NULL, &err)); /* what it tells the loop is told */
    loop_post(h.loop, look, &h);
    loop_run(h.loop);
    assert_true(core_write(&core, nothing, NULL, &err)); /* the door has decided */
    loop_post(h.loop, end, &h);
    loop_run(h.loop);
    for (int i = 0; i < PAGES; i++) assert_int_equal(callers[i].references, 1), free(callers[i].token);
    loop_destroy(h.loop);
    arena_release(&h.arena);
    db_conn_close(h.db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(everybody_is_sent_there_and_nobody_is_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
