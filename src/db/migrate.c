/* migrate.c - bringing a database to the version that this program knows. */
#include "base/fault.h"
#include "db/conn.h"
#include "db/migrations.h"

int db_newest_version(void)
{
    int newest = 0;
    for (const struct migration *m = migrations; m->version; m++) newest = m->version;
    return newest;
}

static bool migrate(struct db_conn *c, const char *name, int *from, int *to, struct err *e)
{
    if (!c->driver->version(c, from, e)) return false;
    *to = db_newest_version();
    if (*from > *to)
        return err_set(e, ERR_CONFLICT, "newer_database", "database \"%s\" is of version %d, this program knows up to %d: install the newer roomd again", name, *from, *to);
    for (const struct migration *m = migrations; m->version; m++)
        if (m->version > *from && (!c->driver->create(c, m->sql, e) || !c->driver->set_version(c, m->version, e) || !FAULT_POINT(migrate_step))) return false;
    return true;
}

bool conn_migrate(struct db_conn *c, const char *name, int *from, int *to, struct err *e)
{
    if (!c->driver->begin(c, e)) return false; /* two starts at once: the second waits and finds it done */
    if (migrate(c, name, from, to, e)) return c->driver->commit(c, e) && FAULT_POINT(migrate_done);
    conn_exec(c, "ROLLBACK", NULL);
    return false;
}
