#include "core/event.h"
#include "base/fault.h"
#include <stdlib.h>
#include <string.h>

static const char SQL_LIST[] = "SELECT {} FROM events WHERE session_id = $1 ORDER BY id LIMIT $2 OFFSET $3";
static const char SQL_CHAT[] = "SELECT * FROM (SELECT {} FROM events WHERE session_id = $1 AND event_type = 'chat.message' ORDER BY id DESC LIMIT $2) AS latest ORDER BY id";
static const char SQL_SINCE[] = "SELECT {} FROM events WHERE id > $1 ORDER BY id LIMIT 500";
static const char SQL_NEWEST[] = "SELECT max(id) FROM events";
static const char SQL_COUNT[] = "SELECT count(*) FROM events WHERE session_id = $1";

static const struct event_row rows[] = {
#define EVENT(name, text, doc) {text, doc},
#include "spec/events.def"
#undef EVENT
};

struct event_listener {
    void (*fn)(void *, const struct event_note *);
    void *ctx;
    struct event_listener *next;
};

const struct event_row *event_row(enum event_type type)
{
    return &rows[type];
}

void event_listen(struct core *core, void (*fn)(void *, const struct event_note *), void *ctx)
{
    struct event_listener *l = xmalloc(sizeof *l), **end = &core->listeners;
    *l = (struct event_listener){fn, ctx, NULL};
    while (*end) end = &(*end)->next;
    *end = l;
}

void event_forget_listeners(struct core *core)
{
    for (struct event_listener *l = core->listeners, *next; l; l = next) {
        next = l->next;
        free(l);
    }
    core->listeners = NULL;
}

struct committed {
    struct core *core;
    struct event_note note;
    char data[];
};

static void tell(void *arg)
{
    struct committed *c = arg;
    c->core->last_event = c->note.id;
    for (struct event_listener *l = c->core->listeners; l; l = l->next) l->fn(l->ctx, &c->note);
    free(c);
}

static void tell_after_commit(struct scope *s, const struct event_note *n)
{
    size_t size = n->data ? strlen(n->data) + 1 : 0;
    struct committed *c = xmalloc(sizeof *c + size);
    c->core = s->core;
    c->note = *n;
    if (size) c->note.data = memcpy(c->data, n->data, size);
    db_after_commit(s->db, tell, c);
}

static void add_number(struct buf *b, const char *name, int64_t n)
{
    if (!n) return;
    buf_printf(b, "%c\"%s\":", b->size ? ',' : '{', name);
    buf_int(b, n);
}

static void add_text(struct buf *b, const char *name, const char *text)
{
    if (!text) return;
    buf_printf(b, "%c\"%s\":", b->size ? ',' : '{', name);
    json_write_string(b, text);
}

static const char *details_json(struct arena *a, const struct event_details *d)
{
    struct buf b;
    buf_init(&b, 0);
    add_number(&b, "participant_id", d->participant_id);
    add_number(&b, "recording_id", d->recording_id);
    add_number(&b, "token_id", d->token_id);
    add_number(&b, "booking_id", d->booking_id);
    add_number(&b, "service_session_id", d->service_session_id);
    add_number(&b, "webhook_id", d->webhook_id);
    add_number(&b, "user_id", d->user_id);
    add_number(&b, "duration_ms", d->duration_ms);
    add_text(&b, "connection", d->connection);
    add_text(&b, "reason", d->reason);
    add_text(&b, "status", d->status);
    add_text(&b, "name", d->name);
    add_text(&b, "text", d->text);
    add_text(&b, "error", d->error);
    if (d->flag) buf_printf(&b, "%c\"%s\":%s", b.size ? ',' : '{', d->flag_name, *d->flag ? "true" : "false");
    if (b.size) buf_char(&b, '}');
    char *text = b.size ? arena_strndup(a, b.data, b.size) : NULL;
    buf_release(&b);
    return text;
}

static int64_t subject_of(const struct event_details *d)
{
    if (d->token_id) return d->token_id;
    if (d->webhook_id) return d->webhook_id;
    return d->participant_id ? d->participant_id : d->recording_id;
}

