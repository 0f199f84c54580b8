/* The next reading of model rows proves that structs made elsewhere (an installed header of tools/public_header.py) have each field as the walkers read it.
 * End with rows_undef.h. No include guard: that is the point. */
#include "model/model.h"
#include <assert.h>

#undef PROOF
#undef PROOF_LIST
#define PROOF(m, f, type) static_assert(__builtin_types_compatible_p(__typeof__(((struct m *)0)->f), type), #m "." #f " is not " #type);
#define PROOF_LIST(m, f, type) static_assert(sizeof(((struct m *)0)->f) == sizeof(struct list) && offsetof(struct m, f.items) == offsetof(struct m, f) && \
    offsetof(struct m, f.count) == offsetof(struct m, f) + offsetof(struct list, count) && __builtin_types_compatible_p(__typeof__(((struct m *)0)->f.items), type), #m "." #f " is no list of " #type);
#define MODEL(m, doc)
#define STR(m, f, ...) PROOF(m, f, const char *)
#define EMAIL(m, f, ...) PROOF(m, f, const char *)
#define UUID(m, f, ...) PROOF(m, f, const char *)
#define INT(m, f, ...) PROOF(m, f, int64_t)
#define BOOL(m, f, ...) PROOF(m, f, bool)
#define TIME(m, f, ...) PROOF(m, f, int64_t)
#define FUTURE(m, f, ...) PROOF(m, f, int64_t)
#define STAMP(m, f, ...) PROOF(m, f, int64_t)
#define ENUM(m, f, ...) PROOF(m, f, int)
#define ANY(m, f, ...) PROOF(m, f, const char *)
#define OBJ(m, f, need, sub, doc) PROOF(m, f, const struct sub *)
#define LIST(m, f, need, sub, ...) PROOF_LIST(m, f, const struct sub *)
#define TEXTS(m, f, ...) PROOF_LIST(m, f, const char *const *)
#define REAL(m, f, ...) PROOF(m, f, double)
#define WORD(m, f, ...) PROOF(m, f, const char *)
#define PICK(m, f, ...) PROOF(m, f, const char *)
#define MIXED(m, f, ...) PROOF(m, f, const char *)
#define MORE(m) PROOF(m, more, const char *)
#define END(m) PROOF(m, bits_present, uint64_t) PROOF(m, bits_null, uint64_t)
