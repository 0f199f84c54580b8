/* What remote providers tell, as rules: whatever the order, late, twice or lost, the same state. The provider is a stand-in that answers what a test sets. */
#include "core_fixture.h"
#include "core/erasure.h"
#include "core/errand.h"
#include "core/fact.h"
#include "core/inbox.h"
#include "core/reconcile.h"

static bool opened(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e)
{
    (void)ctx, (void)a, (void)plan, (void)e;
    *url = "https://far.example/room";
    return true;
}

/* "joined ROOM CONNECTION USER": one fact, or no sense. */
static bool inbound(void *ctx, struct arena *a, const struct provider_letter *l, struct facts *out, struct err *e)
{
    char room[64], connection[41], user[41];
    struct fact *f = arena_new(a, struct fact);
    (void)ctx;
    if (sscanf(l->body, "\"joined %63s %40s %40[^\"]", room, connection, user) != 3) return err_set(e, ERR_DESTINATION, "far", "no sense in it");
    *f = (struct fact){.kind = FACT_JOINED, .room = arena_strdup(a, room), .at = l->received_at, .person = {.connection = arena_strdup(a, connection), .identity = arena_strdup(a, user)}};
    *out = (struct facts){f, 1};
    return true;
}

static bool nobody(void *ctx, struct arena *a, struct provider_look *looks, size_t count, struct err *e)
{
    (void)ctx, (void)a, (void)looks, (void)count, (void)e;
    return true;
}

static const struct provider_ops far_ops = {.name = "far", .capabilities = PROVIDER_RECORDS_ITSELF, .room_open = opened, .inbound = inbound, .participants = nobody};
static const struct provider_ops near_ops = {.name = "janus", .capabilities = PROVIDER_LOCAL};
static const struct provider far = {.ops = &far_ops}, near = {.ops = &near_ops};
static const struct provider *const both[] = {&near, &far};

static int64_t T; /* the base of a test's times */

/* A session at the far provider, as if it had been opened there. */
static struct session far_session(bool recorded)
{
    struct session s = schedule(now.now + 10 * MINUTE, recorded, false, 10);
    SET(&s, session, provider, "far");
    DONE(db_update(now.db, "sessions", session, &s, &err));
    struct provider_room room = {.session_id = s.id, .provider = "far", .room_name = s.room_name, .expires_at = now.now + 600 * MINUTE, .created_at = now.now};
    model_all_present(&provider_room_model, &room);
    CLEAR(&room, provider_room, id);
    CLEAR(&room, provider_room, url);
    CLEAR(&room, provider_room, closed_at);
    DONE(db_insert(now.db, "provider_rooms", provider_room, &room, &err));
    core.providers = both;
    core.provider_count = 2;
    T = now.now - 60 * MINUTE;
    return s;
}

static struct fact person_fact(enum fact_kind kind, const struct session *s, const char *connection, const char *user, int64_t joined_at, int64_t left_at)
{
    return (struct fact){.kind = kind, .room = s->room_name, .at = kind == FACT_LEFT ? left_at : joined_at,
                         .person = {.connection = connection, .identity = user, .name = "Who", .joined_at = joined_at, .left_at = left_at}};
}

static struct fact comes(const struct session *s, const char *connection, const char *user, int64_t at) { return person_fact(FACT_JOINED, s, connection, user, at, 0); }
static struct fact goes(const struct session *s, const char *connection, const char *user, int64_t joined_at, int64_t at) { return person_fact(FACT_LEFT, s, connection, user, joined_at, at); }
static void told(struct fact f) { DONE(fact_apply(&now, "far", &f, &err)); }

static struct fact_person at_door(const char *connection, const char *user, int64_t at)
{
    return (struct fact_person){.connection = connection, .identity = user, .name = "Who", .joined_at = at};
}

static void listed(const struct session *s, const struct fact_person *people, size_t n, int64_t asked_at, int64_t lag)
{
    struct fact_listing l = {s->room_name, people, n, asked_at, lag};
    DONE(fact_listed(&now, "far", &l, &err));
}

static const char *number(int64_t n) { return arena_printf(now.arena, "%lld", (long long)n); }

