/* rand.h - unguessable things, from the kernel. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *to, size_t size);
void rand_text(char *to, size_t length, const char *alphabet); /* NUL-terminated: room for length + 1 */
void rand_uuid(char to[37]);                                   /* version 4 */
uint32_t rand_below(uint32_t limit);                           /* without bias */

#define RAND_CODE "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define RAND_ID "abcdefghijklmnopqrstuvwxyz0123456789"
