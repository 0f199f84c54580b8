#include "core/export.h"
#include "base/clock.h"
#include "core/consent.h"
#include "core/guest.h"
#include "core/recording.h"
#include "core/user.h"
#include <string.h>

#define ROWS_AT_ONCE " LIMIT 500"
/* Whose seat p is: $1 the account, or 0; $3 and $4 what a guest is known by, or NULL. $2 is the last row of the page before. */
#define THEIRS PERSON_SEAT("$1", "$3", "$4")
#define SEATS "(SELECT p.id FROM participants p WHERE " THEIRS ")"
#define AN_ACCOUNTS " AND CAST($3 AS TEXT) IS NULL AND CAST($4 AS TEXT) IS NULL"

static const char SQL_SEATS[] = "SELECT {p} FROM participants p WHERE " THEIRS " AND p.id > $2 ORDER BY p.id" ROWS_AT_ONCE;
static const char SQL_STAYS[] = "SELECT {c} FROM connection_spans c WHERE c.participant_id IN " SEATS " AND c.id > $2 ORDER BY c.id" ROWS_AT_ONCE;
static const char SQL_EVENTS[] =
    "SELECT {e} FROM events e WHERE e.id > $2 AND (e.user_id = $1 OR EXISTS (SELECT 1 FROM participants p WHERE " THEIRS " AND p.session_id = e.session_id AND " EVENT_OF_SEAT ")) ORDER BY e.id" ROWS_AT_ONCE;
static const char SQL_CONSENTS[] = CONSENT_SHOWN "WHERE " THEIRS " AND c.id > $2 ORDER BY c.id" ROWS_AT_ONCE;
static const char SQL_FILES[] =
    "SELECT f.id, f.recording_id, r.session_id, f.kind, f.name, f.content_type, f.size_bytes, f.sha256, r.started_at, CAST(NULL AS TEXT) FROM recording_files f JOIN recordings r ON r.id = f.recording_id "
    "WHERE f.id > $2 AND r.deleted_at IS NULL AND " RECORDING_TOOK_PART(THEIRS) " ORDER BY f.id" ROWS_AT_ONCE;
static const char SQL_SESSIONS[] = "SELECT {} FROM sessions WHERE teacher_id = $1 AND id > $2" AN_ACCOUNTS " ORDER BY id" ROWS_AT_ONCE;
static const char SQL_TOKENS[] = "SELECT {} FROM join_tokens WHERE participant_id IN " SEATS " AND id > $2 ORDER BY id" ROWS_AT_ONCE;
static const char SQL_KEYS[] = "SELECT {} FROM api_keys WHERE user_id = $1 AND id > $2" AN_ACCOUNTS " ORDER BY id" ROWS_AT_ONCE;
static const char SQL_BOOKINGS[] = "SELECT {} FROM bookings WHERE customer_id = $1 AND id > $2" AN_ACCOUNTS " ORDER BY id" ROWS_AT_ONCE;
static const char SQL_AUDIT[] =
    "SELECT {} FROM audit WHERE id > $2 AND (user_id = $1 OR participant_id IN " SEATS " OR (subject = 'user' AND subject_id = CAST($1 AS TEXT))) ORDER BY id" ROWS_AT_ONCE;

struct writing { struct scope *s; int64_t user_id; const char *identity, *named; bool links; FILE *to; };

static bool write_failed(const struct writing *w, struct err *e)
{
    return ferror(w->to) && !err_sys(e, ERR_INTERNAL, "export", "cannot write the export");
}

static void add_link(const struct writing *w, struct scope *s, struct export_file *f)
{
    struct recording_file of = {.id = f->id, .recording_id = f->recording_id};
    if (w->links) SET(f, export_file, url, recording_file_url(s, &of));
}

