/* memory.c - when there is no memory, the program ends at once and says so, in libraries too: what a library makes of it otherwise is an answer
 * that looks like another (jansson: bad JSON; OpenSSL: a wrong signature). Nothing is lost by the end: see doc/faults.md. SQLite: db/sqlite.c, libcurl: net/fetch.c. */
#include "cli/cli.h"
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>

static void *tls_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return size ? xmalloc(size) : NULL;
}

static void *tls_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (size) return xrealloc(old, size);
    free(old);
    return NULL;
}

static void tls_free(void *old, const char *file, int line)
{
    (void)file, (void)line;
    free(old);
}

void cli_have_memory_or_end(void)
{
    json_set_alloc_funcs(xmalloc, free);
    CRYPTO_set_mem_functions(tls_malloc, tls_realloc, tls_free);
}
