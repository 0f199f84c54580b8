#include "cli/cli.h"
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const struct command *command_of(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, name)) return c;
    return NULL;
}

int cli_fail(const struct err *e)
{
    fprintf(stderr, "roomd: %s\n", e->text);
    return EXIT_FAILED;
}

int cli_usage(const char *command, const char *what)
{
    const struct command *c = command_of(command);
    fprintf(stderr, "roomd: %s\nusage: %s\n", what, c ? c->usage : "roomd COMMAND");
    return EXIT_USAGE;
}

static int help(const char *command)
{
    const struct command *c = command_of(command);
    printf("%s\n\nusage: %s\n\n  --data DIR     folder of database, secrets and recordings (default: data)\n  --config FILE  settings (default: roomd.yaml, where there is one)\n"
           "  --json         for scripts, where the command lists something\n", c->summary, c->usage);
    return -1;
}

static struct option_value *own_option(struct option_value *own, const char *name)
{
    for (; own && own->name; own++)
        if (!strcmp(own->name, name)) return own;
    return NULL;
}

/* The setting that an option of every command stands for; "": none, it is --config; NULL: it is no such option. */
static const char *common_option(const char *name)
{
    static const char *const names[][2] = {{"--config", ""}, {"--data", "DATA_DIR"}, {"--listen", "LISTEN"}, {"--web", "WEB_DIR"}, {"--public-url", "PUBLIC_URL"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i][0])) return names[i][1];
    return NULL;
}

static void take_common(struct options *o, const char *setting, const char *value)
{
    if (*setting) o->flags[o->flag_count++] = (struct config_flag){setting, value};
    else o->config_file = value;
}

static int not_understood(const char *command, const char *word, bool lacks_value)
{
    char text[160];
    snprintf(text, sizeof text, lacks_value ? "\"%s\" needs a value after it" : "\"%s\" is not understood here", word);
    return cli_usage(command, text);
}

int cli_parse(int argc, char **argv, struct options *o, struct option_value *own)
{
    *o = (struct options){0};
    for (int i = 1; i < argc; i++) {
        struct option_value *mine = own_option(own, argv[i]);
        const char *setting = common_option(argv[i]);
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return help(argv[0]);
        if (!strcmp(argv[i], "--json")) o->json = true;
        else if (mine && !mine->takes_value) mine->value = "";
        else if (argv[i][0] != '-' && o->word_count < 8) o->words[o->word_count++] = argv[i];
        else if (i + 1 < argc && mine) mine->value = argv[++i];
        else if (i + 1 < argc && setting && o->flag_count < 7) take_common(o, setting, argv[++i]);
        else return not_understood(argv[0], argv[i], mine || setting);
    }
    return EXIT_DONE;
}

int cli_parse_bare(int argc, char **argv, struct options *o)
{
    int code = cli_parse(argc, argv, o, NULL);
    return code == EXIT_DONE && o->word_count ? not_understood(argv[0], o->words[0], false) : code;
}

bool tool_open(struct tool *t, const struct options *o, struct err *e)
{
    int from, to;
    *t = (struct tool){0};
    arena_init(&t->arena);
    if (!crypto_start(e) || !(t->config = config_load(o->config_file, o->flags, e)) || !(t->db = db_open(t->config->database, e)) ||
        !db_migrate(t->db, &from, &to, e) || !(t->conn = db_reader(t->db, e))) {
        tool_close(t);
        return false;
    }
    if (!*t->config->PUBLIC_URL) t->config->PUBLIC_URL = arena_printf(&t->config->arena, "http://localhost:%d", t->config->port);
    core_init(&t->core, t->db, t->config);
    const struct passwd *who = getpwuid(getuid());
    t->source = (struct audit_source){.kind = audit_actor_cli, .name = who ? arena_strdup(&t->arena, who->pw_name) : NULL};
    t->core.source = &t->source;
    t->scope = (struct scope){.core = &t->core, .db = t->conn, .arena = &t->arena};
    return true;
}

bool cli_note(struct scope *s, const char *action, const char *subject, int64_t id, struct err *e)
{
    return audit_note(s, &(struct audit_act){.action = arena_printf(s->arena, "cli.%s", action), .subject = subject, .subject_id = audit_id(s->arena, id)}, e);
}

struct note { const char *action, *subject; int64_t id; };

static bool write_note(struct scope *s, void *arg, struct err *e)
{
    const struct note *n = arg;
    return cli_note(s, n->action, n->subject, n->id, e);
}

bool cli_note_alone(struct tool *t, const char *action, const char *subject, int64_t id, struct err *e)
{
    return core_write(&t->core, write_note, &(struct note){action, subject, id}, e);
}

void tool_close(struct tool *t)
{
    db_conn_close(t->conn);
    db_close(t->db);
    config_destroy(t->config);
    arena_release(&t->arena);
}

/* ---- a password. At a terminal it is asked for, and what is typed is not shown; whatever ends or stops this then, the terminal is left as it was. */

static struct termios shown, hidden; /* the handler's */
static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
enum { SIGNALS = sizeof signals / sizeof *signals };

static void give_back(int number)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    if (number == SIGTSTP) {
        kill(getpid(), SIGSTOP); /* and on from here */
        tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
        return;
    }
    signal(number, SIG_DFL);
    raise(number); /* at the return from here */
}

static bool hide(struct sigaction before[SIGNALS])
{
    const struct sigaction own = {.sa_handler = give_back, .sa_flags = SA_RESTART};
    if (tcgetattr(STDIN_FILENO, &shown)) return false;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) sigaction(signals[i], &own, NULL);
    }
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    return true;
}

static void show(const struct sigaction before[SIGNALS])
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &before[i], NULL);
}

static bool read_hidden(char *to, size_t size)
{
    struct sigaction before[SIGNALS];
    bool typed = hide(before);
    if (typed) fputs("password: ", stderr);
    bool read = fgets(to, (int)size, stdin) != NULL;
    if (!typed) return read;
    show(before);
    fputc('\n', stderr);
    return read;
}

bool cli_read_password(char *to, size_t size, struct err *e)
{
    if (!read_hidden(to, size)) return err_set(e, ERR_CALLER, "password", "no password on standard input");
    to[strcspn(to, "\r\n")] = '\0';
    size_t n = strlen(to);
    return (n >= 8 && n <= 72) || err_set(e, ERR_CALLER, "password", "the password must have 8 to 72 characters");
}
