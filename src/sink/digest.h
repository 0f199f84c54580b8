/* digest.h - checksums of files. */
#pragma once
#include "base/err.h"
#include <pthread.h>
#include <stdint.h>

enum { DIGEST_TEXT = 65 };
/* `algorithm`: as OpenSSL names it, "SHA256", "MD5". Reads from the start, wherever the descriptor stands. Errors: ERR_DESTINATION, "sink". */
bool file_digest(int fd, const char *algorithm, int64_t *size, char hex[DIGEST_TEXT], struct err *e);
/* SHA-256 of a part of it, by a thread beside the caller's. `begin` may fail to find a thread: `end` does it then. Each begin has its end, which waits. */
struct part_digest { int fd; int64_t offset, size; char hex[DIGEST_TEXT]; bool ok, by_thread; pthread_t thread; };
void part_digest_begin(struct part_digest *d, int fd, int64_t offset, int64_t size);
bool part_digest_end(struct part_digest *d, struct err *e);
