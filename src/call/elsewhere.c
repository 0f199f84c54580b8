/* elsewhere.c - calls whose media a remote provider carries (LiveKit). Who is in, and what they may do, is decided here as ever: a person gets
 * the provider's token only after the door let them in, and whoever has to go is put out there too, whatever their page does. */
#include "base/pool.h"
#include "call/parts.h"
#include "core/fact.h"
#include <stdlib.h>
#include <string.h>

enum { CONNECT_WITHIN_MS = 5 * 60 * 1000 };
static const char SQL_IN_AGAIN[] = "SELECT 1 FROM connection_spans WHERE participant_id = $1 AND connection <> $2 AND left_at IS NULL LIMIT 1";

bool is_elsewhere(const struct hub *h, const struct session *session)
{
    return provider_remote(h->core, session->provider) != NULL;
}

/* ---- one who is in, asked about by connection */

struct inquiry { struct chore chore; char connection[CONNECTION_SIZE]; struct grant grant; };

static struct inquiry *inquiry_new(struct peer *p, bool (*run)(struct scope *, void *, struct err *), void (*done)(void *))
{
    struct inquiry *q = xcalloc(1, sizeof *q);
    chore_init(&q->chore, p->room->hub, q, run, done);
    snprintf(q->connection, sizeof q->connection, "%s", p->connection);
    return q;
}

static void inquiry_release(struct inquiry *q)
{
    arena_reset(&q->chore.hub->arena);
    chore_release(&q->chore);
    free(q);
}

/* The seat with the role of this stay. */
static bool person(struct scope *s, const char *connection, struct session *session, struct participant *seat, struct join_pass *pass, struct err *e)
{
    struct span span;
    return presence_person(s, connection, &span, session, seat, pass, e) || err_fail(e, error_participant_not_found);
}

/* ---- letting in */

static bool ask_grant(struct scope *s, void *arg, struct err *e)
{
    struct inquiry *q = arg;
    struct session session;
    struct participant seat;
    struct join_pass pass;
    return person(s, q->connection, &session, &seat, &pass, e) && errand_grant(s, &session, &seat, pass.token_id, s->now + CONNECT_WITHIN_MS, &q->grant, e);
}

static void granted(void *arg)
{
    struct inquiry *q = arg;
    struct peer *p = peer_find(q->chore.hub, q->connection);
    struct call_grant m = {0};
    if (p && q->chore.err.kind == ERR_NONE) {
        SET(&m, call_grant, server_url, q->grant.server_url);
        SET(&m, call_grant, access_token, q->grant.token);
        SEND(p->caller, grant, &m);
    } else if (p) {
        log_warn("call.no_grant", LOG_STR("connection", q->connection), LOG_STR("error", q->chore.err.text));
        SEND(p->caller, media_lost, &(struct call_media_lost){0}); /* the page asks again */
    }
    inquiry_release(q);
}

void elsewhere_grant(struct peer *p)
{
    chore_start(&inquiry_new(p, ask_grant, granted)->chore);
}

/* ---- what one may send */

static bool ask_permit(struct scope *s, void *arg, struct err *e)
{
    struct inquiry *q = arg;
    struct session session;
    struct participant seat;
    struct join_pass pass;
    return person(s, q->connection, &session, &seat, &pass, e) && errand_permit(s, &session, &seat, e);
}

static void permitted(void *arg)
{
    struct inquiry *q = arg;
    if (q->chore.err.kind != ERR_NONE) log_warn("call.not_permitted", LOG_STR("connection", q->connection), LOG_STR("error", q->chore.err.text));
    inquiry_release(q);
}

void elsewhere_permit(struct peer *p)
{
    chore_start(&inquiry_new(p, ask_permit, permitted)->chore);
}

bool deed_mute(struct scope *s, struct deed *d, struct err *e)
{
    struct session session;
    struct participant seat;
    if (session_by_id(s, d->session_id, &session, e) != DB_ROW) return err_fail(e, error_session_not_found);
    return participant_in(s, d->session_id, d->participant_id, &seat, e) && errand_mute(s, &session, &seat, (enum track_kind)d->number, e);
}

/* ---- who is in by another client than our page */

void outside_came(struct room *r, const char *connection)
{
    struct scope s = hub_scope(r->hub, &r->hub->arena, 0);
    struct session session;
    struct participant seat;
    struct join_pass pass;
    struct span span;
    struct err e;
    if (fact_is_of_page(connection) || peer_in(r, connection) || !presence_person(&s, connection, &span, &session, &seat, &pass, &e)) return;
    struct peer *p = peer_add(r, &span, &seat, &pass);
    p->outside = true;
    tell_person(p);
}

void outside_left(struct room *r, const char *connection, const char *reason)
{
    struct peer *p = peer_in(r, connection);
    struct call_peer_left m = {0};
    if (!p || !p->outside) return;
    SET(&m, call_peer_left, connection, connection);
    SET(&m, call_peer_left, reason, reason);
    message_broadcast(r, p, "peer_left", &call_peer_left_model, &m);
    peer_forget(p);
}

void outside_show(struct room *r)
{
    struct scope s = hub_scope(r->hub, &r->hub->arena, 0);
    struct list spans;
    struct err e;
    if (!presence_open(&s, r->session_id, &spans, &e)) return;
    for (size_t i = 0; i < spans.count; i++) outside_came(r, ((const struct span *)spans.items)[i].connection);
}

/* ---- putting out */

struct cut { struct hub *hub; int64_t participant_id; char connection[CONNECTION_SIZE], *room, *provider; };

static bool cut_off(struct cut *c, struct arena *a, struct err *e)
{
    int64_t one;
    struct participant seat = {.id = c->participant_id};
    struct db_conn *db = core_worker_reader(c->hub->core, e);
    const struct provider *p = provider_remote(c->hub->core, c->provider);
    if (!db) return false;
    enum db_found again = db_number(db, SQL_IN_AGAIN, &one, e, INT_(c->participant_id), TEXT_(c->connection));
    if (again != DB_NONE) return again == DB_ROW;
    return p->ops->remove(p->ctx, a, c->room, errand_user_id(p, a, &seat), e);
}

static void cut(void *arg)
{
    struct cut *c = arg;
    struct err e = {0};
    struct arena a;
    arena_init(&a);
    if (!cut_off(c, &a, &e)) log_warn("call.not_cut", LOG_INT("participant", c->participant_id), LOG_STR("error", e.text));
    arena_release(&a);
    free(c->room);
    free(c->provider);
    free(c);
}

void elsewhere_cut(const struct peer *p)
{
    struct hub *h = p->room->hub;
    if (!h->askers) return;
    struct cut *c = xcalloc(1, sizeof *c);
    *c = (struct cut){.hub = h, .participant_id = p->participant_id, .room = xstrdup(p->room->session.room_name), .provider = xstrdup(p->room->session.provider)};
    memcpy(c->connection, p->connection, sizeof c->connection);
    pool_run(h->askers, cut, c);
}
