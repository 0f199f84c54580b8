/* fuzz_guard.c - any bytes as a list of networks, as a URL, and as another server's answer: no harm, and nothing private is let through. */
#include "net/excerpt.h"
#include "net/guard.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    struct guard own, closed;
    struct arena a;
    arena_init(&a);
    char *text = arena_strndup(&a, (const char *)bytes, size);
    if (guard_set(&own, false, text, NULL))
        for (size_t i = 0; i < own.count; i++)
            if (own.allowed[i].bits < 0 || own.allowed[i].bits > 128) abort();
    guard_set(&closed, false, "", NULL);
    guard_lets_url(&closed, text);
    if (url_is_http(text) && strncasecmp(text, "http", 4) != 0 && !strstr(text, "://")) abort();
    char *cut = excerpt(&a, (const char *)bytes, size, 64);
    json_t *kept = json_string(cut); /* NULL: it is no UTF-8 */
    if (!kept || strlen(cut) > 64) abort();
    json_decref(kept);
    arena_release(&a);
    return 0;
}
