/* auth.c - who is calling. A bearer that was found good is believed for a second without asking again, so that a client that
 * calls a thousand times a second costs one signature and one row. */
#include "api/api.h"
#include "core/user.h"
#include <stdlib.h>
#include <string.h>

enum { KNOWN = 1024, KNOWN_MS = 1000, LONGEST = 2048 };

struct known {
    char *bearer;
    int64_t until;
    struct user user;
    struct bearer_rights rights;
    struct arena arena;   /* of the user's texts */
};

struct reader {
    struct db_conn *conn;
    unsigned writes;      /* asked for in this round of the poll loop */
    struct known known[KNOWN];
};

size_t reader_size(void) { return sizeof(struct reader); }
struct reader *reader_at(struct api *api, int thread) { return &api->readers[thread]; }
struct db_conn *reader_conn(struct reader *reader) { return reader->conn; }

bool reader_is_first_write(struct reader *reader) { return reader->writes++ == 0; }
void reader_new_round(struct reader *reader) { reader->writes = 0; }

void reader_open(struct reader *reader, struct core *core)
{
    struct err e = {0};
    reader->conn = db_reader(core->db, &e);
}

static void forget(struct known *k)
{
    free(k->bearer);
    arena_release(&k->arena);
    *k = (struct known){0};
}

void reader_close(struct reader *reader)
{
    for (size_t i = 0; i < KNOWN; i++) forget(&reader->known[i]);
    db_conn_close(reader->conn);
}

static struct known *slot_of(struct reader *reader, const char *bearer)
{
    size_t hash = 5381, n = strlen(bearer);
    for (size_t i = n > 24 ? n - 24 : 0; i < n; i++) hash = hash * 33 + (unsigned char)bearer[i]; /* the end of a token is its signature */
    return &reader->known[hash % KNOWN];
}

static bool remember(struct request *r, struct known *k, const char *bearer, struct err *e)
{
    forget(k);
    arena_init(&k->arena);
    struct scope s = r->scope;
    s.arena = &k->arena;
    db_read_share(s.db);
    if (!bearer_user(&s, bearer, &k->user, &k->rights, e)) {
        forget(k);
        return false;
    }
    k->bearer = xstrdup(bearer);
    k->until = r->scope.now + KNOWN_MS;
    return true;
}

const char *request_bearer(const struct request *r)
{
    const char *header = http_header(r->http, "Authorization");
    if (!header || strncasecmp(header, "Bearer", 6) || (header[6] && header[6] != ' ')) return NULL;
    return header[6] && strlen(header) < LONGEST ? header + 7 : ""; /* nothing of ours is as long */
}

/* A proxy on this box stands for the whole world. */
bool endpoints_are_open(const struct config *c)
{
    return c->LIVE_SESSIONS_OPEN_ENDPOINTS || (c->loopback && !c->TRUST_PROXY);
}

static enum route_auth demand_of(const struct request *r)
{
    if (r->route->auth != AUTH_OPEN) return r->route->auth;
    return endpoints_are_open(core_config(r->api->core)) ? AUTH_ANYBODY : AUTH_USER;
}

bool authenticate(struct request *r, struct err *e)
{
    const char *bearer = request_bearer(r);
    enum route_auth demand = demand_of(r);
    if (!bearer) return (demand != AUTH_USER && demand != AUTH_MATRIX) || err_fail(e, error_not_authenticated);
    struct known *k = slot_of(reader_at(r->api, r->http->thread), bearer);
    bool known = k->bearer && !strcmp(k->bearer, bearer) && k->until > r->scope.now && k->until <= r->scope.now + KNOWN_MS;
    if (!known && !remember(r, k, bearer, e)) return demand == AUTH_ANYBODY;
    if (!route_allows(r->route, k->rights.scopes, e)) return demand == AUTH_ANYBODY;
    r->scopes = k->rights.scopes;
    r->key_id = k->rights.key_id;
    r->user = k->user;
    r->user.email = arena_strdup(r->scope.arena, k->user.email);
    r->user.full_name = arena_strdup(r->scope.arena, k->user.full_name);
    r->user.password_hash = "";
    r->scope.actor = &r->user;
    return true;
}
