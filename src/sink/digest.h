/* digest.h - checksums of files. */
#pragma once
#include "base/err.h"
#include <stdint.h>

enum { DIGEST_TEXT = 65 };
/* `algorithm`: as OpenSSL names it, "SHA256", "MD5". Reads from the start, wherever the descriptor stands. Errors: ERR_DESTINATION, "sink". */
bool file_digest(int fd, const char *algorithm, int64_t *size, char hex[DIGEST_TEXT], struct err *e);