static struct span stay(const char *connection)
{
    struct span out;
    assert_int_equal(db_one(now.db, "SELECT {} FROM connection_spans WHERE connection = $1", span, &out, now.arena, &err, TEXT_(connection)), DB_ROW);
    return out;
}

static bool is_in(const char *connection)
{
    struct span c = stay(connection);
    return !HAS(&c, span, left_at);
}

static int64_t counted(const char *sql)
{
    int64_t n = 0;
    assert_int_not_equal(db_number(now.db, sql, &n, &err), DB_FAILED);
    return n;
}

static struct participant seat_of(const struct session *s, const struct user *u)
{
    struct participant p;
    assert_int_equal(participant_of_user(&now, s->id, u->id, &p, &err), DB_ROW);
    return p;
}

/* Everything that facts change, as one text. */
static const char *state_of(const struct session *session)
{
    struct buf b;
    struct list spans, seats;
    struct session s = again(session);
    buf_init(&b, 0);
    buf_printf(&b, "%s %lld %lld\n", session_status_words.words[s.status], (long long)(HAS(&s, session, actual_start) ? s.actual_start : 0), (long long)(HAS(&s, session, empty_since) ? s.empty_since : 0));
    DONE(db_all(now.db, "SELECT {} FROM connection_spans WHERE session_id = $1 ORDER BY connection", span, &spans, now.arena, &err, INT_(s.id)));
    const struct span *c = spans.items;
    for (size_t i = 0; i < spans.count; i++)
        buf_printf(&b, "%s %lld %lld %s\n", c[i].connection, (long long)c[i].joined_at, (long long)(HAS(&c[i], span, left_at) ? c[i].left_at : 0), HAS(&c[i], span, reason) ? c[i].reason : "");
    DONE(db_all(now.db, "SELECT {} FROM participants WHERE session_id = $1 ORDER BY identity", participant, &seats, now.arena, &err, INT_(s.id)));
    const struct participant *p = seats.items;
    for (size_t i = 0; i < seats.count; i++)
        buf_printf(&b, "%s %s %lld %lld\n", p[i].identity, connection_status_words.words[p[i].connection_status], (long long)(HAS(&p[i], participant, joined_at) ? p[i].joined_at : 0),
                   (long long)(HAS(&p[i], participant, left_at) ? p[i].left_at : 0));
    char *text = arena_strdup(now.arena, b.data);
    buf_release(&b);
    return text;
}

/* ---- people */

TEST(the_teacher_comes_and_goes)
{
    struct session s = far_session(false);
    told(comes(&s, "c1", number(ada.id), T));
    assert_int_equal(again(&s).status, session_status_active);
    assert_int_equal(again(&s).actual_start, T);
    struct session open = again(&s);
    assert_false(HAS(&open, session, empty_since));
    assert_int_equal(seat_of(&s, &ada).connection_status, connection_status_joined);
    told(goes(&s, "c1", number(ada.id), T, T + 5000));
    assert_int_equal(stay("c1").left_at, T + 5000);
    assert_int_equal(again(&s).empty_since, T + 5000);
    assert_int_equal(seat_of(&s, &ada).left_at, T + 5000);
    assert_int_equal(count_events(&s, event_participant_joined), 1);
    assert_int_equal(count_events(&s, event_participant_left), 1);
}

TEST(twice_is_once)
{
    struct session s = far_session(false);
    for (int i = 0; i < 2; i++) told(comes(&s, "c1", number(ada.id), T));
    for (int i = 0; i < 2; i++) told(goes(&s, "c1", number(ada.id), T, T + 5000));
    told(comes(&s, "c1", number(ada.id), T));
    told(goes(&s, "c1", number(ada.id), T, T + 9000));
    assert_int_equal(stay("c1").left_at, T + 5000);
    assert_int_equal(count_events(&s, event_participant_joined), 1);
    assert_int_equal(count_events(&s, event_participant_left), 1);
}

