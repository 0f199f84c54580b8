#include "provider/daily/daily.h"
#include "model/model.h"
#include "provider/daily/client.h"
#include <stdlib.h>
#include <string.h>

/* ---- bodies */

static void add_text(struct buf *b, const char *name, const char *text)
{
    buf_printf(b, "%s\"%s\":", b->data[b->size - 1] == '{' ? "" : ",", name);
    json_write_string(b, text);
}

static void add_word(struct buf *b, const char *name, const char *word)
{
    buf_printf(b, "%s\"%s\":%s", b->data[b->size - 1] == '{' ? "" : ",", name, word);
}

static void add_number(struct buf *b, const char *name, int64_t n)
{
    buf_printf(b, "%s\"%s\":%lld", b->data[b->size - 1] == '{' ? "" : ",", name, (long long)n);
}

static void add_switch(struct buf *b, const char *name, bool on)
{
    add_word(b, name, on ? "true" : "false");
}

static struct buf *body_start(struct buf *b)
{
    buf_init(b, 0);
    buf_char(b, '{');
    return b;
}

/* As the tutoring backend has them; who may share a screen is said in each token. */
static void add_room_properties(struct buf *b, const struct provider_room_plan *plan)
{
    buf_text(b, ",\"properties\":{");
    add_number(b, "max_participants", plan->max_participants);
    add_switch(b, "enable_screenshare", true);
    add_switch(b, "enable_chat", plan->enable_chat);
    add_text(b, "enable_recording", plan->enable_recording ? "cloud" : "off");
    add_switch(b, "start_video_off", true);
    add_switch(b, "start_audio_off", false);
    add_number(b, "exp", plan->expires_at / 1000);
    buf_text(b, "}}");
}

static const char *room_path(struct arena *a, const char *room, const char *below)
{
    return arena_printf(a, "/rooms/%s%s", fetch_escape(a, room), below);
}

/* ---- rooms */

static bool take_url(const struct daily *d, struct arena *a, const struct daily_reply *r, const char *name, const char **url, struct err *e)
{
    const char *told = json_string_value(json_object_get(r->json, "url"));
    if (told && (!strncmp(told, "https://", 8) || !strncmp(told, "http://", 7))) *url = arena_strdup(a, told);
    else if (*d->domain) *url = arena_printf(a, "https://%s%s/%s", d->domain, strchr(d->domain, '.') ? "" : ".daily.co", name);
    else return err_set(e, ERR_DESTINATION, "daily_failed", "Daily's room \"%s\" has no url, and DAILY_DOMAIN is not set", name);
    return true;
}

/* It was made by a try whose reply was lost, or before. 400 is also what a bad name gets: only asking tells. */
static bool take_existing(struct daily *d, struct arena *a, const struct provider_room_plan *plan, struct daily_reply *r, struct err *e)
{
    struct buf body;
    struct daily_reply there;
    struct err none;
    if (r->status != 400 || !daily_call(d, a, &(struct daily_call){"GET", room_path(a, plan->name, ""), NULL, REPEAT_ANY}, &there, &none)) return false;
    add_text(body_start(&body), "privacy", "private");
    add_room_properties(&body, plan);
    return daily_call(d, a, &(struct daily_call){"POST", room_path(a, plan->name, ""), &body, REPEAT_ANY}, r, e);
}

static bool room_open(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e)
{
    struct daily *d = ctx;
    struct buf body;
    struct daily_reply r;
    add_text(body_start(&body), "name", plan->name);
    add_text(&body, "privacy", "private");
    add_room_properties(&body, plan);
    bool made = daily_call(d, a, &(struct daily_call){"POST", "/rooms", &body, REPEAT_ANY}, &r, e);
    return (made || take_existing(d, a, plan, &r, e)) && take_url(d, a, &r, plan->name, url, e);
}

static bool room_close(void *ctx, struct arena *a, const char *room, struct err *e)
{
    struct daily_reply r;
    return daily_call(ctx, a, &(struct daily_call){"DELETE", room_path(a, room, ""), NULL, REPEAT_ANY}, &r, e) || r.status == 404;
}

/* ---- people */

