/* hub.h - the calls: who is in which room, over which WebSocket, with which media.
 *
 * Everything here lives on one loop's thread. The database is read with a connection of that thread and written by tasks
 * (core.h); what changes who may do what comes back as a committed event, and is acted on then — whoever caused it: a host in
 * the call, the API, another program. So the call and the database cannot disagree for longer than it takes to hear of it. */
#pragma once
#include "core/core.h"
#include "net/loop.h"
#include "provider/janus/media.h"

struct hub;

struct hub *hub_create(struct core *core, struct loop *loop, struct err *e);
bool hub_start(struct hub *h, const struct media_options *media, struct err *e);  /* before the loop runs: takes up the calls that were open. media NULL: there are no calls here, only the clock */
void hub_accept(struct hub *h, int fd, const void *early, size_t early_size, void (*release)(void *), void *handle, const char *client); /* any thread: a WebSocket after its 101 */
bool hub_ready(const struct hub *h, const char **why);                            /* any thread */
void hub_stop(struct hub *h, bool for_good);  /* on the loop's thread. for_good: the media engine is ended too; else calls go on without us until the next roomd */
bool hub_is_quiet(const struct hub *h);       /* nobody in a call */
bool hub_said_goodbye(const struct hub *h); /* after hub_stop: every WebSocket is closed */
void hub_settle(struct hub *h);      /* after the loop has stopped, before database and providers go: what a provider is being asked is waited for */
void hub_destroy(struct hub *h);              /* after the loop has stopped */
