/* fuzz_json.c - any bytes as a body of every model, strict and lax: what is taken is written and reads the same again. The first byte chooses.
 * And what skim.h is sure of jansson reads the same. */
#include "api/voice.h"
#include "model/model.h"
#include "model/skim.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void write_twice(const struct model *m, void *object, struct arena *a)
{
    static char again[4096];
    struct buf first, second;
    struct violations v = {.count = 0};
    buf_init(&first, 0);
    buf_init(&second, 0);
    model_write(&first, m, object);
    json_t *j = json_loadb(first.data, first.size, 0, NULL);
    if (!j || !model_parse(m, j, again, a, PARSE_STRICT, &v)) abort();
    model_write(&second, m, again);
    if (first.size != second.size || __builtin_memcmp(first.data, second.data, first.size)) abort();
    json_decref(j);
    buf_release(&first);
    buf_release(&second);
}

static void say(const struct violations *v)
{
    struct buf text;
    buf_init(&text, 0);
    voice_v1.violations(&text, "body", v);
    json_t *j = json_loadb(text.data, text.size, 0, NULL);
    if (!j || !v->count || v->count > VIOLATIONS) abort();
    json_decref(j);
    buf_release(&text);
}

static void skim(const char *bytes, size_t size, const json_t *j)
{
    struct skim_text t[] = {{.name = "a"}, {.in = "b", .name = "a"}, {.in = "", .name = "id"}};
    if (!json_skim(bytes, size, t, 3)) return;
    if (!json_is_object(j)) abort();
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(t[i].in ? json_object_get(j, t[i].in) : j, t[i].name);
        if (json_is_string(value) != (t[i].text != NULL)) abort();
        if (t[i].text && (json_string_length(value) != t[i].size || memcmp(json_string_value(value), t[i].text, t[i].size))) abort();
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static char object[4096];
    static size_t models;
    while (all_models[models]) models++;
    if (size < 2) return 0;
    const struct model *m = all_models[bytes[0] % models];
    json_t *j = json_loadb((const char *)bytes + 1, size - 1, JSON_DECODE_ANY, NULL);
    skim((const char *)bytes + 1, size - 1, j);
    if (!j) return 0;
    struct arena a;
    struct violations v = {.count = 0};
    arena_init(&a);
    if (model_parse(m, j, object, &a, bytes[0] & 0x80 ? PARSE_LAX : PARSE_STRICT, &v)) write_twice(m, object, &a);
    else say(&v);
    arena_release(&a);
    json_decref(j);
    return 0;
}