static bool join_grant(void *ctx, struct arena *a, const struct provider_seat_plan *plan, const char **token, struct err *e)
{
    struct buf body;
    struct daily_reply r;
    buf_text(body_start(&body), "\"properties\":{");
    add_text(&body, "room_name", plan->room);
    add_text(&body, "user_name", plan->user_name);
    add_text(&body, "user_id", plan->user_id);
    add_switch(&body, "is_owner", plan->owner);
    add_switch(&body, "enable_screenshare", plan->screenshare);
    add_number(&body, "exp", plan->expires_at / 1000);
    buf_text(&body, "}}");
    if (!daily_call(ctx, a, &(struct daily_call){"POST", "/meeting-tokens", &body, REPEAT_ANY}, &r, e)) return false;
    const char *told = json_string_value(json_object_get(r.json, "token"));
    if (!told || !*told) return err_set(e, ERR_DESTINATION, "daily_failed", "Daily's answer has no token");
    *token = arena_strdup(a, told);
    return true;
}

/* 404: nobody is in. The ban holds for the meeting that is going on; the seat's next token is refused by us. */
static bool eject(void *ctx, struct arena *a, const char *room, const char *user_id, struct err *e)
{
    struct buf body;
    struct daily_reply r;
    buf_text(body_start(&body), "\"user_ids\":[");
    json_write_string(&body, user_id);
    buf_text(&body, "],\"ban\":true}");
    return daily_call(ctx, a, &(struct daily_call){"POST", room_path(a, room, "/eject"), &body, REPEAT_ANY}, &r, e) || r.status == 404;
}

/* ---- recordings: known at Daily by an instanceId, which is our recording's UUID */

static struct buf *recording_body(struct buf *b, const char *recording, bool start)
{
    body_start(b);
    if (start) add_text(b, "type", "cloud");
    add_text(b, "instanceId", recording);
    buf_char(b, '}');
    return b;
}

/* A room that was planned without recording must be told that there is one after all. */
static bool record_start(void *ctx, struct arena *a, struct provider_record *record, struct err *e)
{
    struct buf allow, body;
    struct daily_reply r;
    buf_text(body_start(&allow), "\"properties\":{\"enable_recording\":\"cloud\"}}");
    if (!daily_call(ctx, a, &(struct daily_call){"POST", room_path(a, record->room, ""), &allow, REPEAT_ANY}, &r, e)) return false;
    struct daily_call start = {"POST", room_path(a, record->room, "/recordings/start"), recording_body(&body, record->uuid, true), REPEAT_ANY};
    return daily_call(ctx, a, &start, &r, e) || (r.status == 400 && strstr(r.info, "has an active stream")); /* begun by a try whose reply was lost */
}

static bool record_stop(void *ctx, struct arena *a, const struct provider_record *record, struct err *e)
{
    struct buf body;
    struct daily_reply r;
    struct daily_call stop = {"POST", room_path(a, record->room, "/recordings/stop"), recording_body(&body, record->uuid, false), REPEAT_UNDONE};
    return daily_call(ctx, a, &stop, &r, e);
}

/* ---- the whole */

static const struct provider_ops ops = {.name = "daily", .capabilities = PROVIDER_RECORDS_ITSELF, .room_open = room_open, .room_close = room_close,
                                        .join_grant = join_grant, .record_start = record_start, .record_stop = record_stop, .remove = eject};

struct daily *daily_create(const struct config *c, struct err *e)
{
    size_t n = strlen(c->DAILY_API_BASE_URL);
    if (strncmp(c->DAILY_API_BASE_URL, "https://", 8) != 0 && strncmp(c->DAILY_API_BASE_URL, "http://", 7) != 0) {
        err_set(e, ERR_CALLER, "config", "DAILY_API_BASE_URL must be the URL of Daily's REST API, such as https://api.daily.co/v1, not \"%s\"", c->DAILY_API_BASE_URL);
        return NULL;
    }
    struct daily *d = xcalloc(1, sizeof *d);
    while (n && c->DAILY_API_BASE_URL[n - 1] == '/') n--;
    d->base = strndup(c->DAILY_API_BASE_URL, n);
    d->domain = c->DAILY_DOMAIN;
    d->authorization = xmalloc(strlen(c->DAILY_API_KEY) + sizeof "Authorization: Bearer ");
    stpcpy(stpcpy(d->authorization, "Authorization: Bearer "), c->DAILY_API_KEY);
    d->timeout_ms = c->PROVIDER_TIMEOUT_SECONDS * 1000;
    d->fetcher = fetcher_create();
    d->provider = (struct provider){.ops = &ops, .ctx = d};
    return d;
}

void daily_destroy(struct daily *d)
{
    if (!d) return;
    fetcher_destroy(d->fetcher);
    free((char *)(uintptr_t)d->base);
    free(d->authorization);
    free(d);
}

const struct provider *daily_provider(const struct daily *d)
{
    return &d->provider;
}
