/* Settings: where they come from, which one wins, and what stops the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct err err;

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/roomd-config-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    char command[96];
    (void)state;
    unsetenv("PROJECT_NAME");
    unsetenv("HTTP_THREADS");
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") || system(command);
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    fputs(text, f);
    fclose(f);
}

static struct config *load(const char *file)
{
    err = (struct err){0};
    return config_load(file, NULL, &err);
}

static void expect_name(const char *file, const char *name)
{
    struct config *c = load(file);
    if (!c) fail_msg("%s", err.text);
    assert_string_equal(c->PROJECT_NAME, name);
    config_destroy(c);
}

static void test_defaults(void **state)
{
    (void)state;
    struct stat st;
    struct config *c = load(NULL);
    assert_string_equal(c->LISTEN, "127.0.0.1:7000");
    assert_int_equal(c->port, 7000);
    assert_true(c->loopback);
    assert_int_equal(c->ACCESS_TOKEN_EXPIRE_MINUTES, 30);
    assert_int_equal(c->REGISTRATION, 1);
    assert_string_equal(c->database, "data/roomd.db");
    assert_int_equal(stat("data", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat("data/secret", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *secret = strdup(c->SECRET_KEY);
    config_destroy(c);
    assert_int_equal(strlen(secret), 48);
    c = load(NULL);
    assert_string_equal(c->SECRET_KEY, secret); /* made once */
    config_destroy(c);
    put("data/secret", "half writ"); /* a crash in the middle */
    c = load(NULL);
    assert_int_equal(strlen(c->SECRET_KEY), 48);
    config_destroy(c);
    free(secret);
}

static void test_who_wins(void **state)
{
    (void)state;
    put("roomd.yaml", "project_name: yaml\n");
    put("other.yaml", "PROJECT_NAME: other\n");
    expect_name(NULL, "yaml");
    expect_name("other.yaml", "other");
    put(".env", "# comment\n\nUNKNOWN=1\n  export PROJECT_NAME = 'dot env' \n");
    expect_name("other.yaml", "dot env");
    setenv("PROJECT_NAME", "environment", 1);
    expect_name("other.yaml", "environment");
    struct config *c = config_load(NULL, (struct config_flag[]){{"PROJECT_NAME", "flag"}, {0}}, &err);
    assert_string_equal(c->PROJECT_NAME, "flag");
    config_destroy(c);
}

