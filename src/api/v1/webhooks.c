/* webhooks.c - where roomd tells of what happens, for those who administer it. */
#include "api/api.h"
#include "api/audit.h"
#include "api/webhook_probe.h"
#include "base/rand.h"
#include "core/session.h"
#include "core/user.h"
#include "core/webhook.h"
#include <string.h>

static bool find(struct request *r, int64_t id, struct webhook_endpoint *w, struct err *e)
{
    return user_admin_only(&r->scope, e) && webhook_find(&r->scope, id, w, e);
}

static bool find_mine(struct request *r, struct webhook_endpoint *w, struct err *e)
{
    return find(r, ((const struct webhook_path *)r->path)->webhook_id, w, e);
}

/* ---- event types: a list outside, words inside */

static struct list words_of(struct arena *a, const char *text)
{
    size_t count = 0;
    const char **words = arena_array(a, const char *, strlen(text) / 2 + 1);
    for (const char *p = text; *(p += strspn(p, " ")); p += strcspn(p, " ")) words[count++] = arena_strndup(a, p, strcspn(p, " "));
    return (struct list){words, count};
}

static const char *text_of(struct arena *a, const struct list *words)
{
    const char *text = "";
    const char *const *word = words->items;
    for (size_t i = 0; i < words->count; i++) text = arena_printf(a, "%s%s%s", text, *text ? " " : "", word[i]);
    return text;
}

static bool types_of(struct request *r, const struct list *words, const char **out, struct err *e)
{
    const char *const *word = words->items;
    for (size_t i = 0; i < words->count; i++)
        if (!*word[i] || strlen(word[i]) > 50 || strchr(word[i], ' ')) return err_fail(e, error_unknown_event_type);
    *out = text_of(r->scope.arena, words);
    return webhook_check_types(*out, e);
}

static void show(struct request *r, const struct webhook_endpoint *w, struct webhook_reply *out)
{
    COPY(webhook_reply, out, webhook_endpoint, w);
    if (HAS(w, webhook_endpoint, event_types)) SET(out, webhook_reply, event_types, words_of(r->scope.arena, w->event_types));
    else CLEAR(out, webhook_reply, event_types);
}

static bool reply_webhook(struct request *r, const struct webhook_endpoint *w)
{
    struct webhook_reply *out = arena_new(r->scope.arena, struct webhook_reply);
    show(r, w, out);
    return reply_with(r, out);
}

static bool reply_secret(struct request *r, const struct webhook_endpoint *w, const char *secret)
{
    struct webhook_reply shown = {0};
    struct webhook_created *out = arena_new(r->scope.arena, struct webhook_created);
    show(r, w, &shown);
    COPY(webhook_created, out, webhook_reply, &shown);
    SET(out, webhook_created, secret, secret);
    return reply_with(r, out);
}

/* ---- endpoints */

static bool session_is_there(struct request *r, const struct webhook_create *in, struct err *e)
{
    struct session session;
    if (!HAS(in, webhook_create, session_id)) return true;
    enum db_found found = session_by_id(&r->scope, in->session_id, &session, e);
    return found == DB_NONE ? err_fail(e, error_session_not_found) : found == DB_ROW;
}

bool v1_webhook_create(struct request *r, struct err *e)
{
    const struct webhook_create *in = r->body;
    struct webhook_endpoint w;
    const char *types = NULL, *secret;
    if (!user_admin_only(&r->scope, e) || !webhook_url_check(r, in->url, e) || !session_is_there(r, in, e)) return false;
    if (HAS(in, webhook_create, event_types) && !types_of(r, &in->event_types, &types, e)) return false;
    struct webhook_new new = {.url = in->url, .description = HAS(in, webhook_create, description) ? in->description : NULL, .event_types = types,
                              .session_id = HAS(in, webhook_create, session_id) ? in->session_id : 0, .shape = webhook_shape_standard, .retry = (enum webhook_retry)in->retry,
                              .secret = HAS(in, webhook_create, secret) ? in->secret : NULL};
    return webhook_create(&r->scope, &new, &w, &secret, e) && reply_secret(r, &w, secret);
}

