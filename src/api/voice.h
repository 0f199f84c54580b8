/* voice.h - the same facts in a dialect's words. Each API that roomd speaks has a voice: how it is parsed, and how errors and broken
 * rules are put. What a dialect says instead of our own message is a row of spec/wordings.def; the shape is its voice's. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "model/model.h"

enum voice_ways { VOICE_ANY_TYPE = 1, VOICE_ANY_QUERY = 2 }; /* a body is JSON whatever its Content-Type says; what is unknown in a query does not matter */

struct voice {
    const char *name, *prefix;       /* its name in spec/wordings.def; paths below the prefix that no route knows are answered in it */
    unsigned parse;                  /* enum parse_flags */
    bool empty_is_object;            /* no body counts as {} */
    int violation_status;            /* of a request that breaks rules */
    unsigned ways;                   /* enum voice_ways */
    const char *error_schema, *violation_schema; /* in OpenAPI */
    void (*error)(struct buf *to, const struct err *e);                                /* e in our own words; look for a wording first */
    void (*violations)(struct buf *to, const char *place, const struct violations *v); /* place: body, query, path */
    const char *(*lacks)(const char *path);                                            /* what a path that no route knows would be for; NULL: nothing. May be NULL */
};

extern const struct voice voice_v1;             /* FastAPI and Pydantic 2, as seed S3 has them */
extern const struct voice voice_live_sessions;  /* Express and Joi, as seed S2 has them */
extern const struct voice voice_daily;          /* Daily's REST API: {"error", "info"}, what Joi says */
extern const struct voice voice_recording;      /* {"error", "code"}, seed S5 */

const struct voice *voice_of_path(const char *path);   /* voice_v1 where no prefix fits */

/* spec/wordings.def. NULL: the dialect has no words of its own for it. */
struct wording { const char *voice, *error; int status; const char *code, *text; };
const struct wording *voice_wording(const struct voice *v, const struct err *e);
json_t *voice_wording_docs(const char *error);       /* {voice: {status, code, text}} */
int voice_status(const struct voice *v, const struct err *e);
const char *voice_field_wording(const struct voice *v, const struct model *m, const struct violation *violation);
