#include "model/model.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Which field of one model is which of the other: found once for each pair, kept for good. */
struct mapping {
    const struct model *to, *from;
    struct mapping *next;
    unsigned char target[64]; /* index in `to`, or NONE */
};
enum { NONE = 255, BUCKETS = 64 };
static _Atomic(struct mapping *) buckets[BUCKETS];

static unsigned char index_of(const struct model *m, const struct field *like)
{
    for (size_t i = 0; i < m->field_count; i++)
        if (m->fields[i].type == like->type && !strcmp(m->fields[i].name, like->name)) return (unsigned char)i;
    return NONE;
}

static const struct mapping *mapping_make(const struct model *to, const struct model *from, _Atomic(struct mapping *) *bucket)
{
    struct mapping *m = xmalloc(sizeof *m);
    *m = (struct mapping){.to = to, .from = from, .next = atomic_load(bucket)};
    for (size_t i = 0; i < from->field_count; i++) m->target[i] = index_of(to, &from->fields[i]);
    while (!atomic_compare_exchange_weak(bucket, &m->next, m)) {} /* a twin made by another thread does no harm */
    return m;
}

static const struct mapping *mapping_of(const struct model *to, const struct model *from)
{
    size_t hash = ((uintptr_t)to >> 4) * 31 + ((uintptr_t)from >> 4);
    _Atomic(struct mapping *) *bucket = &buckets[hash % BUCKETS];
    for (const struct mapping *m = atomic_load_explicit(bucket, memory_order_acquire); m; m = m->next)
        if (m->to == to && m->from == from) return m;
    return mapping_make(to, from, bucket);
}

void model_copy(const struct model *to_model, void *to, const struct model *from_model, const void *from)
{
    const struct mapping *map = mapping_of(to_model, from_model);
    uint64_t has = *(const uint64_t *)((const char *)from + from_model->present_offset);
    uint64_t nulls = *(const uint64_t *)((const char *)from + from_model->nulls_offset);
    uint64_t *present = (uint64_t *)((char *)to + to_model->present_offset), *to_nulls = (uint64_t *)((char *)to + to_model->nulls_offset);
    for (size_t i = 0; i < from_model->field_count; i++) {
        if (map->target[i] == NONE) continue;
        uint64_t bit = (uint64_t)1 << map->target[i];
        const struct field *f = &to_model->fields[map->target[i]];
        if (has >> i & 1) {
            memcpy((char *)to + f->offset, (const char *)from + from_model->fields[i].offset, field_size(f->type));
            *present |= bit;
            if (f->need == NEED_KEPT) *to_nulls &= ~bit;
        } else if ((nulls >> i & 1) && f->need != NEED_REQUIRED && f->need != NEED_DEFAULT) {
            *present &= ~bit;
            if (f->need == NEED_KEPT) *to_nulls |= bit;
        }
    }
}
