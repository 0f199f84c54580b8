/* fuzz_multipart.c - a content type, a line end, a body: fields lie in the body, one behind the other. The body is copied, so that a byte too far shows. */
#include "api/multipart.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    const char *line = memchr(bytes, '\n', size), *name, *value;
    size_t type_size = line ? (size_t)(line - (const char *)bytes) : size, body_size = size - type_size - (line != NULL), name_size, value_size;
    char *type = calloc(1, type_size + 1), *body = malloc(body_size + 1);
    struct multipart m;
    memcpy(type, bytes, type_size);
    if (line) memcpy(body, line + 1, body_size);
    body = realloc(body, body_size ? body_size : 1);
    const char *seen = body;
    if (multipart_open(&m, type, body, body_size))
        while (multipart_next(&m, &name, &name_size, &value, &value_size)) {
            if (name < seen || name + name_size > value || value + value_size > body + body_size) abort();
            seen = value + value_size;
        }
    free(type);
    free(body);
    return 0;
}
