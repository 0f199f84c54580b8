/* serve.c - the server put together, run, and stopped in order. */
#include "api/api.h"
#include "api/daily/letters.h"
#include "base/clock.h"
#include "base/log.h"
#include "call/hub.h"
#include "cli/cli.h"
#include "core/dial_in_rule.h"
#include "core/event.h"
#include "core/node.h"
#include "core/provider.h"
#include "core/session.h"
#include "jobs/runner.h"
#include "matrix/matrix.h"
#include "matrix/media_room.h"
#include "provider/daily/daily.h"
#include "provider/janus/provider.h"
#include "provider/livekit/provider.h"
#include "sink/sinks.h"
#include "stream/event_stream.h"
#include "stream/recording_stream.h"
#include "version.h"
#include "webhook/sender.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { READY_AT_LATEST_MS = 3000, DRAIN_MS = 10000, FAREWELL_MS = 2500, LOOK_MS = 20 };

struct server {
    struct options options;
    struct config *config;
    struct db *db;
    struct core core;
    const struct provider *providers[3];
    struct daily *daily;         /* NULL: not set up */
    struct livekit_provider *livekit;     /* the same */
    struct sinks *sinks;
    struct loop *loop;
    struct hub *hub;
    struct runner *runner;
    struct matrix *matrix;
    struct recording_stream *recordings;
    struct event_stream *stream;
    struct webhook_sender *webhooks;
    struct api api;
    struct arena arena;
    int signals;
    bool told_ready, stopping;
    int64_t give_up_at;
    struct loop_timer *look;
};

/* ---- settings */

static const char *find_web(struct arena *a)
{
    static const char *const places[] = {"../web/dist", "../share/roomd/web"};
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return NULL;
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < 2; i++) {
        const char *path = arena_printf(a, "%s/%s", self, places[i]);
        if (access(arena_printf(a, "%s/index.html", path), R_OK) == 0) return path;
    }
    return NULL;
}

static void finish_config(struct config *c, uint16_t port)
{
    size_t n = strlen(c->PUBLIC_URL);
    if (!n) c->PUBLIC_URL = arena_printf(&c->arena, "http://localhost:%d", port);
    else if (c->PUBLIC_URL[n - 1] == '/') c->PUBLIC_URL = arena_strndup(&c->arena, c->PUBLIC_URL, n - 1);
    if (!c->web_dir) c->web_dir = *c->WEB_DIR ? c->WEB_DIR : find_web(&c->arena);
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    enum log_level level = LOG_INFO;
    for (int i = 0; i < 4; i++)
        if (!strcmp(c->LOG_LEVEL, levels[i])) level = (enum log_level)i;
    log_setup(level, !strcmp(c->LOG_FORMAT, "json"));
}

static void reload(struct server *s)
{
    struct err e = {0};
    sd_notify(0, "RELOADING=1");
    struct config *c = config_reload(core_config(&s->core), s->options.config_file, s->options.flags, &e);
    if (c) {
        finish_config(c, http_port(s->api.http));
        atomic_store(&s->core.config, c); /* the old one stays: other threads may be reading it */
        log_info("config.reloaded");
    } else log_error("config.not_reloaded", LOG_STR("error", e.text));
    sd_notify(0, "READY=1");
}

/* ---- the end */

static void farewell(void *arg)
{
    struct server *s = arg;
    if ((!hub_said_goodbye(s->hub) || !recording_stream_said_goodbye(s->recordings) || !event_stream_said_goodbye(s->stream)) && clock_monotonic_ms() < s->give_up_at) return;
    loop_timer_stop(s->look);
    loop_stop(s->loop);
}

