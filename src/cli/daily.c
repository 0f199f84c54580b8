/* daily.c - roomd daily webhooks list|create|recreate|delete: the webhook that Daily tells by. It says nothing of the secrets that Daily shows in lists. */
#include "cli/cli.h"
#include "dailyco/within.h"
#include "provider/daily/daily.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL, PATTERN, EVENTS, RETRY, MOST_EVENTS = 64 };

/* What roomd makes use of. */
static const char *const wanted[] = {"participant.joined", "participant.left", "meeting.started", "meeting.ended", "recording.started", "recording.ready-to-download", "recording.error"};
enum { WANTED = sizeof wanted / sizeof *wanted };

struct daily_tool { struct tool *tool; struct dailyco *client; struct dailyco_memory *memory; const struct options *options; const struct option_value *own; };

static int refused(const struct dailyco_error *why)
{
    fprintf(stderr, "roomd: %s\n", why->message);
    if (why->code == DAILYCO_PROBE_FAILED) fputs("       Daily must reach this address from the internet, and roomd must be running there with the same DAILY_WEBHOOK_SECRET\n", stderr);
    return EXIT_FAILED;
}

/* ---- showing */

static const char *shown(bool has, const char *text)
{
    return has ? text : "-";
}

static void show_json(struct buf *b, const struct dailyco_webhook *w, bool ours)
{
    buf_printf(b, "%s{\"uuid\":", b->size ? "," : "");
    json_write_string(b, w->uuid);
    buf_text(b, ",\"url\":");
    json_write_string(b, shown(DAILYCO_HAS(w, dailyco_webhook, url), w->url));
    buf_text(b, ",\"state\":");
    json_write_string(b, shown(DAILYCO_HAS(w, dailyco_webhook, state), w->state));
    buf_printf(b, ",\"failedCount\":%lld,\"retryType\":", (long long)w->failedCount);
    json_write_string(b, shown(DAILYCO_HAS(w, dailyco_webhook, retryType), w->retryType));
    buf_text(b, ",\"lastMomentPushed\":");
    if (DAILYCO_HAS(w, dailyco_webhook, lastMomentPushed)) json_write_string(b, w->lastMomentPushed);
    else buf_text(b, "null");
    buf_text(b, ",\"eventTypes\":[");
    const char *const *types = w->eventTypes.items;
    for (size_t i = 0; i < w->eventTypes.count; i++) {
        if (i) buf_char(b, ',');
        json_write_string(b, types[i]);
    }
    buf_printf(b, "],\"ours\":%s}", ours ? "true" : "false");
}

static void show_line(const struct dailyco_webhook *w, bool ours)
{
    const char *const *types = w->eventTypes.items;
    printf("%s  %-7s failed %lld  last %s  %s%s\n  ", w->uuid, shown(DAILYCO_HAS(w, dailyco_webhook, state), w->state), (long long)w->failedCount,
           shown(DAILYCO_HAS(w, dailyco_webhook, lastMomentPushed), w->lastMomentPushed), shown(DAILYCO_HAS(w, dailyco_webhook, url), w->url), ours ? "" : "  (leads elsewhere)");
    for (size_t i = 0; i < w->eventTypes.count; i++) printf("%s%s", i ? ", " : "", types[i]);
    putchar('\n');
}

static void show(const struct daily_tool *d, const struct dailyco_webhook *all, size_t count)
{
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < count; i++) {
        bool ours = daily_webhook_is_ours(d->tool->config, DAILYCO_HAS(&all[i], dailyco_webhook, url) ? all[i].url : NULL);
        if (d->options->json) show_json(&b, &all[i], ours);
        else show_line(&all[i], ours);
    }
    if (d->options->json) printf("[%s]\n", b.size ? b.data : "");
    buf_release(&b);
}

/* ---- what is asked */

/* Without a pattern: those that lead to this server. */
static const struct dailyco_webhook *named(const struct daily_tool *d, size_t *count, struct dailyco_error *why)
{
    const char *pattern = d->own[PATTERN].value;
    const struct dailyco_webhook_list *all = pattern ? dailyco_find_webhooks_by_pattern(d->client, pattern, d->memory, why) : dailyco_list_webhooks(d->client, d->memory, why);
    if (!all) return NULL;
    const struct dailyco_webhook *items = all->data.items;
    struct dailyco_webhook *fit = dailyco_memory_take(d->memory, (all->data.count + 1) * sizeof *fit);
    *count = 0;
    for (size_t i = 0; i < all->data.count; i++)
        if (pattern || daily_webhook_is_ours(d->tool->config, DAILYCO_HAS(&items[i], dailyco_webhook, url) ? items[i].url : NULL)) fit[(*count)++] = items[i];
    return fit;
}

static int none(const struct daily_tool *d)
{
    if (d->own[PATTERN].value) fprintf(stderr, "roomd: Daily has no webhook whose url has \"%s\" in it; see roomd daily webhooks list\n", d->own[PATTERN].value);
    else fprintf(stderr, "roomd: Daily has no webhook that leads to %s; see roomd daily webhooks list, roomd daily webhooks create\n", d->tool->config->PUBLIC_URL);
    return EXIT_FAILED;
}

