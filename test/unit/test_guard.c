/* Where requests may go whose address somebody else chose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/excerpt.h"
#include "net/fetch.h"
#include "net/guard.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool lets(const struct guard *g, const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) return guard_lets(g, (struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    return guard_lets(g, (struct sockaddr *)&v6);
}

static void test_private_addresses(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::8.8.8.8", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
        "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1"};
    static const char *const fine[] = {
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.1", "172.15.255.255", "172.32.0.1", "191.255.255.255",
        "192.0.1.1", "192.167.255.255", "192.169.0.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00::1"};
    struct guard g, open;
    assert_true(guard_set(&g, false, "", NULL));
    assert_true(guard_set(&open, true, "", NULL));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (lets(&g, refused[i])) fail_msg("%s passes", refused[i]);
        assert_true(lets(&open, refused[i]));
    }
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (!lets(&g, fine[i])) fail_msg("%s is refused", fine[i]);
}

static void test_other_families(void **state)
{
    (void)state;
    struct guard g;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_true(guard_set(&g, false, "0.0.0.0/0, ::/0", NULL));
    assert_false(guard_lets(&g, (struct sockaddr *)&un));
}

static void test_allowed_networks(void **state)
{
    (void)state;
    struct guard g;
    struct err e = {0};
    assert_true(guard_set(&g, false, "10.1.0.0/16,192.168.1.5  fd00::/8, ::1 172.20.0.0/15", &e));
    assert_int_equal(g.count, 5);
    assert_true(lets(&g, "10.1.255.1") && lets(&g, "192.168.1.5") && lets(&g, "fd99::1") && lets(&g, "::1") && lets(&g, "172.21.0.1") && lets(&g, "::ffff:10.1.0.1"));
    assert_false(lets(&g, "10.2.0.1") || lets(&g, "192.168.1.6") || lets(&g, "fc00::1") || lets(&g, "127.0.0.1") || lets(&g, "172.22.0.1"));
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0/8", "fd00::/129", "fd00::/-1", "host.example", "10.0.0.0/8/8", "10.0.0.0/0008", "1.2.3.4/8x",
        "a-very-long-word-that-is-no-address-at-all-and-goes-on-and-on-and-on-and-on-and-on-and-on-and-on"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (guard_set(&g, false, wrong[i], &e)) fail_msg("\"%s\" passes", wrong[i]);
    char many[40 * 9] = "";
    for (int i = 0; i < GUARD_NETWORKS + 1; i++) strcat(many, "10.0.0.1 ");
    assert_false(guard_set(&g, false, many, &e));
}

static void test_urls(void **state)
{
    (void)state;
    static const struct { const char *url; bool http, lets; } table[] = {
        {"https://example.org/a?b#c", true, true}, {"http://example.org:8080", true, true}, {"HTTPS://EXAMPLE.ORG", true, true}, {"http://8.8.8.8/", true, true}, {"https://[2606:4700::1111]/", true, true},
        {"http://127.0.0.1:9/", true, false}, {"http://2130706433/", true, false}, {"http://0x7f.1/", true, false}, {"http://017700000001/", true, false}, {"http://127.1/", true, false},
        {"http://[::1]/", true, false}, {"http://[::ffff:10.0.0.1]:80/", true, false}, {"http://[fe80::1%25eth0]/", true, false}, {"http://localhost/x", true, false}, {"http://LOCALHOST:1/x", true, false},
        {"ftp://example.org/", false, true}, {"file:///etc/passwd", false, false}, {"gopher://x/", false, true}, {"example.org/hook", false, false}, {"http:example.org", false, true}, {"http://", false, false},
        {"http://user:pass@example.org/", false, true}, {"http://user@example.org/", false, true}, {"http://exa mple.org/", false, false}, {"", false, false}, {"javascript:alert(1)", false, false}};
    struct guard g;
    assert_true(guard_set(&g, false, "", NULL));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (url_is_http(table[i].url) != table[i].http) fail_msg("url_is_http(\"%s\") is not %d", table[i].url, table[i].http);
        if (table[i].http && guard_lets_url(&g, table[i].url) != table[i].lets) fail_msg("guard_lets_url(\"%s\") is not %d", table[i].url, table[i].lets);
    }
}

/* The name resolves to this box: what is looked at is where the connection would go. */
static void test_a_request_that_is_refused(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct guard closed, open;
    struct arena a;
    struct fetch_reply reply;
    struct err e = {0};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, size) | listen(listener, 4) | getsockname(listener, (struct sockaddr *)&at, &size), 0);
    guard_set(&closed, false, "", NULL);
    guard_set(&open, false, "127.0.0.0/8, ::1", NULL);
    arena_init(&a);
    struct fetcher *f = fetcher_create();
    struct fetch what = {.url = arena_printf(&a, "http://localhost:%d/", ntohs(at.sin_port)), .guard = &closed, .total_ms = 200};
    assert_false(fetch(f, &what, &a, &reply, &e));
    assert_string_equal(e.code, "fetch_refused");
    assert_non_null(strstr(e.text, "OUTBOUND_ALLOW"));
    assert_int_equal(accept(listener, NULL, NULL), -1);
    what.guard = &open;
    assert_false(fetch(f, &what, &a, &reply, &e)); /* nobody answers there */
    assert_string_equal(e.code, "fetch_timeout");
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    close(fd);
    fetcher_destroy(f);
    arena_release(&a);
    close(listener);
}

static void test_excerpts(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_string_equal(excerpt(&a, "plain\ntext\t", 11, 100), "plain\ntext\t");
    assert_string_equal(excerpt(&a, "a\0b\x7f\x01", 5, 100), "a?b??");
    assert_string_equal(excerpt(&a, "gr\xc3\xbc\xc3\x9f", 6, 5), "gr\xc3\xbc"); /* not in the middle of one */
    assert_string_equal(excerpt(&a, "\xc3", 1, 5), "?");
    assert_string_equal(excerpt(&a, "\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80", 9, 20), "?????????");
    assert_string_equal(excerpt(&a, "\xf0\x9f\x99\x82\xe2\x82\xac", 7, 20), "\xf0\x9f\x99\x82\xe2\x82\xac");
    assert_string_equal(excerpt(&a, "", 0, 20), "");
    assert_string_equal(excerpt(&a, "xyz", 3, 0), "");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private_addresses), cmocka_unit_test(test_other_families), cmocka_unit_test(test_allowed_networks), cmocka_unit_test(test_urls),
        cmocka_unit_test(test_a_request_that_is_refused), cmocka_unit_test(test_excerpts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
