/* meetings.c - /v1/meetings, presence, eject, session data: stays of people in calls. */
#include "api/daily/daily.h"
#include "base/clock.h"
#include "core/alias.h"
#include "core/identity.h"
#include "core/participant.h"
#include <string.h>
#include <strings.h>

enum { EVERYBODY = 100000 };

static int64_t seconds(int64_t from, int64_t to)
{
    return to > from ? (to - from + 500) / 1000 : 0;
}

char *daily_stamp(struct arena *a, int64_t ms)
{
    char text[TIME_TEXT];
    time_format(ms - ms % 1000, text);
    text[strlen(text) - 1] = '\0';
    return arena_printf(a, "%s.000Z", text);
}

/* ---- presence */

/* The meeting of whom was shown last: who is in a room is in one meeting. */
struct under_way { int64_t session_id; const char *id; };

static bool find_meeting(struct request *r, const struct call_stay *c, struct under_way *u, struct err *e)
{
    struct meeting m;
    if (u->session_id == c->session_id) return true;
    if (meeting_of(&r->scope, c->session_id, c->id, &m, e) != DB_ROW) return false;
    *u = (struct under_way){c->session_id, alias_text(&r->scope, ALIAS_MEETING, m.first)};
    return true;
}

static bool show_present(struct request *r, const struct call_stay *c, struct under_way *u, struct dailyco_presence_participant *out, struct err *e)
{
    const char *user_id = identity_user_id(r->scope.arena, c->identity);
    if (!find_meeting(r, c, u, e)) return false;
    SET(out, dailyco_presence_participant, room, c->room_name);
    SET(out, dailyco_presence_participant, id, alias_text(&r->scope, ALIAS_STAY, c->id));
    if (user_id) SET(out, dailyco_presence_participant, userId, user_id);
    else out->bits_null |= (uint64_t)1 << dailyco_presence_participant_f_userId;
    if (*c->name) SET(out, dailyco_presence_participant, userName, c->name);
    else out->bits_null |= (uint64_t)1 << dailyco_presence_participant_f_userName;
    SET(out, dailyco_presence_participant, mtgSessionId, u->id);
    SET(out, dailyco_presence_participant, joinTime, daily_stamp(r->scope.arena, c->joined_at));
    SET(out, dailyco_presence_participant, duration, (double)seconds(c->joined_at, r->scope.now));
    return true;
}

static bool fits(const struct dailyco_presence_participant *p, const struct daily_presence_query *q)
{
    return (!HAS(q, daily_presence_query, userId) || (HAS(p, dailyco_presence_participant, userId) && !strcmp(p->userId, q->userId))) &&
           (!HAS(q, daily_presence_query, userName) || (HAS(p, dailyco_presence_participant, userName) && !strcmp(p->userName, q->userName)));
}

bool daily_room_presence(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    const struct daily_presence_query *q = r->query;
    struct session session;
    struct under_way meeting = {0};
    struct list stays;
    size_t n = 0;
    if (!daily_room_open(r, path->room_name, ACCESS_MEMBER, &session, NULL, e) || !stay_here(&r->scope, session.id, EVERYBODY, &stays, e)) return false;
    struct dailyco_presence_participant *people = arena_array(r->scope.arena, struct dailyco_presence_participant, stays.count + 1);
    for (size_t i = 0; i < stays.count && (int64_t)n < q->limit; i++) {
        people[n] = (struct dailyco_presence_participant){0};
        if (!show_present(r, (const struct call_stay *)stays.items + i, &meeting, &people[n], e)) return false;
        n += fits(&people[n], q);
    }
    struct dailyco_presence *out = arena_new(r->scope.arena, struct dailyco_presence);
    SET(out, dailyco_presence, total_count, (int64_t)n);
    SET(out, dailyco_presence, data, ((struct list){people, n}));
    return reply_with(r, out);
}

