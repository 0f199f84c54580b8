/* Every route that asks who is calling has a scope, so that a limited key is limited everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/route.h"

static void test_every_route_has_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_total; i++)
        if (routes[i].auth != AUTH_ANYBODY && route_scope(&routes[i]) == api_scope_count)
            fail_msg("%s: the tag \"%s\" has no NEEDS row in spec/scopes.def", routes[i].name, routes[i].tag);
}

static void test_reading_is_not_writing(void **state)
{
    struct route r = {.tag = "sessions", .method = "GET", .mode = MODE_READ};
    api_scopes reads = (api_scopes)1 << api_scope_sessions_read;
    struct err e;
    (void)state;
    assert_true(route_allows(&r, reads, &e) && route_allows(&r, EVERY_SCOPE, &e) && !route_allows(&r, 0, &e));
    r.method = "POST";
    assert_true(route_allows(&r, reads, &e));
    r.mode = MODE_EITHER;
    assert_false(route_allows(&r, reads, &e));
    assert_string_equal(e.text, "This API key lacks the scope sessions:write");
    r.tag = "nothing";
    assert_false(route_allows(&r, (api_scopes)1 << api_scope_count | reads, &e));
    assert_true(route_allows(&r, EVERY_SCOPE, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_route_has_one), cmocka_unit_test(test_reading_is_not_writing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
