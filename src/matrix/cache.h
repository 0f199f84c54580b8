/* cache.h - the homeserver's answers, by the hash of the question: a table of fixed size. For matrix.c alone. */
#pragma once
#include "matrix/matrix.h"

struct answer { bool good; enum error no; int64_t until_ms; char user[MATRIX_ID]; }; /* until_ms: monotonic; 0: not in the table yet */

struct cache;
struct cache *cache_create(void);
void cache_destroy(struct cache *c);
/* `kind` and the texts (NULL: none) make the question. */
bool cache_find(struct cache *c, const char *kind, const char *token, const char *room, int64_t now_ms, struct answer *out);
void cache_put(struct cache *c, const char *kind, const char *token, const char *room, int64_t now_ms, const struct answer *a);
