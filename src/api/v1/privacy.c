/* privacy.c - consent to be recorded; all that is known of a person, and forgetting them. */
#include "api/api.h"
#include "api/audit.h"
#include "base/fault.h"
#include "core/consent.h"
#include "core/erasure.h"
#include "core/export.h"
#include "core/kept.h"
#include "core/participant.h"
#include "core/session.h"
#include "core/user.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- consent */

/* From where somebody spoke is for those who have to prove it. */
static void hide_place(const struct request *r, struct consent_reply *c)
{
    if (r->scope.actor->is_superuser) return;
    CLEAR(c, consent_reply, ip);
    CLEAR(c, consent_reply, user_agent);
}

bool v1_consent_list(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    const struct page_query *q = r->query;
    struct session session;
    struct list rows;
    int64_t total;
    if (!session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) || !consent_list(&r->scope, session.id, q->skip, q->limit, &rows, &total, e)) return false;
    for (size_t i = 0; i < rows.count; i++) hide_place(r, (struct consent_reply *)(uintptr_t)rows.items + i);
    struct consent_list *out = arena_new(r->scope.arena, struct consent_list);
    SET(out, consent_list, consents, rows);
    SET(out, consent_list, total, total);
    return reply_with(r, out);
}

/* A host may say no for somebody who told them so, never yes. */
static bool whose_seat(struct request *r, const struct consent_change *in, struct participant *p, enum consent_way *way, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    bool relayed = HAS(in, consent_change, participant_id);
    *way = relayed ? consent_way_relay : consent_way_api;
    if (!session_access(&r->scope, path->session_id, relayed ? ACCESS_TEACHER : ACCESS_MEMBER, &session, e)) return false;
    if (relayed) return in->given ? err_fail(e, error_consent_is_personal) : participant_in(&r->scope, session.id, in->participant_id, p, e);
    enum db_found found = participant_of_user(&r->scope, session.id, r->scope.actor->id, p, e);
    return found == DB_NONE ? err_fail(e, error_not_a_participant) : found == DB_ROW;
}

bool v1_consent_add(struct request *r, struct err *e)
{
    const struct consent_change *in = r->body;
    struct participant p;
    enum consent_way way;
    struct consent_reply *out = arena_new(r->scope.arena, struct consent_reply);
    if (!whose_seat(r, in, &p, &way, e) || !participant_consent(&r->scope, &p, way, in->given, e)) return false;
    if (consent_latest(&r->scope, p.id, out, e) != DB_ROW) return false;
    request_subject(r, "participant", p.id);
    hide_place(r, out);
    return reply_with(r, out);
}

/* ---- what is kept, in short */

static bool reply_kept(struct request *r, struct person_kept *out)
{
    for (size_t i = 0; i < out->consents.count; i++) hide_place(r, (struct consent_reply *)(uintptr_t)out->consents.items + i);
    return reply_with(r, out);
}

bool v1_user_kept(struct request *r, struct err *e)
{
    const struct user_path *path = r->path;
    struct person_kept *out = arena_new(r->scope.arena, struct person_kept);
    if (path->user_id != r->scope.actor->id && !user_admin_only(&r->scope, e)) return false;
    return kept_of_user(&r->scope, path->user_id, out, e) && reply_kept(r, out);
}

bool v1_guest_kept(struct request *r, struct err *e)
{
    struct guest guest;
    const struct guest_pick *q = r->query;
    struct person_kept *out = arena_new(r->scope.arena, struct person_kept);
    return user_admin_only(&r->scope, e) && guest_of(&r->scope, q->guest, &guest, e) && kept_of_guest(&r->scope, &guest, out, e) && reply_kept(r, out);
}

/* ---- export */

