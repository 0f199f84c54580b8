/* s3.h - a bucket of S3, or of what speaks like it (R2, MinIO, GCS), as a sink.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/mpuoverview.html
 *
 * Every request is signed with the hash of what it carries (sigv4.h), so the store itself refuses what was changed on the way. Files above one
 * part go up in parts; the parts' tags are kept, and after a break only what is missing is sent. */
#pragma once
#include "core/sink.h"

struct s3;
struct s3 *s3_create(const struct config *c, struct err *e); /* false settings: ERR_CALLER */
void s3_destroy(struct s3 *s);                               /* NULL is fine */
const struct sink *s3_sink(const struct s3 *s);