static void write_rows(const struct writing *w, struct scope *s, const struct model *m, const struct list *rows, bool first)
{
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < rows->count; i++) {
        char *row = (char *)(uintptr_t)rows->items + i * m->size;
        if (m == &export_file_model) add_link(w, s, (struct export_file *)(void *)row);
        buf_text(&b, i || !first ? ",\n  " : "\n  ");
        model_write(&b, m, row);
    }
    if (b.size) fwrite(b.data, 1, b.size, w->to);
    buf_release(&b);
}

/* `"name": [rows]`, page after page. All models have their id first. */
static bool section(const struct writing *w, const char *name, const char *sql, const struct model *m, struct err *e)
{
    int64_t last = 0;
    struct list rows = {.count = 1};
    fprintf(w->to, ",\n\"%s\": [", name);
    for (bool first = true; rows.count; first = false) {
        struct arena a;
        arena_init(&a);
        struct scope own = *w->s;
        own.arena = &a;
        bool ok = db_all_values(own.db, sql, m, &rows, &a, e, (struct db_value[]){INT_(w->user_id), INT_(last), TEXT_(w->identity), TEXT_(w->named)}, 4);
        if (ok && rows.count) {
            write_rows(w, &own, m, &rows, first);
            last = *(const int64_t *)(const void *)((const char *)rows.items + (rows.count - 1) * m->size);
        }
        arena_release(&a);
        if (!ok || write_failed(w, e)) return false;
    }
    fputs("]", w->to);
    return true;
}

static void head(const struct writing *w, const char *name, const struct model *m, const void *row)
{
    struct buf b;
    char at[TIME_TEXT];
    time_format(w->s->now - w->s->now % 1000, at);
    buf_init(&b, 0);
    model_write(&b, m, row);
    fprintf(w->to, "{\"format\": \"roomd person 1\",\n\"exported_at\": \"%s\",\n\"%s\": %.*s", at, name, (int)b.size, b.data);
    buf_release(&b);
}

static bool sections(const struct writing *w, struct err *e)
{
    static const struct { const char *name, *sql; const struct model *model; } all[] = {
        {"seats", SQL_SEATS, &participant_model}, {"stays", SQL_STAYS, &span_model}, {"events", SQL_EVENTS, &event_model}, {"consents", SQL_CONSENTS, &consent_reply_model},
        {"recording_files", SQL_FILES, &export_file_model}, {"sessions_held", SQL_SESSIONS, &export_session_model}, {"join_tokens", SQL_TOKENS, &export_token_model},
        {"api_keys", SQL_KEYS, &export_key_model}, {"bookings", SQL_BOOKINGS, &export_booking_model}, {"audit", SQL_AUDIT, &audit_entry_model}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!section(w, all[i].name, all[i].sql, all[i].model, e)) return false;
    fputs("}\n", w->to);
    return fflush(w->to) == 0 || !write_failed(w, e);
}

bool export_person(struct scope *s, int64_t user_id, bool links, FILE *to, struct err *e)
{
    struct writing w = {s, user_id, NULL, NULL, links, to};
    struct user user;
    struct user_reply shown = {0};
    char since[TIME_TEXT];
    enum db_found found = user_by_id(s, user_id, &user, e);
    if (found != DB_ROW) return found == DB_NONE && err_fail(e, error_user_not_found);
    COPY(user_reply, &shown, user, &user);
    head(&w, "account", &user_reply_model, &shown);
    time_format(user.created_at, since);
    fprintf(to, ",\n\"account_since\": \"%s\"", since);
    return sections(&w, e);
}

bool export_guest(struct scope *s, const struct guest *guest, bool links, FILE *to, struct err *e)
{
    struct writing w = {s, 0, guest->identity, guest->named, links, to};
    struct export_guest shown = {0};
    SET(&shown, export_guest, known_by, guest->identity);
    SET(&shown, export_guest, name, guest->shown);
    SET(&shown, export_guest, seats, (int64_t)guest->seats.count);
    head(&w, "guest", &export_guest_model, &shown);
    return sections(&w, e);
}