/* {"room": [people], …}; they come in the order of rooms. */
static bool write_presence(struct request *r, const struct list *stays, struct buf *to, struct err *e)
{
    const struct call_stay *c = stays->items;
    struct under_way meeting = {0};
    buf_char(to, '{');
    for (size_t i = 0; i < stays->count; i++) {
        struct dailyco_presence_participant p = {0};
        bool first = !i || c[i].session_id != c[i - 1].session_id;
        if (!show_present(r, &c[i], &meeting, &p, e)) return false;
        if (first && i) buf_text(to, "],");
        if (first) json_write_string(to, c[i].room_name);
        buf_text(to, first ? ":[" : ",");
        model_write(to, &dailyco_presence_participant_model, &p);
    }
    buf_text(to, stays->count ? "]}" : "}");
    return true;
}

bool daily_presence_all(struct request *r, struct err *e)
{
    struct list stays;
    struct buf text;
    if (!stay_present(&r->scope, 0, daily_sees_all(r), EVERYBODY, &stays, e)) return false;
    buf_init(&text, 0);
    bool ok = write_presence(r, &stays, &text, e);
    const char *shown = arena_strndup(r->scope.arena, text.data, text.size);
    buf_release(&text);
    return ok && reply_text(r, "application/json", shown);
}

/* ---- putting out */

static bool is_in(const struct list *texts, const char *text)
{
    const char *const *items = texts->items;
    for (size_t i = 0; text && i < texts->count; i++)
        if (!strcasecmp(items[i], text)) return true;
    return false;
}

/* Banned: the seat is taken away, and its tokens are dead; who has no seat yet under that id may come. */
static bool put_out(struct request *r, const struct session *session, const struct call_stay *c, bool ban, struct err *e)
{
    struct participant p;
    if (!ban) return terms_eject(&r->scope, session, c->participant_id, c->connection, "ejected", e);
    return participant_in(&r->scope, session->id, c->participant_id, &p, e) && participant_kick(&r->scope, session, &p, e);
}

bool daily_room_eject(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    const struct dailyco_eject *in = r->body;
    struct session session;
    struct list stays;
    size_t n = 0;
    if (!daily_room_open(r, path->room_name, ACCESS_TEACHER, &session, NULL, e) || !stay_present(&r->scope, session.id, true, EVERYBODY, &stays, e)) return false;
    const struct call_stay *c = stays.items;
    const char **ids = arena_array(r->scope.arena, const char *, stays.count + 1);
    for (size_t i = 0; i < stays.count; i++) {
        bool user = is_in(&in->user_ids, identity_user_id(r->scope.arena, c[i].identity));
        const char *id = alias_text(&r->scope, ALIAS_STAY, c[i].id);
        if (!user && !is_in(&in->ids, id)) continue;
        if (!put_out(r, &session, &c[i], user && HAS(in, dailyco_eject, ban) && in->ban, e)) return false;
        ids[n++] = id;
    }
    struct dailyco_ejected *out = arena_new(r->scope.arena, struct dailyco_ejected);
    SET(out, dailyco_ejected, ejectedIds, ((struct list){ids, n}));
    return reply_with(r, out);
}

/* ---- what people share */

bool daily_session_data_get(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    struct session session;
    struct session_terms terms;
    struct dailyco_session_data *out = arena_new(r->scope.arena, struct dailyco_session_data);
    if (!daily_room_open(r, path->room_name, ACCESS_MEMBER, &session, &terms, e)) return false;
    SET(out, dailyco_session_data, data, HAS(&terms, session_terms, shared) ? terms.shared : "{}");
    return reply_with(r, out);
}

static bool is_shallow(const struct dailyco_session_data_update *in)
{
    return HAS(in, dailyco_session_data_update, mergeStrategy) && !strcmp(in->mergeStrategy, "shallow-merge");
}