bool v1_webhook_list(struct request *r, struct err *e)
{
    const struct page_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!user_admin_only(&r->scope, e) || !webhook_list(&r->scope, -1, q->skip, q->limit, &rows, &total, e)) return false;
    struct webhook_reply *items = arena_array(r->scope.arena, struct webhook_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) show(r, (const struct webhook_endpoint *)rows.items + i, &items[i]);
    struct webhook_list *out = arena_new(r->scope.arena, struct webhook_list);
    SET(out, webhook_list, endpoints, ((struct list){items, rows.count}));
    SET(out, webhook_list, total, total);
    return reply_with(r, out);
}

bool v1_webhook_get(struct request *r, struct err *e)
{
    struct webhook_endpoint w;
    return find_mine(r, &w, e) && reply_webhook(r, &w);
}

static bool change_types(struct request *r, const struct webhook_update *in, struct webhook_endpoint *w, struct err *e)
{
    const char *types = "";
    if (!HAS(in, webhook_update, event_types) && !IS_NULL(in, webhook_update, event_types)) return true;
    if (HAS(in, webhook_update, event_types) && !types_of(r, &in->event_types, &types, e)) return false;
    if (*types) SET(w, webhook_endpoint, event_types, types);
    else CLEAR(w, webhook_endpoint, event_types);
    return true;
}

static bool change(struct request *r, const struct webhook_update *in, struct webhook_endpoint *w, struct err *e)
{
    if (HAS(in, webhook_update, url)) SET(w, webhook_endpoint, url, in->url);
    if (HAS(in, webhook_update, description)) SET(w, webhook_endpoint, description, in->description);
    if (IS_NULL(in, webhook_update, description)) CLEAR(w, webhook_endpoint, description);
    if (HAS(in, webhook_update, retry)) SET(w, webhook_endpoint, retry, in->retry);
    if (!HAS(in, webhook_update, state)) return webhook_store(&r->scope, w, e);
    return webhook_set_state(&r->scope, w, (enum webhook_state)in->state, in->skip_missed, "by hand", e);
}

bool v1_webhook_update(struct request *r, struct err *e)
{
    const struct webhook_update *in = r->body;
    struct webhook_endpoint w;
    if (!find_mine(r, &w, e) || (HAS(in, webhook_update, url) && !webhook_url_check(r, in->url, e))) return false;
    return change_types(r, in, &w, e) && change(r, in, &w, e) && reply_webhook(r, &w);
}

bool v1_webhook_delete(struct request *r, struct err *e)
{
    struct webhook_endpoint w;
    return find_mine(r, &w, e) && webhook_delete(&r->scope, &w, e);
}

bool v1_webhook_rotate(struct request *r, struct err *e)
{
    const struct webhook_rotate *in = r->body;
    struct webhook_endpoint w;
    const char *secret;
    if (!find_mine(r, &w, e) || !webhook_rotate(&r->scope, &w, HAS(in, webhook_rotate, secret) ? in->secret : NULL, in->old_hours * 3600000, &secret, e)) return false;
    return reply_secret(r, &w, secret);
}

/* ---- test */

static bool note_test(struct scope *s, void *arg, struct err *e)
{
    return webhook_note_test(s, arg, e);
}

static struct webhook_delivery as_delivery(const struct request *r, const struct webhook_endpoint *w, const struct webhook_probe *p, const char *id, const char *body)
{
    struct webhook_delivery d = {0};
    SET(&d, webhook_delivery, endpoint_id, w->id);
    SET(&d, webhook_delivery, event_type, "webhook.test");
    SET(&d, webhook_delivery, message_id, id);
    SET(&d, webhook_delivery, state, p->taken ? delivery_state_delivered : delivery_state_failed);
    SET(&d, webhook_delivery, attempts, 1);
    SET(&d, webhook_delivery, body, body);
    if (p->status) SET(&d, webhook_delivery, status, p->status);
    if (p->answer) SET(&d, webhook_delivery, answer, p->answer);
    if (p->error) SET(&d, webhook_delivery, error, p->error);
    SET(&d, webhook_delivery, duration_ms, p->duration_ms);
    SET(&d, webhook_delivery, first_at, r->scope.now);
    SET(&d, webhook_delivery, last_at, r->scope.now);
    SET(&d, webhook_delivery, created_at, r->scope.now);
    return d;
}

