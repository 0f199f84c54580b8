#include "core/course_session.h"
#include "base/rand.h"
#include "core/course.h"
#include "core/identity.h"
#include "core/participant.h"
#include "core/presence.h"
#include "core/recording.h"
#include "core/session.h"
#include "core/user.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What a row of struct live_row is made of, from sessions s. The address of an account is nobody's name. */
#define COLUMNS \
    "SELECT s.id, s.uuid, s.teacher_id, s.title, s.description, s.status, s.room_name, s.provider, s.scheduled_start, s.duration_minutes, s.max_participants, s.created_at, s.updated_at, " \
    "c.course, k.title, c.instructor, coalesce(p.name, CASE WHEN c.instructor IS NULL OR c.instructor LIKE '00000000-0000-4000-8000-%' THEN u.full_name END), " \
    "c.recording_url, c.recording_seconds FROM "
#define JOINS \
    " LEFT JOIN course_sessions c ON c.session_id = s.id LEFT JOIN courses k ON k.uuid = c.course LEFT JOIN people p ON p.identity = c.instructor LEFT JOIN users u ON u.id = s.teacher_id "

static const char SQL_BY_UUID[] = COLUMNS "sessions s" JOINS "WHERE s.uuid = $1 AND s.deleted_at IS NULL";
static const char SQL_BY_ID[] = COLUMNS "sessions s" JOINS "WHERE s.id = $1 AND s.deleted_at IS NULL";
static const char SQL_PAGE[] = COLUMNS "(SELECT * FROM sessions WHERE deleted_at IS NULL ORDER BY id DESC LIMIT $1 OFFSET $2) s" JOINS "ORDER BY s.id DESC";
static const char SQL_TOTAL[] = "SELECT number FROM facts WHERE name = 'sessions'";
static const char SQL_NEWEST[] = "SELECT coalesce(max(id), 0) FROM sessions";
#define MATCHES "id > $1 AND deleted_at IS NULL AND lower(title) LIKE lower($2) ESCAPE '!'"
static const char SQL_SEARCH[] = COLUMNS "(SELECT * FROM sessions WHERE " MATCHES " ORDER BY id DESC LIMIT $3 OFFSET $4) s" JOINS "ORDER BY s.id DESC";
static const char SQL_SEARCH_TOTAL[] = "SELECT count(*) FROM sessions WHERE " MATCHES;
static const char SQL_OF_COURSE[] = COLUMNS "sessions s" JOINS "WHERE c.course = $1 AND s.deleted_at IS NULL ORDER BY s.scheduled_start, s.id";
static const char SQL_OF_INSTRUCTOR[] = COLUMNS "sessions s" JOINS
    "WHERE s.id IN (SELECT session_id FROM course_sessions WHERE instructor = $1 UNION ALL SELECT m.session_id FROM participants m WHERE m.user_id = $2 AND m.role = 'teacher' "
    "AND NOT EXISTS (SELECT 1 FROM course_sessions o WHERE o.session_id = m.session_id)) AND s.deleted_at IS NULL ORDER BY s.scheduled_start, s.id";
static const char SQL_STUDENTS[] =
    "SELECT id, identity FROM participants WHERE session_id = $1 AND role <> 'teacher' AND connection_status <> 'kicked' ORDER BY created_at, id";
static const char SQL_SIDE[] = "SELECT {} FROM course_sessions WHERE session_id = $1";

enum { SEARCHED = 100000, SLUG_LENGTH = 77, STAMP_DIGITS = 9 };

/* ---- making one */

/* a-z and 0-9 of the title; accents are dropped, the rest becomes single dashes. */
static size_t slug(const char *title, char out[SLUG_LENGTH + 1])
{
    /* U+00C0 to U+017F: the letter below the accent */
    static const char plain[] = "aaaaaa-ceeeeiiii-nooooo--uuuuy--aaaaaa-ceeeeiiii-nooooo--uuuuy-yaaaaaaccccccccdd--eeeeeeeeeegggggggghh--iiiiiiiii-iijjkk-llllllll--nnnnnn---oooooo--rrrrrrsssssssstttt--uuuuuuuuuuuuwwyyyzzzzzzs";
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)title; *p && n < SLUG_LENGTH; p++) {
        unsigned point = *p < 0x80 ? *p : 0xffff; /* longer sequences: no letter of ours */
        if ((*p & 0xe0) == 0xc0 && p[1]) {
            point = (*p & 0x1fU) << 6 | (p[1] & 0x3fU);
            p++;
        }
        char c = point < 0x80 && isalnum((int)point) ? (char)tolower((int)point) : point >= 0xc0 && point <= 0x17f ? plain[point - 0xc0] : '-';
        if (c != '-' || (n && out[n - 1] != '-')) out[n++] = c;
    }
    if (n && out[n - 1] == '-') n--;
    out[n] = '\0';
    return n;
}

