/* events.c - roomd events: what happened here (tail), and what providers have told (list, show, replay). */
#include "base/clock.h"
#include "cli/cli.h"
#include "core/event.h"
#include "core/inbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN_AT_ONCE = 1000, LATEST = 100, LISTED = 100, LOOK_US = 200000 };
static const char SQL_EVENTS[] = "SELECT {} FROM events WHERE id > $1 ORDER BY id LIMIT $2";
static const char SQL_BEFORE_LATEST[] = "SELECT coalesce(max(id), 0) - $1 FROM events";
static const char SQL_OPEN[] = "SELECT count(*) FROM inbox WHERE state = 'received' AND replayed_at >= $1";
static const char SQL_ASIDE_AGAIN[] = "SELECT count(*) FROM inbox WHERE state = 'failed' AND replayed_at >= $1";

enum { FOLLOW, AFTER, STATE, PROVIDER, TYPE, ROOM, SINCE, UNTIL, FROM, TO, LIMIT, SET_ASIDE, ALL, DRY_RUN, WAIT };

static bool number(const char *given, int64_t *out)
{
    char *end;
    *out = strtoll(given, &end, 10);
    return *given && !*end && *out > 0;
}

/* ---- tail */

/* What there is after that, `shown` of it. */
static bool print_events(struct tool *t, int64_t *after, bool json, size_t *shown_count, struct err *e)
{
    struct arena a;
    struct list rows;
    arena_init(&a);
    bool ok = db_all(t->conn, SQL_EVENTS, event, &rows, &a, e, INT_(*after), INT_(SHOWN_AT_ONCE));
    for (size_t i = 0; ok && i < rows.count; i++) {
        const struct event *row = (const struct event *)rows.items + i;
        struct event_reply shown = {0};
        struct buf line;
        char at[TIME_TEXT];
        buf_init(&line, 0);
        COPY(event_reply, &shown, event, row);
        time_format(row->timestamp, at);
        if (json) model_write(&line, &event_reply_model, &shown);
        else buf_printf(&line, "%s  session %lld  %-24s %s", at, (long long)row->session_id, row->event_type, HAS(row, event, event_data) ? row->event_data : "");
        puts(line.data);
        buf_release(&line);
        *after = row->id;
    }
    *shown_count = rows.count;
    fflush(stdout);
    arena_release(&a);
    return ok;
}

static int tail(struct tool *t, const struct options *o, const struct option_value *own)
{
    struct err e = {0};
    int64_t after = 0;
    if (own[AFTER].value && strcmp(own[AFTER].value, "0") != 0 && !number(own[AFTER].value, &after)) return cli_usage("events", "--after is the number of an event");
    size_t shown = 0;
    bool ok = own[AFTER].value || db_number(t->conn, SQL_BEFORE_LATEST, &after, &e, INT_(LATEST)) == DB_ROW;
    do ok = ok && print_events(t, &after, o->json, &shown, &e);
    while (ok && (shown == SHOWN_AT_ONCE || (own[FOLLOW].value && usleep(LOOK_US) == 0)));
    return ok ? EXIT_DONE : cli_fail(&e);
}

/* ---- which ones */

/* What is wrong with the options, or NULL. */
static const char *filter_fault(const struct option_value *own, struct inbox_filter *f)
{
    *f = (struct inbox_filter){own[STATE].value, own[PROVIDER].value, own[TYPE].value, own[ROOM].value, 0, 0, 0, 0};
    if (own[SET_ASIDE].value && f->state) return "say either --state or --set-aside";
    if (own[SET_ASIDE].value) f->state = inbox_state_words.words[inbox_state_failed];
    if (f->state && enumeration_find(&inbox_state_words, f->state) < 0) return "--state is one of received, processed, waiting, unverified, failed";
    if (own[SINCE].value && !time_parse(own[SINCE].value, &f->since)) return "--since is a time such as 2030-01-31T10:00:00Z";
    if (own[UNTIL].value && !time_parse(own[UNTIL].value, &f->until)) return "--until is a time such as 2030-01-31T10:00:00Z";
    if ((own[FROM].value && !number(own[FROM].value, &f->from_id)) || (own[TO].value && !number(own[TO].value, &f->to_id))) return "--from and --to are numbers of `roomd events list`";
    return NULL;
}

static bool says_anything(const struct inbox_filter *f)
{
    return f->state || f->provider || f->event_type || f->room_name || f->since || f->until || f->from_id || f->to_id;
}

static const char *text_of(bool has, const char *text)
{
    return has ? text : "-";
}

/* ---- list */

static void print_row(const struct inbox_reply *row, bool json)
{
    struct buf line;
    char at[TIME_TEXT];
    buf_init(&line, 0);
    time_format(row->received_at, at);
    if (json) model_write(&line, &inbox_reply_model, row);
    else buf_printf(&line, "%lld  %s  %-8s %-28s %-10s %s  %s", (long long)row->id, at, row->provider, text_of(HAS(row, inbox_reply, event_type), row->event_type),
                    inbox_state_words.words[row->state], text_of(HAS(row, inbox_reply, room_name), row->room_name), HAS(row, inbox_reply, error) ? row->error : "");
    puts(line.data);
    buf_release(&line);
}

