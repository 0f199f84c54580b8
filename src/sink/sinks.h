/* sinks.h - the sinks that SINKS names, put together. */
#pragma once
#include "core/sink.h"

struct sinks;
struct sinks *sinks_create(const struct config *c, struct err *e);   /* NULL: a setting is wrong (ERR_CALLER) */
void sinks_destroy(struct sinks *s);                                 /* NULL is fine */
void sinks_give(const struct sinks *s, struct core *core);            /* before serving starts; `s` must outlive it */