TEST(left_before_joined)
{
    struct session s = far_session(false);
    told(goes(&s, "c1", number(ada.id), T, T + 5000)); /* says all there is to say */
    assert_int_equal(stay("c1").joined_at, T);
    told(goes(&s, "c2", NULL, 0, T + 7000));           /* says nothing but that it is over */
    assert_int_equal(counted("SELECT count(*) FROM connection_spans"), 1);
    told(comes(&s, "c2", number(ada.id), T + 6000));
    assert_int_equal(stay("c2").left_at, T + 7000);
    assert_int_equal(counted("SELECT count(*) FROM absences"), 0);
    assert_int_equal(seat_of(&s, &ada).connection_status, connection_status_left);
    assert_int_equal(again(&s).empty_since, T + 7000);
    assert_int_equal(again(&s).status, session_status_active);
}

/* What its books tell afterwards belongs to a call whose end was told; before that, to none. */
TEST(the_end_of_a_call_is_told_once)
{
    static const char STARTED[] = "SELECT count(*) FROM events WHERE event_type = 'call.started'", ENDED[] = "SELECT count(*) FROM events WHERE event_type = 'call.ended'";
    struct session s = far_session(false);
    int64_t started = counted(STARTED), ended = counted(ENDED);
    told(goes(&s, "c0", number(grace.id), T, T + MINUTE));
    assert_int_equal(counted(STARTED) - started, 1);
    assert_int_equal(counted(ENDED) - ended, 1);
    told(comes(&s, "c1", number(ada.id), T + 2 * MINUTE));
    told(goes(&s, "c1", number(ada.id), T + 2 * MINUTE, T + 8 * MINUTE));
    told(goes(&s, "c2", number(grace.id), T + 3 * MINUTE, T + 4 * MINUTE));
    assert_int_equal(counted(STARTED) - started, 2);
    assert_int_equal(counted(ENDED) - ended, 2);
}

TEST(who_comes_without_a_token_of_ours)
{
    struct session s = far_session(false);
    char longer[400] = "";
    for (int i = 0; i < 130; i++) strcat(longer, "\xe2\x82\xac");
    struct fact f = comes(&s, "c1", "sip_+4930123", T);
    told(f);
    f = comes(&s, "c2", NULL, T);
    f.person.name = longer;
    told(f);
    told(comes(&s, "c3", "99", T)); /* no seat of this session */
    assert_int_equal(counted("SELECT count(*) FROM participants WHERE identity IN ('far:sip_+4930123', 'far:c2', 'far:99') AND role = 'student'"), 3);
    assert_int_equal(counted("SELECT max(length(name)) FROM participants"), 66); /* whole characters of three bytes */
}

TEST(seats_are_found_by_what_the_provider_was_told)
{
    struct session s = far_session(false);
    struct participant p, found;
    char id37[38] = "1234567890123456789012345678901234567";
    const char *identities[] = {"ann", "7", "seat-9", id37, "guest-abc"};
    for (size_t i = 0; i < 5; i++) {
        DONE(participant_seat_named(&now, &s, identities[i], "N", participant_role_student, &p, &err));
        const char *told_as = errand_user_id(&far, now.arena, &p);
        assert_true(strlen(told_as) <= 36);
        assert_int_equal(errand_seat(&now, s.id, told_as, &found, &err), DB_ROW);
        assert_int_equal(found.id, p.id);
    }
    assert_int_equal(errand_seat(&now, s.id, "7", &found, &err), DB_NONE);
    assert_int_equal(errand_seat(&now, s.id, "seat-", &found, &err), DB_NONE);
    assert_int_equal(errand_seat(&now, s.id, "99999999999999999999", &found, &err), DB_NONE);
}

TEST(of_nobody_of_ours)
{
    struct session s = far_session(false), other = schedule(0, false, false, 5);
    struct fact f = comes(&s, "c1", number(ada.id), T);
    DONE(fact_apply(&now, "near", &f, &err));  /* another provider's word about this room */
    told(comes(&other, "c1", number(ada.id), T)); /* a room that is not at this provider */
    f.room = "unknown";
    told(f);
    f = comes(&s, "a-connection-that-is-longer-than-forty-bytes", number(ada.id), T);
    told(f);
    assert_int_equal(counted("SELECT count(*) FROM connection_spans"), 0);
}

