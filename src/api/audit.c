#include "api/audit.h"
#include "api/api.h"
#include "base/log.h"
#include <stdlib.h>
#include <string.h>

/* What a route acts on: a parameter of its path, or what it has made, by a field of its answer. */
struct subject { enum audited audited; const char *kind; int parameter, field; }; /* -1: none */
static struct subject *subjects; /* one a route */

static const char *const more[] = {
#define AUDITED(route, why) #route,
#define UNAUDITED(route, why)
#include "spec/audit.def"
#undef AUDITED
#undef UNAUDITED
    NULL};
static const char *const fewer[] = {
#define AUDITED(route, why)
#define UNAUDITED(route, why) #route,
#include "spec/audit.def"
#undef AUDITED
#undef UNAUDITED
    NULL};

static bool among(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

static enum audited audited_of(const struct route *r)
{
    if (among(fewer, r->name)) return AUDIT_NEVER;
    if (among(more, r->name)) return AUDIT_READS;
    if (r->mode == MODE_EITHER) return AUDIT_CHANGES;
    return r->mode == MODE_WRITE || (r->mode != MODE_READ && strcmp(r->method, "GET") != 0) ? AUDIT_ALWAYS : AUDIT_NEVER;
}

enum audited route_audited(const struct route *r)
{
    return subjects ? subjects[r - routes].audited : audited_of(r);
}

/* ---- what a route acts on */

/* "sessions/{" and what follows: "session". */
static const char *singular(const char *segment)
{
    size_t n = strcspn(segment, "/");
    while (n && segment[n - 1] == 's') n--;
    char *word = xmalloc(n + 1); /* once a route, for good */
    memcpy(word, segment, n);
    word[n] = '\0';
    return word;
}

static const char *segment_before(const char *path, const char *at)
{
    const char *from = at > path ? at - 1 : path;
    while (from > path && from[-1] != '/') from--;
    return from;
}

/* {session_id}: session. {id}: of what stands before it. */
static const char *kind_of(const char *path, const char *brace)
{
    static const char *const endings[] = {"_id}", "_name}", "Id}"};
    size_t n = strcspn(brace + 1, "}");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]) - 1;
        if (n <= ending || strncmp(brace + 1 + n - ending, endings[i], ending) != 0) continue;
        char *word = xmalloc(n - ending + 1);
        memcpy(word, brace + 1, n - ending);
        word[n - ending] = '\0';
        return word;
    }
    return singular(segment_before(path, brace - 1));
}

/* Where there is …/{x} below, what is made here is an x. */
static const char *child_of(const struct route *r)
{
    size_t n = strlen(r->path);
    for (size_t i = 0; i < route_total; i++)
        if (!strncmp(routes[i].path, r->path, n) && routes[i].path[n] == '/' && routes[i].path[n + 1] == '{') return routes[i].path + n + 1;
    return NULL;
}

static int field_of(const struct model *m, const char *name)
{
    for (size_t i = 0; m && i < m->field_count; i++)
        if (!strcmp(m->fields[i].name, name) && (m->fields[i].type == FIELD_INT || m->fields[i].type == FIELD_STR || m->fields[i].type == FIELD_UUID)) return (int)i;
    return -1;
}

static int parameters_of(const char *path)
{
    int n = 0;
    while ((path = strchr(path, '{'))) n++, path++;
    return n;
}

/* A token in a path would let its reader in: of those only the kind is told. */
static void find_subject(const struct route *r, struct subject *s)
{
    const char *child = r->reply == REPLY_ONE && !strcmp(r->method, "POST") ? child_of(r) : NULL, *last = strrchr(r->path, '{');
    *s = (struct subject){.audited = audited_of(r), .parameter = -1, .field = -1};
    if (child) {
        s->kind = kind_of(child - strlen(r->path) - 1, child);
        s->field = field_of(r->reply_model, strstr(child, "_name}") ? "name" : "id");
    } else if (last) {
        s->kind = kind_of(r->path, last);
        if (strcmp(s->kind, "token") != 0 || strcmp(last, "{token}") != 0) s->parameter = parameters_of(r->path) - 1;
    } else s->kind = singular(strrchr(r->path, '/') + 1);
}

