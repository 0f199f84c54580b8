/* privacy.c - roomd privacy: all that is known of a person, and forgetting them; who did what. */
#include "cli/cli.h"
#include "base/clock.h"
#include "core/erasure.h"
#include "core/export.h"
#include "core/user.h"
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { FOUND_SHOWN = 1000 };
enum option { USER, GUEST, SEATS, MEDIA, CONFIRM };

static const char *user_fault(const struct option_value *own)
{
    return own[USER].value ? NULL : "--user is missing: the number or the address of the account";
}

static const char *export_fault(const struct option_value *own)
{
    return own[GUEST].value ? NULL : user_fault(own);
}

static const char *guest_fault(const struct option_value *own)
{
    return own[GUEST].value ? NULL : "--guest is missing: a part of their name, or of what another app calls them";
}

static const char *erase_fault(const struct option_value *own)
{
    if (own[MEDIA].value && enumeration_find(&erasure_media_words, own[MEDIA].value) < 0) return "--media must be own or all";
    if (own[GUEST].value) return own[SEATS].value && atoll(own[SEATS].value) > 0 ? NULL : "--seats is missing: how many seats the guest has (roomd privacy find)";
    return !own[USER].value ? user_fault(own) : own[CONFIRM].value ? NULL : "--confirm is missing: the address of the account once more";
}

static bool find(struct tool *t, const struct option_value *own, struct user *out, struct err *e)
{
    char *end;
    const char *name = own[USER].value;
    int64_t id = strtoll(name, &end, 10);
    enum db_found found = *end ? user_by_email(&t->scope, name, out, e) : user_by_id(&t->scope, id, out, e);
    return found == DB_NONE ? err_fail(e, error_user_not_found) : found == DB_ROW;
}

static int export_of_guest(struct tool *t, const struct option_value *own)
{
    struct err e = {0};
    struct guest guest;
    if (!guest_of(&t->scope, own[GUEST].value, &guest, &e) || !cli_note_alone(t, "privacy.export", "guest", 0, &e)) return cli_fail(&e);
    return export_guest(&t->scope, &guest, true, stdout, &e) ? EXIT_DONE : cli_fail(&e);
}

static int run_find(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)o;
    struct err e = {0};
    struct list rows;
    int64_t total;
    char since[TIME_TEXT];
    if (!guest_find(&t->scope, own[GUEST].value, 0, FOUND_SHOWN, &rows, &total, &e)) return cli_fail(&e);
    const struct kept_seat *seats = rows.items;
    for (size_t i = 0; i < rows.count; i++) {
        time_format(seats[i].created_at, since);
        printf("seat %lld of session %lld since %s: %s, known as %s\n", (long long)seats[i].participant_id, (long long)seats[i].session_id, since, seats[i].name, seats[i].identity);
    }
    printf("%lld seat%s\n", (long long)total, total == 1 ? "" : "s");
    return EXIT_DONE;
}

static int run_export(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)o;
    struct err e = {0};
    struct user user;
    t->scope.now = clock_now_ms();
    if (own[GUEST].value) return export_of_guest(t, own);
    if (!find(t, own, &user, &e) || !cli_note_alone(t, "privacy.export", "user", user.id, &e)) return cli_fail(&e);
    return export_person(&t->scope, user.id, true, stdout, &e) ? EXIT_DONE : cli_fail(&e);
}

static void show(const struct erasure *x)
{
    printf("%s  %s, %s: %lld rows, %lld recordings deleted, %lld kept%s%s\n", x->pseudonym, erasure_status_words.words[x->status], erasure_stage_words.words[x->step], (long long)x->rows_changed,
           (long long)x->recordings_deleted, (long long)x->recordings_kept, HAS(x, erasure, error) ? "; waits: " : "", HAS(x, erasure, error) ? x->error : "");
}

struct wish { struct tool *tool; struct user user; const char *guest; int64_t seats; enum erasure_media media; struct erasure out; };

static bool begin(struct scope *s, void *arg, struct err *e)
{
    struct wish *w = arg;
    struct scope own = *s;
    own.arena = &w->tool->arena;
    return erasure_begin(&own, &w->user, w->media, 0, &w->out, e) && cli_note(s, "privacy.erase", "user", w->user.id, e);
}

static bool begin_guest(struct scope *s, void *arg, struct err *e)
{
    struct wish *w = arg;
    struct scope own = *s;
    own.arena = &w->tool->arena;
    return erasure_begin_guest(&own, w->guest, w->seats, w->media, 0, &w->out, e) && cli_note(s, "privacy.erase", "user", w->out.user_id, e);
}

/* The server does it; it may be started later. */
static int run_erase(struct tool *t, const struct options *o, const struct option_value *own)
{
    (void)o;
    struct err e = {0};
    struct wish w = {.tool = t, .media = own[MEDIA].value ? (enum erasure_media)enumeration_find(&erasure_media_words, own[MEDIA].value) : erasure_media_own};
    if (own[GUEST].value) {
        w.guest = own[GUEST].value;
        w.seats = atoll(own[SEATS].value);
        if (!core_write(&t->core, begin_guest, &w, &e)) return cli_fail(&e);
        printf("account %lld stands for them now\n", (long long)w.out.user_id);
        show(&w.out);
        return EXIT_DONE;
    }
    if (!find(t, own, &w.user, &e)) return cli_fail(&e);
    if (strcasecmp(own[CONFIRM].value, w.user.email) != 0 && !err_fail(&e, error_erase_not_confirmed)) return cli_fail(&e);
    if (!core_write(&t->core, begin, &w, &e)) return cli_fail(&e);
    show(&w.out);
    return EXIT_DONE;
}

static int run_status(struct tool *t, const struct options *o, const struct option_value *own)
{
    struct err e = {0};
    struct user user;
    struct erasure x;
    if (!find(t, own, &user, &e)) return cli_fail(&e);
    enum db_found found = erasure_of(&t->scope, user.id, &x, &e);
    if (found == DB_NONE) err_fail(&e, error_not_erased);
    if (found != DB_ROW) return cli_fail(&e);
    if (!o->json) show(&x);
    else {
        struct erasure_reply shown = {0};
        struct buf b;
        buf_init(&b, 0);
        COPY(erasure_reply, &shown, erasure, &x);
        model_write(&b, &erasure_reply_model, &shown);
        puts(b.data);
        buf_release(&b);
    }
    return EXIT_DONE;
}

int cmd_privacy(int argc, char **argv)
{
    static const struct action actions[] = {{"export", run_export, export_fault}, {"find", run_find, guest_fault}, {"erase", run_erase, erase_fault}, {"status", run_status, user_fault}, {0}};
    struct option_value own[] = {[USER] = {"--user", true, NULL}, [GUEST] = {"--guest", true, NULL}, [SEATS] = {"--seats", true, NULL}, [MEDIA] = {"--media", true, NULL}, [CONFIRM] = {"--confirm", true, NULL}, {0}};
    return cli_run_action(argc, argv, own, actions, "privacy", "say find, export, erase or status");
}