TEST(the_removed_are_removed_again)
{
    struct session s = far_session(false);
    struct participant p = join_as(&grace, &s);
    DONE(participant_kick(&now, &s, &p, &err));
    DONE(db_run(now.db, "UPDATE jobs SET status = 'done' WHERE kind = 'provider_remove'", &err));
    told(goes(&s, "c0", number(grace.id), T, T + 1)); /* of before */
    assert_int_equal(counted("SELECT count(*) FROM jobs WHERE kind = 'provider_remove' AND status = 'waiting'"), 0);
    told(comes(&s, "c1", number(grace.id), T));
    assert_int_equal(counted("SELECT count(*) FROM jobs WHERE kind = 'provider_remove' AND status = 'waiting'"), 1);
    assert_int_equal(seat_of(&s, &grace).connection_status, connection_status_kicked);
    assert_true(is_in("c1")); /* attendance tells the truth */
}

TEST(into_a_session_that_is_over)
{
    struct session s = far_session(false);
    DONE(session_set_status(&now, &s, session_status_ended, "host", &err));
    DONE(db_run(now.db, "UPDATE jobs SET status = 'done'", &err));
    told(comes(&s, "c1", number(ada.id), T));
    assert_int_equal(again(&s).status, session_status_ended);
    assert_int_equal(counted("SELECT count(*) FROM jobs WHERE kind = 'room_close' AND status = 'waiting'"), 1);
}

/* Nobody stays in for ever because what they were in was deleted. */
TEST(out_of_a_session_that_was_deleted)
{
    struct session s = far_session(false), asked = far_session(false);
    struct list worth;
    struct erasure forgotten;
    struct participant seat;
    DONE(participant_seat(&now, &s, &grace, participant_role_student, &seat, &err));
    told(comes(&s, "c1", number(grace.id), T));
    told(comes(&asked, "c2", number(grace.id), T));
    DONE(session_delete(&now, &s, &err));
    DONE(session_delete(&now, &asked, &err));
    DONE(erasure_begin(&now, &grace, erasure_media_own, 0, &forgotten, &err));
    told(goes(&s, "c1", number(grace.id), T, T + MINUTE));
    assert_int_equal(stay("c1").left_at, T + MINUTE);
    DONE(reconcile_rooms(&now, "far", 0, 10, &worth, &err)); /* where nothing was told it is asked for */
    assert_int_equal(worth.count, 1);
    listed(&asked, NULL, 0, now.now, 0);
    assert_false(is_in("c2"));
    DONE(reconcile_rooms(&now, "far", 0, 10, &worth, &err));
    assert_int_equal(worth.count, 0);
}

TEST(a_wished_recording_begins)
{
    struct session s = far_session(true);
    told(goes(&s, "c0", number(grace.id), T, T + 1));
    assert_int_equal(counted("SELECT count(*) FROM jobs WHERE kind = 'record_begin'"), 0);
    told(comes(&s, "c1", number(grace.id), T));
    assert_int_equal(counted("SELECT count(*) FROM jobs WHERE kind = 'record_begin'"), 1);
}

/* ---- listings */

TEST(a_listing_finds_who_was_not_told)
{
    struct session s = far_session(false);
    struct fact_person there = at_door("c1", number(ada.id), T);
    listed(&s, &there, 1, now.now, 0);
    assert_int_equal(stay("c1").joined_at, T);
    assert_int_equal(again(&s).status, session_status_active);
    listed(&s, &there, 1, now.now, 0);
    assert_int_equal(count_events(&s, event_participant_joined), 1);
    listed(&s, NULL, 0, now.now - MINUTE, 0);
    assert_int_equal(stay("c1").left_at, now.now - MINUTE);
    assert_string_equal(stay("c1").reason, "unseen");
    told(goes(&s, "c1", number(ada.id), T, T + 9000)); /* it comes after all, and knows better */
    assert_int_equal(stay("c1").left_at, T + 9000);
    assert_string_equal(stay("c1").reason, "left");
    assert_int_equal(seat_of(&s, &ada).left_at, T + 9000);
    assert_int_equal(count_events(&s, event_participant_left), 1);
}

