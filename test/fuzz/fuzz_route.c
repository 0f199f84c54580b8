/* fuzz_route.c - any text as a method and a path ("GET /…"): what is found has all its parameters, and they lie in the path. */
#include "api/route.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static size_t braces(const char *path)
{
    size_t n = 0;
    for (; (path = strchr(path, '{')); path++) n++;
    return n;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    struct arena a;
    struct route_match m;
    arena_init(&a);
    route_start();
    char *method = arena_strndup(&a, (const char *)bytes, size), *path = strchr(method, ' ');
    if (path) *path++ = '\0';
    if (path && route_find(method, path, &a, &m)) {
        if (!m.allow || !m.allow[0] || m.parameter_count > PATH_PARAMETERS) abort();
        if (m.route && (m.parameter_count != braces(m.route->path) || strcmp(m.route->method, method) != 0)) abort();
        for (size_t i = 0; i < m.parameter_count; i++)
            if (strlen(m.parameters[i].value) != m.parameters[i].size || !m.parameters[i].size || strchr(m.parameters[i].value, '/')) abort();
    }
    arena_release(&a);
    return 0;
}
