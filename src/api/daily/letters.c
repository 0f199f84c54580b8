#include "api/daily/letters.h"
#include "api/daily/daily.h"
#include "core/alias.h"
#include "core/identity.h"
#include "core/recording.h"
#include "core/recording_ask.h"
#include "core/user.h"
#include <stdio.h>
#include <string.h>

/* What an event is about, found by its details. */
struct subject { const struct event *event; json_t *data; struct call_stay stay; struct meeting meeting; struct recording recording; struct recording_ask ask; struct session session; };
typedef bool words_fn(struct scope *s, struct subject *x, struct buf *payload, struct err *e); /* payload stays empty: there is nothing to tell */

/* ---- pieces */

/* Milliseconds as seconds with a fraction; whole ones without. */
static void add_seconds(struct buf *to, const char *name, int64_t ms)
{
    buf_printf(to, "\"%s\":%lld", name, (long long)(ms / 1000));
    if (ms % 1000) buf_printf(to, ".%03d", (int)(ms % 1000));
}

static void add_text(struct buf *to, const char *name, const char *text)
{
    buf_printf(to, "\"%s\":", name);
    json_write_string(to, text);
}

static bool find_stay(struct scope *s, struct subject *x, bool *found, struct err *e)
{
    const char *connection = json_string_value(json_object_get(x->data, "connection"));
    enum db_found is = connection ? stay_by_connection(s, connection, &x->stay, e) : DB_NONE;
    if (is == DB_ROW) is = meeting_of(s, x->stay.session_id, x->stay.id, &x->meeting, e);
    *found = is == DB_ROW;
    return is != DB_FAILED;
}

static const char *room_of(struct scope *s, const char *name)
{
    return session_plain_name(s->arena, name);
}

/* ---- meetings */

static bool meeting_started(struct scope *s, struct subject *x, struct buf *to, struct err *e)
{
    bool found;
    if (!find_stay(s, x, &found, e) || !found) return !found;
    buf_char(to, '{');
    add_seconds(to, "start_ts", x->meeting.started_at);
    buf_printf(to, ",\"meeting_id\":\"%s\",", alias_text(s, ALIAS_MEETING, x->meeting.first));
    add_text(to, "room", room_of(s, x->stay.room_name));
    buf_char(to, '}');
    return true;
}

static bool meeting_ended(struct scope *s, struct subject *x, struct buf *to, struct err *e)
{
    bool found;
    if (!find_stay(s, x, &found, e) || !found) return !found;
    buf_char(to, '{');
    add_seconds(to, "start_ts", x->meeting.started_at);
    buf_char(to, ',');
    add_seconds(to, "end_ts", HAS(&x->stay, call_stay, left_at) ? x->stay.left_at : x->event->timestamp);
    buf_printf(to, ",\"meeting_id\":\"%s\",", alias_text(s, ALIAS_MEETING, x->meeting.first));
    add_text(to, "room", room_of(s, x->stay.room_name));
    buf_char(to, '}');
    return true;
}

/* ---- people. Receivers want a user_id always: without one it is the stay's. */

static void person(struct scope *s, const struct call_stay *c, struct buf *to)
{
    const char *user_id = identity_user_id(s->arena, c->identity), *stay = alias_text(s, ALIAS_STAY, c->id);
    bool owner = c->role == participant_role_teacher;
    buf_char(to, '{');
    add_text(to, "room", room_of(s, c->room_name));
    buf_char(to, ',');
    add_text(to, "user_id", user_id ? user_id : stay);
    buf_char(to, ',');
    add_text(to, "user_name", c->name);
    buf_printf(to, ",\"session_id\":\"%s\",", stay);
    add_seconds(to, "joined_at", c->joined_at);
    buf_char(to, ',');
    if (HAS(c, call_stay, ends_at)) add_seconds(to, "will_eject_at", c->ends_at);
    else buf_text(to, "\"will_eject_at\":null");
    buf_printf(to, ",\"owner\":%s,\"permissions\":{\"hasPresence\":true,\"canSend\":%s,\"canReceive\":{\"base\":true},\"canAdmin\":%s}", owner ? "true" : "false",
               c->role == participant_role_viewer ? "false" : "true", owner ? "true" : "false");
}

