#include "core/config.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/rand.h"
#include "core/config_yaml.h"
#include "db/db.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum setting_type { TEXT, SECRET, NUMBER, SWITCH };
enum setting_when { START, RELOAD };
struct setting {
    const char *name, *standard, *doc;
    enum setting_type type;
    enum setting_when when;
    int64_t min, max;
    size_t offset;
};

static const struct setting settings[] = {
#define CONFIG(name, type, standard, min, max, when, doc) {#name, _Generic((standard), char *: (standard), default: #standard), doc, type, when, min, max, offsetof(struct config, name)},
#include "spec/config.def"
#undef CONFIG
};
enum { SETTINGS = sizeof settings / sizeof *settings };

/* Other documents' names of the same. */
static const struct { const char *other, *name; } aliases[] = {{"livekit_url", "LIVEKIT_SERVER_URL"}, {"egress_file_format", "RECORDING_FORMAT"}};

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!strcasecmp(aliases[i].other, name)) name = aliases[i].name;
    for (size_t i = 0; i < SETTINGS; i++)
        if (!strcasecmp(settings[i].name, name)) return &settings[i];
    return NULL;
}

/* ---- one value */

static bool set_text(struct config *c, const struct setting *s, const char *value, const char *where, struct err *e)
{
    size_t n = strlen(value);
    if (n < (size_t)s->min || n > (size_t)s->max)
        return err_set(e, ERR_CALLER, "config", "%s: %s must have %lld to %lld characters, not %zu", where, s->name, (long long)s->min, (long long)s->max, n);
    *(const char **)((char *)c + s->offset) = arena_strdup(&c->arena, value);
    return true;
}

static bool set_number(struct config *c, const struct setting *s, const char *value, const char *where, struct err *e)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (errno || end == value || *end || n < s->min || n > s->max)
        return err_set(e, ERR_CALLER, "config", "%s: %s must be a number from %lld to %lld, not \"%s\"", where, s->name, (long long)s->min, (long long)s->max, value);
    *(int64_t *)((char *)c + s->offset) = n;
    return true;
}

static bool set_switch(struct config *c, const struct setting *s, const char *value, const char *where, struct err *e)
{
    static const char *const words[] = {"off", "no", "false", "0", "closed", "on", "yes", "true", "1", "open"};
    for (size_t i = 0; i < 10; i++)
        if (!strcasecmp(value, words[i])) {
            *(int64_t *)((char *)c + s->offset) = i >= 5;
            return true;
        }
    return err_set(e, ERR_CALLER, "config", "%s: %s must be on or off, not \"%s\"", where, s->name, value);
}

static bool set_value(struct config *c, const struct setting *s, const char *value, const char *where, struct err *e)
{
    if (s->type == NUMBER) return set_number(c, s, value, where, e);
    if (s->type == SWITCH) return set_switch(c, s, value, where, e);
    return set_text(c, s, value, where, e);
}

/* ---- where they come from */

/* A map in the file: one entry after the other, kept as JSON, in their order. */
static bool add_number(struct config *c, const char *country, const char *number)
{
    json_t *map = json_loads(c->LIVEKIT_DIAL_IN_NUMBERS, 0, NULL);
    if (!json_is_object(map)) map = json_object();
    json_object_set_new(map, country, json_string(number));
    c->LIVEKIT_DIAL_IN_NUMBERS = json_take_text(&c->arena, map);
    return true;
}

static bool from_yaml(void *ctx, const char *name, const char *value, const char *where, struct err *e)
{
    static const char numbers[] = "LIVEKIT_DIAL_IN_NUMBERS_";
    const struct setting *s = find(name);
    if (!strncasecmp(name, numbers, sizeof numbers - 1)) return add_number(ctx, name + sizeof numbers - 1, value);
    if (!s) return err_set(e, ERR_CALLER, "config", "%s: unknown setting \"%s\"; `roomd serve --help` lists them", where, name);
    return set_value(ctx, s, value, where, e);
}

static char *trimmed(char *s)
{
    while (isspace((unsigned char)*s)) s++;
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1])) s[--n] = '\0';
    if (n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n - 1] == s[0]) {
        s[n - 1] = '\0';
        s++;
    }
    return s;
}

/* A value ends at a # after a blank, unless it is in quotes. */
static char *env_value(char *s)
{
    char *from = s + strspn(s, " \t"), *quoted = *from == '"' || *from == '\'' ? strchr(from + 1, *from) : NULL;
    for (char *mark = quoted ? quoted : s; (mark = strchr(mark, '#')); mark++) {
        if (mark == s || !isspace((unsigned char)mark[-1])) continue;
        *mark = '\0';
        break;
    }
    return trimmed(s);
}

