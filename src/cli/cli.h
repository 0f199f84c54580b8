/* cli.h - subcommands. Exit codes: 0 done, 1 failed, 2 wrong usage. */
#pragma once
#include "core/audit.h"
#include "core/core.h"
#include <stdbool.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

struct command { const char *name, *usage, *summary; int (*run)(int argc, char **argv); };
extern const struct command commands[];        /* main.c: the only list of them */

/* Options that every command knows: --data DIR, --config FILE, --json, --help; the command's own come as name/value pairs. */
struct option_value { const char *name; bool takes_value; const char *value; };  /* "--email"; value "" for a given switch */
struct options { const char *config_file; struct config_flag flags[8]; size_t flag_count; bool json; const char *words[8]; size_t word_count; };
int cli_parse(int argc, char **argv, struct options *o, struct option_value *own); /* EXIT_DONE: go on; -1: help was printed */
int cli_parse_bare(int argc, char **argv, struct options *o);                    /* the same for a command that takes no words and has no options of its own */
int cli_fail(const struct err *e);                                                 /* prints "roomd: …", gives EXIT_FAILED */
int cli_usage(const char *command, const char *what);

/* A tool beside (or without) a running server. */
struct tool { struct audit_source source; struct config *config; struct db *db; struct db_conn *conn; struct core core; struct arena arena; struct scope scope; };
bool tool_open(struct tool *t, const struct options *o, struct err *e);   /* database made and migrated if need be */
/* Into the audit log, in the transaction of the change: cli.ACTION, by the user of the box. id 0: of nothing in particular. */
bool cli_note(struct scope *s, const char *action, const char *subject, int64_t id, struct err *e);
bool cli_note_alone(struct tool *t, const char *action, const char *subject, int64_t id, struct err *e); /* of what changed nothing here */
void tool_close(struct tool *t);
void cli_have_memory_or_end(void);                                          /* first of all: memory.c */
bool cli_read_password(char *to, size_t size, struct err *e);               /* one line of standard input; at a terminal asked for, and not shown */

/* `roomd user add`, `roomd key list`, …: the word after the command says what to do. `fault` (or NULL) says what is wrong with the
 * options, before a database is opened or made. */
struct action {
    const char *word;
    int (*run)(struct tool *t, const struct options *o, const struct option_value *own);
    const char *(*fault)(const struct option_value *own);
};
int cli_run_action(int argc, char **argv, struct option_value *own, const struct action *actions, const char *command, const char *usage);

struct new_user { const char *email, *name, *hash; enum user_role role; struct user *out; struct arena *arena; };
bool cli_add_user(struct tool *t, struct new_user *n, const char *password, struct err *e);

int cmd_serve(int argc, char **argv);
int cmd_setup(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_recordings(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_privacy(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_daily(int argc, char **argv);
int cmd_livekit(int argc, char **argv);
int cmd_openapi(int argc, char **argv);
int cmd_version(int argc, char **argv);
