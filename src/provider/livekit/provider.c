#include "net/fetch.h"
#include "provider/livekit/output.h"
#include "provider/livekit/parts.h"
#include <stdlib.h>
#include <string.h>

static const struct provider_ops ops = {
    .name = "livekit", .capabilities = PROVIDER_RECORDS_ITSELF | PROVIDER_OUR_PAGE | PROVIDER_DIAL_IN | PROVIDER_ANY_ROOM, .room_open = sfu_open, .room_close = sfu_close, .join_grant = sfu_grant,
    .remove = sfu_remove, .mute = sfu_mute, .permit = sfu_permit, .record_start = sfu_record_start, .record_stop = sfu_record_stop, .inbound = sfu_inbound,
    .participants = sfu_participants, .recordings = sfu_recordings, .record_fetch = sfu_record_fetch,
    .dial_in_open = sfu_dial_in_open, .dial_in_close = sfu_dial_in_close, .dial_in_rules = sfu_dial_in_rules};

/* ---- settings */

/* "https://host/" is known as wss://host to browsers. NULL: it is no such URL. */
static char *url_for_browsers(const char *url)
{
    static const struct { const char *from, *to; } schemes[] = {{"wss://", "wss://"}, {"https://", "wss://"}, {"ws://", "ws://"}, {"http://", "ws://"}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t head = strlen(schemes[i].from), n = strlen(url);
        if (strncmp(url, schemes[i].from, head) != 0 || n == head) continue;
        while (n > head && url[n - 1] == '/') n--;
        char *out = xcalloc(1, n + 4);
        strncat(stpcpy(out, schemes[i].to), url + head, n - head);
        return out;
    }
    return NULL;
}

static bool connect_to(struct livekit_provider *l, const struct config *c, int64_t deadline_s, struct livekit **out, struct err *e)
{
    struct livekit_error said;
    struct livekit_options options = {.url = c->LIVEKIT_SERVER_URL, .key = l->key, .deadline_ms = deadline_s * 1000, .user_agent = "roomd"};
    *out = livekit_create(&options, &said);
    return *out || err_set(e, ERR_CALLER, "config", "LIVEKIT_SERVER_URL must be the URL of a LiveKit server, such as wss://livekit.example.org, not \"%s\"", c->LIVEKIT_SERVER_URL);
}

static bool check_bucket(const struct config *c, struct err *e)
{
    if (!*c->EGRESS_S3_BUCKET) return true;
    if (!*c->EGRESS_S3_ACCESS_KEY || !*c->EGRESS_S3_SECRET) return err_set(e, ERR_CALLER, "config", "EGRESS_S3_BUCKET is set, so EGRESS_S3_ACCESS_KEY and EGRESS_S3_SECRET must be");
    return !*c->EGRESS_S3_ENDPOINT || !strncmp(c->EGRESS_S3_ENDPOINT, "https://", 8) || !strncmp(c->EGRESS_S3_ENDPOINT, "http://", 7) ||
           err_set(e, ERR_CALLER, "config", "EGRESS_S3_ENDPOINT must begin with https:// or http://, not \"%s\"", c->EGRESS_S3_ENDPOINT);
}

static bool set_up(struct livekit_provider *l, const struct config *c, struct err *e)
{
    if (c->LIVEKIT_SIP_ENABLED && !*c->LIVEKIT_SIP_TRUNK_ID && !*c->LIVEKIT_SIP_DISPATCH_RULE_ID)
        return err_set(e, ERR_CALLER, "config", "LIVEKIT_SIP_ENABLED needs LIVEKIT_SIP_TRUNK_ID, the inbound trunk that calls come in by; roomd livekit check says more");
    const char *url = *c->LIVEKIT_PUBLIC_URL ? c->LIVEKIT_PUBLIC_URL : c->LIVEKIT_SERVER_URL;
    if (!livekit_output_check(c, e) || !check_bucket(c, e)) return false;
    if (!connect_to(l, c, c->PROVIDER_TIMEOUT_SECONDS, &l->quick, e) || !connect_to(l, c, c->EGRESS_SECONDS, &l->slow, e)) return false;
    l->server_url = url_for_browsers(url);
    return l->server_url || err_set(e, ERR_CALLER, "config", "LIVEKIT_PUBLIC_URL must begin with ws:// or wss://, not \"%s\"", url);
}

struct livekit_provider *livekit_provider_create(const struct config *c, struct err *e)
{
    struct livekit_provider *l = xcalloc(1, sizeof *l);
    l->config = c;
    l->fetcher = fetcher_create();
    l->key = (struct livekit_key){c->LIVEKIT_API_KEY, c->LIVEKIT_API_SECRET};
    if (!set_up(l, c, e)) {
        livekit_provider_destroy(l);
        return NULL;
    }
    l->provider = (struct provider){.ops = &ops, .ctx = l, .server_url = l->server_url};
    return l;
}

void livekit_provider_destroy(struct livekit_provider *l)
{
    if (!l) return;
    fetcher_destroy(l->fetcher);
    livekit_destroy(l->quick);
    livekit_destroy(l->slow);
    free(l->server_url);
    free(l);
}

const struct provider *livekit_provider_of(const struct livekit_provider *l)
{
    return &l->provider;
}
