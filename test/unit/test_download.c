/* Large files from other servers: what is gone on with, what begins anew, and what every fault leaves behind. The server is played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/download.h"
#include "server_fixture.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_SIZE = 200000, HEAD = 4096, ANSWERS = 4, LITTLE = 65536 };

/* An answer: its head, and a piece of the file after it; then the connection is closed, whatever the head promised. */
struct answer { const char *head; size_t from, size; };

static char folder[] = "/tmp/test_download.XXXXXX", path[128], mark[160], requests[ANSWERS][HEAD];
static unsigned char file[FILE_SIZE], other[FILE_SIZE];
static const unsigned char *content;
static struct answer script[ANSWERS];
static size_t asked;
static struct arena arena;
static struct downloaded got;
static struct err err;

/* The client may hang up in mid-answer; what it had not read must not turn into a reset that loses what it did read. */
static void talk(int fd)
{
    char rest[256];
    const struct answer *a = &script[asked % ANSWERS];
    server_read(fd, requests[asked % ANSWERS], HEAD);
    asked++;
    if (server_send(fd, a->head, strlen(a->head))) server_send(fd, content + a->from, a->size);
    shutdown(fd, SHUT_WR);
    while (recv(fd, rest, sizeof rest, 0) > 0) continue;
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/film.mp4", folder);
    snprintf(mark, sizeof mark, "%s.mark", path);
    for (size_t i = 0; i < FILE_SIZE; i++) {
        file[i] = (unsigned char)(i * 31 + i / 251);
        other[i] = (unsigned char)(i * 17 + 5);
    }
    content = file;
    memset(script, 0, sizeof script);
    asked = 0;
    arena_init(&arena);
    return server_start(talk, false);
}

static int teardown(void **state)
{
    (void)state;
    server_stop();
    arena_release(&arena);
    unlink(path);
    unlink(mark);
    return rmdir(folder);
}

/* ---- what tests say */

static bool fetch_with(struct download d)
{
    err = (struct err){0};
    got = (struct downloaded){0};
    d.url = arena_printf(&arena, "%s/film.mp4?sig=SECRET", origin);
    d.path = path;
    bool ok = download(&d, &arena, &got, &err);
    assert_null(strstr(err.text, "SECRET"));
    return ok;
}

static bool fetch(void)
{
    return fetch_with((struct download){0});
}

static void refused(const char *code)
{
    assert_false(fetch());
    assert_string_equal(err.code, code);
    assert_int_equal(err.kind, ERR_DESTINATION);
}

static size_t on_disk(void)
{
    struct stat st;
    return stat(path, &st) ? 0 : (size_t)st.st_size;
}

static bool marked(void)
{
    return !access(mark, F_OK);
}

/* Whole, right, and nothing left beside it. */
static void is_whole(const unsigned char *wanted, size_t size)
{
    static unsigned char data[FILE_SIZE + 1];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(data, 1, sizeof data, f), size);
    fclose(f);
    assert_memory_equal(data, wanted, size);
    assert_int_equal(got.size_bytes, size);
    assert_false(marked());
}

#define ALL "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 200000\r\nETag: \"one\"\r\n\r\n"
#define REST(from, etag) "HTTP/1.1 206 Partial Content\r\nContent-Length: 140000\r\nContent-Range: bytes " #from "-199999/200000\r\nETag: " etag "\r\n\r\n"

/* ---- what comes whole */

static void test_whole(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, FILE_SIZE};
    assert_true(fetch());
    is_whole(file, FILE_SIZE);
    assert_int_equal(got.resumed_at, 0);
    assert_string_equal(got.content_type, "video/mp4");
    assert_null(strstr(requests[0], "Range:"));
}