bool event_emit(struct scope *s, enum event_type type, int64_t session_id, const struct event_details *d, struct err *e)
{
    struct event row = {0};
    SET(&row, event, event_type, rows[type].name);
    SET(&row, event, timestamp, s->now);
    if (session_id) SET(&row, event, session_id, session_id);
    if (s->actor) SET(&row, event, user_id, s->actor->id);
    const char *data = details_json(s->arena, d);
    if (data) SET(&row, event, event_data, data);
    if (!db_insert(s->db, "events", event, &row, e) || !FAULT_POINT(event_written)) return false;
    struct event_note note = {type, row.id, session_id, s->actor ? s->actor->id : 0, s->now, subject_of(d), data};
    if (s->core->listeners) tell_after_commit(s, &note);
    return true;
}

/* ---- what other nodes have written */

static bool note_of(const struct event *row, json_t *data, struct event_note *out)
{
    int type = 0;
    while (type < event_type_count && strcmp(rows[type].name, row->event_type) != 0) type++;
    const json_t *subject = json_object_get(data, "participant_id");
    if (!subject) subject = json_object_get(data, "recording_id");
    if (!subject) subject = json_object_get(data, "webhook_id");
    *out = (struct event_note){.type = (enum event_type)type, .id = row->id, .session_id = row->session_id, .user_id = row->user_id, .at = row->timestamp,
                               .subject_id = json_integer_value(subject), .data = HAS(row, event, event_data) ? row->event_data : NULL};
    return type < event_type_count; /* a newer node may know others */
}

static void tell_row(struct core *core, const struct event *row)
{
    struct event_note note;
    json_t *data = HAS(row, event, event_data) ? json_loads(row->event_data, 0, NULL) : NULL;
    core->last_event = row->id;
    if (note_of(row, data, &note))
        for (struct event_listener *l = core->listeners; l; l = l->next) l->fn(l->ctx, &note);
    json_decref(data);
}

/* Numbers are given and committed in the same order, one turn after the other: what is past the last one is all that is new. */
static void catch_up(void *arg, struct db_conn *c)
{
    struct core *core = arg;
    struct list new = {.count = 1};
    while (new.count) {
        struct arena a;
        arena_init(&a);
        if (!db_all(c, SQL_SINCE, event, &new, &a, NULL, INT_(core->last_event))) new.count = 0;
        for (size_t i = 0; i < new.count; i++) tell_row(core, (const struct event *)new.items + i);
        arena_release(&a);
    }
}

bool event_follow(struct scope *s, struct err *e)
{
    if (db_number(s->db, SQL_NEWEST, &s->core->last_event, e) == DB_FAILED) return false;
    db_on_turn(s->core->db, catch_up, s->core);
    return true;
}

bool event_list(struct scope *s, int64_t session_id, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LIST, event, out, s->arena, e, INT_(session_id), INT_(limit), INT_(skip)) &&
           db_number(s->db, SQL_COUNT, total, e, INT_(session_id)) == DB_ROW;
}

bool event_chat(struct scope *s, int64_t session_id, int64_t limit, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_CHAT, event, out, s->arena, e, INT_(session_id), INT_(limit));
}

/* ---- chat lines */

static void release_json(void *j)
{
    json_decref(j);
}

static const char *text_of(const json_t *data, const char *name)
{
    const char *text = json_string_value(json_object_get(data, name));
    return text ? text : "";
}

bool event_chat_line(const struct event *e, struct arena *a, struct call_line *out)
{
    json_t *data = e->event_data ? json_loads(e->event_data, 0, NULL) : NULL;
    if (!data) return false;
    arena_defer(a, release_json, data);
    *out = (struct call_line){.id = e->id, .participant_id = json_integer_value(json_object_get(data, "participant_id")), .name = text_of(data, "name"),
                              .text = text_of(data, "text"), .at = e->timestamp};
    model_all_present(&call_line_model, out);
    return true;
}