TEST(a_listing_that_lags_must_say_it_twice)
{
    struct session s = far_session(false);
    struct fact_person there = at_door("c1", number(ada.id), T);
    told(comes(&s, "c1", number(ada.id), T));
    listed(&s, NULL, 0, T + 10000, 15000); /* it cannot know them yet */
    listed(&s, NULL, 0, T + 12000, 15000);
    assert_int_equal(counted("SELECT count(*) FROM absences"), 0);
    listed(&s, NULL, 0, T + MINUTE, 15000);
    listed(&s, &there, 1, T + 2 * MINUTE, 15000); /* a ghost's turn */
    assert_int_equal(counted("SELECT count(*) FROM absences"), 0);
    listed(&s, NULL, 0, T + 3 * MINUTE, 15000);
    assert_true(is_in("c1"));
    listed(&s, NULL, 0, T + 4 * MINUTE, 15000);
    assert_int_equal(stay("c1").left_at, T + 3 * MINUTE);
    listed(&s, &there, 1, T + 5 * MINUTE, 15000); /* they were there all the time */
    assert_true(is_in("c1"));
    told(goes(&s, "c1", number(ada.id), T, T + 6 * MINUTE));
    listed(&s, &there, 1, T + 7 * MINUTE, 15000); /* the listing is old: their own leaving is sure */
    assert_int_equal(stay("c1").left_at, T + 6 * MINUTE);
}

TEST(an_empty_room)
{
    struct session s = far_session(false);
    told(comes(&s, "c1", number(ada.id), T));
    told(comes(&s, "c2", number(grace.id), T + 20000));
    told((struct fact){.kind = FACT_EMPTY, .room = s.room_name, .at = T + 10000});
    assert_int_equal(stay("c1").left_at, T + 10000);
    assert_true(is_in("c2"));
    told(goes(&s, "c1", number(ada.id), T, T + 8000));
    assert_int_equal(stay("c1").left_at, T + 8000);
}

TEST(left_by_everybody)
{
    struct session s = far_session(false);
    told(comes(&s, "c1", number(ada.id), T));
    told(goes(&s, "c1", number(ada.id), T, T + 5000));
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&s).status, session_status_active); /* nobody has asked since: an event may be lost */
    DONE(reconcile_looked(&now, "far", now.now - 1000, &err));
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&s).status, session_status_ended);
}

TEST(rooms_worth_asking_about)
{
    struct session s = far_session(false);
    struct list rooms;
    DONE(reconcile_rooms(&now, "far", 0, 10, &rooms, &err));
    assert_int_equal(rooms.count, 1);
    DONE(session_set_status(&now, &s, session_status_ended, NULL, &err));
    DONE(reconcile_rooms(&now, "far", 0, 10, &rooms, &err));
    assert_int_equal(rooms.count, 0);
    told(comes(&s, "c1", number(ada.id), T));
    DONE(reconcile_rooms(&now, "far", 0, 10, &rooms, &err));
    assert_int_equal(rooms.count, 1);
}

/* ---- every order */

enum { PEOPLE = 6, STAYS = 40, MOST = STAYS * 4 };

struct story { struct fact facts[MOST]; size_t count; };

/* People come and go; some are still in at the end. */
static void tell_story(const struct session *s, struct story *out)
{
    out->count = 0;
    for (int i = 0; i < STAYS; i++) {
        const char *connection = arena_printf(now.arena, "%s-%d", s->room_name + 12, i), *user = i % PEOPLE == 0 ? number(ada.id) : arena_printf(now.arena, "p%d", i % PEOPLE);
        int64_t from = T + i * 7001, to = from + 3000 + (i * 37 % 11) * 4003;
        out->facts[out->count++] = comes(s, connection, user, from);
        if (i < STAYS - 3) out->facts[out->count++] = goes(s, connection, user, i % 3 ? from : 0, to);
    }
}

static unsigned dice = 1;

static size_t roll(size_t n)
{
    dice = dice * 1103515245 + 12345;
    return (dice >> 8) % n;
}

