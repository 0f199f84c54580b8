/* bucket.c - recordings that the recorder has put into a bucket of S3, or of what speaks like it. */
#include "provider/livekit/parts.h"

bool sfu_take_object(struct livekit_provider *l, struct arena *a, const char *key, const char *to, struct provider_fetch *fetch, struct err *e)
{
    (void)l, (void)a, (void)key, (void)to, (void)fetch;
    return err_set(e, ERR_DESTINATION, "bucket", "not yet");
}
