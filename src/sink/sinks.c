#include "sink/sinks.h"
#include "sink/cloudinary.h"
#include "sink/s3.h"
#include <stdlib.h>
#include <string.h>

enum { MOST = 2, NAME_LONGEST = 20 };

struct sinks {
    struct s3 *s3;
    struct cloudinary *cloudinary;
    const struct sink *list[MOST];
    size_t count;
    bool local;
};

static bool add(struct sinks *s, const struct config *c, const char *name, struct err *e)
{
    if (!strcmp(name, "local")) return s->local = true; /* src/sink/local.h */
    if (!strcmp(name, "s3") && !s->s3) {
        if (!(s->s3 = s3_create(c, e))) return false;
        s->list[s->count++] = s3_sink(s->s3);
        return true;
    }
    if (!strcmp(name, "cloudinary") && !s->cloudinary) {
        if (!(s->cloudinary = cloudinary_create(c, e))) return false;
        s->list[s->count++] = cloudinary_sink(s->cloudinary);
        return true;
    }
    return err_set(e, ERR_CALLER, "config", "SINKS may have local, s3 and cloudinary, once each and with commas, not \"%s\"", name);
}

struct sinks *sinks_create(const struct config *c, struct err *e)
{
    struct sinks *s = xcalloc(1, sizeof *s);
    bool ok = true;
    for (const char *p = c->SINKS; ok && *p; p += strspn(p, ", ")) {
        char name[NAME_LONGEST + 1];
        size_t n = strcspn(p, ", ");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        ok = !n || add(s, c, name, e);
        p += n;
    }
    if (ok) return s;
    sinks_destroy(s);
    return NULL;
}

void sinks_destroy(struct sinks *s)
{
    if (!s) return;
    s3_destroy(s->s3);
    cloudinary_destroy(s->cloudinary);
    free(s);
}

void sinks_give(const struct sinks *s, struct core *core)
{
    core->sinks = s->list;
    core->sink_count = s->count;
    core->files_stay = s->local;
}