static void test_empty(void **state)
{
    (void)state;
    script[0] = (struct answer){"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, 0};
    assert_true(fetch());
    is_whole(file, 0);
}

static void test_length_not_said(void **state)
{
    (void)state;
    script[0] = (struct answer){"HTTP/1.0 200 OK\r\n\r\n", 0, FILE_SIZE};
    assert_true(fetch());
    is_whole(file, FILE_SIZE);
}

/* ---- what breaks off */

static void test_goes_on(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, 60000};
    script[1] = (struct answer){REST(60000, "\"one\""), 60000, 140000};
    refused("fetch_incomplete");
    assert_int_equal(on_disk(), 60000);
    assert_true(marked());
    assert_true(fetch());
    is_whole(file, FILE_SIZE);
    assert_int_equal(got.resumed_at, 60000);
    assert_non_null(strstr(requests[1], "Range: bytes=60000-\r\n"));
    assert_non_null(strstr(requests[1], "If-Range: \"one\"\r\n"));
}

static void test_breaks_off_again_and_again(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, 60000};
    script[1] = (struct answer){REST(60000, "\"one\""), 60000, 70000};
    script[2] = (struct answer){"HTTP/1.1 206 Partial Content\r\nContent-Length: 70000\r\nContent-Range: bytes 130000-199999/200000\r\nETag: \"one\"\r\n\r\n", 130000, 70000};
    refused("fetch_incomplete");
    refused("fetch_incomplete");
    assert_int_equal(on_disk(), 130000);
    assert_true(fetch());
    is_whole(file, FILE_SIZE);
    assert_int_equal(got.resumed_at, 130000);
}

static void test_another_thing_by_now(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, 60000};
    script[1] = (struct answer){"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nETag: \"two\"\r\n\r\n", 0, FILE_SIZE};
    refused("fetch_incomplete");
    content = other;
    assert_true(fetch());
    is_whole(other, FILE_SIZE);
    assert_int_equal(got.resumed_at, 0);
}

/* A server that sends a part of something else although it was told of what the beginning is. */
static void test_a_part_of_another_thing(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, 60000};
    script[1] = (struct answer){REST(60000, "\"two\""), 60000, 140000};
    script[2] = (struct answer){"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nETag: \"two\"\r\n\r\n", 0, FILE_SIZE};
    refused("fetch_incomplete");
    content = other;
    refused("fetch_incomplete");
    assert_true(fetch());
    is_whole(other, FILE_SIZE);
    assert_null(strstr(requests[2], "Range:"));
}

/* A part that was not asked for must not be put where the asked one belongs. */
static void test_another_part(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, 60000};
    script[1] = (struct answer){"HTTP/1.1 206 Partial Content\r\nContent-Length: 150000\r\nContent-Range: bytes 50000-199999/200000\r\nETag: \"one\"\r\n\r\n", 50000, 150000};
    script[2] = (struct answer){ALL, 0, FILE_SIZE};
    refused("fetch_incomplete");
    refused("fetch_incomplete");
    assert_true(fetch());
    is_whole(file, FILE_SIZE);
}

static void test_nothing_is_kept_without_a_mark(void **state)
{
    (void)state;
    script[0] = (struct answer){"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", 0, 60000};
    script[1] = (struct answer){"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nETag: W/\"weak\"\r\n\r\n", 0, 70000};
    script[2] = (struct answer){ALL, 0, FILE_SIZE};
    refused("fetch_incomplete");
    assert_false(marked());
    refused("fetch_incomplete");
    assert_false(marked());
    assert_true(fetch());
    is_whole(file, FILE_SIZE);
    assert_null(strstr(requests[1], "Range:"));
    assert_null(strstr(requests[2], "Range:"));
}

static void test_range_not_satisfiable(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, 60000};
    script[1] = (struct answer){"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */50000\r\nContent-Length: 0\r\n\r\n", 0, 0};
    script[2] = (struct answer){ALL, 0, FILE_SIZE};
    refused("fetch_incomplete");
    refused("fetch_status");
    assert_false(marked());
    assert_true(fetch());
    is_whole(file, FILE_SIZE);
    assert_null(strstr(requests[2], "Range:"));
}

/* ---- servers that lie, and refuse */

