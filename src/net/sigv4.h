/* sigv4.h - AWS Signature Version 4, as S3 and those who speak like it want it: in a header, or in a link that needs no header.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html */
#pragma once
#include "base/arena.h"
#include <stdint.h>

struct sigv4_key { const char *id, *secret, *region; };
struct sigv4_header { const char *name, *value; };  /* name in lower case */

struct sigv4_request {
    const char *method, *path, *query;              /* path and query escaped, the query's names in order and each with its "=" */
    const struct sigv4_header *headers;             /* all that are signed, `host` and `x-amz-date` among them, by name */
    size_t header_count;
    const char *payload;                            /* SHA-256 in hex, or "UNSIGNED-PAYLOAD" */
};

enum { SIGV4_TIME = 17 };
void sigv4_time(int64_t now_ms, char out[SIGV4_TIME]);                      /* 20130524T000000Z */
char *sigv4_authorization(struct arena *a, const struct sigv4_key *k, const struct sigv4_request *r, const char *time);
/* A GET of `path` at `host` for so many seconds; `query`: further parameters in order ("" for none; only such as come after X-Amz-…, so in lower case). */
char *sigv4_presigned(struct arena *a, const struct sigv4_key *k, const char *base, const char *host, const char *path, const char *query, const char *time, int seconds);
char *sigv4_escape_path(struct arena *a, const char *key);                  /* all but unreserved letters and "/" */
