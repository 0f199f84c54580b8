/* model_fixture.h - for tests of models: JSON in, any struct out, gone after the test. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

static struct arena arena;
static struct violations found;
static char object[4096]; /* any model's struct */

static int setup(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void release_json(void *j)
{
    json_decref(j);
}

static json_t *kept(json_t *j)
{
    assert_non_null(j);
    arena_defer(&arena, release_json, j);
    return j;
}

static bool parse(const struct model *m, const json_t *in, unsigned flags)
{
    assert_true(m->size <= sizeof object);
    found.count = 0;
    bool ok = model_parse(m, in, object, &arena, flags, &found);
    assert_int_equal(ok, found.count == 0);
    return ok;
}
