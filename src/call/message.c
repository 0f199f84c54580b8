/* message.c - messages of the call WebSocket in and out: spec/messages.def says which there are and who may send them. */
#include "base/clock.h"
#include "base/metric.h"
#include "call/actions.h"
#include "call/parts.h"
#include <string.h>


enum who { anybody, joined, speaker, host };

static const struct incoming {
    const char *t;
    const struct model *model;
    enum who who;
    action *act;
} incoming[] = {
#define IN(t, model, who) {#t, &model##_model, who, act_##t},
#define OUT(t, model)
#include "spec/messages.def"
#undef IN
#undef OUT
};

/* ---- out */

static void write_message(struct buf *to, const char *t, const struct model *m, const void *message)
{
    buf_printf(to, "{\"t\":\"%s\"", t);
    if (!m->field_count) {
        buf_char(to, '}');
        return;
    }
    size_t at = to->size;
    model_write(to, m, message);
    to->data[at] = ','; /* the model's own brace */
}

void message_send(struct caller *c, const char *t, const struct model *m, const void *message)
{
    if (!c || !c->ws) return;
    struct buf b;
    buf_init(&b, 0);
    write_message(&b, t, m, message);
    ws_send(c->ws, b.data, b.size);
    buf_release(&b);
}

void message_broadcast(struct room *r, const struct peer *but, const char *t, const struct model *m, const void *message)
{
    struct buf b;
    buf_init(&b, 0);
    write_message(&b, t, m, message);
    for (struct peer *p = r->peers; p; p = p->next)
        if (p != but && p->caller && p->caller->ws) ws_send(p->caller->ws, b.data, b.size);
    buf_release(&b);
}

void message_error(struct caller *c, const struct err *e, const char *about)
{
    struct call_error m = {0};
    bool ours = e->kind == ERR_INTERNAL && !err_is(e, error_storage_unavailable);
    if (ours) log_error("call.failed", LOG_STR("about", about), LOG_STR("error", e->text));
    SET(&m, call_error, code, ours ? "internal" : e->code);
    SET(&m, call_error, message, ours ? error_row(error_internal)->message : e->text);
    if (about) SET(&m, call_error, about, about);
    SEND(c, error, &m);
}

/* ---- in */

static bool within_rate(struct caller *c)
{
    int64_t now = clock_monotonic_ms();
    c->allowance += (now - c->allowance_at) * PER_SECOND;
    c->allowance_at = now;
    if (c->allowance > BURST * 1000) c->allowance = BURST * 1000;
    c->allowance -= 1000;
    return c->allowance >= 0;
}

static bool may(const struct caller *c, enum who who, struct err *e)
{
    if (who == anybody) return true;
    if (!c->peer) return err_fail(e, error_not_joined);
    if (who == speaker && c->peer->role == participant_role_viewer) return err_fail(e, error_not_allowed);
    return who != host || c->peer->role == participant_role_teacher || err_fail(e, error_not_allowed);
}

static const struct incoming *find(const char *t)
{
    for (size_t i = 0; t && i < sizeof incoming / sizeof *incoming; i++)
        if (!strcmp(incoming[i].t, t)) return &incoming[i];
    return NULL;
}

bool message_is_hosts(const char *t)
{
    const struct incoming *in = find(t);
    return in && in->who == host;
}

static bool bad_message(struct err *e, const struct violations *v)
{
    err_fail(e, error_bad_message);
    if (v && v->count) err_say(e, "The message was not understood: \"%.60s\" is missing or wrong", v->list[0].path);
    return false;
}

static bool act(struct caller *c, const json_t *j, const char **about, struct err *e)
{
    const struct incoming *in = find(json_string_value(json_object_get(j, "t")));
    struct violations v = {.count = 0};
    if (!in) return bad_message(e, NULL);
    *about = in->t;
    if (!may(c, in->who, e)) return false;
    void *message = arena_alloc(&c->hub->arena, in->model->size);
    if (!model_parse(in->model, j, message, &c->hub->arena, 0, &v)) return bad_message(e, &v);
    return in->act(c, message, e);
}

void message_receive(struct caller *c, const char *text, size_t size)
{
    struct err e = {0};
    const char *about = NULL;
    struct hub *h = c->hub;
    metric_add(call_messages_total, 1);
    if (!within_rate(c)) {
        err_fail(&e, error_too_many_messages);
        message_error(c, &e, NULL);
        ws_close(c->ws, 1008, e.text);
        return;
    }
    c->references++; /* an action may end the caller */
    json_t *j = json_loadb(text, size, 0, NULL);
    if (!(j ? act(c, j, &about, &e) : err_fail(&e, error_bad_json))) message_error(c, &e, about);
    json_decref(j);
    arena_reset(&h->arena);
    caller_release(c);
}
