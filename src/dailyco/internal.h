/* internal.h - what the library's files share; nothing of it is exported. */
#pragma once
#include "dailyco.h"
#include "model/model.h"
#include "net/crypto.h"
#include "net/fetch.h"

struct dailyco_memory { struct arena arena; }; /* an arena by another name: who has one may hand it over, see within.h */

/* The tables of the shapes in dailyco.h. */
#define MODEL(m, doc) extern const struct model m##_model;
#include "model/rows_silent.h"
#include "spec/models/dailyco.def"
#include "model/rows_undef.h"

/* Fills *e and gives false. What looks like a token is taken out, and the secret, which may be NULL. */
bool dc_fail(struct dailyco_error *e, enum dailyco_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void dc_hide(char *text, const char *secret);
json_t *dc_load(const char *text, size_t size, struct arena *a);                                    /* lives as long as the arena; NULL: no JSON */
void *dc_read(const struct model *m, const json_t *from, struct arena *a, struct dailyco_error *e);  /* NULL: *e is filled */
bool dc_check(const struct model *m, const void *value, struct buf *json, struct dailyco_error *e);  /* strict; `json` is what it is on the wire */

enum dc_repeat { REPEAT_ONCE, REPEAT_AGAIN, REPEAT_GONE, REPEAT_VANISHED, REPEAT_NAMED, REPEAT_RUNNING, REPEAT_STOPPED };
struct dc_call {
    const char *operation, *method, *path; /* path: %s gives way to the argument */
    const struct model *request, *reply;
    enum dailyco_limit limit;
    enum dc_repeat repeat;
};
void *dc_perform(struct dailyco *c, const struct dc_call *call, const char *argument, const void *request, struct dailyco_memory *m, struct dailyco_error *e);

/* What a reply says, be it an answer or a refusal. NULL: *e is filled. */
void *dc_answer(const struct dc_call *call, const struct fetch_reply *r, struct arena *a, struct dailyco_error *e);
