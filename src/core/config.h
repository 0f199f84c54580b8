/* config.h - the settings, from spec/config.def: defaults, then roomd.yaml, then .env, then the environment, then flags. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "net/guard.h"
#include <stdbool.h>
#include <stdint.h>

#define CONFIG_TYPE_TEXT const char *
#define CONFIG_TYPE_SECRET const char *
#define CONFIG_TYPE_NUMBER int64_t
#define CONFIG_TYPE_SWITCH int64_t
struct config {
#define CONFIG(name, type, ...) CONFIG_TYPE_##type name;
#include "spec/config.def"
#undef CONFIG
    struct arena arena;
    struct config *before;  /* the one that this one took the place of */
    /* derived */
    const char *address, *web_dir;
    const char *node;       /* the name of this data folder among those that share a database */
    const char *database;   /* a file, or postgresql://… with its password */
    uint16_t port;
    bool loopback;
    struct guard outbound;  /* where requests may go whose address somebody else chose */
};

struct config_flag { const char *name, *value; }; /* from the command line; ends with a NULL name */

/* `file`: a YAML file that must exist, or NULL: roomd.yaml in the working folder if there is one. The data folder is made and
 * the secrets in it are generated on the way. A loaded config never changes; a reload makes another one, in which what takes
 * effect at the next start only is as before. Old ones are kept until the end, since other threads may still read them. */
struct config *config_load(const char *file, const struct config_flag *flags, struct err *e);
struct config *config_reload(const struct config *before, const char *file, const struct config_flag *flags, struct err *e);
enum { CONFIG_TURN_MOST = 8 };
const char *config_turn_next(const char *list, size_t *length); /* the next address of what is left of TURN_URL; length 0: none */
void config_destroy(struct config *c);   /* and all before it */
void config_describe(void (*line)(void *ctx, const char *name, const char *type, const char *standard, const char *doc), void *ctx);
const char *config_path(struct arena *a, const struct config *c, const char *name); /* a file in the data folder */