/* Three kinds of names of the two rooms' connections are the same but for the room. */
static const char *without_room(const char *state, const struct session *s)
{
    char *out = arena_strdup(now.arena, state);
    size_t n = strlen(s->room_name + 12);
    for (char *at = out; (at = strstr(at, s->room_name + 12));) memset(at, '#', n);
    return out;
}

TEST(whatever_the_order)
{
    struct session ordered = far_session(false);
    struct story story;
    tell_story(&ordered, &story);
    for (size_t i = 0; i < story.count; i++) told(story.facts[i]);
    const char *wanted = without_room(state_of(&ordered), &ordered);
    int64_t base = T;
    for (int round = 0; round < 20; round++) {
        struct session s = far_session(false);
        T = base;
        tell_story(&s, &story);
        for (size_t i = story.count / 5; i--; story.count++) story.facts[story.count] = story.facts[roll(story.count)];
        for (size_t i = story.count; i-- > 1;) {
            size_t k = roll(i + 1);
            struct fact f = story.facts[i];
            story.facts[i] = story.facts[k];
            story.facts[k] = f;
        }
        for (size_t i = 0; i < story.count; i++) told(story.facts[i]);
        assert_string_equal(without_room(state_of(&s), &s), wanted);
        assert_int_equal(count_events(&s, event_participant_joined), STAYS);
        assert_int_equal(count_events(&s, event_participant_left), STAYS - 3);
    }
}

/* ---- recordings */

static struct recording recording_now(const char *uuid)
{
    struct recording r;
    assert_int_equal(recording_by_uuid(&now, uuid, &r, &err), DB_ROW);
    return r;
}

static struct recording running(const struct session *s, int64_t at)
{
    char uuid[37] = "11111111-1111-4111-8111-111111111111";
    struct recording r = {.uuid = arena_strdup(now.arena, uuid), .session_id = s->id, .status = recording_status_recording, .started_at = at};
    model_all_present(&recording_model, &r);
    CLEAR(&r, recording, id);
    CLEAR(&r, recording, error);
    CLEAR(&r, recording, ended_at);
    CLEAR(&r, recording, duration_ms);
    CLEAR(&r, recording, deleted_at);
    DONE(db_insert(now.db, "recordings", recording, &r, &err));
    return r;
}

static struct fact recorded(const struct session *s, const char *uuid, const char *external, enum fact_recording_state state, int64_t started_at)
{
    return (struct fact){.kind = FACT_RECORDING, .room = s->room_name, .at = now.now, .recording = {uuid, external, state, started_at, 9000, "disk of theirs full", "{\"x\":1}"}};
}

TEST(a_recording_goes_forward_only)
{
    struct session s = far_session(false);
    struct recording r = running(&s, T);
    told(recorded(&s, r.uuid, "rec-1", FACT_RECORDING_STARTED, T));
    assert_string_equal(fact_external(&now, r.id), "rec-1");
    told(recorded(&s, NULL, "rec-1", FACT_RECORDING_FAILED, 0));
    assert_int_equal(recording_now(r.uuid).status, recording_status_failed);
    assert_string_equal(recording_now(r.uuid).error, "disk of theirs full");
    told(recorded(&s, NULL, "rec-1", FACT_RECORDING_READY, T));
    assert_int_equal(recording_now(r.uuid).status, recording_status_processing);
    told(recorded(&s, NULL, "rec-1", FACT_RECORDING_FAILED, 0));
    told(recorded(&s, r.uuid, "rec-1", FACT_RECORDING_STARTED, T));
    told(recorded(&s, NULL, "rec-1", FACT_RECORDING_READY, T));
    assert_int_equal(recording_now(r.uuid).status, recording_status_processing);
    assert_int_equal(counted("SELECT count(*) FROM jobs WHERE kind = 'fetch' AND status = 'waiting'"), 1);
    struct provider_recording row;
    assert_int_equal(fact_recording_row(&now, r.id, &row, &err), DB_ROW);
    assert_string_equal(row.detail, "{\"x\":1}");
}

