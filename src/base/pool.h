/* pool.h - a few threads for what may block: password hashes, providers, sinks. */
#pragma once
struct pool;
struct pool *pool_create(int threads, const char *name);
void pool_run(struct pool *p, void (*fn)(void *), void *arg); /* any thread; in order of arrival */
void pool_destroy(struct pool *p);                            /* what waits is still run; NULL is fine */
