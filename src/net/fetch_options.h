/* fetch_options.h - what the two users of libcurl, fetch.c and post.c, have in common. */
#pragma once
#include "net/guard.h"
#include <curl/curl.h>

#define FETCH_REFUSED "the address is private; OUTBOUND_ALLOW can allow it"

struct gate { const struct guard *guard; bool refused; };  /* refused: an address that was tried */
void fetch_set_gate(CURL *c, struct gate *gate);
void fetch_start_curl(void);                /* once; any thread */
const char *fetch_code(CURLcode code);