static const char *merged(struct request *r, const char *old, const struct dailyco_session_data_update *in)
{
    bool shallow = is_shallow(in);
    const char *const *gone = in->keysToDelete.items;
    json_t *all = shallow && old ? json_loads(old, 0, NULL) : json_object(), *new = HAS(in, dailyco_session_data_update, data) ? json_loads(in->data, 0, NULL) : json_object();
    for (size_t i = 0; i < in->keysToDelete.count; i++) json_object_del(all, gone[i]);
    const char *out = json_is_object(new) && !json_object_update(all, new) ? json_text(r->scope.arena, all) : NULL;
    json_decref(all);
    json_decref(new);
    return out;
}

bool daily_session_data_set(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    const struct dailyco_session_data_update *in = r->body;
    struct session session;
    struct session_terms terms;
    struct dailyco_sent *out = arena_new(r->scope.arena, struct dailyco_sent);
    if (!daily_room_open(r, path->room_name, ACCESS_TEACHER, &session, &terms, e)) return false;
    if (in->keysToDelete.count && !is_shallow(in)) return daily_fail(e, error_not_supported, "\"keysToDelete\" needs the mergeStrategy shallow-merge"); /* replacing would delete all the others */
    if (!terms.id) return err_fail(e, error_not_supported); /* a session of another API has no terms to keep it with */
    const char *data = merged(r, HAS(&terms, session_terms, shared) ? terms.shared : NULL, in);
    if (!data) return daily_fail(e, error_not_supported, "\"data\" must be of type object");
    SET(&terms, session_terms, shared, data);
    SET(out, dailyco_sent, sent, "true");
    return terms_save(&r->scope, &terms, e) && reply_with(r, out);
}

/* ---- meetings */

static void show_person(struct request *r, const struct meeting_stay *c, struct dailyco_meeting_participant *out)
{
    const char *user_id = identity_user_id(r->scope.arena, c->identity);
    SET(out, dailyco_meeting_participant, participant_id, alias_text(&r->scope, ALIAS_STAY, c->id));
    if (user_id) SET(out, dailyco_meeting_participant, user_id, user_id);
    else out->bits_null |= (uint64_t)1 << dailyco_meeting_participant_f_user_id;
    if (*c->name) SET(out, dailyco_meeting_participant, user_name, c->name);
    else out->bits_null |= (uint64_t)1 << dailyco_meeting_participant_f_user_name;
    SET(out, dailyco_meeting_participant, join_time, c->joined_at / 1000);
    SET(out, dailyco_meeting_participant, duration, seconds(c->joined_at, HAS(c, meeting_stay, left_at) ? c->left_at : r->scope.now));
}

static bool people_of(struct request *r, const struct meeting *m, const struct id_window *w, struct list *out, struct err *e)
{
    struct list stays;
    if (!meeting_stays(&r->scope, m, w, &stays, e)) return false;
    struct dailyco_meeting_participant *people = arena_array(r->scope.arena, struct dailyco_meeting_participant, stays.count + 1);
    for (size_t i = 0; i < stays.count; i++) show_person(r, (const struct meeting_stay *)stays.items + i, &people[i]);
    *out = (struct list){people, stays.count};
    return true;
}

static bool show(struct request *r, const struct meeting *m, bool with_people, struct dailyco_meeting *out, struct err *e)
{
    struct list people;
    SET(out, dailyco_meeting, id, alias_text(&r->scope, ALIAS_MEETING, m->first));
    SET(out, dailyco_meeting, room, m->room);
    SET(out, dailyco_meeting, start_time, m->started_at / 1000);
    SET(out, dailyco_meeting, duration, seconds(m->started_at, m->inside ? r->scope.now : m->left_at));
    SET(out, dailyco_meeting, ongoing, m->inside > 0);
    SET(out, dailyco_meeting, max_participants, m->most);
    if (!with_people) return true;
    if (!people_of(r, m, &(struct id_window){.limit = EVERYBODY, .oldest = true}, &people, e)) return false;
    SET(out, dailyco_meeting, participants, people);
    return true;
}