/* A file without a name: gone when it was sent. */
static int open_scratch(struct request *r, struct err *e)
{
    const char *folder = core_config(r->api->core)->DATA_DIR;
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    char *path = arena_printf(r->scope.arena, "%s/export.XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    else err_sys(e, ERR_INTERNAL, "export", "cannot make a file for the export");
    return fd;
}

struct export_of { int64_t user_id; const struct guest *guest; }; /* the one or the other */

static bool write_export(struct request *r, const struct export_of *of, int fd, struct err *e)
{
    bool links = api_scopes_hold(r->scopes, (api_scopes)1 << api_scope_recordings_read, NULL);
    FILE *to = fdopen(dup(fd), "w");
    if (!to) return err_sys(e, ERR_INTERNAL, "export", "cannot write the export");
    bool ok = of->guest ? export_guest(&r->scope, of->guest, links, to, e) : export_person(&r->scope, of->user_id, links, to, e);
    return (fclose(to) == 0 || (ok && err_sys(e, ERR_INTERNAL, "export", "cannot write the export"))) && ok;
}

static bool reply_export(struct request *r, const struct export_of *of, const char *name, struct err *e)
{
    struct stat s;
    int fd = open_scratch(r, e);
    if (fd < 0) return false;
    if (!write_export(r, of, fd, e) || fstat(fd, &s)) {
        close(fd);
        return false;
    }
    FAULT_POINT(export_written);
    r->file.fd = fd;
    r->file.partial = false;
    r->file.offset = 0;
    r->file.size = r->file.total = (uint64_t)s.st_size;
    r->file.type = "application/json";
    r->file.name = name;
    return true;
}

bool v1_user_export(struct request *r, struct err *e)
{
    const struct user_path *path = r->path;
    if (path->user_id != r->scope.actor->id && !user_admin_only(&r->scope, e)) return false;
    return reply_export(r, &(struct export_of){.user_id = path->user_id}, arena_printf(r->scope.arena, "person-%lld.json", (long long)path->user_id), e);
}

bool v1_guest_export(struct request *r, struct err *e)
{
    struct guest guest;
    const struct guest_pick *q = r->query;
    return user_admin_only(&r->scope, e) && guest_of(&r->scope, q->guest, &guest, e) && reply_export(r, &(struct export_of){.guest = &guest}, "guest.json", e);
}

/* ---- erasure */

static bool reply_erasure(struct request *r, const struct erasure *x)
{
    struct erasure_reply *out = arena_new(r->scope.arena, struct erasure_reply);
    COPY(erasure_reply, out, erasure, x);
    return reply_with(r, out);
}

struct forgetting_request { struct request *request; struct user person; struct erasure out; };

static bool begin(struct scope *s, void *arg, struct err *e)
{
    struct forgetting_request *f = arg;
    const struct erase_request *in = f->request->body;
    return erasure_begin(s, &f->person, (enum erasure_media)in->media, f->request->scope.actor->id, &f->out, e);
}

/* Who erases themselves shows that it is them; who erases others says whom. */
static bool is_meant(struct request *r, const struct user *person, struct err *e)
{
    const struct erase_request *in = r->body;
    bool own = person->id == r->scope.actor->id;
    if (strcasecmp(in->confirm, person->email) != 0) return err_fail(e, error_erase_not_confirmed);
    return !own || (HAS(in, erase_request, password) && password_verify(person->password_hash, in->password)) || err_fail(e, error_wrong_password);
}

bool v1_user_erase(struct request *r, struct err *e)
{
    const struct user_path *path = r->path;
    struct forgetting_request *f = arena_new(r->scope.arena, struct forgetting_request);
    if (path->user_id != r->scope.actor->id && !user_admin_only(&r->scope, e)) return false;
    f->request = r;
    if (!(r->scope.db = core_worker_reader(r->api->core, e))) return false;
    enum db_found found = user_by_id(&r->scope, path->user_id, &f->person, e);
    if (found != DB_ROW) return found == DB_NONE && err_fail(e, error_user_not_found);
    found = erasure_of(&r->scope, path->user_id, &f->out, e);
    if (found == DB_ROW) return reply_erasure(r, &f->out); /* asked again: the same answer, and nothing is begun */
    return found == DB_NONE && is_meant(r, &f->person, e) && request_write(r, begin, f, e) && reply_erasure(r, &f->out);
}

bool v1_erasure_get(struct request *r, struct err *e)
{
    const struct user_path *path = r->path;
    struct erasure x;
    if (path->user_id != r->scope.actor->id && !user_admin_only(&r->scope, e)) return false;
    enum db_found found = erasure_of(&r->scope, path->user_id, &x, e);
    if (found != DB_ROW) return found == DB_NONE && err_fail(e, error_not_erased);
    return reply_erasure(r, &x);
}

bool v1_erasure_list(struct request *r, struct err *e)
{
    const struct page_query *q = r->query;
    struct erasure_list *out = arena_new(r->scope.arena, struct erasure_list);
    model_all_present(&erasure_list_model, out);
    return user_admin_only(&r->scope, e) && erasure_list(&r->scope, q->skip, q->limit, &out->erasures, &out->total, e) && reply_with(r, out);
}

/* ---- people without an account */

bool v1_guest_find(struct request *r, struct err *e)
{
    const struct guest_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!user_admin_only(&r->scope, e) || !guest_find(&r->scope, q->find, q->skip, q->limit, &rows, &total, e)) return false;
    struct guest_list *out = arena_new(r->scope.arena, struct guest_list);
    SET(out, guest_list, guests, rows);
    SET(out, guest_list, total, total);
    return reply_with(r, out);
}

bool v1_guest_erase(struct request *r, struct err *e)
{
    const struct guest_erase *in = r->body;
    struct erasure x;
    if (!user_admin_only(&r->scope, e) || !erasure_begin_guest(&r->scope, in->guest, in->seats, (enum erasure_media)in->media, r->scope.actor->id, &x, e)) return false;
    request_subject(r, "user", x.user_id);
    return reply_erasure(r, &x);
}