/* .env serves other programs too: names that are not ours are passed over. */
static bool from_env_file(struct config *c, struct err *e)
{
    FILE *f = fopen(".env", "re");
    if (!f) return true;
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    for (int number = 1; ok && getline(&line, &room, f) >= 0; number++) {
        char *text = trimmed(line), *equals = strchr(text, '='), where[32];
        if (*text == '#' || !equals) continue;
        *equals = '\0';
        const struct setting *s = find(trimmed(strncmp(text, "export ", 7) ? text : text + 7));
        snprintf(where, sizeof where, ".env, line %d", number);
        if (s) ok = set_value(c, s, env_value(equals + 1), where, e);
    }
    free(line);
    fclose(f);
    return ok;
}

static bool from_environment(struct config *c, struct err *e)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *value = getenv(settings[i].name);
        if (value && !set_value(c, &settings[i], value, "environment", e)) return false;
    }
    return true;
}

static bool from_flags(struct config *c, const struct config_flag *f, struct err *e)
{
    for (; f && f->name; f++)
        if (f->value && !set_value(c, find(f->name), f->value, "command line", e)) return false;
    return true;
}

static bool gather(struct config *c, const char *file, const struct config_flag *flags, struct err *e)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].standard[0]) set_value(c, &settings[i], settings[i].standard, "default", NULL);
        else if (settings[i].type <= SECRET) *(const char **)((char *)c + settings[i].offset) = "";
    }
    if (!file && access("roomd.yaml", F_OK) == 0) file = "roomd.yaml";
    if (file && !config_read_yaml(file, from_yaml, c, e)) return false;
    return from_env_file(c, e) && from_environment(c, e) && from_flags(c, flags, e);
}

/* ---- what follows from them */

const char *config_path(struct arena *a, const struct config *c, const char *name)
{
    return arena_printf(a, "%s/%s", c->DATA_DIR, name);
}

static bool derive_listen(struct config *c, struct err *e)
{
    const char *colon = strrchr(c->LISTEN, ':');
    char *end;
    long port = colon ? strtol(colon + 1, &end, 10) : -1;
    if (!colon || end == colon + 1 || *end || port < 0 || port > 65535)
        return err_set(e, ERR_CALLER, "config", "LISTEN must be ADDRESS:PORT, such as 127.0.0.1:7000, not \"%s\"", c->LISTEN);
    const char *from = c->LISTEN;
    size_t n = (size_t)(colon - from);
    if (n >= 2 && from[0] == '[' && from[n - 1] == ']') from++, n -= 2;
    char *address = arena_strndup(&c->arena, from, n);
    if (!strcmp(address, "localhost")) address = arena_strdup(&c->arena, "127.0.0.1");
    unsigned char raw[16];
    bool v4 = inet_pton(AF_INET, address, raw) == 1;
    if (!v4 && inet_pton(AF_INET6, address, raw) != 1) return err_set(e, ERR_CALLER, "config", "LISTEN: \"%s\" is no address", address);
    c->address = address;
    c->port = (uint16_t)port;
    c->loopback = v4 ? raw[0] == 127 : !strcmp(address, "::1");
    return true;
}

/* The scheme may name a driver, as SQLAlchemy's do: postgresql+psycopg://… */
static const char *after_scheme(const char *url, const char *scheme)
{
    size_t n = strlen(scheme);
    if (strncmp(url, scheme, n) != 0) return NULL;
    const char *rest = url[n] == '+' ? url + n + strcspn(url + n, ":/") : url + n;
    return strncmp(rest, "://", 3) ? NULL : rest + 3;
}

static bool derive_database(struct config *c, struct err *e)
{
    const char *url = c->DATABASE_URL, *file = after_scheme(url, "sqlite"), *server = after_scheme(url, "postgresql");
    if (!server) server = after_scheme(url, "postgres");
    if (!*url) c->database = config_path(&c->arena, c, "roomd.db");
    else if (file && *file == '/' && file[1]) c->database = arena_strdup(&c->arena, file + 1);
    else if (server && *server) c->database = arena_printf(&c->arena, "postgresql://%s", server);
    else return err_set(e, ERR_CALLER, "config", "DATABASE_URL must be sqlite:///PATH or postgresql://user:password@host:port/database");
    return true;
}

static bool is_level(const char *word)
{
    return !strcmp(word, "debug") || !strcmp(word, "info") || !strcmp(word, "warn") || !strcmp(word, "error");
}

static bool check_address(const char *name, const char *url, struct err *e)
{
    return !*url || !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7) || err_set(e, ERR_CALLER, "config", "%s must be https://HOST or http://HOST, not \"%s\"", name, url);
}

const char *config_turn_next(const char *list, size_t *length)
{
    list += strspn(list, ", ");
    *length = strcspn(list, ", ");
    return list;
}

static size_t host_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");
}