static int list(const struct daily_tool *d)
{
    struct dailyco_error why = {0};
    const char *pattern = d->own[PATTERN].value;
    const struct dailyco_webhook_list *all = dailyco_find_webhooks_by_pattern(d->client, pattern ? pattern : "", d->memory, &why);
    if (!all) return refused(&why);
    show(d, all->data.items, all->data.count);
    return EXIT_DONE;
}

/* "a,b": texts in the tool's arena. */
static size_t split(struct arena *a, const char *text, const char **to)
{
    size_t n = 0;
    for (; text && *text && n < MOST_EVENTS; text += strcspn(text, ","), text += *text == ',') to[n++] = arena_strndup(a, text, strcspn(text, ","));
    return n;
}

static int create(const struct daily_tool *d)
{
    struct dailyco_error why = {0};
    struct dailyco_webhook_create r = {0};
    const char *own_types[MOST_EVENTS];
    const struct config *c = d->tool->config;
    size_t count = split(&d->tool->arena, d->own[EVENTS].value, own_types);
    if (!*c->DAILY_WEBHOOK_SECRET) return cli_usage("daily", "DAILY_WEBHOOK_SECRET is not set: Daily signs with it, so that roomd believes what it is told; make one with  openssl rand -base64 32");
    DAILYCO_SET(&r, dailyco_webhook_create, url, d->own[URL].value ? d->own[URL].value : daily_webhook_url(c, &d->tool->arena));
    DAILYCO_SET(&r, dailyco_webhook_create, hmac, c->DAILY_WEBHOOK_SECRET);
    DAILYCO_SET_LIST(&r, dailyco_webhook_create, eventTypes, count ? own_types : wanted, count ? count : WANTED);
    DAILYCO_SET(&r, dailyco_webhook_create, retryType, d->own[RETRY].value ? d->own[RETRY].value : "exponential");
    const struct dailyco_webhook *w = dailyco_create_webhook(d->client, &r, d->memory, &why);
    if (!w) return refused(&why);
    show(d, w, 1);
    return EXIT_DONE;
}

static int recreate(const struct daily_tool *d)
{
    struct dailyco_error why = {0};
    size_t count;
    const struct dailyco_webhook *found = named(d, &count, &why);
    if (!found) return refused(&why);
    if (!count) return none(d);
    struct dailyco_webhook *made = dailyco_memory_take(d->memory, count * sizeof *made);
    for (size_t i = 0; i < count; i++) {
        const struct dailyco_webhook *w = dailyco_recreate_webhook(d->client, found[i].uuid, d->memory, &why);
        if (!w) return refused(&why);
        made[i] = *w;
    }
    show(d, made, count);
    return EXIT_DONE;
}

static int delete(const struct daily_tool *d)
{
    struct dailyco_error why = {0};
    size_t count;
    const struct dailyco_webhook *found = named(d, &count, &why);
    if (!found) return refused(&why);
    if (!count) return none(d);
    for (size_t i = 0; i < count; i++)
        if (!dailyco_delete_webhook(d->client, found[i].uuid, d->memory, &why)) return refused(&why);
    show(d, found, count);
    return EXIT_DONE;
}

/* ---- the command */

static int with_client(struct tool *t, const struct options *o, const struct option_value *own, int (*run)(const struct daily_tool *))
{
    struct err e = {0};
    struct daily_tool d = {.tool = t, .memory = dailyco_within(&t->arena), .options = o, .own = own};
    if (!*t->config->DAILY_API_KEY) return cli_usage("daily", "DAILY_API_KEY is not set; it is in Daily's dashboard, under Developers");
    if (!(d.client = daily_client_create(t->config, NULL, &e))) return cli_fail(&e);
    int code = run(&d);
    dailyco_destroy(d.client);
    if (code == EXIT_DONE && run != list && !cli_note_alone(t, "daily.webhooks", NULL, 0, &e)) return cli_fail(&e);
    return code;
}

static int run_list(struct tool *t, const struct options *o, const struct option_value *own) { return with_client(t, o, own, list); }
static int run_create(struct tool *t, const struct options *o, const struct option_value *own) { return with_client(t, o, own, create); }
static int run_recreate(struct tool *t, const struct options *o, const struct option_value *own) { return with_client(t, o, own, recreate); }
static int run_delete(struct tool *t, const struct options *o, const struct option_value *own) { return with_client(t, o, own, delete); }

/* The word after `webhooks` says what to do. */
int cmd_daily(int argc, char **argv)
{
    static const struct action actions[] = {{"list", run_list, NULL}, {"create", run_create, NULL}, {"recreate", run_recreate, NULL}, {"delete", run_delete, NULL}, {0}};
    struct option_value own[] = {[URL] = {"--url", true, NULL}, [PATTERN] = {"--pattern", true, NULL}, [EVENTS] = {"--events", true, NULL}, [RETRY] = {"--retry", true, NULL}, {0}};
    bool webhooks = argc > 1 && !strcmp(argv[1], "webhooks");
    if (webhooks) argv[1] = argv[0];
    return cli_run_action(webhooks ? argc - 1 : argc, webhooks ? argv + 1 : argv, own, webhooks ? actions : actions + 4, "daily", "say webhooks list, create, recreate or delete");
}
