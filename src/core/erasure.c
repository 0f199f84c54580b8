#include "core/erasure.h"
#include "base/fault.h"
#include "base/rand.h"
#include "core/audit.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/guest.h"
#include "core/job.h"
#include "core/session.h"
#include "core/user.h"
#include <stdio.h>
#include <string.h>

static const char SQL_OF_USER[] = "SELECT {} FROM erasures WHERE user_id = $1";
static const char SQL_BY_ID[] = "SELECT {} FROM erasures WHERE id = $1";
static const char SQL_LATEST[] = "SELECT {} FROM erasures ORDER BY id DESC LIMIT $1 OFFSET $2";
static const char SQL_COUNT[] = "SELECT count(*) FROM erasures";
static const char SQL_SEATS[] = "SELECT {} FROM participants WHERE user_id = $1 ORDER BY id";
static const char SQL_TOKENS_DEAD[] = "UPDATE participants SET token_generation = token_generation + 1, consented_at = NULL WHERE user_id = $1";
static const char SQL_JOIN_TOKENS_DEAD[] = "UPDATE join_tokens SET revoked_at = $2 WHERE revoked_at IS NULL AND participant_id IN (SELECT p.id FROM participants p WHERE p.user_id = $1)";
static const char SQL_KEYS_DEAD[] = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2), name = 'erased' WHERE user_id = $1";
static const char SQL_SEALS_GONE[] = "DELETE FROM api_key_seals WHERE api_key_id IN (SELECT k.id FROM api_keys k WHERE k.user_id = $1)";
static const char SQL_ANSWERS_GONE[] = "DELETE FROM idempotency_keys WHERE caller = $1";

enum { TAG_BYTES = 4 };

enum db_found erasure_of(struct scope *s, int64_t user_id, struct erasure *out, struct err *e)
{
    return db_one(s->db, SQL_OF_USER, erasure, out, s->arena, e, INT_(user_id));
}

bool erasure_list(struct scope *s, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LATEST, erasure_reply, out, s->arena, e, INT_(limit), INT_(skip)) && db_number(s->db, SQL_COUNT, total, e) == DB_ROW;
}

static const char *address_of(struct arena *a, const struct erasure *x)
{
    return arena_printf(a, "erased-%s@erased.invalid", strrchr(x->pseudonym, ' ') + 1);
}

static bool plan(struct scope *s, const struct user *person, enum erasure_media media, int64_t by, struct erasure *out, struct err *e)
{
    struct list seats;
    unsigned char tag[TAG_BYTES];
    rand_bytes(tag, sizeof tag);
    if (!db_all(s->db, SQL_SEATS, participant, &seats, s->arena, e, INT_(person->id))) return false;
    *out = (struct erasure){0};
    SET(out, erasure, user_id, person->id);
    SET(out, erasure, pseudonym, arena_printf(s->arena, "Erased participant %02x%02x%02x%02x", tag[0], tag[1], tag[2], tag[3]));
    SET(out, erasure, media, (int)media);
    SET(out, erasure, status, erasure_status_waiting);
    SET(out, erasure, step, erasure_stage_identity);
    SET(out, erasure, reached, 0);
    SET(out, erasure, needles, needles_sealed(s, person, &seats));
    if (by) SET(out, erasure, requested_by, by);
    SET(out, erasure, rows_changed, 1);
    SET(out, erasure, recordings_deleted, 0);
    SET(out, erasure, recordings_kept, 0);
    SET(out, erasure, requested_at, s->now);
    return db_insert(s->db, "erasures", erasure, out, e);
}

static bool blank_account(struct scope *s, const struct user *person, const struct erasure *x, struct err *e)
{
    struct user blank = *person;
    SET(&blank, user, email, address_of(s->arena, x));
    SET(&blank, user, full_name, x->pseudonym);
    SET(&blank, user, password_hash, "!"); /* no hash: fits none */
    SET(&blank, user, is_active, false);
    SET(&blank, user, is_superuser, false);
    SET(&blank, user, updated_at, s->now);
    return db_update(s->db, "users", user, &blank, e) && db_run(s->db, SQL_KEYS_DEAD, e, INT_(person->id), INT_(s->now)) && db_run(s->db, SQL_SEALS_GONE, e, INT_(person->id)) &&
           db_run(s->db, SQL_ANSWERS_GONE, e, TEXT_(arena_printf(s->arena, "user:%lld", (long long)person->id)));
}