TEST(ready_before_started)
{
    struct session s = far_session(false);
    struct recording r = running(&s, T);
    told(recorded(&s, NULL, "rec-1", FACT_RECORDING_READY, T + 20000)); /* by room and time */
    assert_int_equal(recording_now(r.uuid).status, recording_status_processing);
    told(recorded(&s, r.uuid, "rec-1", FACT_RECORDING_STARTED, T + 20000));
    assert_int_equal(counted("SELECT count(*) FROM recordings"), 1);
    assert_int_equal(counted("SELECT count(*) FROM provider_recordings WHERE told = 3"), 1);
}

TEST(a_recording_that_nobody_here_began)
{
    struct session s = far_session(false);
    told(recorded(&s, NULL, "rec-9", FACT_RECORDING_STARTED, T));
    assert_int_equal(counted("SELECT count(*) FROM recordings"), 0);
    told(recorded(&s, NULL, "rec-9", FACT_RECORDING_READY, T));
    told(recorded(&s, NULL, "rec-9", FACT_RECORDING_READY, T));
    assert_int_equal(counted("SELECT count(*) FROM recordings WHERE status = 'processing'"), 1);
    assert_int_equal(counted("SELECT count(*) FROM recordings WHERE ended_at - started_at = 9000"), 1);
}

TEST(a_recording_that_is_never_told_of)
{
    struct session s = far_session(false);
    struct recording r = running(&s, T);
    struct list rows;
    DONE(reconcile_recordings(&now, "far", &rows, &err));
    assert_int_equal(rows.count, 1);
    DONE(reconcile_lost(&now, rows.items, &err));
    assert_int_equal(recording_now(r.uuid).status, recording_status_recording);
    told(recorded(&s, r.uuid, NULL, FACT_RECORDING_STOPPED, T));
    now.now += 3 * 60 * MINUTE;
    DONE(reconcile_recordings(&now, "far", &rows, &err));
    DONE(reconcile_lost(&now, rows.items, &err));
    assert_int_equal(recording_now(r.uuid).status, recording_status_failed);
}

/* ---- what came by webhook */

static void deliver(const char *dedupe, const char *text, bool verified)
{
    DONE(inbox_store(&now, &(struct delivery){.provider = "far", .verified = verified, .dedupe = dedupe, .body = text, .event_type = "joined"}, &err));
}

static void process(void)
{
    struct list rows;
    DONE(inbox_next(&now, 0, 100, &rows, &err));
    for (size_t i = 0; i < rows.count; i++) DONE(inbox_process(&now, (const struct inbox *)rows.items + i, &err));
}

TEST(from_the_inbox)
{
    struct session s = far_session(false);
    deliver("1", arena_printf(now.arena, "\"joined %s c1 %lld\"", s.room_name, (long long)ada.id), true);
    deliver("2", arena_printf(now.arena, "\"joined %s c2 %lld\"", s.room_name, (long long)ada.id), false);
    deliver("3", "\"nonsense\"", true);
    process();
    assert_int_equal(counted("SELECT count(*) FROM connection_spans"), 1);
    assert_int_equal(stay("c1").participant_id, seat_of(&s, &ada).id);
    assert_int_equal(counted("SELECT count(*) FROM inbox WHERE state = 'processed' AND dedupe = '1'"), 1);
    assert_int_equal(counted("SELECT count(*) FROM inbox WHERE state = 'unverified' AND dedupe = '2'"), 1);
    assert_int_equal(counted("SELECT count(*) FROM inbox WHERE state = 'failed' AND dedupe = '3' AND error = 'no sense in it'"), 1);
}

TEST(what_waited_is_taken_up)
{
    struct session s = far_session(false);
    deliver("1", arena_printf(now.arena, "\"joined %s c1 %lld\"", s.room_name, (long long)ada.id), true);
    DONE(db_run(now.db, "UPDATE inbox SET state = 'waiting'", &err));
    DONE(reconcile_begin(&now, &err));
    process();
    assert_int_equal(stay("c1").session_id, s.id);
    assert_int_equal(counted("SELECT count(*) FROM jobs WHERE kind = 'reconcile'"), 1);
}

static int64_t due(void)
{
    return counted("SELECT due_at FROM jobs WHERE kind = 'reconcile'");
}