static int list(struct tool *t, const struct options *o, const struct option_value *own)
{
    struct err e = {0};
    struct inbox_filter f;
    struct list rows;
    int64_t limit = LISTED;
    const char *fault = filter_fault(own, &f);
    if (!fault && own[LIMIT].value && !number(own[LIMIT].value, &limit)) fault = "--limit is a number";
    if (fault) return cli_usage("events", fault);
    if (!inbox_list(&t->scope, &f, limit, &rows, &e)) return cli_fail(&e);
    for (size_t i = rows.count; i-- > 0;) print_row((const struct inbox_reply *)rows.items + i, o->json);
    if (!o->json && (int64_t)rows.count == limit) fprintf(stderr, "the newest %lld; --limit shows more, --to %lld what came before\n", (long long)limit, (long long)(((const struct inbox_reply *)rows.items)[rows.count - 1].id - 1));
    return EXIT_DONE;
}

/* ---- show */

static void print_time(const char *what, int64_t ms)
{
    char at[TIME_TEXT];
    time_format(ms, at);
    printf("%-10s %s\n", what, at);
}

static void print_words(const struct inbox *row)
{
    printf("number     %lld\nprovider   %s\ntype       %s\nroom       %s\nstate      %s: %s\nattempts   %lld\n", (long long)row->id, row->provider, text_of(HAS(row, inbox, event_type), row->event_type),
           text_of(HAS(row, inbox, room_name), row->room_name), inbox_state_words.words[row->state], inbox_state_words.docs[row->state], (long long)row->attempts);
    if (HAS(row, inbox, error)) printf("why        %s\n", row->error);
    print_time("received", row->received_at);
    if (HAS(row, inbox, processed_at)) print_time("looked at", row->processed_at);
    if (HAS(row, inbox, replayed_at)) print_time("replayed", row->replayed_at);
    printf("body%s\n%s\n", row->encoded ? " (base64url: it is no text)" : "", row->body);
}

static void print_detail(const struct inbox *row)
{
    struct inbox_detail shown = {0};
    struct buf line;
    buf_init(&line, 0);
    COPY(inbox_detail, &shown, inbox, row);
    SET(&shown, inbox_detail, size_bytes, (int64_t)strlen(row->body));
    model_write(&line, &inbox_detail_model, &shown);
    puts(line.data);
    buf_release(&line);
}

static int show(struct tool *t, const struct options *o, const struct option_value *own)
{
    struct err e = {0};
    struct inbox row;
    int64_t id;
    (void)own;
    if (o->word_count != 2 || !number(o->words[1], &id)) return cli_usage("events", "say which: the number that `roomd events list` shows");
    if (!inbox_find(&t->scope, id, &row, &e)) return cli_fail(&e);
    if (o->json) print_detail(&row);
    else print_words(&row);
    return EXIT_DONE;
}

/* ---- replay */

struct replaying { struct inbox_filter filter; int64_t count, last, total; };

static bool replay_some(struct scope *s, void *arg, struct err *e)
{
    struct replaying *r = arg;
    return inbox_replay(s, &r->filter, &r->count, &r->last, e);
}

static bool replay_all(struct tool *t, struct replaying *r, int64_t expected, struct err *e)
{
    bool terminal = isatty(STDERR_FILENO);
    do {
        if (!core_write(&t->core, replay_some, r, e)) return false;
        r->total += r->count;
        r->filter.from_id = r->last + 1;
        if (terminal) fprintf(stderr, "\r%lld of %lld", (long long)r->total, (long long)expected);
    } while (r->last);
    if (terminal) fputc('\n', stderr);
    return true;
}

/* Until the running server has looked at them. */
static bool wait_for_server(struct tool *t, int64_t since, int64_t seconds, struct err *e)
{
    int64_t open, shown = -1, aside, until = clock_monotonic_ms() + seconds * 1000;
    bool terminal = isatty(STDERR_FILENO);
    while (db_number(t->conn, SQL_OPEN, &open, e, INT_(since)) == DB_ROW && open > 0) {
        if (terminal && open != shown) fprintf(stderr, "\r%lld to go   ", (long long)(shown = open));
        if (clock_monotonic_ms() > until) return err_set(e, ERR_CONFLICT, "replay", "%lld of them were not looked at within %lld s: does `roomd serve` run on this database?", (long long)open, (long long)seconds);
        usleep(LOOK_US);
    }
    if (terminal && shown >= 0) fputc('\n', stderr);
    if (e->kind != ERR_NONE || db_number(t->conn, SQL_ASIDE_AGAIN, &aside, e, INT_(since)) != DB_ROW) return false;
    return !aside || err_set(e, ERR_CONFLICT, "replay", "%lld of them are set aside again: `roomd events list --set-aside` says why", (long long)aside);
}

