/* takeover.c - calls that go from one life of roomd to the next, and from one node to another. */
#include "base/clock.h"
#include "base/fault.h"
#include "call/parts.h"
#include "core/fact.h"
#include <stdlib.h>

/* Everybody who was in when we were last alive may come back for a while; their media may have gone on without us. */
static void take_up_person(struct hub *h, const char *connection)
{
    if (!fact_is_of_page(connection)) return; /* the provider says when they go */
    struct scope s = hub_scope(h, &h->arena, 0);
    struct span span;
    struct session session;
    struct participant person;
    struct join_pass pass;
    struct err e;
    if (!presence_person(&s, connection, &span, &session, &person, &pass, &e)) return;
    struct room *r = room_open(h, &session);
    if (peer_in(r, connection)) return;
    struct peer *p = peer_add(r, &span, &person, &pass);
    usage_begin(p, &s);
    peer_set_away(p);
    if (session_is_over(&session) || person.connection_status == connection_status_kicked || pass.revoked) peer_remove(p, "lost", h->core->last_alive, NULL, NULL);
}

bool calls_take_up(struct hub *h, int64_t session_id, struct err *e)
{
    struct list spans;
    struct scope s = hub_scope(h, &h->arena, clock_now_ms());
    if (!presence_open(&s, session_id, &spans, e)) return false;
    for (size_t i = 0; i < spans.count; i++) take_up_person(h, ((const struct span *)spans.items)[i].connection);
    count_people(h);
    return FAULT_POINT(calls_adopted);
}

void room_take_up(struct hub *h, int64_t session_id)
{
    struct err e;
    log_info("call.taken_over", LOG_INT("session", session_id));
    if (!calls_take_up(h, session_id, &e)) log_error("call.not_taken_over", LOG_STR("error", e.text));
    if (h->media_ready) recorder_take_up(h, session_id);
}

/* ---- from nodes that fell silent */

struct inherited { struct hub *hub; size_t count; int64_t sessions[]; };

static void inherit(void *arg)
{
    struct inherited *i = arg;
    for (size_t k = 0; k < i->count && !i->hub->stopping; k++) room_take_up(i->hub, i->sessions[k]);
    arena_reset(&i->hub->arena);
    free(i);
}

static bool take_over(struct scope *s, void *arg, struct err *e)
{
    struct list places;
    struct inherited **out = arg;
    if (!node_take_over(s, &places, e)) return false;
    free(*out);
    *out = NULL;
    if (!places.count) return true;
    *out = xcalloc(1, sizeof **out + places.count * sizeof(int64_t));
    (*out)->count = places.count;
    for (size_t i = 0; i < places.count; i++) (*out)->sessions[i] = ((const struct session_node *)places.items)[i].session_id;
    return true;
}

struct overtaking { struct hub *hub; struct inherited *inherited; };

static bool take_over_run(struct scope *s, void *arg, struct err *e)
{
    return take_over(s, &((struct overtaking *)arg)->inherited, e);
}

static void taken_over(void *arg, const struct err *e)
{
    struct overtaking *o = arg;
    if (e) free(o->inherited);
    else if (o->inherited) {
        o->inherited->hub = o->hub;
        loop_post(o->hub->loop, inherit, o->inherited);
    }
}

void look_after_others(struct hub *h)
{
    struct task *t = task_create(h->core);
    struct overtaking *o = arena_new(&t->arena, struct overtaking);
    o->hub = h;
    t->run = take_over_run;
    t->done = taken_over;
    t->arg = o;
    task_submit(t);
}

/* ---- to others, when we were the silent one */

static struct peer *first_page(const struct room *r)
{
    struct peer *p = r ? r->peers : NULL;
    while (p && p->outside) p = p->next;
    return p;
}

/* Whose stays they are now is the other node's business: nothing is written. The room goes with the last page, and with it who is in by another client. */
static void give_up(struct hub *h, int64_t session_id)
{
    for (struct peer *p; (p = first_page(room_find(h, session_id)));) {
        struct caller *c = p->caller;
        peer_forget(p);
        if (c) door_again(c); /* which sends them there */
    }
}

static struct room *find_lost(struct hub *h)
{
    struct scope s = hub_scope(h, &h->arena, clock_now_ms());
    for (struct room *r = h->rooms; r; r = r->next) {
        int64_t node = node_of(&s, r->session_id);
        if (node && node != h->core->node_id) return r;
    }
    return NULL;
}

static void noted(void *arg)
{
    struct hub *h = arg;
    int64_t now = clock_monotonic_ms();
    bool silent = now - h->alive_ms > NODE_DEAD_MS / 2;
    h->alive_ms = now;
    if (!silent || h->stopping) return;
    for (struct room *r; (r = find_lost(h));) {
        log_warn("call.given_up", LOG_INT("session", r->session_id), LOG_STR("why", "this node was silent and another has taken it over"));
        give_up(h, r->session_id);
    }
    arena_reset(&h->arena);
}

static bool note_alive(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return node_alive(s, e);
}

static void told(void *arg, const struct err *e)
{
    struct hub **h = arg;
    if (!e) loop_post((*h)->loop, noted, *h);
}

void tell_alive(struct hub *h)
{
    struct task *t = task_create(h->core);
    struct hub **arg = arena_new(&t->arena, struct hub *);
    *arg = h;
    t->run = note_alive;
    t->done = told;
    t->arg = arg;
    task_submit(t);
}
