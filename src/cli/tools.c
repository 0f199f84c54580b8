/* tools.c - roomd migrate, openapi, version, recordings. */
#include "api/api.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "core/recording.h"
#include "version.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cmd_version(int argc, char **argv)
{
    struct options o;
    int code = argc ? cli_parse_bare(argc, argv, &o) : EXIT_DONE;
    if (code) return code < 0 ? EXIT_DONE : code;
    puts("roomd " ROOMD_VERSION);
    return EXIT_DONE;
}

int cmd_openapi(int argc, char **argv)
{
    struct options o;
    int code = cli_parse_bare(argc, argv, &o);
    if (code) return code < 0 ? EXIT_DONE : code;
    json_t *document = openapi_document("http://localhost:7000");
    json_dumpf(document, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(document);
    return EXIT_DONE;
}

int cmd_migrate(int argc, char **argv)
{
    struct options o;
    struct err e = {0};
    int from, to, code = cli_parse_bare(argc, argv, &o);
    if (code) return code < 0 ? EXIT_DONE : code;
    struct config *c = config_load(o.config_file, o.flags, &e);
    struct db *db = c ? db_open(c->database, &e) : NULL;
    bool ok = db && db_migrate(db, &from, &to, &e);
    char shown[400];
    if (ok) {
        db_shown_name(c->database, shown, sizeof shown);
        printf("%s: version %d%s\n", shown, to, from == to ? " already" : "");
    }
    db_close(db);
    config_destroy(c);
    return ok ? EXIT_DONE : cli_fail(&e);
}

/* ---- recordings */

static const char SQL_RECORDINGS[] = "SELECT {} FROM recordings WHERE deleted_at IS NULL ORDER BY id";

static int list_recordings(struct tool *t, bool json)
{
    struct err e = {0};
    struct list rows;
    char at[TIME_TEXT];
    if (!db_all(t->conn, SQL_RECORDINGS, recording, &rows, &t->arena, &e)) return cli_fail(&e);
    for (size_t i = 0; i < rows.count; i++) {
        const struct recording *r = (const struct recording *)rows.items + i;
        time_format(r->started_at, at);
        const char *status = recording_status_words.words[r->status];
        if (json) printf("{\"id\":%lld,\"session_id\":%lld,\"status\":\"%s\",\"progress\":%lld,\"started_at\":\"%s\"}\n", (long long)r->id, (long long)r->session_id, status, (long long)r->progress, at);
        else printf("%lld  session %lld  %-10s %3lld%%  %s  %s\n", (long long)r->id, (long long)r->session_id, status, (long long)r->progress, at, HAS(r, recording, error) ? r->error : "");
    }
    return EXIT_DONE;
}

static bool copy_file(FILE *from, FILE *to, const char *name, int64_t total)
{
    char chunk[1 << 16];
    size_t n;
    int64_t done = 0;
    bool terminal = isatty(STDERR_FILENO);
    while ((n = fread(chunk, 1, sizeof chunk, from)) > 0) {
        if (fwrite(chunk, 1, n, to) != n) return false;
        done += (int64_t)n;
        if (terminal && total) fprintf(stderr, "\r%s %3lld%%", name, (long long)(done * 100 / total));
    }
    if (terminal) fputc('\n', stderr);
    return !ferror(from) && fflush(to) == 0;
}

static bool fetch_file(struct tool *t, const struct recording_file *f, const char *folder, struct err *e)
{
    const char *target = arena_printf(&t->arena, "%s/%s", folder, f->name);
    if (strcmp(f->sink, "local") != 0) return err_set(e, ERR_DESTINATION, "fetch", "\"%s\" is kept at %s and not here any more; the page of its session has a link to it", f->name, f->sink);
    FILE *from = fopen(arena_printf(&t->arena, "%s/%s", t->config->DATA_DIR, f->key), "re");
    if (!from) return err_sys(e, ERR_DESTINATION, "fetch", "cannot read \"%s\"", f->key);
    FILE *to = fopen(target, "we");
    bool ok = to && copy_file(from, to, f->name, f->size_bytes);
    if (!ok) err_sys(e, ERR_DESTINATION, "fetch", "cannot write \"%s\"", target);
    if (to) fclose(to);
    fclose(from);
    if (ok) puts(target);
    return ok;
}

static int fetch_recording(struct tool *t, const char *id, const char *folder)
{
    struct err e = {0};
    struct list rows;
    if (!recording_files(&t->scope, strtoll(id, NULL, 10), &rows, &e)) return cli_fail(&e);
    if (!rows.count) {
        err_set(&e, ERR_CALLER, "fetch", "recording %s has no files; `roomd recordings list` shows how far it is", id);
        return cli_fail(&e);
    }
    if (!cli_note_alone(t, "recordings.fetch", "recording", strtoll(id, NULL, 10), &e)) return cli_fail(&e);
    for (size_t i = 0; i < rows.count; i++)
        if (!fetch_file(t, (const struct recording_file *)rows.items + i, folder, &e)) return cli_fail(&e);
    return EXIT_DONE;
}

int cmd_recordings(int argc, char **argv)
{
    struct option_value own[] = {{"--to", true, "."}, {0}};
    struct options o;
    struct tool t;
    struct err e = {0};
    int code = cli_parse(argc, argv, &o, own);
    if (code) return code < 0 ? EXIT_DONE : code;
    bool list = o.word_count == 1 && !strcmp(o.words[0], "list"), fetch = o.word_count == 2 && !strcmp(o.words[0], "fetch");
    if (!list && !fetch) return cli_usage("recordings", "say list, or fetch and the number of a recording");
    if (!tool_open(&t, &o, &e)) return cli_fail(&e);
    code = list ? list_recordings(&t, o.json) : fetch_recording(&t, o.words[1], own[0].value);
    tool_close(&t);
    return code;
}
