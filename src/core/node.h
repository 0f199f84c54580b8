/* node.h - the roomd processes on one database, and which of them a session's call lives on. With SQLite there is one.
 *
 * A call lives where somebody is in or a recording runs; it stays there until both are over, or until its node has told nothing
 * for NODE_DEAD_MS. Then it belongs to whoever takes it next. All this is decided on the writer, of which nodes have one turn at a
 * time. Nodes compare each other's clocks: keep them set (NTP). */
#pragma once
#include "core/core.h"

enum { NODE_DEAD_MS = 10000 };

/* At the start, before anything else: who we are from now on (core->node_id), and when we were last alive. */
bool node_register(struct scope *s, struct err *e);
bool node_set_url(struct scope *s, const char *url, struct err *e);        /* once the port is known */
bool node_alive(struct scope *s, struct err *e);                           /* to be told every two seconds or so */
bool node_same_url(struct scope *s, const char *url, bool *same, struct err *e); /* another one that lives has the same */

/* Where a page must go instead: the address of the node that has the call, or NULL: here is right. */
bool node_elsewhere(struct scope *s, int64_t session_id, const char **url, struct err *e);
/* The call is ours now. `taken_over`: it was another node's, which may have left people and a recording behind. */
bool node_claim(struct scope *s, int64_t session_id, bool *taken_over, struct err *e);
bool node_decides(struct scope *s, int64_t session_id);                    /* it is no other node's */
int64_t node_of(struct scope *s, int64_t session_id);                      /* 0: none yet */
bool node_take_over(struct scope *s, struct list *taken, struct err *e);   /* what dead nodes left behind is ours: struct session_node */