static char *room_name(struct scope *s, const char *title)
{
    char name[SLUG_LENGTH + 1], digits[STAMP_DIGITS + 1];
    rand_text(digits, STAMP_DIGITS, "0123456789");
    return arena_printf(s->arena, "%s-%lld%s", slug(title, name) ? name : "session", (long long)s->now, digits);
}

/* What a reply says of a new one, without asking the database. */
static void to_row(const struct session *session, const struct course_session *side, struct live_row *out)
{
    COPY(live_row, out, session, session);
    COPY(live_row, out, course_session, side);
    SET(out, live_row, id, session->id);
}

static bool insert_side(struct scope *s, int64_t session_id, const char *course, const char *instructor, struct course_session *side, struct err *e)
{
    *side = (struct course_session){0};
    SET(side, course_session, session_id, session_id);
    if (course) SET(side, course_session, course, course);
    SET(side, course_session, instructor, instructor);
    return db_insert(s->db, "course_sessions", course_session, side, e);
}

bool course_session_schedule(struct scope *s, struct session *plan, const char *course, const char *instructor, struct live_row *out, struct err *e)
{
    struct participant teacher;
    struct course_session side;
    *out = (struct live_row){0};
    if (!session_make(s, plan, room_name(s, plan->title), &teacher, e)) return false;
    if (!insert_side(s, plan->id, course, instructor ? instructor : account_uuid(s->arena, s->actor->id), &side, e)) return false;
    to_row(plan, &side, out);
    return true;
}

/* ---- reading */

/* Who has no side row has its teacher for an instructor. */
static void complete(struct scope *s, struct live_row *row)
{
    if (!HAS(row, live_row, instructor)) SET(row, live_row, instructor, account_uuid(s->arena, row->teacher_id));
}

static bool completed(struct scope *s, struct list *rows)
{
    struct live_row *row = (struct live_row *)(uintptr_t)rows->items;
    for (size_t i = 0; i < rows->count; i++) complete(s, &row[i]);
    return true;
}

bool course_session_find(struct scope *s, const char *name, struct live_row *out, struct err *e)
{
    struct session_key key;
    session_key(s->arena, name, &key);
    enum db_found found = key.uuid ? db_one(s->db, SQL_BY_UUID, live_row, out, s->arena, e, TEXT_(key.uuid)) : db_one(s->db, SQL_BY_ID, live_row, out, s->arena, e, INT_(key.id));
    if (found == DB_ROW) complete(s, out);
    return found == DB_NONE ? err_fail(e, error_session_not_found) : found == DB_ROW;
}

static bool search_page(struct scope *s, const char *search, int64_t limit, int64_t skip, struct list *out, int64_t *total, struct err *e)
{
    int64_t newest;
    const char *like = db_like(s->arena, search);
    return db_number(s->db, SQL_NEWEST, &newest, e) == DB_ROW &&
           db_number(s->db, SQL_SEARCH_TOTAL, total, e, INT_(newest - SEARCHED), TEXT_(like)) == DB_ROW &&
           db_all(s->db, SQL_SEARCH, live_row, out, s->arena, e, INT_(newest - SEARCHED), TEXT_(like), INT_(limit), INT_(skip)) && completed(s, out);
}

bool course_session_page(struct scope *s, const char *search, int64_t limit, int64_t skip, struct list *out, int64_t *total, struct err *e)
{
    if (search && *search) return search_page(s, search, limit, skip, out, total, e);
    enum db_found kept = db_number(s->db, SQL_TOTAL, total, e);
    if (kept == DB_NONE) *total = 0; /* there never was one */
    return kept != DB_FAILED && db_all(s->db, SQL_PAGE, live_row, out, s->arena, e, INT_(limit), INT_(skip)) && completed(s, out);
}

bool course_session_of_course(struct scope *s, const char *course, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_OF_COURSE, live_row, out, s->arena, e, TEXT_(course)) && completed(s, out);
}

bool course_session_of_instructor(struct scope *s, const char *instructor, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_OF_INSTRUCTOR, live_row, out, s->arena, e, TEXT_(instructor), INT_(account_of_uuid(instructor))) && completed(s, out);
}