static bool is_turn(const char *url, size_t length)
{
    size_t scheme = !strncmp(url, "turns:", 6) ? 6 : 5, host = length > scheme ? host_length(url + scheme) : 0, rest = length - scheme - host;
    if ((scheme == 5 && strncmp(url, "turn:", 5) != 0) || !host) return false;
    const char *transport = url + scheme + host;
    return !rest || (rest == 14 && (!strncmp(transport, "?transport=udp", rest) || !strncmp(transport, "?transport=tcp", rest)));
}

/* A browser that is given an address which is none comes into no call at all. */
static bool check_ice(const struct config *c, struct err *e)
{
    size_t length, count = 0;
    bool ok = true;
    for (const char *url = config_turn_next(c->TURN_URL, &length); length; url = config_turn_next(url + length, &length), count++) ok &= is_turn(url, length);
    if (!ok || count > CONFIG_TURN_MOST)
        return err_set(e, ERR_CALLER, "config", "TURN_URL must be turn:HOST:PORT or turns:HOST:PORT, with ?transport=tcp where it is meant, at most %d with commas, not \"%s\"", CONFIG_TURN_MOST, c->TURN_URL);
    ok = !c->STUN_SERVER[host_length(c->STUN_SERVER)] && strncmp(c->STUN_SERVER, "stun:", 5) != 0;
    return ok || err_set(e, ERR_CALLER, "config", "STUN_SERVER must be HOST:PORT, not \"%s\"", c->STUN_SERVER);
}

static bool check_recording(const struct config *c, struct err *e)
{
    const char *format = c->RECORDING_FORMAT;
    if (strcmp(format, "mp3") != 0 && strcmp(format, "ogg") != 0 && strcmp(format, "mp4") != 0) return err_set(e, ERR_CALLER, "config", "RECORDING_FORMAT must be mp3, ogg or mp4, not \"%s\"", format);
    return check_address("MATRIX_HOMESERVER_URL", c->MATRIX_HOMESERVER_URL, e);
}

static bool check_numbers(const struct config *c, struct err *e)
{
    const char *country;
    json_t *map = *c->LIVEKIT_DIAL_IN_NUMBERS ? json_loads(c->LIVEKIT_DIAL_IN_NUMBERS, 0, NULL) : json_object(), *number;
    bool ok = json_is_object(map) && json_object_size(map) <= 100;
    json_object_foreach(map, country, number) ok &= json_is_string(number) && strlen(country) <= 40 && json_string_length(number) <= 60;
    json_decref(map);
    return ok || err_set(e, ERR_CALLER, "config", "LIVEKIT_DIAL_IN_NUMBERS must be a map of at most 100 countries to numbers, such as {\"US\": \"+1-555-0100\"}");
}

static bool derive_outbound(struct config *c, struct err *e)
{
    struct err why = {0};
    return guard_set(&c->outbound, c->loopback && !c->TRUST_PROXY, c->OUTBOUND_ALLOW, &why) || err_set(e, ERR_CALLER, "config", "OUTBOUND_ALLOW: %s", why.text);
}

/* Who can be reached from elsewhere needs a real one. */
static bool check_secret(const struct config *c, struct err *e)
{
    static const char *const placeholders[] = {"your-secret-key-here-change-in-production", "your_webhook_secret_here", "changeme", "secret"};
    char where[128];
    if (c->loopback && !c->TRUST_PROXY) return true; /* nobody but this box */
    if (c->loopback) snprintf(where, sizeof where, "behind a proxy (TRUST_PROXY)");
    else snprintf(where, sizeof where, "on %s", c->LISTEN);
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
        if (!strcmp(c->SECRET_KEY, placeholders[i])) return err_set(e, ERR_CALLER, "config", "SECRET_KEY is a placeholder: remove it (one is generated) or set a real one before listening %s", where);
    if (!*c->SECRET_KEY || strlen(c->SECRET_KEY) >= 16) return true;
    return err_set(e, ERR_CALLER, "config", "SECRET_KEY is too short to listen %s: at least 16 characters", where);
}

static bool check_choices(const struct config *c, struct err *e)
{
    if (strcmp(c->ALGORITHM, "HS256") != 0) return err_set(e, ERR_CALLER, "config", "ALGORITHM must be HS256");
    if (strcmp(c->API_V1_STR, "/api/v1") != 0) return err_set(e, ERR_CALLER, "config", "API_V1_STR must be /api/v1");
    if (!is_level(c->LOG_LEVEL)) return err_set(e, ERR_CALLER, "config", "LOG_LEVEL must be debug, info, warn or error, not \"%s\"", c->LOG_LEVEL);
    if (strcmp(c->LOG_FORMAT, "json") != 0 && strcmp(c->LOG_FORMAT, "logfmt") != 0) return err_set(e, ERR_CALLER, "config", "LOG_FORMAT must be logfmt or json");
    if (!check_recording(c, e) || !check_numbers(c, e) || !check_address("PUBLIC_URL", c->PUBLIC_URL, e) || !check_address("NODE_URL", c->NODE_URL, e) || !check_ice(c, e)) return false;
    if (!c->loopback && !c->RATE_LIMITS) return err_set(e, ERR_CALLER, "config", "RATE_LIMITS=off is for loopback only; LISTEN is %s", c->LISTEN);
    return check_secret(c, e);
}