/* SIGTERM (restart, upgrade): calls go on without us until the next roomd takes them up. SIGINT, or nobody in: the media engine is ended too. */
static void begin_end(struct server *s, uint32_t signal)
{
    if (s->stopping) return;
    s->stopping = true;
    sd_notify(0, "STOPPING=1");
    bool for_good = signal == SIGINT || hub_is_quiet(s->hub);
    log_info("stopping", LOG_STR("signal", signal == SIGINT ? "INT" : "TERM"), LOG_STR("calls", hub_is_quiet(s->hub) ? "none" : for_good ? "end" : "go on"));
    s->api.stopping = true;
    http_quiesce(s->api.http);
    if (!http_drain(s->api.http, clock_monotonic_ms() + DRAIN_MS)) log_warn("http.drain_incomplete");
    hub_stop(s->hub, for_good);
    recording_stream_stop(s->recordings);
    event_stream_stop(s->stream);
    s->give_up_at = clock_monotonic_ms() + FAREWELL_MS;
    loop_timer_stop(s->look);
    s->look = loop_timer_every(s->loop, LOOK_MS, farewell, s);
}

static void on_signal(void *arg, uint32_t events)
{
    struct server *s = arg;
    struct signalfd_siginfo info;
    (void)events;
    while (read(s->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) reload(s);
        else begin_end(s, info.ssi_signo);
    }
}

/* ---- the start */

static void tell_ready(void *arg)
{
    struct server *s = arg;
    const char *why;
    if (s->told_ready || s->stopping) return;
    bool media = hub_ready(s->hub, &why);
    if (!media && clock_monotonic_ms() < s->give_up_at) return;
    loop_timer_stop(s->look);
    s->look = NULL;
    s->told_ready = true;
    if (!media) log_warn("media.not_ready", LOG_STR("why", why), LOG_STR("next", "roomd doctor"));
    printf("ready http://%s%s%s:%d\n", strchr(s->config->address, ':') ? "[" : "", s->config->address, strchr(s->config->address, ':') ? "]" : "", http_port(s->api.http));
    fflush(stdout);
    sd_notify(0, "READY=1");
}

static bool ready(void *ctx, const char **why)
{
    struct server *s = ctx;
    return hub_ready(s->hub, why);
}

static void accept_call(void *ctx, const struct ws_arrival *a)
{
    struct server *s = ctx;
    hub_accept(s->hub, a->fd, a->early, a->early_size, a->release, a->handle, a->client);
}

static void accept_watcher(void *ctx, const struct ws_arrival *a)
{
    struct server *s = ctx;
    recording_stream_accept(s->recordings, a);
}

static const struct websocket_path websockets[] = {{"/api/v1/call", accept_call}, {"/api/recording/ws", accept_watcher}, {0}};

static void raise_file_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == l.rlim_max) return;
    l.rlim_cur = l.rlim_max;
    setrlimit(RLIMIT_NOFILE, &l);
}

/* Blocked before any thread starts, so that none of them is interrupted; read from a descriptor on the loop. */
static bool take_signals(struct server *s, struct err *e)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return s->signals >= 0 || err_sys(e, ERR_INTERNAL, "signals", "cannot take signals");
}

static bool secret_of(struct server *s, const char *purpose, const char **out)
{
    struct hmac_key key;
    char text[65];
    hmac_key_derive(&key, s->config->SECRET_KEY, purpose);
    sha256_hex(key.bytes, key.size, text);
    *out = arena_strdup(&s->arena, text);
    return true;
}

static bool folder(struct server *s, const char *name, const char **out, struct err *e)
{
    char real[4096];
    if (!realpath(s->config->DATA_DIR, real)) return err_sys(e, ERR_INTERNAL, "data_dir", "cannot find \"%s\"", s->config->DATA_DIR);
    *out = arena_printf(&s->arena, "%s/%s", real, name);
    return !mkdir(*out, 0700) || errno == EEXIST || err_sys(e, ERR_INTERNAL, "data_dir", "cannot make \"%s\"", *out);
}

static bool media_settings(struct server *s, struct media_options *m, struct err *e)
{
    const struct config *c = s->config;
    unsigned low, high;
    if (sscanf(c->RTP_PORT_RANGE, "%u-%u", &low, &high) != 2 || low < 1024 || high > 65535 || low >= high)
        return err_set(e, ERR_CALLER, "config", "RTP_PORT_RANGE must be FROM-TO, such as 41000-41999, not \"%s\"", c->RTP_PORT_RANGE);
    *m = (struct media_options){.loop = s->loop, .rtp_min = (uint16_t)low, .rtp_max = (uint16_t)high, .nat_1_1 = *c->NAT_1_1_MAPPING ? c->NAT_1_1_MAPPING : NULL,
                                .stun = *c->STUN_SERVER ? c->STUN_SERVER : NULL, .bitrate = (int)c->VIDEO_BITRATE, .seats = 100, .program = c->JANUS_PROGRAM};
    if (!folder(s, "run", &m->run_dir, e) || !folder(s, "janus", &m->conf_dir, e)) return false;
    m->log_path = arena_printf(&s->arena, "%s/janus.log", m->conf_dir);
    return secret_of(s, "roomd janus api", &m->api_secret) && secret_of(s, "roomd janus admin", &m->admin_secret);
}