static void test_more_than_was_said(void **state)
{
    (void)state;
    script[0] = (struct answer){"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", 0, FILE_SIZE};
    assert_true(fetch());
    is_whole(file, 60000); /* what was said is what there is; the rest belongs to nobody */
}

static void test_too_large(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, FILE_SIZE};
    script[1] = (struct answer){"HTTP/1.0 200 OK\r\n\r\n", 0, FILE_SIZE};
    for (int i = 0; i < 2; i++) {
        assert_false(fetch_with((struct download){.largest = 100000}));
        assert_string_equal(err.code, "fetch_too_large");
        assert_true(on_disk() <= 100000);
    }
}

static void test_statuses(void **state)
{
    (void)state;
    script[0] = (struct answer){"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n", 0, 9};
    script[1] = (struct answer){"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\n", 0, 9};
    script[2] = (struct answer){"HTTP/1.1 410 Gone\r\n\r\n", 0, 0};
    refused("fetch_gone");
    refused("fetch_status");
    refused("fetch_gone");
    assert_int_equal(on_disk(), 0);
}

/* An error page while something is there already: it stays, and is gone on with afterwards. */
static void test_an_error_in_between(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, 60000};
    script[1] = (struct answer){"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\n", 0, 5};
    script[2] = (struct answer){REST(60000, "\"one\""), 60000, 140000};
    refused("fetch_incomplete");
    refused("fetch_status");
    assert_int_equal(on_disk(), 60000);
    assert_true(fetch());
    is_whole(file, FILE_SIZE);
    assert_int_equal(got.resumed_at, 60000);
}

static void test_nobody_there(void **state)
{
    (void)state;
    script[0] = (struct answer){"", 0, 0};
    assert_false(fetch());
    struct download d = {.url = "file:///etc/hostname", .path = path};
    assert_false(download(&d, &arena, &got, &err));
    assert_string_equal(err.code, "fetch_url");
    d.url = "http://127.0.0.1:1/film.mp4?sig=SECRET";
    assert_false(download(&d, &arena, &got, &err));
    assert_null(strstr(err.text, "SECRET"));
}

static bool not_far(void *arg, int64_t done, int64_t total)
{
    (void)arg, (void)total;
    return done < 1;
}

static void test_stopped(void **state)
{
    (void)state;
    script[0] = (struct answer){ALL, 0, 60000};
    assert_false(fetch_with((struct download){.progress = not_far}));
    assert_string_equal(err.code, "fetch_stopped");
}

/* ---- no room on the disk */

static void test_no_room(void **state)
{
    (void)state;
    struct rlimit old, little = {.rlim_cur = LITTLE};
    script[0] = (struct answer){ALL, 0, FILE_SIZE};
    script[1] = (struct answer){"HTTP/1.1 206 Partial Content\r\nContent-Length: 134464\r\nContent-Range: bytes 65536-199999/200000\r\nETag: \"one\"\r\n\r\n", LITTLE, FILE_SIZE - LITTLE};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    little.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    refused("disk");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(on_disk(), LITTLE);
    assert_true(fetch()); /* there is room again */
    is_whole(file, FILE_SIZE);
    assert_int_equal(got.resumed_at, LITTLE);
}

static void test_no_folder(void **state)
{
    (void)state;
    struct download d = {.url = arena_printf(&arena, "%s/x", origin), .path = "/tmp/no-such-folder-here/film.mp4"};
    assert_false(download(&d, &arena, &got, &err));
    assert_string_equal(err.code, "disk");
    assert_int_equal(asked, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whole), TEST(empty), TEST(length_not_said), TEST(goes_on), TEST(breaks_off_again_and_again), TEST(another_thing_by_now), TEST(a_part_of_another_thing), TEST(another_part),
        TEST(nothing_is_kept_without_a_mark), TEST(range_not_satisfiable), TEST(more_than_was_said), TEST(too_large), TEST(statuses), TEST(an_error_in_between), TEST(nobody_there),
        TEST(stopped), TEST(no_room), TEST(no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
