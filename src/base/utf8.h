/* utf8.h - characters as UTF-8 writes them (RFC 3629): no surrogates, nothing overlong, nothing past U+10FFFF. */
#pragma once
#include <stddef.h>

size_t utf8_size(const char *p, size_t left); /* bytes of the character at `p`, of which `left` may be looked at; 0: it is none, or not all of it is there */