static bool settle_in(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return node_register(s, e) && event_follow(s, e);
}

static bool open_database(struct server *s, struct err *e)
{
    int from, to;
    s->db = db_open(s->config->database, e);
    if (!s->db || !db_migrate(s->db, &from, &to, e)) return false;
    if (from != to) log_info("db.migrated", LOG_INT("from", from), LOG_INT("to", to));
    core_init(&s->core, s->db, s->config);
    return core_write(&s->core, settle_in, NULL, e) && db_start_writer(s->db, e);
}

static bool tell_url(struct scope *s, void *arg, struct err *e)
{
    bool same;
    const struct config *c = core_config(s->core);
    const char *url = *c->NODE_URL ? c->NODE_URL : c->PUBLIC_URL;
    (void)arg;
    if (!node_set_url(s, url, e) || !node_same_url(s, url, &same, e)) return false;
    if (same) log_warn("node.same_url", LOG_STR("url", url), LOG_STR("next", "set NODE_URL on each node: pages of a call must reach the one that it is on"));
    return true;
}

/* The one place that knows the providers by name. */
static bool choose_providers(struct server *s, struct err *e)
{
    const struct config *c = s->config;
    s->providers[s->core.provider_count++] = &janus_provider;
    if (*c->DAILY_API_KEY) {
        if (!(s->daily = daily_create(c, e))) return false;
        s->providers[s->core.provider_count++] = daily_provider(s->daily);
    } else if (!strcmp(c->PROVIDER, "daily")) return err_set(e, ERR_CALLER, "config", "PROVIDER=daily needs DAILY_API_KEY; it is in Daily's dashboard, under Developers");
    bool livekit = *c->LIVEKIT_SERVER_URL && *c->LIVEKIT_API_KEY && *c->LIVEKIT_API_SECRET;
    if (livekit) {
        if (!(s->livekit = livekit_provider_create(c, e))) return false;
        s->providers[s->core.provider_count++] = livekit_provider_of(s->livekit);
    } else if (!strcmp(c->PROVIDER, "livekit"))
        return err_set(e, ERR_CALLER, "config", "PROVIDER=livekit needs LIVEKIT_SERVER_URL, and LIVEKIT_API_KEY and LIVEKIT_API_SECRET as in the `keys` of the server's configuration");
    s->core.providers = s->providers;
    return provider_find(&s->core, c->PROVIDER) || err_set(e, ERR_CALLER, "config", "PROVIDER must be janus, livekit or daily, not \"%s\"", c->PROVIDER);
}

/* Where new sessions are with somebody else, the media engine is started only for those that are still to be held here. */
static bool needs_media_engine(struct scope *s, void *arg, struct err *e)
{
    bool *needed = arg;
    *needed = !provider_remote(s->core, core_config(s->core)->PROVIDER);
    return *needed || session_any_open(s, janus_provider.ops->name, needed, e);
}

static bool begin_rounds(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return dial_in_begin(s, e);
}

