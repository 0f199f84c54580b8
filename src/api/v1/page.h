/* page.h - Django REST's page: count, next, previous, results. */
#pragma once
#include "api/request.h"

/* Address of this list from another place on; the other parameters stay. NULL where there is nothing. */
const char *page_next(struct request *r, int64_t limit, int64_t offset, int64_t total);
const char *page_previous(struct request *r, int64_t limit, int64_t offset);

/* `m` is a model of spec/models/rooms.def made by PAGE(): its reply, filled. */
bool page_fill(struct request *r, const struct model *m, int64_t limit, int64_t offset, int64_t total, struct list results);
