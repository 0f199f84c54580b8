/* keys.c - roomd key: API keys of other backends. */
#include "base/rand.h"
#include "cli/cli.h"
#include "core/user.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct new_key { const char *name; api_scopes scopes; int64_t user_id, id; char key[64]; };

static const char SQL_FIRST_ADMIN[] = "SELECT id FROM users WHERE is_superuser = 1 AND is_active = 1 ORDER BY id LIMIT 1";

static bool write_key(struct scope *s, void *arg, struct err *e)
{
    struct new_key *n = arg;
    struct api_key row;
    return api_key_create(s, n->name, n->scopes, n->user_id, n->key, &row, e) && cli_note(s, "key.add", "key", row.id, e);
}

static bool write_revoke(struct scope *s, void *arg, struct err *e)
{
    const struct new_key *n = arg;
    return api_key_revoke(s, n->id, e) && cli_note(s, "key.revoke", "key", n->id, e);
}

/* A key acts for the first administrator, who is made (without a usable password) where there is none. */
static bool owner_of_keys(struct tool *t, int64_t *id, struct err *e)
{
    struct user user;
    char password[33];
    enum db_found found = db_number(t->scope.db, SQL_FIRST_ADMIN, id, e);
    if (found != DB_NONE) return found == DB_ROW;
    rand_text(password, 32, RAND_ID);
    struct new_user n = {.email = "keys@localhost", .name = "API keys", .role = user_role_admin, .out = &user};
    if (!cli_add_user(t, &n, password, e)) return false;
    *id = user.id;
    return true;
}

static int key_list(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)own;
    struct err e = {0};
    struct list rows;
    struct buf text;
    int64_t total;
    if (!api_key_list(&t->scope, 0, INT64_MAX, &rows, &total, &e)) return cli_fail(&e);
    buf_init(&text, 0);
    for (size_t i = 0; i < rows.count; i++) {
        const struct api_key *k = (const struct api_key *)rows.items + i;
        struct key_reply shown = {0};
        COPY(key_reply, &shown, api_key, k);
        if (o->json) model_write(&text, &key_reply_model, &shown);
        else buf_printf(&text, "%lld  %s…  %s  %s%s", (long long)k->id, k->prefix, k->name, HAS(k, api_key, scope) ? k->scope : "everything", HAS(k, api_key, revoked_at) ? "  (revoked)" : "");
        buf_char(&text, '\n');
    }
    fputs(text.data, stdout);
    buf_release(&text);
    return EXIT_DONE;
}

static const char *name_fault(const struct option_value *own)
{
    return own[0].value ? NULL : "--name is missing";
}

static const char *id_fault(const struct option_value *own)
{
    return own[1].value ? NULL : "--id is missing";
}

static int key_add(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)o;
    struct err e = {0};
    struct new_key n = {.name = own[0].value};
    if (!api_scopes_parse(own[2].value, &n.scopes, &e)) return cli_fail(&e);
    if (!owner_of_keys(t, &n.user_id, &e) || !core_write(&t->core, write_key, &n, &e)) return cli_fail(&e);
    puts(n.key);
    return EXIT_DONE;
}

static int key_revoke(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)o;
    struct err e = {0};
    struct new_key n = {.id = strtoll(own[1].value, NULL, 10)};
    return core_write(&t->core, write_revoke, &n, &e) ? EXIT_DONE : cli_fail(&e);
}

int cmd_key(int argc, char **argv)
{
    static const struct action actions[] = {{"add", key_add, name_fault}, {"revoke", key_revoke, id_fault}, {"list", key_list, NULL}, {0}};
    struct option_value own[] = {{"--name", true, NULL}, {"--id", true, NULL}, {"--scope", true, NULL}, {0}};
    return cli_run_action(argc, argv, own, actions, "key", "say add, revoke or list");
}
