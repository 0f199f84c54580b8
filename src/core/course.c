#include "core/course.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_COURSE[] = "SELECT {} FROM courses WHERE uuid = $1";
static const char SQL_COURSE_PUT[] =
    "INSERT INTO courses (uuid, title, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT (uuid) DO UPDATE SET title = excluded.title, updated_at = excluded.updated_at";
static const char SQL_PERSON[] = "SELECT {} FROM people WHERE identity = $1";
static const char SQL_PERSON_PUT[] =
    "INSERT INTO people (identity, name, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT (identity) DO UPDATE SET name = excluded.name, updated_at = excluded.updated_at";

static const char ACCOUNT_PREFIX[] = "00000000-0000-4000-8000-";

char *account_uuid(struct arena *a, int64_t user_id)
{
    return arena_printf(a, "%s%012llx", ACCOUNT_PREFIX, (unsigned long long)user_id);
}

int64_t account_of_uuid(const char *uuid)
{
    size_t n = sizeof ACCOUNT_PREFIX - 1;
    if (strlen(uuid) != 36 || strncmp(uuid, ACCOUNT_PREFIX, n) != 0) return 0;
    return uuid[n + strspn(uuid + n, "0123456789abcdef")] ? 0 : strtoll(uuid + n, NULL, 16);
}

bool course_put(struct scope *s, const char *uuid, const char *title, struct course *out, struct err *e)
{
    if (s->actor->role == user_role_student && !s->actor->is_superuser) return err_fail(e, error_forbidden);
    return db_run(s->db, SQL_COURSE_PUT, e, TEXT_(uuid), TEXT_(title), INT_(s->now)) && db_one(s->db, SQL_COURSE, course, out, s->arena, e, TEXT_(uuid)) == DB_ROW;
}

bool person_learn(struct scope *s, const char *identity, const char *name, struct err *e)
{
    return db_run(s->db, SQL_PERSON_PUT, e, TEXT_(identity), TEXT_(name), INT_(s->now));
}

bool person_put(struct scope *s, const char *identity, const char *name, struct person *out, struct err *e)
{
    int64_t account = account_of_uuid(identity);
    bool allowed = account ? s->actor->id == account : s->actor->role != user_role_student;
    if (!allowed && !s->actor->is_superuser) return err_fail(e, error_forbidden);
    return person_learn(s, identity, name, e) && db_one(s->db, SQL_PERSON, person, out, s->arena, e, TEXT_(identity)) == DB_ROW;
}

bool person_name(struct scope *s, const char *identity, const char **name, struct err *e)
{
    struct person p;
    enum db_found found = db_one(s->db, SQL_PERSON, person, &p, s->arena, e, TEXT_(identity));
    *name = found == DB_ROW ? p.name : identity;
    return found != DB_FAILED;
}
