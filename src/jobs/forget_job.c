/* forget_job.c - forgetting a person (core/erasure.h), and what recordings that are kept have of them in files of their own. */
#include "base/fault.h"
#include "core/erasure.h"
#include "core/errand.h"
#include "core/job.h"
#include "core/recording.h"
#include "jobs/kinds.h"
#include "sink/local.h"
#include <dirent.h>
#include <string.h>

enum { LOOK_AGAIN_MS = 2000 };
static const char SQL_ROW_OF_FILE[] = "SELECT id FROM recording_files WHERE recording_id = $1 AND key = $2";
static const char SQL_FORGOTTEN[] =
    "SELECT 1 FROM connection_spans c JOIN participants p ON p.id = c.participant_id JOIN erasures x ON x.user_id = p.user_id WHERE c.connection = $1";

/* ---- the person */

struct stepping { int64_t id; enum erasure_next next; const char *why; };

static bool step(struct scope *s, void *arg, struct err *e)
{
    struct stepping *x = arg;
    return erasure_step(s, x->id, &x->next, &x->why, e);
}

static bool finish(struct scope *s, void *arg, struct err *e)
{
    return erasure_finish(s, *(const int64_t *)arg, e);
}

static bool later(struct scope *s, void *arg, struct err *e)
{
    return job_later(s, "forget", *(const int64_t *)arg, s->now + LOOK_AGAIN_MS, e);
}

enum work_result forget_work(struct work_context *w, struct err *e)
{
    struct stepping x = {.id = w->job->subject_id, .next = ERASURE_GO_ON};
    while (x.next == ERASURE_GO_ON) {
        struct arena a; /* of this step alone: there may be many */
        arena_init(&a);
        bool ok = errand_write(w->core, &a, step, &x, e);
        arena_release(&a);
        if (!ok || !FAULT_POINT(forget_stepped)) return WORK_AGAIN;
        if (!runner_go_on(w)) return WORK_STOPPED;
    }
    if (x.next == ERASURE_WAIT) return core_write(w->core, later, &x.id, e) ? WORK_DONE : WORK_AGAIN;
    if (x.next == ERASURE_WIPE && (!db_wipe(w->core->db, erasure_tables, e) || !FAULT_POINT(forget_wiped) || !core_write(w->core, finish, &x.id, e))) return WORK_AGAIN;
    return WORK_DONE;
}

/* ---- files: of tracks that no row names any more, and of raw tracks that were left because nothing could be made of them */

struct tidying { struct work_context *w; struct recording r; };

static bool is_named(struct tidying *t, const char *key, bool *named, struct err *e)
{
    int64_t id;
    enum db_found found = db_number(t->w->db, SQL_ROW_OF_FILE, &id, e, INT_(t->r.id), TEXT_(key));
    *named = found == DB_ROW;
    return found != DB_FAILED;
}

/* videoroom-ROOM-user-CONNECTION-TIME-audio-0.mjr */
static bool is_of_others(struct tidying *t, const char *key, bool *others, struct err *e)
{
    int64_t one;
    const char *at = strstr(key, "-user-");
    const char *connection = at ? arena_strndup(t->w->arena, at + 6, strcspn(at + 6, "-")) : "";
    enum db_found found = db_number(t->w->db, SQL_FORGOTTEN, &one, e, TEXT_(connection));
    *others = found == DB_NONE;
    return found != DB_FAILED;
}

static bool tidy(struct tidying *t, const char *folder, bool (*keep)(struct tidying *, const char *, bool *, struct err *), struct err *e)
{
    const char *data = core_config(t->w->core)->DATA_DIR, *at = arena_printf(t->w->arena, "recordings/%s/%s", t->r.uuid, folder);
    bool ok = true, kept = true;
    DIR *d = opendir(arena_printf(t->w->arena, "%s/%s", data, at));
    if (!d) return true;
    for (const struct dirent *f; ok && (f = readdir(d));) {
        if (f->d_name[0] == '.') continue;
        const char *key = arena_printf(t->w->arena, "%s/%s", at, f->d_name);
        ok = keep(t, key, &kept, e) && (kept || sink_erase_local(data, key, e));
    }
    closedir(d);
    return ok;
}

enum work_result forget_files_work(struct work_context *w, struct err *e)
{
    struct tidying t = {.w = w};
    struct scope s = work_scope(w);
    enum db_found found = recording_by_id(&s, w->job->subject_id, &t.r, e);
    if (found != DB_ROW) return found == DB_NONE ? WORK_DONE : WORK_AGAIN;
    return tidy(&t, "tracks", is_named, e) && tidy(&t, "raw", is_of_others, e) && FAULT_POINT(forget_tidied) ? WORK_DONE : WORK_AGAIN;
}
