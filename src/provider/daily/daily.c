#include "provider/daily/daily.h"
#include "model/model.h"
#include "provider/daily/parts.h"
#include <stdlib.h>
#include <string.h>

bool daily_refused_call(const struct dailyco_error *why, struct err *e)
{
    static const struct { enum dailyco_code code; const char *name; } names[] = {
        {DAILYCO_RATE_LIMITED, "daily_limited"}, {DAILYCO_CANCELED, "daily_limited"}, {DAILYCO_NOT_HOSTING, "daily_not_hosting"}, {DAILYCO_SERVER, "daily_failed"},
        {DAILYCO_UNAVAILABLE, "daily_failed"}, {DAILYCO_BAD_REPLY, "daily_failed"}, {DAILYCO_UNREACHABLE, "fetch_connect"}, {DAILYCO_TIMEOUT, "fetch_timeout"}, {DAILYCO_TLS, "fetch_tls"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == why->code) return err_set(e, ERR_DESTINATION, names[i].name, "%s", why->message);
    return err_set(e, ERR_DESTINATION, "daily_refused", "%s", why->message);
}

/* ---- rooms */

/* As the tutoring backend has them; who may share a screen is said in each token. */
static void plan_room(const struct daily *d, const struct provider_room_plan *plan, struct dailyco_room_properties *p, struct dailyco_recordings_bucket *bucket)
{
    *p = (struct dailyco_room_properties){0};
    *bucket = (struct dailyco_recordings_bucket){0};
    DAILYCO_SET(p, dailyco_room_properties, max_participants, plan->max_participants);
    DAILYCO_SET(p, dailyco_room_properties, enable_screenshare, true);
    DAILYCO_SET(p, dailyco_room_properties, enable_chat, plan->enable_chat);
    if (plan->enable_recording) DAILYCO_SET(p, dailyco_room_properties, enable_recording, d->config->DAILY_RECORDING_TYPE); /* there is no word for none */
    if (plan->enable_recording && *d->config->DAILY_RECORDINGS_BUCKET) DAILYCO_SET(p, dailyco_room_properties, recordings_bucket, daily_bucket(d->config, bucket));
    DAILYCO_SET(p, dailyco_room_properties, start_video_off, true);
    DAILYCO_SET(p, dailyco_room_properties, start_audio_off, false);
    DAILYCO_SET(p, dailyco_room_properties, exp, (double)(plan->expires_at / 1000));
}

static bool take_url(const struct daily *d, struct arena *a, const struct dailyco_room *r, const char *name, const char **url, struct err *e)
{
    const char *domain = d->config->DAILY_DOMAIN;
    if (DAILYCO_HAS(r, dailyco_room, url) && *r->url) *url = r->url;
    else if (*domain) *url = arena_printf(a, "https://%s%s/%s", domain, strchr(domain, '.') ? "" : ".daily.co", name);
    else return err_set(e, ERR_DESTINATION, "daily_failed", "Daily's room \"%s\" has no url, and DAILY_DOMAIN is not set", name);
    return true;
}

/* One that is there already was made by a try whose reply was lost, or before: it gets these properties. */
static bool room_open(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    struct dailyco_room_properties properties;
    struct dailyco_recordings_bucket bucket;
    struct dailyco_room_create new = {0};
    struct dailyco_room_update same = {0};
    plan_room(d, plan, &properties, &bucket);
    DAILYCO_SET(&new, dailyco_room_create, name, plan->name);
    DAILYCO_SET(&new, dailyco_room_create, privacy, "private");
    DAILYCO_SET(&new, dailyco_room_create, properties, &properties);
    const struct dailyco_room *room = dailyco_create_room(d->client, &new, dailyco_within(a), &why);
    if (!room && why.code == DAILYCO_ALREADY_EXISTS) {
        if (!plan->enable_recording) DAILYCO_SET_NULL(&properties, dailyco_room_properties, enable_recording);
        DAILYCO_SET(&same, dailyco_room_update, privacy, "private");
        DAILYCO_SET(&same, dailyco_room_update, properties, &properties);
        room = dailyco_update_room(d->client, plan->name, &same, dailyco_within(a), &why);
    }
    return room ? take_url(d, a, room, plan->name, url, e) : daily_refused_call(&why, e);
}

static bool room_close(void *ctx, struct arena *a, const char *room, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    return dailyco_delete_room(d->client, room, dailyco_within(a), &why) || why.code == DAILYCO_NOT_FOUND || daily_refused_call(&why, e);
}

/* ---- people */

static bool join_grant(void *ctx, struct arena *a, const struct provider_seat_plan *plan, const char **token, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    struct dailyco_token_properties p = {0};
    struct dailyco_token_create request = {0};
    DAILYCO_SET(&p, dailyco_token_properties, room_name, plan->room);
    DAILYCO_SET(&p, dailyco_token_properties, user_name, plan->user_name);
    DAILYCO_SET(&p, dailyco_token_properties, user_id, plan->user_id);
    DAILYCO_SET(&p, dailyco_token_properties, is_owner, plan->owner);
    DAILYCO_SET(&p, dailyco_token_properties, enable_screenshare, plan->screenshare);
    DAILYCO_SET(&p, dailyco_token_properties, exp, (double)(plan->expires_at / 1000));
    DAILYCO_SET(&request, dailyco_token_create, properties, &p);
    const struct dailyco_token *told = dailyco_create_meeting_token(d->client, &request, dailyco_within(a), &why);
    if (!told) return daily_refused_call(&why, e);
    if (!*told->token) return err_set(e, ERR_DESTINATION, "daily_failed", "Daily's answer has no token");
    *token = told->token;
    return true;
}

/* Not found: nobody is in. The ban holds for the meeting that is going on; the seat's next token is refused by us. */
static bool eject(void *ctx, struct arena *a, const char *room, const char *user_id, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    struct dailyco_eject request = {0};
    const char *const ids[] = {user_id};
    DAILYCO_SET_LIST(&request, dailyco_eject, user_ids, ids, 1);
    DAILYCO_SET(&request, dailyco_eject, ban, true);
    return dailyco_eject(d->client, room, &request, dailyco_within(a), &why) || why.code == DAILYCO_NOT_FOUND || why.code == DAILYCO_NOT_HOSTING || daily_refused_call(&why, e);
}

/* ---- the whole */

enum { PRESENCE_LAG_MS = 15000 }; /* as documented; ghosts were seen for 25 s, hence listings must say it twice (core/fact.c) */

static const struct provider_ops ops = {
    .name = "daily", .capabilities = PROVIDER_RECORDS_ITSELF, .room_open = room_open, .room_close = room_close, .join_grant = join_grant, .remove = eject,
    .record_start = daily_record_start, .record_stop = daily_record_stop, .inbound = daily_inbound, .participants = daily_participants, .recordings = daily_recordings,
    .history = daily_history, .record_fetch = daily_record_fetch, .tend = daily_tend, .lag_ms = PRESENCE_LAG_MS};

static struct dailyco *client_create(const struct config *c, void *limits, int64_t deadline_ms, struct err *e)
{
    struct dailyco_error why = {0};
    struct dailyco_options o = {.api_key = c->DAILY_API_KEY, .base_url = c->DAILY_API_BASE_URL, .deadline_ms = deadline_ms, .user_agent = "roomd",
                                .before = limits ? limits_before : NULL, .after = limits ? limits_after : NULL, .context = limits};
    struct dailyco *client = dailyco_create(&o, &why);
    if (!client) err_set(e, ERR_CALLER, "config", "DAILY_API_BASE_URL must be the URL of Daily's REST API, such as https://api.daily.co/v1, not \"%s\" (%s)", c->DAILY_API_BASE_URL, why.message);
    return client;
}

struct dailyco *daily_client_create(const struct config *c, void *limits, struct err *e)
{
    return client_create(c, limits, c->PROVIDER_TIMEOUT_SECONDS * 1000, e);
}

static bool settings_fit(const struct config *c, struct err *e)
{
    static const char *const kinds[] = {"cloud", "cloud-audio-only", "raw-tracks"};
    bool known = false;
    for (size_t i = 0; i < 3; i++) known |= !strcmp(c->DAILY_RECORDING_TYPE, kinds[i]);
    if (!known) return err_set(e, ERR_CALLER, "config", "DAILY_RECORDING_TYPE must be cloud, cloud-audio-only or raw-tracks, not \"%s\"", c->DAILY_RECORDING_TYPE);
    return strcmp(c->DAILY_RECORDING_TYPE, kinds[2]) != 0 || *c->DAILY_RECORDINGS_BUCKET ||
           err_set(e, ERR_CALLER, "config", "DAILY_RECORDING_TYPE=raw-tracks needs a bucket of your own: DAILY_RECORDINGS_BUCKET, _REGION and _ROLE_ARN");
}

/* The same for threads of jobs: their calls wait for a turn until it comes, tries and a slow Daily included. */
static struct daily *daily_patient(const struct daily *d, struct err *e)
{
    enum { PATIENCE_MS = 30000 };
    struct daily *p = xcalloc(1, sizeof *p);
    int64_t own = d->config->PROVIDER_TIMEOUT_SECONDS * 1000;
    *p = (struct daily){.limits = d->limits, .config = d->config};
    p->client = client_create(d->config, d->limits, own > PATIENCE_MS ? own : PATIENCE_MS, e);
    if (p->client) return p;
    free(p);
    return NULL;
}

struct daily *daily_create(const struct config *c, struct err *e)
{
    if (!settings_fit(c, e)) return NULL;
    struct daily *d = xcalloc(1, sizeof *d);
    d->config = c;
    d->limits = limits_create();
    d->client = daily_client_create(c, d->limits, e);
    if (d->client) d->patient = daily_patient(d, e);
    d->provider = (struct provider){.ops = &ops, .ctx = d, .patient = d->patient};
    if (d->patient) return d;
    daily_destroy(d);
    return NULL;
}

void daily_destroy(struct daily *d)
{
    if (!d) return;
    if (d->patient) dailyco_destroy(d->patient->client);
    free(d->patient);
    dailyco_destroy(d->client);
    limits_destroy(d->limits);
    free(d);
}

const struct provider *daily_provider(const struct daily *d)
{
    return &d->provider;
}
