/* accounts.c - roomd setup and user: work beside a running server. */
#include "base/rand.h"
#include "cli/cli.h"
#include "core/template.h"
#include "core/user.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- user */


static bool write_user(struct scope *s, void *arg, struct err *e)
{
    struct new_user *n = arg;
    struct scope own = *s;
    own.arena = n->arena;
    return user_create_hashed(&own, n->email, n->name, n->hash, n->role, n->out, e) && cli_note(s, "user.add", "user", n->out->id, e);
}

bool cli_add_user(struct tool *t, struct new_user *n, const char *password, struct err *e)
{
    char hash[128];
    if (!password_hash(password, hash, e)) return false;
    n->hash = hash;
    n->arena = &t->arena;
    return core_write(&t->core, write_user, n, e);
}

static int role_of(const struct option_value *own)
{
    return own[1].value ? enumeration_find(&user_role_words, own[1].value) : user_role_teacher;
}

static const char *email_fault(const struct option_value *own)
{
    return own[0].value ? NULL : "--email is missing";
}

static const char *user_add_fault(const struct option_value *own)
{
    if (!own[0].value) return email_fault(own);
    if (!strchr(own[0].value, '@')) return "--email must be an address";
    if (role_of(own) < 0) return "--role must be admin, teacher or student";
    return own[2].value ? NULL : "--password-stdin is missing: the password is read from standard input";
}

static int user_add(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)o;
    struct err e = {0};
    struct user user;
    char password[256];
    struct new_user n = {.email = own[0].value, .name = own[3].value, .role = (enum user_role)role_of(own), .out = &user};
    if (!cli_read_password(password, sizeof password, &e) || !cli_add_user(t, &n, password, &e)) return cli_fail(&e);
    printf("%lld\n", (long long)user.id);
    return EXIT_DONE;
}

struct new_password { int64_t id; const char *hash; };

static bool write_password(struct scope *s, void *arg, struct err *e)
{
    const struct new_password *n = arg;
    return user_set_password(s, n->id, n->hash, e) && cli_note(s, "user.passwd", "user", n->id, e);
}

static int user_passwd(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)o;
    struct err e = {0};
    struct user user;
    char password[256], hash[128];
    enum db_found found = user_by_email(&t->scope, own[0].value, &user, &e);
    if (found == DB_NONE) err_set(&e, ERR_CALLER, "user", "there is no account \"%s\"; `roomd user list` shows them", own[0].value);
    if (found != DB_ROW || !cli_read_password(password, sizeof password, &e) || !password_hash(password, hash, &e)) return cli_fail(&e);
    struct new_password n = {user.id, hash};
    return core_write(&t->core, write_password, &n, &e) ? EXIT_DONE : cli_fail(&e);
}

static int user_show_list(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)own;
    struct err e = {0};
    struct list rows;
    struct buf text;
    int64_t total;
    if (!user_list(&t->scope, 0, INT64_MAX, &rows, &total, &e)) return cli_fail(&e);
    buf_init(&text, 0);
    for (size_t i = 0; i < rows.count; i++) {
        const struct user *u = (const struct user *)rows.items + i;
        struct user_reply shown = {0};
        COPY(user_reply, &shown, user, u);
        if (o->json) model_write(&text, &user_reply_model, &shown);
        else buf_printf(&text, "%lld  %-8s %s  %s", (long long)u->id, user_role_words.words[u->role], u->email, u->is_active ? "" : "(inactive)");
        buf_char(&text, '\n');
    }
    fputs(text.data, stdout);
    buf_release(&text);
    return EXIT_DONE;
}

int cli_run_action(int argc, char **argv, struct option_value *own, const struct action *actions, const char *command, const char *usage)
{
    struct options o;
    struct tool t;
    struct err e = {0};
    int code = cli_parse(argc, argv, &o, own);
    if (code) return code < 0 ? EXIT_DONE : code;
    while (actions->word && (o.word_count != 1 || strcmp(actions->word, o.words[0]) != 0)) actions++;
    if (!actions->word) return cli_usage(command, usage);
    const char *fault = actions->fault ? actions->fault(own) : NULL;
    if (fault) return cli_usage(command, fault);
    if (!tool_open(&t, &o, &e)) return cli_fail(&e);
    code = actions->run(&t, &o, own);
    tool_close(&t);
    return code;
}

int cmd_user(int argc, char **argv)
{
    static const struct action actions[] = {{"add", user_add, user_add_fault}, {"passwd", user_passwd, email_fault}, {"list", user_show_list, NULL}, {0}};
    struct option_value own[] = {{"--email", true, NULL}, {"--role", true, NULL}, {"--password-stdin", false, NULL}, {"--name", true, NULL}, {0}};
    return cli_run_action(argc, argv, own, actions, "user", "say add, passwd or list");
}

/* ---- setup: the first administrator, a default room template for each type */

static bool write_templates(struct scope *s, void *arg, struct err *e)
{
    return template_setup(s, arg, e) && cli_note(s, "setup", NULL, 0, e);
}

static bool setup_templates(struct tool *t, struct err *e)
{
    int64_t made;
    if (!core_write(&t->core, write_templates, &made, e)) return false;
    if (made) printf("room templates made: %lld\n", (long long)made);
    else puts("room templates: there already");
    return true;
}

int cmd_setup(int argc, char **argv)
{
    struct options o;
    struct tool t;
    struct err e = {0};
    struct list rows;
    struct user user;
    char password[17];
    int code = cli_parse_bare(argc, argv, &o);
    if (code) return code < 0 ? EXIT_DONE : code;
    if (!tool_open(&t, &o, &e)) return cli_fail(&e);
    int64_t total;
    bool ok = user_list(&t.scope, 0, 1, &rows, &total, &e) && setup_templates(&t, &e);
    if (ok && !rows.count) {
        rand_text(password, 16, RAND_ID);
        struct new_user n = {.email = "admin@localhost", .name = "Administrator", .role = user_role_admin, .out = &user};
        ok = cli_add_user(&t, &n, password, &e);
        if (ok) printf("first admin: admin@localhost  password: %s\n", password);
    } else if (ok) printf("set up already: %lld account%s; `roomd user list` shows them\n", (long long)total, total == 1 ? "" : "s");
    tool_close(&t);
    return ok ? EXIT_DONE : cli_fail(&e);
}