static bool make_data_dir(const struct config *c, struct err *e)
{
    struct stat st;
    if (mkdir(c->DATA_DIR, 0700) && errno != EEXIST) return err_sys(e, ERR_INTERNAL, "data_dir", "cannot make data folder \"%s\"", c->DATA_DIR);
    if (stat(c->DATA_DIR, &st) || !S_ISDIR(st.st_mode)) return err_set(e, ERR_CALLER, "data_dir", "\"%s\" is no folder", c->DATA_DIR);
    return true;
}

enum { SECRET_LENGTH = 48, SECRET_LEAST = 40 };

/* Written beside and renamed, so that a crash leaves either none or a whole one. */
static bool make_secret(const char *path, const char *fresh, char *text, struct err *e)
{
    rand_text(text, SECRET_LENGTH, RAND_ID);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text, SECRET_LENGTH) == SECRET_LENGTH && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return (ok && FAULT_POINT(secret_written) && !rename(fresh, path)) || err_sys(e, ERR_INTERNAL, "secret", "cannot write \"%s\"", path);
}

/* False: there is none, or what is left of one. */
static bool read_secret(FILE *f, char text[65])
{
    if (!f) return false;
    if (!fgets(text, 65, f)) *text = '\0';
    fclose(f);
    text[strcspn(text, "\n")] = '\0'; /* an editor's */
    return strlen(text) >= SECRET_LEAST;
}

/* Of our own, made once; never another one in its place where there is what was sealed with it: `beside` (NULL: nothing is). */
static bool own_secret(struct config *c, const char *name, const char *beside, const char **out, struct err *e)
{
    char text[65] = "";
    const char *path = config_path(&c->arena, c, name);
    FILE *f = fopen(path, "re");
    if (!f && errno != ENOENT) return err_sys(e, ERR_INTERNAL, "secret", "cannot open \"%s\"", path);
    if (!read_secret(f, text)) {
        if (beside && !access(beside, F_OK))
            return err_set(e, ERR_CALLER, "secret", "\"%s\" is missing or broken, beside a database that needs it: put it back from a backup. If it is lost for good, delete it and set "
                           "SECRET_KEY; then every link and token is void, and what was sealed with the old one is lost", path);
        if (!make_secret(path, arena_printf(&c->arena, "%s.new", path), text, e)) return false;
    }
    *out = arena_strdup(&c->arena, text);
    return true;
}

static bool derive(struct config *c, struct err *e)
{
    if (!derive_listen(c, e) || !check_choices(c, e) || !derive_outbound(c, e) || !make_data_dir(c, e) || !derive_database(c, e)) return false;
    return own_secret(c, "node", NULL, &c->node, e) && (*c->SECRET_KEY || own_secret(c, "secret", db_is_url(c->database) ? NULL : c->database, &c->SECRET_KEY, e));
}

struct config *config_load(const char *file, const struct config_flag *flags, struct err *e)
{
    struct config *c = xcalloc(1, sizeof *c);
    arena_init(&c->arena);
    if (gather(c, file, flags, e) && derive(c, e)) return c;
    config_destroy(c);
    return NULL;
}

struct config *config_reload(const struct config *before, const char *file, const struct config_flag *flags, struct err *e)
{
    struct config *c = config_load(file, flags, e);
    if (!c) return NULL;
    for (size_t i = 0; i < SETTINGS; i++)
        if (settings[i].when == START) memcpy((char *)c + settings[i].offset, (const char *)before + settings[i].offset, sizeof(int64_t));
    c->address = before->address;
    c->port = before->port;
    c->loopback = before->loopback;
    c->outbound.open = c->loopback && !c->TRUST_PROXY;
    c->database = before->database;
    c->node = before->node;
    c->web_dir = before->web_dir;
    c->before = (struct config *)(uintptr_t)before;
    return c;
}

void config_destroy(struct config *c)
{
    for (struct config *before; c; c = before) {
        before = c->before;
        arena_release(&c->arena);
        free(c);
    }
}

void config_describe(void (*line)(void *, const char *, const char *, const char *, const char *), void *ctx)
{
    static const char *const types[] = {"text", "secret", "number", "on/off"};
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *standard = settings[i].type != SWITCH ? settings[i].standard : settings[i].standard[0] == '1' ? "on" : "off";
        line(ctx, settings[i].name, types[settings[i].type], standard, settings[i].doc);
    }
}