/* Wherever they are in, the call follows this. */
static bool put_out(struct scope *s, int64_t user_id, struct err *e)
{
    struct list in;
    struct session session;
    if (!erasure_seats_in(s, user_id, &in, e)) return false;
    if (!db_run(s->db, SQL_TOKENS_DEAD, e, INT_(user_id)) || !db_run(s->db, SQL_JOIN_TOKENS_DEAD, e, INT_(user_id), INT_(s->now))) return false;
    const struct participant *p = in.items;
    for (size_t i = 0; i < in.count; i++)
        if (session_even_deleted(s, p[i].session_id, &session, e) != DB_ROW || !errand_remove(s, &session, &p[i], e) || !EMIT(s, participant_kicked, session.id, e, .participant_id = p[i].id)) return false;
    return true;
}

bool erasure_begin(struct scope *s, const struct user *person, enum erasure_media media, int64_t by, struct erasure *out, struct err *e)
{
    enum db_found found = erasure_of(s, person->id, out, e);
    if (found != DB_NONE) return found == DB_ROW;
    return user_may_go(s, person, e) && plan(s, person, media, by, out, e) && FAULT_POINT(forget_noted) && blank_account(s, person, out, e) && put_out(s, person->id, e) && job_add(s, "forget", out->id, s->now, e);
}

bool erasure_begin_guest(struct scope *s, const char *who, int64_t seats, enum erasure_media media, int64_t by, struct erasure *out, struct err *e)
{
    struct guest guest;
    struct user person;
    if (!guest_of(s, who, &guest, e)) return false;
    if ((int64_t)guest.seats.count != seats) return err_fail(e, error_guest_seats_differ);
    return guest_adopt(s, &guest, &person, e) && FAULT_POINT(guest_adopted) && erasure_begin(s, &person, media, by, out, e);
}

/* ---- the job */

static const struct erasure_step *step_at(enum erasure_stage stage)
{
    const struct erasure_step *at = erasure_steps;
    if (stage == erasure_stage_identity) return at;
    while (at->run && at->stage != stage) at++;
    return at;
}

static bool save(struct scope *s, struct forgetting *f, const struct erasure_step *at, bool finished, struct err *e)
{
    if (finished) at++;
    SET(&f->row, erasure, step, at->run ? (int)at->stage : erasure_stage_storage);
    if (finished) SET(&f->row, erasure, reached, 0);
    SET(&f->row, erasure, status, erasure_status_running);
    if (f->why) SET(&f->row, erasure, error, f->why);
    else CLEAR(&f->row, erasure, error);
    return db_update(s->db, "erasures", erasure, &f->row, e);
}

bool erasure_step(struct scope *s, int64_t id, enum erasure_next *next, const char **why, struct err *e)
{
    struct forgetting f = {0};
    bool finished = false;
    enum db_found found = db_one(s->db, SQL_BY_ID, erasure, &f.row, s->arena, e, INT_(id));
    if (found != DB_ROW || f.row.status == erasure_status_done) return *next = ERASURE_DONE, found != DB_FAILED;
    if (f.row.step == erasure_stage_storage) return *next = ERASURE_WIPE, true;
    const struct erasure_step *at = step_at((enum erasure_stage)f.row.step);
    f.address = address_of(s->arena, &f.row);
    if (!needles_of(s, &f, e) || !at->run(s, &f, &finished, e) || !save(s, &f, at, finished, e)) return false;
    *next = f.why ? ERASURE_WAIT : ERASURE_GO_ON;
    *why = f.why;
    return true;
}

bool erasure_finish(struct scope *s, int64_t id, struct err *e)
{
    struct erasure x;
    enum db_found found = db_one(s->db, SQL_BY_ID, erasure, &x, s->arena, e, INT_(id));
    if (found != DB_ROW || x.status == erasure_status_done) return found != DB_FAILED;
    SET(&x, erasure, status, erasure_status_done);
    SET(&x, erasure, finished_at, s->now);
    CLEAR(&x, erasure, needles);
    CLEAR(&x, erasure, error);
    return db_update(s->db, "erasures", erasure, &x, e) && FAULT_POINT(forget_closed) && EMIT(s, user_erased, 0, e, .user_id = x.user_id, .name = x.pseudonym) &&
           audit_note(s, &(struct audit_act){.action = "job.user_erased", .subject = "user", .subject_id = audit_id(s->arena, x.user_id)}, e);
}