static bool participant_joined(struct scope *s, struct subject *x, struct buf *to, struct err *e)
{
    bool found;
    if (!find_stay(s, x, &found, e) || !found) return !found;
    person(s, &x->stay, to);
    buf_char(to, '}');
    return true;
}

static bool participant_left(struct scope *s, struct subject *x, struct buf *to, struct err *e)
{
    bool found;
    if (!find_stay(s, x, &found, e) || !found) return !found;
    person(s, &x->stay, to);
    buf_char(to, ',');
    add_seconds(to, "duration", (HAS(&x->stay, call_stay, left_at) ? x->stay.left_at : x->event->timestamp) - x->stay.joined_at);
    buf_char(to, '}');
    return true;
}

/* ---- recordings */

static bool find_recording(struct scope *s, struct subject *x, bool *found, struct err *e)
{
    int64_t id = json_integer_value(json_object_get(x->data, "recording_id"));
    enum db_found is = recording_by_id(s, id, &x->recording, e);
    *found = is == DB_ROW;
    if (is != DB_ROW) return is == DB_NONE;
    is = recording_ask_of(s, id, &x->ask, e);
    if (is == DB_NONE) x->ask = (struct recording_ask){.kind = "cloud", .instance = DAILY_INSTANCE, .layout = "{\"preset\":\"default\"}"};
    return is != DB_FAILED;
}

static const char *starter(struct scope *s, struct subject *x)
{
    struct list present;
    const struct call_stay *c;
    if (!stay_present(s, x->recording.session_id, true, 1000, &present, NULL)) return NULL;
    c = present.items;
    for (size_t i = 0; i < present.count; i++)
        if (HAS(&c[i], call_stay, user_id) && HAS(x->event, event, user_id) && c[i].user_id == x->event->user_id) return alias_text(s, ALIAS_STAY, c[i].id);
    return NULL;
}

/* Daily names no room here; ours is named, since nothing else says which it is. */
static bool recording_started(struct scope *s, struct subject *x, struct buf *to, struct err *e)
{
    bool found;
    if (!find_recording(s, x, &found, e) || !found) return !found;
    const char *by = starter(s, x);
    buf_printf(to, "{\"action\":\"start-cloud-recording\",\"recording_id\":\"%s\",\"layout\":%s,", x->recording.uuid, x->ask.layout);
    add_text(to, "started_by", by ? by : "api");
    buf_char(to, ',');
    add_text(to, "instance_id", x->ask.instance);
    buf_printf(to, ",\"start_ts\":%lld,", (long long)(x->recording.started_at / 1000));
    add_text(to, "room_name", room_of(s, x->session.room_name));
    buf_char(to, '}');
    return true;
}

static bool recording_ready_words(struct scope *s, struct subject *x, struct buf *to, struct err *e)
{
    bool found;
    if (!find_recording(s, x, &found, e) || !found) return !found;
    if (x->recording.duration_ms < 500) return true; /* of nothing there is nothing to download */
    if (!meeting_of_recording(s, &x->recording, &x->meeting, e)) return false;
    buf_printf(to, "{\"type\":\"%s\",\"recording_id\":\"%s\",", x->ask.kind, x->recording.uuid);
    add_text(to, "room_name", room_of(s, x->session.room_name));
    buf_printf(to, ",\"start_ts\":%lld,\"status\":\"finished\",\"max_participants\":%lld,\"duration\":%lld,", (long long)(x->recording.started_at / 1000), (long long)x->meeting.most,
               (long long)((x->recording.duration_ms + 500) / 1000));
    add_text(to, "s3_key", daily_recording_key(s, &x->recording, room_of(s, x->session.room_name)));
    buf_char(to, '}');
    return true;
}

