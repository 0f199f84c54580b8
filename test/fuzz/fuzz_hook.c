/* fuzz_hook.c - any bytes as a provider's webhook: nothing that was not signed is taken, and whatever the body says does no harm. */
#include "api/hook.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void look(struct arena *a, const char *body, size_t size)
{
    struct envelope v;
    hook_daily_read(a, body, size, &v);
    if (!v.is_object && (v.type || v.room_name || v.identity || v.is_probe)) abort();
    hook_livekit_read(a, body, size, &v);
    if (!v.is_object && (v.type || v.room_name || v.identity)) abort();
    if (size && !hook_livekit_redacted(a, body, size)) abort();
}

/* The first line is the headers: timestamp, signature, token; the rest the body. */
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static struct hmac_key key;
    if (!key.size) hmac_key_set(&key, "a key that nobody guesses", 25);
    struct arena a;
    arena_init(&a);
    char *text = arena_strndup(&a, (const char *)bytes, size);
    size_t head = strcspn(text, "\n");
    const char *body = head < size ? text + head + 1 : "";
    size_t body_size = head < size ? size - head - 1 : 0;
    char *line = arena_strndup(&a, text, head), *rest = line;
    const char *timestamp = strsep(&rest, " "), *signature = rest ? strsep(&rest, " ") : "";
    if (hook_daily_signed(&key, timestamp, signature, body, body_size, 1708526033049)) abort();
    if (hook_livekit_signed(&a, &key, "devkey", line, body, body_size, 1708526033049)) abort();
    if (rest && hook_livekit_signed(&a, &key, "devkey", rest, body, body_size, 1708526033049)) abort();
    look(&a, body, body_size);
    arena_release(&a);
    return 0;
}
