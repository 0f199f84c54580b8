/* doctor.c - what is missing on this box, and how to mend it. */
#include "cli/cli.h"
#include "core/inbox.h"
#include "provider/daily/daily.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int faults;

static void say(bool ok, const char *what, const char *mend)
{
    printf("%s  %s%s%s\n", ok ? "ok  " : "FAIL", what, ok ? "" : ": ", ok ? "" : mend);
    faults += !ok;
}

static bool in_path(const char *program)
{
    char path[512];
    if (strchr(program, '/')) return access(program, X_OK) == 0;
    const char *dirs = getenv("PATH");
    for (const char *p = dirs ? dirs : ""; *p;) {
        size_t n = strcspn(p, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)n, p, program);
        if (access(path, X_OK) == 0) return true;
        p += n + (p[n] == ':');
    }
    return false;
}

static bool port_free(const struct config *c)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(c->port)};
    if (inet_pton(AF_INET, c->address, &at.sin_addr) != 1) return true; /* IPv6: serve will say */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool free_ = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return free_;
}

/* Of an address for browsers: only those on this box get here by it. */
static bool names_this_box(const char *url)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    return !*url || (!strncmp(host, "localhost", 9) && strcspn(host, ":/") == 9) || !strncmp(host, "127.", 4) || !strncmp(host, "[::1]", 5);
}

/* What people elsewhere need. */
static void check_reach(const struct config *c)
{
    bool proxy_unsaid = c->loopback && !c->TRUST_PROXY;
    if (proxy_unsaid && names_this_box(c->PUBLIC_URL)) return;
    if (proxy_unsaid) say(false, "TRUST_PROXY is on", "PUBLIC_URL is for browsers elsewhere, LISTEN for this box: behind a proxy everybody is taken for this box until TRUST_PROXY=on is set");
    if (strncmp(c->PUBLIC_URL, "https://", 8) != 0) say(false, "PUBLIC_URL is https", "browsers give no camera to plain http pages; put a TLS proxy before roomd and set PUBLIC_URL");
    if (*c->TURN_URL && !*c->TURN_SECRET) say(false, "TURN_SECRET is set", "without it the TURN server lets nobody in: coturn's static-auth-secret");
    if (!strcmp(c->PROVIDER, "janus")) printf("hint  behind NAT set NAT_1_1_MAPPING, and open UDP %s\n", c->RTP_PORT_RANGE);
}

static void check(const struct tool *t)
{
    struct statvfs v;
    const struct config *c = t->config;
    char text[600], database[400];
    say(true, "settings are readable", "");
    db_shown_name(c->database, database, sizeof database);
    snprintf(text, sizeof text, "database %s opens", database);
    say(true, text, "");
    say(in_path(c->JANUS_PROGRAM), "janus is installed", "apt install janus");
    say(in_path("janus-pp-rec"), "janus-pp-rec is installed", "apt install janus-tools");
    say(in_path("ffmpeg"), "ffmpeg is installed", "apt install ffmpeg");
    say(access("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", R_OK) == 0, "the font for names in recordings is there", "apt install fonts-dejavu-core");
    say(!statvfs(c->DATA_DIR, &v) && (uint64_t)v.f_bavail * v.f_frsize > (uint64_t)1 << 30, "over 1 GiB free for recordings", "free some space in the data folder's file system");
    snprintf(text, sizeof text, "%s is free, or roomd runs", c->LISTEN);
    say(port_free(c) || access(config_path((struct arena *)(uintptr_t)&t->arena, c, "run/janus.pid"), F_OK) == 0, text, "another program listens there; set LISTEN");
    check_reach(c);
    if (!access("/etc/systemd/system/multi-user.target.wants/janus.service", F_OK))
        printf("hint  Debian's own janus starts with this box and is open to everybody (ports 8088, 8188); roomd needs none of it: systemctl disable --now janus\n");
    if (db_is_url(c->database) && !*c->NODE_URL) printf("hint  with several nodes on this database set NODE_URL on each, and the same SECRET_KEY\n");
}

static void check_inbox(struct tool *t)
{
    struct err e = {0};
    int64_t count;
    char text[80];
    if (!inbox_set_aside(&t->scope, &count, &e)) return say(false, "the inbox can be read", e.text);
    snprintf(text, sizeof text, count ? "events of providers are taken in; %lld are set aside" : "no event of a provider is set aside", (long long)count);
    say(!count, text, "roomd events list --set-aside says why, roomd events replay --set-aside tries them again");
}

static void check_sinks(struct tool *t)
{
    static const char SQL_LEFT[] = "SELECT count(*) FROM recording_copies WHERE status = 'erasing' AND error IS NOT NULL";
    struct err e = {0};
    int64_t count;
    char text[100];
    if (db_number(t->conn, SQL_LEFT, &count, &e) != DB_ROW) return say(false, "copies of recordings can be counted", e.text);
    snprintf(text, sizeof text, count ? "sinks delete what is to be deleted; %lld copies are still there" : "sinks have deleted what was to be deleted", (long long)count);
    say(!count, text, "GET /api/v1/sessions/ID/recordings?deleted=true says why, POST /api/v1/recordings/ID/retry tries again");
}

static void check_daily(const struct tool *t)
{
    static const char *const mend[] = {[DAILY_WEBHOOK_NONE] = "roomd daily webhooks create (until then roomd only asks)", [DAILY_WEBHOOK_FAILED] = "Daily has given it up: roomd daily webhooks recreate"};
    struct err e = {0};
    enum daily_webhook_state state = DAILY_WEBHOOK_UNKNOWN;
    if (!*t->config->DAILY_API_KEY) return;
    struct dailyco *client = daily_client_create(t->config, NULL, &e);
    bool asked = client && daily_webhook_look(client, t->config, (struct arena *)(uintptr_t)&t->arena, &state, &e);
    dailyco_destroy(client);
    say(asked, "Daily.co answers", e.text);
    if (asked) say(state == DAILY_WEBHOOK_ACTIVE, "Daily.co's webhook to this server is active", mend[state]);
    if (!*t->config->DAILY_WEBHOOK_SECRET) say(false, "DAILY_WEBHOOK_SECRET is set", "without it nothing that Daily tells is believed; openssl rand -base64 32");
}

int cmd_doctor(int argc, char **argv)
{
    struct options o;
    struct tool t;
    struct err e = {0};
    int code = cli_parse_bare(argc, argv, &o);
    if (code) return code < 0 ? EXIT_DONE : code;
    if (!tool_open(&t, &o, &e)) {
        say(false, "settings and database", e.text);
        return EXIT_FAILED;
    }
    check(&t);
    check_daily(&t);
    check_inbox(&t);
    check_sinks(&t);
    tool_close(&t);
    return faults ? EXIT_FAILED : EXIT_DONE;
}
