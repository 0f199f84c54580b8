/* livekit.c - roomd livekit check. */
#include "cli/cli.h"
#include "cli/livekit_check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_S = 10, LONGEST_WAIT_S = 300 };
static const char *const words[] = {"ok", "warn", "fail", "skipped"};

struct output { bool json, begun; struct buf list; };

static void tell_begun(void *ctx, const char *name)
{
    const struct output *o = ctx;
    if (!o->json && isatty(STDOUT_FILENO)) fprintf(stderr, "\r\033[K…     %s", name);
}

static void tell_person(const struct finding *f)
{
    static const char *const marks[] = {"ok", "warn", "FAIL", "-"};
    if (isatty(STDOUT_FILENO)) fputs("\r\033[K", stderr);
    printf("%-5s %-8s %s\n", marks[f->state], f->name, f->text);
    if (!f->next) return;
    fputs("               next: ", stdout);
    for (const char *c = f->next; *c; c++) {
        putchar(*c);
        if (*c == '\n') fputs("               ", stdout);
    }
    putchar('\n');
}

static void tell_found(void *ctx, const struct finding *f)
{
    struct output *o = ctx;
    if (!o->json) {
        tell_person(f);
        return;
    }
    buf_printf(&o->list, "%s{\"name\":\"%s\",\"state\":\"%s\",\"text\":", o->list.size ? "," : "", f->name, words[f->state]);
    json_write_string(&o->list, f->text);
    buf_text(&o->list, ",\"next\":");
    if (f->next) json_write_string(&o->list, f->next);
    else buf_text(&o->list, "null");
    buf_char(&o->list, '}');
}

static bool skips_known(const char *skip)
{
    char name[32];
    for (size_t n; *skip; skip += n + (skip[n] == ',')) {
        n = strcspn(skip, ",");
        snprintf(name, sizeof name, "%.*s", (int)n, skip);
        if (n >= sizeof name || !livekit_check_knows(name)) return false;
    }
    return true;
}

static const char *check_fault(const struct option_value *own)
{
    char *end;
    if (own[0].value && !skips_known(own[0].value)) return "--skip takes names of checks, such as --skip webhook,egress";
    if (!own[1].value) return NULL;
    long seconds = strtol(own[1].value, &end, 10);
    return *end || end == own[1].value || seconds < 1 || seconds > LONGEST_WAIT_S ? "--wait takes seconds, 1 to 300" : NULL;
}

static int check(struct tool *t, const struct options *o, const struct option_value *own)
{
    struct output out = {.json = o->json};
    struct livekit_check c = {.config = t->config, .db = t->conn, .arena = &t->arena, .fetcher = fetcher_create(), .skip = own[0].value ? own[0].value : "",
                              .wait_ms = (own[1].value ? strtol(own[1].value, NULL, 10) : WAIT_S) * 1000, .begun = tell_begun, .found = tell_found, .ctx = &out};
    buf_init(&out.list, 0);
    bool good = livekit_check_run(&c);
    if (out.json) printf("{\"ok\":%s,\"checks\":[%s]}\n", good ? "true" : "false", out.list.size ? out.list.data : "");
    buf_release(&out.list);
    fetcher_destroy(c.fetcher);
    return good ? EXIT_DONE : EXIT_FAILED;
}

int cmd_livekit(int argc, char **argv)
{
    static const struct action actions[] = {{"check", check, check_fault}, {0}};
    struct option_value own[] = {{"--skip", true, NULL}, {"--wait", true, NULL}, {0}};
    return cli_run_action(argc, argv, own, actions, "livekit", "say check");
}