static bool start(struct server *s, struct err *e)
{
    struct media_options media;
    bool needed;
    if (!crypto_start(e) || !(s->config = config_load(s->options.config_file, s->options.flags, e)) || !media_room_check(s->config, e)) return false;
    finish_config(s->config, s->config->port);
    raise_file_limit();
    if (!take_signals(s, e) || !open_database(s, e) || !choose_providers(s, e)) return false;
    if (!(s->sinks = sinks_create(s->config, e))) return false;
    sinks_give(s->sinks, &s->core);
    s->loop = loop_create();
    loop_watch_start(s->loop, s->signals, EPOLLIN, on_signal, s);
    if (!(s->hub = hub_create(&s->core, s->loop, e)) || !(s->runner = runner_start(&s->core, e))) return false;
    s->matrix = matrix_create(&s->core);
    if (!(s->recordings = recording_stream_create(&s->core, s->loop, s->matrix, e))) return false;
    if (!(s->stream = event_stream_start(&s->core, e))) return false;
    if (!(s->webhooks = webhook_sender_start(&s->core, e))) return false;
    webhook_set_render(&s->core, webhook_shape_daily, daily_letter);
    s->api = (struct api){.core = &s->core, .matrix = s->matrix, .ready = ready, .websockets = websockets, .ctx = s, .stream = event_stream_door(s->stream)};
    if (!api_start(&s->api, e) || !media_settings(s, &media, e)) return false;
    if (!s->config->port && !strncmp(s->config->PUBLIC_URL, "http://localhost:0", 18)) s->config->PUBLIC_URL = arena_printf(&s->config->arena, "http://localhost:%d", http_port(s->api.http));
    if (!core_write(&s->core, tell_url, NULL, e) || !core_write(&s->core, begin_rounds, NULL, e)) return false;
    if (endpoints_are_open(s->config)) log_warn("live_sessions.open_endpoints", LOG_STR("what", "students, status, recording and two lists of /sessions ask for no bearer, as documented"),
        LOG_STR("who", s->config->LIVE_SESSIONS_OPEN_ENDPOINTS ? "EVERYBODY who reaches this server: live_sessions.open_endpoints is on" : "this box only: listening on loopback"));
    if (!s->config->web_dir) log_warn("web.not_built", LOG_STR("next", "make web"));
    else if (access(arena_printf(&s->arena, "%s/index.html", s->config->web_dir), R_OK) != 0)
        log_warn("web.not_there", LOG_STR("folder", s->config->web_dir), LOG_STR("next", "WEB_DIR is the folder web/dist of a built roomd"));
    return core_write(&s->core, needs_media_engine, &needed, e) && hub_start(s->hub, needed ? &media : NULL, e);
}

static void take_down(struct server *s)
{
    runner_stop(s->runner);
    webhook_sender_stop(s->webhooks);
    api_stop(&s->api);
    event_stream_join(s->stream);
    hub_settle(s->hub);
    daily_destroy(s->daily);
    livekit_provider_destroy(s->livekit);
    sinks_destroy(s->sinks);
    db_close(s->db);      /* what the calls left to be written is written here */
    webhook_sender_destroy(s->webhooks);
    hub_destroy(s->hub);
    recording_stream_destroy(s->recordings);
    event_stream_destroy(s->stream);
    matrix_destroy(s->matrix);
    if (s->core.db) core_release(&s->core);
    else config_destroy(s->config);
    if (s->loop) loop_destroy(s->loop);
    arena_release(&s->arena);
}

static void setting(void *ctx, const char *name, const char *type, const char *standard, const char *doc)
{
    (void)ctx;
    printf("  %-34s %-7s %s%s%s%s\n", name, type, doc, *standard ? " (" : "", standard, *standard ? ")" : "");
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
    return false;
}

int cmd_serve(int argc, char **argv)
{
    struct server s = {0};
    struct err e = {0};
    int code = cli_parse_bare(argc, argv, &s.options);
    if (code < 0 && wants_help(argc, argv)) {
        puts("  --listen ADDRESS:PORT, --public-url URL, --web DIR\n\nsettings (environment, .env, or roomd.yaml):");
        config_describe(setting, NULL);
    }
    if (code) return code < 0 ? EXIT_DONE : code;
    arena_init(&s.arena);
    bool ok = start(&s, &e);
    if (ok) {
        log_info("started", LOG_STR("version", ROOMD_VERSION), LOG_STR("listen", s.config->LISTEN), LOG_STR("data", s.config->DATA_DIR));
        s.give_up_at = clock_monotonic_ms() + READY_AT_LATEST_MS;
        s.look = loop_timer_every(s.loop, LOOK_MS, tell_ready, &s);
        loop_run(s.loop);
    }
    take_down(&s);
    log_flush();
    return ok ? EXIT_DONE : cli_fail(&e);
}