void audit_start(void)
{
    if (subjects) return;
    struct subject *all = xcalloc(route_total, sizeof *all);
    for (size_t i = 0; i < route_total; i++) find_subject(&routes[i], &all[i]);
    subjects = all;
}

static const char *id_of(struct request *r, const struct subject *s)
{
    if (s->parameter >= 0 && (size_t)s->parameter < r->match->parameter_count) return r->match->parameters[s->parameter].value;
    if (s->field < 0 || !r->reply) return NULL;
    const struct field *f = &r->route->reply_model->fields[s->field];
    const char *at = (const char *)r->reply + f->offset;
    return f->type == FIELD_INT ? audit_id(r->scope.arena, *(const int64_t *)at) : *(const char *const *)at;
}

/* ---- who */

void request_source(struct request *r)
{
    struct audit_source *s = &r->source;
    *s = (struct audit_source){.kind = audit_actor_anybody, .ip = r->http->client, .user_agent = http_header(r->http, "User-Agent"), .request_id = r->id};
    if (r->scope.actor) {
        s->kind = r->key_id ? audit_actor_key : audit_actor_user;
        s->user_id = r->scope.actor->id;
        s->key_id = r->key_id;
    } else if (r->matrix_user) {
        s->kind = audit_actor_matrix;
        s->name = r->matrix_user;
    }
    r->scope.source = s;
}

void request_seat(struct request *r, int64_t participant_id)
{
    if (r->source.kind == audit_actor_anybody) r->source.kind = audit_actor_seat;
    r->source.participant_id = participant_id;
}

void request_subject(struct request *r, const char *kind, int64_t id)
{
    r->subject = kind;
    r->subject_id = audit_id(r->scope.arena, id);
}

/* ---- telling */

static struct audit_act act_of(struct request *r)
{
    const struct subject *s = &subjects[r->route - routes];
    struct audit_act act = {.action = r->action ? r->action : r->route->name, .subject = s->kind, .status = r->status ? r->status : r->route->status};
    if (r->subject) {
        act.subject = r->subject;
        act.subject_id = r->subject_id;
    } else act.subject_id = id_of(r, s);
    return act;
}

bool request_audit(struct request *r, struct err *e)
{
    enum audited audited = route_audited(r->route);
    struct audit_act act = act_of(r);
    return audited == AUDIT_NEVER || r->untold || audit_note(&r->scope, &act, e);
}

struct told { struct audit_source from; struct audit_act act; };

static bool tell(struct scope *s, void *arg, struct err *e)
{
    const struct told *t = arg;
    struct scope own = *s;
    own.source = &t->from;
    return audit_note(&own, &t->act, e);
}

static const char *copied(struct task *t, const char *text)
{
    return text ? arena_strdup(&t->arena, text) : NULL;
}

void request_audit_later(struct request *r)
{
    struct task *t = task_create(r->api->core);
    struct told *told = arena_new(&t->arena, struct told);
    *told = (struct told){r->source, act_of(r)};
    struct audit_source *from = &told->from;
    from->name = copied(t, from->name);
    from->ip = copied(t, from->ip);
    from->user_agent = copied(t, from->user_agent);
    from->request_id = copied(t, from->request_id);
    told->act.subject_id = copied(t, told->act.subject_id);
    if (r->file.fd >= 0) told->act.status = r->file.partial ? 206 : 200;
    t->run = tell;
    t->arg = told;
    task_submit(t);
}

/* ---- changes of CALL and FAR routes */

struct writing { struct request *request; bool (*run)(struct scope *s, void *arg, struct err *e); void *arg; };

static bool write_and_tell(struct scope *s, void *arg, struct err *e)
{
    struct writing *w = arg;
    struct request *r = w->request;
    struct scope own = *s, before = r->scope;
    own.arena = r->scope.arena; /* what is read outlives the writer's own */
    own.actor = r->scope.actor;
    own.source = &r->source;
    if (!w->run(&own, w->arg, e)) return false;
    r->scope = own;
    bool ok = request_audit(r, e);
    r->scope = before;
    return ok;
}

bool request_write(struct request *r, bool (*run)(struct scope *s, void *arg, struct err *e), void *arg, struct err *e)
{
    struct writing w = {r, run, arg};
    return core_write(r->api->core, write_and_tell, &w, e);
}
