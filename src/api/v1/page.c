#include "api/v1/page.h"
#include "api/api.h"
#include <string.h>

/* All pages have the same rows; this is one of them, and the others are laid out like it. */
struct page { int64_t count; const char *next, *previous; struct list results; uint64_t bits_present, bits_null; };
_Static_assert(sizeof(struct page) == sizeof(struct room_list) && offsetof(struct page, results) == offsetof(struct room_list, results), "a page is a page");

static void keep_others(struct buf *to, const char *query)
{
    while (*query) {
        size_t size = strcspn(query, "&");
        if (size && strncmp(query, "limit=", 6) != 0 && strncmp(query, "offset=", 7) != 0) {
            buf_add(to, query, size);
            buf_char(to, '&');
        }
        query += size + (query[size] == '&');
    }
}

static const char *address(struct request *r, int64_t limit, int64_t offset)
{
    struct buf b;
    buf_init(&b, 0);
    keep_others(&b, r->http->query);
    const char *url = arena_printf(r->scope.arena, "%s%s?%slimit=%lld&offset=%lld", core_config(r->api->core)->PUBLIC_URL, r->http->path, b.size ? b.data : "", (long long)limit, (long long)offset);
    buf_release(&b);
    return strlen(url) <= 2048 ? url : NULL;
}

const char *page_next(struct request *r, int64_t limit, int64_t offset, int64_t total)
{
    return offset < total - limit ? address(r, limit, offset + limit) : NULL;
}

const char *page_previous(struct request *r, int64_t limit, int64_t offset)
{
    return offset > 0 ? address(r, limit, offset > limit ? offset - limit : 0) : NULL;
}

bool page_fill(struct request *r, const struct model *m, int64_t limit, int64_t offset, int64_t total, struct list results)
{
    struct page *out = arena_alloc(r->scope.arena, m->size);
    *out = (struct page){.count = total, .next = page_next(r, limit, offset, total), .previous = page_previous(r, limit, offset), .results = results};
    out->bits_present = (uint64_t)1 << room_list_f_count | (uint64_t)1 << room_list_f_results;
    if (out->next) out->bits_present |= (uint64_t)1 << room_list_f_next;
    if (out->previous) out->bits_present |= (uint64_t)1 << room_list_f_previous;
    return reply_with(r, out);
}