/* Missing once: asked again after five seconds, and not believed before. */
TEST(who_is_missing_is_looked_for_soon)
{
    struct session s = far_session(false);
    told(comes(&s, "c1", number(ada.id), now.now - MINUTE));
    DONE(reconcile_next(&now, &err));
    assert_int_equal(due(), now.now + 8000);
    listed(&s, NULL, 0, now.now, 15000);
    DONE(reconcile_next(&now, &err));
    assert_int_equal(due(), now.now + 5000);
    listed(&s, NULL, 0, now.now + 4999, 15000);
    assert_true(is_in("c1"));
    listed(&s, NULL, 0, now.now + 5000, 15000);
    assert_int_equal(stay("c1").left_at, now.now);
    DONE(reconcile_next(&now, &err));
    assert_int_equal(due(), now.now + 8000);
}

TEST(a_doorbell_is_answered_not_too_often)
{
    far_session(false);
    DONE(reconcile_next(&now, &err));
    assert_int_equal(due(), now.now + 8000);
    DONE(reconcile_looked(&now, "far", now.now - 1000, &err));
    deliver("1", "\"x\"", false);
    assert_int_equal(due(), now.now + 2000);
    now.now += 60000;
    DONE(reconcile_next(&now, &err));
    deliver("2", "\"y\"", false);
    assert_int_equal(due(), now.now);
}

/* ---- beside what is recorded here */

static int64_t record(const struct session *s)
{
    struct recording r = {.session_id = s->id, .uuid = arena_printf(now.arena, "00000000-0000-4000-8000-%012lld", (long long)s->id), .started_at = now.now};
    bool taken_over;
    model_all_present(&recording_model, &r);
    SET(&r, recording, status, recording_status_recording);
    CLEAR(&r, recording, ended_at);
    CLEAR(&r, recording, deleted_at);
    DONE(node_claim(&now, s->id, &taken_over, &err)); /* somebody's page is here */
    DONE(db_insert(now.db, "recordings", recording, &r, &err));
    return r.id;
}

TEST(a_full_disk_or_a_set_clock_is_no_matter_of_what_others_record)
{
    struct session there = far_session(false), here = schedule(now.now + 10 * MINUTE, false, false, 10);
    struct scope before = now;
    struct list running;
    int64_t far_one = record(&there), near_one = record(&here);
    struct recording r;
    DONE(recording_all_running(&now, &running, &err));
    assert_int_equal(running.count, 1);
    assert_int_equal(((const struct recording *)running.items)->id, near_one);
    before.now -= 60 * MINUTE;
    DONE(recording_roll_all(&before, &now, &err));
    assert_int_equal(recording_by_id(&now, near_one, &r, &err), DB_ROW);
    assert_int_equal(r.status, recording_status_processing);
    assert_int_equal(recording_by_id(&now, far_one, &r, &err), DB_ROW);
    assert_int_equal(r.status, recording_status_recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_teacher_comes_and_goes), UNIT(twice_is_once), UNIT(left_before_joined), UNIT(the_end_of_a_call_is_told_once), UNIT(who_comes_without_a_token_of_ours), UNIT(seats_are_found_by_what_the_provider_was_told),
        UNIT(of_nobody_of_ours), UNIT(the_removed_are_removed_again), UNIT(into_a_session_that_is_over), UNIT(out_of_a_session_that_was_deleted), UNIT(a_wished_recording_begins), UNIT(a_listing_finds_who_was_not_told),
        UNIT(a_listing_that_lags_must_say_it_twice), UNIT(an_empty_room), UNIT(left_by_everybody), UNIT(rooms_worth_asking_about), UNIT(whatever_the_order),
        UNIT(a_recording_goes_forward_only), UNIT(ready_before_started), UNIT(a_recording_that_nobody_here_began), UNIT(a_recording_that_is_never_told_of), UNIT(from_the_inbox),
        UNIT(what_waited_is_taken_up), UNIT(who_is_missing_is_looked_for_soon), UNIT(a_doorbell_is_answered_not_too_often),
        UNIT(a_full_disk_or_a_set_clock_is_no_matter_of_what_others_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
