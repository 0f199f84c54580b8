/* event.h - what happened, written in the transaction of what it tells, and told after the commit. */
#pragma once
#include "core/core.h"

enum event_type {
#define EVENT(name, text, doc) event_##name,
#include "spec/events.def"
#undef EVENT
    event_type_count
};
struct event_row { const char *name, *doc; };
const struct event_row *event_row(enum event_type type);

/* One committed event, as listeners get it. Strings live as long as the call. */
struct event_note {
    enum event_type type;
    int64_t id, session_id, user_id, at; /* 0: none */
    int64_t subject_id;                  /* token, participant, recording or webhook endpoint, as the type says; 0: none */
    const char *data;                    /* JSON, or NULL */
};

/* Details of an event, written into event_data. `subject` is told to listeners too. */
struct event_details {
    int64_t participant_id, recording_id, token_id, booking_id, service_session_id, webhook_id, user_id, duration_ms;  /* 0: left out */
    const char *connection, *reason, *status, *name, *text, *error; /* NULL: left out */
    const bool *flag;                                   /* as flag_name */
    const char *flag_name;
};

void event_forget_listeners(struct core *core);
bool event_emit(struct scope *s, enum event_type type, int64_t session_id, const struct event_details *d, struct err *e);
#define EMIT(s, type, session_id, e, ...) event_emit(s, event_##type, session_id, &(struct event_details){__VA_ARGS__}, e)

/* Called on the writer right after the commit, in order. Must not block: copy, and post to a thread of one's own. Before serving starts. */
void event_listen(struct core *core, void (*fn)(void *ctx, const struct event_note *n), void *ctx);
/* From now on listeners hear of what other nodes on the database write as well: each event once, in the order of their numbers, before
 * any change that this node makes after it. Before the writer is started. */
bool event_follow(struct scope *s, struct err *e);

bool event_chat(struct scope *s, int64_t session_id, int64_t limit, struct list *out, struct err *e); /* the latest chat messages, oldest first */
bool event_chat_line(const struct event *e, struct arena *a, struct call_line *out);                 /* one of them as pages see it; false: it cannot be read */
bool event_list(struct scope *s, int64_t session_id, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e); /* of struct event */