static bool recording_error(struct scope *s, struct subject *x, struct buf *to, struct err *e)
{
    bool found;
    if (!find_recording(s, x, &found, e) || !found) return !found;
    buf_text(to, "{\"action\":\"cloud-recording-error\",");
    add_text(to, "error_msg", HAS(&x->recording, recording, error) && *x->recording.error ? x->recording.error : "the recording failed");
    buf_char(to, ',');
    add_text(to, "instance_id", x->ask.instance);
    buf_char(to, ',');
    add_text(to, "room_name", room_of(s, x->session.room_name));
    buf_printf(to, ",\"timestamp\":\"%lld\"}", (long long)(x->event->timestamp / 1000));
    return true;
}

/* ---- which is which */

static const struct letter { const char *event, *type, *id; words_fn *words; } letters[] = {
    {"call.started", "meeting.started", "met-sta", meeting_started}, {"call.ended", "meeting.ended", "met-end", meeting_ended},
    {"participant.joined", "participant.joined", "ptcpt-join", participant_joined}, {"participant.left", "participant.left", "ptcpt-left", participant_left},
    {"recording.started", "recording.started", "rec-sta", recording_started}, {"recording.ready", "recording.ready-to-download", "rec-rtd", recording_ready_words},
    {"recording.failed", "recording.error", "rec-err", recording_error}};

static const struct letter *letter_of(const char *event)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (!strcmp(letters[i].event, event)) return &letters[i];
    return NULL;
}

/* Events of whose sessions does its maker hear? Of all, where they are an administrator. */
static bool may_hear(struct scope *s, const struct webhook_endpoint *w, const struct session *session, struct err *e)
{
    struct user maker;
    if (!HAS(w, webhook_endpoint, user_id) || w->user_id == session->teacher_id) return true;
    return user_by_id(s, w->user_id, &maker, e) == DB_ROW && maker.is_superuser;
}

/* With the name of what it is about and the second, as Daily makes them; the number at the end keeps two of one second apart. */
static const char *message_id(struct scope *s, const struct letter *l, const struct subject *x)
{
    const char *about = x->recording.id ? x->ask.instance : alias_text(s, strncmp(l->id, "met", 3) ? ALIAS_STAY : ALIAS_MEETING, strncmp(l->id, "met", 3) ? x->stay.id : x->meeting.first);
    return arena_printf(s->arena, "%s-%s-%lld-%lld", l->id, about, (long long)(x->event->timestamp / 1000), (long long)x->event->id);
}

static void envelope(struct scope *s, const struct letter *l, const struct subject *x, const struct buf *payload, struct webhook_letter *out)
{
    struct buf text;
    buf_init(&text, 0);
    out->message_id = message_id(s, l, x);
    buf_printf(&text, "{\"version\":\"1.0.0\",\"type\":\"%s\",", l->type);
    add_text(&text, "id", out->message_id);
    buf_text(&text, ",\"payload\":");
    buf_add(&text, payload->data, payload->size);
    buf_char(&text, ',');
    add_seconds(&text, "event_ts", s->now);
    buf_char(&text, '}');
    out->body = arena_strndup(s->arena, text.data, text.size);
    buf_release(&text);
}

bool daily_letter(struct scope *s, const struct webhook_endpoint *w, const struct event *event, struct webhook_letter *out, struct err *e)
{
    const struct letter *l = letter_of(event->event_type);
    struct subject x = {.event = event};
    struct buf payload;
    if (!l || !webhook_wants(w, l->type) || !HAS(event, event, session_id)) return true;
    if (session_even_deleted(s, event->session_id, &x.session, e) != DB_ROW) return e->kind == ERR_NONE;
    if (!may_hear(s, w, &x.session, e)) return e->kind == ERR_NONE;
    x.data = HAS(event, event, event_data) ? json_loads(event->event_data, 0, NULL) : NULL;
    buf_init(&payload, 0);
    bool ok = l->words(s, &x, &payload, e);
    if (ok && payload.size) envelope(s, l, &x, &payload, out);
    buf_release(&payload);
    json_decref(x.data);
    return ok;
}
