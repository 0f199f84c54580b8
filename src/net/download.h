/* download.h - a large file from another server into a file here (libcurl). Blocking, for threads of jobs; takes as long as bytes keep coming.
 *
 * What an earlier try has left at `path` is gone on with (Range), if the server says that it is still the same thing (If-Range; the mark that it gave is
 * kept in PATH.mark); else it begins anew. Done only when as many bytes are there as the server said there are. Up to three redirects are followed; the guard
 * sees each address before it is connected to. Errors: kind ERR_DESTINATION, codes of net/fetch.h, and fetch_status (a reply that is none of 200 and 206),
 * fetch_gone (403, 404, 410), fetch_incomplete, fetch_stopped (progress said so), disk_full, disk. Texts name the host, never the URL. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "net/guard.h"
#include <stdint.h>

struct download {
    const char *url;
    const char *path;
    const struct guard *guard;     /* NULL: anywhere */
    const char *aws_sigv4, *credentials; /* "aws:amz:REGION:s3" and "KEY:SECRET": signed for S3; NULL: not */
    int64_t largest;               /* bytes; more is refused; 0: any */
    int64_t connect_ms, silent_ms; /* 0: 5 s, and 30 s with less than 256 bytes a second, which is as good as none */
    bool (*progress)(void *arg, int64_t done, int64_t total); /* total 0: not known. false: stop. May be NULL */
    void *arg;
};
struct downloaded { int64_t size_bytes, resumed_at; const char *content_type; }; /* content_type: NULL: not said */

bool download(const struct download *d, struct arena *a, struct downloaded *out, struct err *e);