bool course_session_recording_url(struct scope *s, const struct live_row *row, const char **url, struct err *e)
{
    struct recording_file file;
    *url = HAS(row, live_row, recording_url) ? row->recording_url : NULL;
    if (*url || !HAS(row, live_row, recording_seconds)) return true;
    enum db_found found = recording_latest_file(s, row->id, &file, e);
    if (found == DB_ROW) *url = recording_file_url(s, &file);
    return found != DB_FAILED;
}

/* ---- students. A seat's identity is the app's own id of the person, but for ids that look like ours. */

static const char OWN_PREFIX[] = "student:";

static bool looks_like_ours(const char *student)
{
    return !strncmp(student, OWN_PREFIX, sizeof OWN_PREFIX - 1) || identity_is_ours(student);
}

static const char *identity_of(struct arena *a, const char *student)
{
    return looks_like_ours(student) ? arena_printf(a, "%s%s", OWN_PREFIX, student) : student;
}

static const char *shown(const char *identity)
{
    size_t n = sizeof OWN_PREFIX - 1;
    return strncmp(identity, OWN_PREFIX, n) ? identity : identity + n;
}

bool course_session_students(struct scope *s, int64_t session_id, struct list *out, struct err *e)
{
    struct list rows;
    if (!db_all(s->db, SQL_STUDENTS, seat_identity, &rows, s->arena, e, INT_(session_id))) return false;
    const struct seat_identity *seat = rows.items;
    const char **texts = arena_array(s->arena, const char *, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) texts[i] = shown(seat[i].identity);
    *out = (struct list){texts, rows.count};
    return true;
}

/* By the app's id; then, for an id like ours, by what such a seat is shown as. */
static enum db_found find_student(struct scope *s, int64_t session_id, const char *student, struct participant *out, struct err *e)
{
    enum db_found found = participant_of_identity(s, session_id, identity_of(s->arena, student), out, e);
    return found == DB_NONE && looks_like_ours(student) ? participant_of_identity(s, session_id, student, out, e) : found;
}

/* user-7 is account 7, where there is one. */
static enum db_found account_named(struct scope *s, const char *student, struct user *out, struct err *e)
{
    const char *digits = student + 5;
    if (strncmp(student, "user-", 5) || !*digits || strspn(digits, "0123456789") != strlen(digits)) return DB_NONE;
    return user_by_id(s, strtoll(digits, NULL, 10), out, e);
}

bool course_session_add_student(struct scope *s, const struct session *session, const char *student, struct err *e)
{
    struct participant p;
    struct user user;
    const char *name;
    enum db_found found = find_student(s, session->id, student, &p, e);
    if (found != DB_NONE) return found == DB_ROW && participant_readmit(s, session, &p, e);
    enum db_found account = account_named(s, student, &user, e);
    if (account != DB_NONE) return account == DB_ROW && participant_seat(s, session, &user, participant_role_student, &p, e);
    return person_name(s, student, &name, e) && participant_seat_named(s, session, identity_of(s->arena, student), name, participant_role_student, &p, e);
}

bool course_session_remove_student(struct scope *s, const struct session *session, const char *student, struct err *e)
{
    struct participant p;
    enum db_found found = find_student(s, session->id, student, &p, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE || p.role == participant_role_teacher || p.connection_status == connection_status_kicked) return err_fail(e, error_participant_not_found);
    return participant_kick(s, session, &p, e);
}

/* ---- a recording that can be played */

static enum db_found side_of(struct scope *s, const struct session *session, struct course_session *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_SIDE, course_session, out, s->arena, e, INT_(session->id));
    if (found != DB_NONE) return found;
    return insert_side(s, session->id, NULL, account_uuid(s->arena, session->teacher_id), out, e) ? DB_ROW : DB_FAILED;
}

static bool end_if_idle(struct scope *s, struct session *session, struct err *e)
{
    struct list inside;
    bool runs;
    if (session_is_over(session)) return true;
    if (!presence_open(s, session->id, &inside, e) || !recording_runs(s, session->id, &runs, e)) return false;
    return inside.count || runs || session_set_status(s, session, session_status_ended, "recorded", e);
}

bool course_session_published(struct scope *s, int64_t session_id, const char *url, int64_t seconds, struct err *e)
{
    struct session session;
    struct course_session side;
    enum db_found found = session_by_id(s, session_id, &session, e);
    if (found != DB_ROW) return found == DB_NONE;
    if (side_of(s, &session, &side, e) != DB_ROW) return false;
    if (url) SET(&side, course_session, recording_url, url);
    else CLEAR(&side, course_session, recording_url);
    SET(&side, course_session, recording_seconds, seconds);
    return db_update(s->db, "course_sessions", course_session, &side, e) && (!HAS(&side, course_session, course) || end_if_idle(s, &session, e));
}
