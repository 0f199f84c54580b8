/* voice.h - the same facts in a dialect's words. Today: FastAPI and Pydantic 2, as seed S3 has them. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "model/model.h"

void voice_error(struct buf *to, const struct err *e);                                    /* {"detail": "…"} */
void voice_violations(struct buf *to, const char *place, const struct violations *v);     /* {"detail": [{type, loc, msg, input, ctx}]}; place: body, query, path */
