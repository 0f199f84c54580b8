/* chore.h - a piece of work on the database's writer that may need a remote provider on the way (core/errand.h).
 *
 * `run` is straight-line work in the scope that it is given; it may be run several times: what it asks of a provider is done
 * between, on one of the hub's askers. `done` is called once, on the loop, with `err` filled if it failed. What run keeps for the next run or for
 * done is in the chore's arena. Belongs to whoever started it, and is released by its done. */
#pragma once
#include "core/errand.h"

struct hub;

struct chore {
    struct hub *hub;
    struct arena arena;
    struct errands errands;
    bool (*run)(struct scope *s, void *arg, struct err *e);
    void (*done)(void *arg);
    void *arg;
    struct err err;
    int64_t asked_at;                   /* monotonic */
};

void chore_init(struct chore *c, struct hub *h, void *arg, bool (*run)(struct scope *, void *, struct err *), void (*done)(void *));
void chore_start(struct chore *c);      /* on the loop */
void chore_release(struct chore *c);
