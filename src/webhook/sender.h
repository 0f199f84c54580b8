/* sender.h - sends webhooks: one thread, many requests at once.
 *
 * It follows the events table from each active endpoint's position, puts events into words, sends them session by session in their order, and has
 * what became of them noted in batches (core/webhook.h). What was not noted when roomd ends, however it ends, is sent again. On several nodes an
 * endpoint is one node's at a time, by lease. Without endpoints the thread sleeps, and a change costs one comparison. */
#pragma once
#include "core/core.h"

struct webhook_sender;
struct webhook_sender *webhook_sender_start(struct core *core, struct err *e); /* before serving starts, after the writer was started */
void webhook_sender_stop(struct webhook_sender *s);                            /* what is under way has a moment; before the database is closed. NULL is fine */
void webhook_sender_destroy(struct webhook_sender *s);                         /* after it was closed */
