/* guard.h - where requests may go whose address somebody else chose: webhooks, files to be fetched (SSRF).
 *
 * The address that is really connected to is looked at, after the name was resolved and before the connection is made, so a name that
 * answers differently the second time (DNS rebinding) gains nothing. Refused is what is not a public unicast address: private, loopback,
 * link-local, shared (100.64/10), multicast, reserved and documentation networks, the same inside IPv6 (mapped, compatible, NAT64, 6to4),
 * unique-local and site-local IPv6 (the IANA special-purpose registries, RFC 6890 and its updates). A guard that is open refuses nothing. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum { GUARD_NETWORKS = 32 };
struct guard_network { unsigned char address[16]; int bits; };   /* IPv4 as ::ffff:a.b.c.d */
struct guard { bool open; size_t count; struct guard_network allowed[GUARD_NETWORKS]; };

/* `allowed`: networks that may be reached though they are private, "10.0.0.0/8, fd00::/8, 192.168.1.5"; "" for none. */
bool guard_set(struct guard *g, bool open, const char *allowed, struct err *e);
bool guard_lets(const struct guard *g, const struct sockaddr *to);
/* The host of a URL, where it is written as an address (in any form that libcurl takes, such as 0x7f.1). Names pass: they are looked at when they are resolved. */
bool guard_lets_url(const struct guard *g, const char *url);
bool url_is_http(const char *url);          /* an absolute http or https URL with a host, without user and password */