static const char *test_body(struct request *r, const char *id)
{
    struct buf text;
    buf_init(&text, 0);
    buf_printf(&text, "{\"type\":\"webhook.test\",\"timestamp\":");
    model_write_time(&text, r->scope.now);
    buf_printf(&text, ",\"data\":{\"id\":\"%s\"}}", id);
    const char *out = arena_strndup(r->scope.arena, text.data, text.size);
    buf_release(&text);
    return out;
}

bool v1_webhook_test(struct request *r, struct err *e)
{
    struct webhook_endpoint w;
    struct webhook_probe probe;
    char random[21];
    rand_text(random, 20, RAND_ID);
    const char *id = arena_printf(r->scope.arena, "test_%s", random), *body = test_body(r, id);
    if (!find_mine(r, &w, e)) return false;
    if (w.shape == webhook_shape_daily) body = "{\"test\":\"test\"}"; /* its receivers know this one */
    if (!webhook_probe(r, &w, id, body, WEBHOOK_TIMEOUT_MS, &probe, e)) return false;
    struct webhook_delivery noted = as_delivery(r, &w, &probe, id, body);
    struct webhook_tested *out = arena_new(r->scope.arena, struct webhook_tested);
    SET(out, webhook_tested, delivered, probe.taken);
    if (probe.status) SET(out, webhook_tested, status, probe.status);
    if (probe.answer) SET(out, webhook_tested, answer, probe.answer);
    if (probe.error) SET(out, webhook_tested, error, probe.error);
    SET(out, webhook_tested, duration_ms, probe.duration_ms);
    return request_write(r, note_test, &noted, e) && reply_with(r, out);
}

/* ---- the log */

bool v1_delivery_list(struct request *r, struct err *e)
{
    struct webhook_endpoint w;
    struct list rows;
    int64_t total;
    if (!find_mine(r, &w, e) || !webhook_log(&r->scope, w.id, r->query, &rows, &total, e)) return false;
    struct delivery_reply *items = arena_array(r->scope.arena, struct delivery_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) COPY(delivery_reply, &items[i], webhook_delivery, (const struct webhook_delivery *)rows.items + i);
    struct delivery_list *out = arena_new(r->scope.arena, struct delivery_list);
    SET(out, delivery_list, deliveries, ((struct list){items, rows.count}));
    SET(out, delivery_list, total, total);
    return reply_with(r, out);
}

static bool find_delivery(struct request *r, struct webhook_delivery *d, struct err *e)
{
    const struct delivery_path *path = r->path;
    struct webhook_endpoint w;
    return find(r, path->webhook_id, &w, e) && webhook_delivery_find(&r->scope, w.id, path->delivery_id, d, e);
}

bool v1_delivery_get(struct request *r, struct err *e)
{
    struct webhook_delivery d;
    struct list rows;
    if (!find_delivery(r, &d, e) || !webhook_attempts(&r->scope, d.id, &rows, e)) return false;
    struct attempt_reply *items = arena_array(r->scope.arena, struct attempt_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) COPY(attempt_reply, &items[i], webhook_attempt, (const struct webhook_attempt *)rows.items + i);
    struct delivery_detail *out = arena_new(r->scope.arena, struct delivery_detail);
    COPY(delivery_detail, out, webhook_delivery, &d);
    SET(out, delivery_detail, failed_attempts, ((struct list){items, rows.count}));
    return reply_with(r, out);
}

bool v1_delivery_replay(struct request *r, struct err *e)
{
    struct webhook_delivery d;
    struct delivery_reply *out = arena_new(r->scope.arena, struct delivery_reply);
    if (!find_delivery(r, &d, e) || !webhook_replay_one(&r->scope, &d, e)) return false;
    COPY(delivery_reply, out, webhook_delivery, &d);
    return reply_with(r, out);
}

bool v1_webhook_replay(struct request *r, struct err *e)
{
    struct webhook_endpoint w;
    struct webhook_replayed *out = arena_new(r->scope.arena, struct webhook_replayed);
    int64_t count, last;
    if (!find_mine(r, &w, e) || !webhook_replay_range(&r->scope, &w, r->body, &count, &last, e)) return false;
    SET(out, webhook_replayed, count, count);
    if (last) SET(out, webhook_replayed, last_event, last);
    return reply_with(r, out);
}