static int64_t number_of(struct request *r, const char *id)
{
    return alias_number(r->api->core, ALIAS_MEETING, id);
}

static struct meeting_query query_of(const struct request *r, const struct daily_meetings_query *q)
{
    return (struct meeting_query){.everybody = daily_sees_all(r), .room = HAS(q, daily_meetings_query, room) ? q->room : NULL, .from = q->timeframe_start * 1000,
                                  .to = q->timeframe_end * 1000, .ongoing = HAS(q, daily_meetings_query, ongoing) ? q->ongoing : -1};
}

bool daily_meeting_list(struct request *r, struct err *e)
{
    const struct daily_meetings_query *q = r->query;
    struct meeting_query query = query_of(r, q);
    struct list rows;
    int64_t total;
    bool people = !HAS(q, daily_meetings_query, no_participants) || !q->no_participants;
    if (!daily_window(r, q->limit, q->starting_after, q->ending_before, number_of, &query.window, e) || !meeting_list(&r->scope, &query, &rows, &total, e)) return false;
    struct dailyco_meeting *items = arena_array(r->scope.arena, struct dailyco_meeting, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show(r, (const struct meeting *)rows.items + i, people, &items[i], e)) return false;
    struct dailyco_meeting_list *out = arena_new(r->scope.arena, struct dailyco_meeting_list);
    SET(out, dailyco_meeting_list, total_count, total);
    SET(out, dailyco_meeting_list, data, ((struct list){items, rows.count}));
    return reply_with(r, out);
}

static bool open_meeting(struct request *r, struct meeting *out, struct err *e)
{
    const struct daily_id_path *path = r->path;
    int64_t first = number_of(r, path->id);
    enum db_found found = first ? meeting_find(&r->scope, first, out, e) : DB_NONE;
    if (found != DB_ROW) return found == DB_NONE && daily_fail(e, error_meeting_not_found, path->id);
    return daily_sees_all(r) || out->host_id == r->scope.actor->id || err_fail(e, error_forbidden);
}

bool daily_meeting_get(struct request *r, struct err *e)
{
    struct meeting m;
    struct dailyco_meeting *out = arena_new(r->scope.arena, struct dailyco_meeting);
    return open_meeting(r, &m, e) && show(r, &m, true, out, e) && reply_with(r, out);
}

/* The number of a participant_id of the meeting; 0 where none is given. */
static bool stay_of(struct request *r, const struct meeting *m, const char *id, int64_t *out, struct err *e)
{
    struct list found;
    *out = id ? alias_number(r->api->core, ALIAS_STAY, id) : 0;
    if (!id) return true;
    if (!meeting_stays(&r->scope, m, &(struct id_window){.above = *out - 1, .below = *out + 1, .limit = 1, .oldest = true}, &found, e)) return false;
    return found.count || daily_fail(e, error_bad_cursor, id);
}

bool daily_meeting_people(struct request *r, struct err *e)
{
    const struct daily_id_path *path = r->path;
    const struct daily_participants_query *q = r->query;
    const char *after = HAS(q, daily_participants_query, joined_after) ? q->joined_after : NULL, *before = HAS(q, daily_participants_query, joined_before) ? q->joined_before : NULL;
    struct meeting m;
    struct id_window w = {.limit = q->limit < WINDOW_MOST ? q->limit : WINDOW_MOST, .oldest = after || !before};
    struct list people;
    if (!open_meeting(r, &m, e) || !stay_of(r, &m, after, &w.above, e) || !stay_of(r, &m, before, &w.below, e) || !people_of(r, &m, &w, &people, e)) return false;
    if (!people.count) return daily_fail(e, error_meeting_not_found, path->id); /* past the last one, as Daily has it */
    struct dailyco_meeting_participant_list *out = arena_new(r->scope.arena, struct dailyco_meeting_participant_list);
    SET(out, dailyco_meeting_participant_list, data, people);
    return reply_with(r, out);
}