static void test_comments_in_env(void **state)
{
    static const struct { const char *line, *value; } cases[] = {
        {"ws://127.0.0.1:7880            # how roomd reaches it", "ws://127.0.0.1:7880"}, {"a#b # c # d", "a#b"}, {"'a # b' # c", "a # b"}, {"\"a # b\"", "a # b"},
        {"'a # b", "'a"}, {"a\t# b", "a"}, {"#a", "#a"}, {"a#", "a#"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[128];
        snprintf(file, sizeof file, "PROJECT_NAME=%s\nLIVEKIT_API_KEY=\nLIVEKIT_API_SECRET= # none\n", cases[i].line);
        put(".env", file);
        put("empty.yaml", "# nothing\n");
        struct config *c = load("empty.yaml");
        if (!c) fail_msg("%s", err.text);
        assert_string_equal(c->PROJECT_NAME, cases[i].value);
        assert_string_equal(c->LIVEKIT_API_KEY, "");
        assert_string_equal(c->LIVEKIT_API_SECRET, "");
        config_destroy(c);
    }
    unlink(".env");
}

static void test_yaml_shapes(void **state)
{
    (void)state;
    setenv("PROJECT_NAME_PART", "x", 1);
    put("a.yaml", "livekit:\n  api_key: ${PROJECT_NAME_PART}-${NOT_SET}-${unclosed\n  sip:\n    enabled: yes\nbackend_cors_origins:\n  - https://a\n  - https://b\nproject_name: 12\n");
    struct config *c = load("a.yaml");
    if (!c) fail_msg("%s", err.text);
    assert_string_equal(c->LIVEKIT_API_KEY, "x--${unclosed");
    assert_int_equal(c->LIVEKIT_SIP_ENABLED, 1);
    assert_string_equal(c->BACKEND_CORS_ORIGINS, "https://a,https://b");
    assert_string_equal(c->PROJECT_NAME, "12");
    config_destroy(c);
    put("empty.yaml", "# nothing\n");
    config_destroy(load("empty.yaml"));
    assert_int_equal(err.kind, ERR_NONE);
}

static void test_what_stops_the_start(void **state)
{
    (void)state;
    static const struct { const char *yaml, *part; } cases[] = {
        {"nonsense: 1\n", "a.yaml, line 1: unknown setting \"nonsense\""},
        {"\n\nhttp_threads: x\n", "a.yaml, line 3: HTTP_THREADS must be a number from 0 to 64, not \"x\""},
        {"http_threads: 5x\n", "not \"5x\""}, {"http_threads: 99999999999999999999\n", "from 0 to 64"}, {"http_threads: -1\n", "from 0 to 64"}, {"http_threads:\n", "from 0 to 64"},
        {"registration: perhaps\n", "REGISTRATION must be on or off, not \"perhaps\""}, {"project_name: ''\n", "PROJECT_NAME must have 1 to 200 characters, not 0"},
        {"a: [\n", "a.yaml, line 2"}, {"- a\n", "a.yaml, line 1: expected \"name: value\""}, {"a:\n b:\n  c:\n   d:\n    e:\n     f: 1\n", "expected \"name: value\""},
        {"listen: nowhere\n", "LISTEN must be ADDRESS:PORT"}, {"listen: 1.2.3:80\n", "is no address"}, {"listen: 127.0.0.1:65536\n", "LISTEN must be"}, {"listen: '127.0.0.1:'\n", "LISTEN must be"},
        {"algorithm: RS256\n", "ALGORITHM must be HS256"}, {"api_v1_str: /api/v2\n", "API_V1_STR must be /api/v1"}, {"log_level: trace\n", "LOG_LEVEL must be debug, info"},
        {"log_format: xmlish\n", "LOG_FORMAT must be"}, {"database_url: mysql://x\n", "DATABASE_URL must be sqlite:///PATH or postgresql://user:password@host:port/database"},
        {"listen: 0.0.0.0:1\nrate_limits: off\n", "loopback only"}, {"listen: 0.0.0.0:1\nsecret_key: changeme\n", "placeholder"}, {"listen: '[::]:1'\nsecret_key: short\n", "too short"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("a.yaml", cases[i].yaml);
        struct config *c = load("a.yaml");
        if (c || !strstr(err.text, cases[i].part)) fail_msg("%s gave \"%s\"", cases[i].yaml, c ? "no error" : err.text);
    }
    assert_null(load("no such file.yaml"));
    assert_non_null(strstr(err.text, "cannot read \"no such file.yaml\": No such file"));
    put(".env", "X=1\nHTTP_THREADS=many\n");
    assert_null(load(NULL));
    assert_non_null(strstr(err.text, ".env, line 2: HTTP_THREADS"));
    unlink(".env");
    setenv("HTTP_THREADS", "65", 1);
    assert_null(load(NULL));
    assert_non_null(strstr(err.text, "environment: HTTP_THREADS"));
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct { const char *listen, *address; int port; bool loopback; } cases[] = {
        {"127.0.0.1:0", "127.0.0.1", 0, true}, {"localhost:80", "127.0.0.1", 80, true}, {"127.8.9.1:80", "127.8.9.1", 80, true}, {"[::1]:443", "::1", 443, true}, {"0.0.0.0:80", "0.0.0.0", 80, false}, {"[::]:65535", "::", 65535, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *c = config_load(NULL, (struct config_flag[]){{"LISTEN", cases[i].listen}, {0}}, &err);
        if (!c) fail_msg("%s: %s", cases[i].listen, err.text);
        assert_string_equal(c->address, cases[i].address);
        assert_int_equal(c->port, cases[i].port);
        assert_int_equal(c->loopback, cases[i].loopback);
        config_destroy(c);
    }
}

static void test_reload_changes_what_can_be(void **state)
{
    (void)state;
    put("a.yaml", "project_name: before\nhttp_threads: 1\nlisten: 127.0.0.1:7001\n");
    struct config *before = load("a.yaml");
    put("a.yaml", "project_name: after\nhttp_threads: 2\nlisten: 127.0.0.1:7002\nregistration: off\n");
    struct config *after = config_reload(before, "a.yaml", NULL, &err);
    assert_string_equal(after->PROJECT_NAME, "after");
    assert_int_equal(after->REGISTRATION, 0);
    assert_int_equal(after->HTTP_THREADS, 1); /* at the next start */
    assert_int_equal(after->port, 7001);
    assert_string_equal(after->LISTEN, "127.0.0.1:7001");
    put("a.yaml", "nonsense: 1\n");
    assert_null(config_reload(after, "a.yaml", NULL, &err));
    config_destroy(after); /* and the one before */
}

static size_t described;

static void count_line(void *ctx, const char *name, const char *type, const char *standard, const char *doc)
{
    (void)ctx;
    (void)standard;
    assert_true(name[0] && type[0] && doc[0]);
    described++;
}

static void test_every_setting_is_described(void **state)
{
    (void)state;
    described = 0;
    config_describe(count_line, NULL);
    assert_true(described > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown), cmocka_unit_test_setup_teardown(test_who_wins, setup, teardown), cmocka_unit_test_setup_teardown(test_comments_in_env, setup, teardown), cmocka_unit_test_setup_teardown(test_yaml_shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_stops_the_start, setup, teardown), cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reload_changes_what_can_be, setup, teardown), cmocka_unit_test(test_every_setting_is_described)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
