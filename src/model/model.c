#include "model/model.h"
#include <string.h>

int enumeration_find(const struct enumeration *e, const char *word)
{
    for (size_t i = 0; i < e->count; i++)
        if (!strcmp(e->words[i], word)) return (int)i;
    return -1;
}

void list_reverse(struct list *list, size_t item_size)
{
    if (!list->count) return;
    char *low = (char *)(uintptr_t)list->items, *high = low + list->count * item_size;
    for (size_t pairs = list->count / 2; pairs; pairs--) {
        high -= item_size;
        for (size_t i = 0; i < item_size; i++, low++) {
            char one = *low;
            *low = high[i];
            high[i] = one;
        }
    }
}

void model_all_present(const struct model *m, void *object)
{
    uint64_t all = m->field_count == 64 ? ~(uint64_t)0 : ((uint64_t)1 << m->field_count) - 1;
    *(uint64_t *)((char *)object + m->present_offset) = all;
}

size_t field_size(enum field_type type)
{
    static const size_t size[] = {
        [FIELD_STR] = sizeof(char *), [FIELD_EMAIL] = sizeof(char *), [FIELD_UUID] = sizeof(char *), [FIELD_INT] = sizeof(int64_t), [FIELD_BOOL] = sizeof(bool),
        [FIELD_TIME] = sizeof(int64_t), [FIELD_ENUM] = sizeof(int), [FIELD_ANY] = sizeof(char *), [FIELD_OBJ] = sizeof(void *),
        [FIELD_LIST] = sizeof(struct list), [FIELD_TEXTS] = sizeof(struct list),
        [FIELD_REAL] = sizeof(double), [FIELD_WORD] = sizeof(char *), [FIELD_MIXED] = sizeof(char *), [FIELD_MORE] = sizeof(char *)};
    return size[type];
}