static void say(const struct options *o, const struct replaying *r, bool dry, bool waited)
{
    if (o->json) printf("{\"count\":%lld,\"dry_run\":%s}\n", (long long)r->total, dry ? "true" : "false");
    else if (dry) printf("%lld would be looked at again\n", (long long)r->total);
    else printf("%lld %s\n", (long long)r->total, waited ? "were looked at again" : "are looked at again, by `roomd serve` within a second (or when it starts)");
}

static int replay_these(struct tool *t, const struct options *o, const struct option_value *own, const struct inbox_filter *f)
{
    struct err e = {0};
    struct replaying r = {.filter = *f};
    int64_t expected, began = clock_now_ms(), seconds = 0;
    bool dry = own[DRY_RUN].value;
    if (own[WAIT].value && !number(own[WAIT].value, &seconds)) return cli_usage("events", "--wait is a number of seconds");
    if (!inbox_count(&t->scope, f, &expected, &e)) return cli_fail(&e);
    if (dry) r.total = expected;
    else if (!replay_all(t, &r, expected, &e)) return cli_fail(&e);
    bool ok = dry || !seconds || wait_for_server(t, began, seconds, &e);
    if (ok || !o->json) say(o, &r, dry, ok && seconds);
    return ok ? EXIT_DONE : cli_fail(&e);
}

/* One by its number. One that is there but cannot be replayed says why. */
static bool one(struct tool *t, int64_t id, struct inbox_filter *f, struct err *e)
{
    struct inbox row;
    if (!inbox_find(&t->scope, id, &row, e)) return false;
    *f = (struct inbox_filter){.state = inbox_state_words.words[row.state], .from_id = id, .to_id = id};
    return inbox_filter_check(f, e);
}

static int replay_numbers(struct tool *t, const struct options *o, const struct option_value *own)
{
    struct err e = {0};
    struct inbox_filter f[8];
    int64_t id;
    int code = EXIT_DONE;
    for (size_t i = 1; i < o->word_count; i++) {
        if (!number(o->words[i], &id)) return cli_usage("events", "the number of an event is one that `roomd events list` shows");
        if (!one(t, id, &f[i], &e)) return cli_fail(&e); /* all or none */
    }
    for (size_t i = 1; i < o->word_count && code == EXIT_DONE; i++) code = replay_these(t, o, own, &f[i]);
    return code;
}

static int replay(struct tool *t, const struct options *o, const struct option_value *own)
{
    struct inbox_filter f;
    const char *fault = filter_fault(own, &f);
    if (fault) return cli_usage("events", fault);
    if (o->word_count > 1 && (says_anything(&f) || own[ALL].value)) return cli_usage("events", "say either numbers, or what they have in common");
    if (o->word_count > 1) return replay_numbers(t, o, own);
    if (!says_anything(&f) && !own[ALL].value) return cli_usage("events", "say which: numbers, --set-aside, --from and --to, --since and --until, --provider, --type, --room; or --all");
    return replay_these(t, o, own, &f);
}

int cmd_events(int argc, char **argv)
{
    static const struct { const char *word; int (*run)(struct tool *t, const struct options *o, const struct option_value *own); } acts[] = {
        {"tail", tail}, {"list", list}, {"show", show}, {"replay", replay}};
    struct option_value own[] = {[FOLLOW] = {"--follow", false, NULL}, [AFTER] = {"--after", true, NULL}, [STATE] = {"--state", true, NULL}, [PROVIDER] = {"--provider", true, NULL},
                                 [TYPE] = {"--type", true, NULL}, [ROOM] = {"--room", true, NULL}, [SINCE] = {"--since", true, NULL}, [UNTIL] = {"--until", true, NULL},
                                 [FROM] = {"--from", true, NULL}, [TO] = {"--to", true, NULL}, [LIMIT] = {"--limit", true, NULL}, [SET_ASIDE] = {"--set-aside", false, NULL},
                                 [ALL] = {"--all", false, NULL}, [DRY_RUN] = {"--dry-run", false, NULL}, [WAIT] = {"--wait", true, NULL}, {0}};
    struct options o;
    struct tool t;
    struct err e = {0};
    size_t i = 0;
    int code = cli_parse(argc, argv, &o, own);
    if (code) return code < 0 ? EXIT_DONE : code;
    while (i < sizeof acts / sizeof *acts && (!o.word_count || strcmp(acts[i].word, o.words[0]) != 0)) i++;
    if (i == sizeof acts / sizeof *acts) return cli_usage("events", "say tail, list, show or replay");
    if (!tool_open(&t, &o, &e)) return cli_fail(&e);
    code = acts[i].run(&t, &o, own);
    tool_close(&t);
    return code;
}
