/* fuzz_livekit.c - any bytes as a token, a webhook's body, a reply, the first message of a signalling connection: nothing unsigned is taken, and what was read can be written and read again. */
#include "livekit/internal.h"
#include "livekit/signal.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void round_trip(const struct lk_message *m, const unsigned char *bytes, size_t size, struct arena *a)
{
    struct buf once, twice;
    void *read = lk_read_bytes(m, bytes, size, a);
    if (!read) return;
    buf_init(&once, 0);
    buf_init(&twice, 0);
    if (!lk_write(&once, m, read)) abort(); /* JSON that was read is UTF-8 */
    void *again = lk_read_bytes(m, once.data, once.size, a);
    if (!again || !lk_write(&twice, m, again) || strcmp(once.data, twice.data) != 0) abort();
    buf_release(&once);
    buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static const struct livekit_key keys[] = {{"devkey", "a secret that nobody guesses"}, {"other", "x"}};
    struct livekit_memory *m = livekit_memory_create();
    struct livekit_error e;
    char *text = livekit_memory_take(m, size + 1);
    memcpy(text, bytes, size);
    if (livekit_token_verify(keys, 2, text, 1, m, &e)) abort();
    if (livekit_webhook_receive(keys, 2, text, bytes, size, 1, m, &e)) abort();
    if (strstr(e.message, "eyJ")) abort();
    livekit_webhook_parse(bytes, size, m, &e);
    char version[16];
    if (signal_server_version(bytes, size, version, sizeof version) && (!*version || strlen(version) >= sizeof version || strchr(version, '\033'))) abort();
    round_trip(&livekit_webhook_event_message, bytes, size, &m->arena);
    round_trip(&livekit_claims_message, bytes, size, &m->arena);
    round_trip(&livekit_list_sip_inbound_trunk_response_message, bytes, size, &m->arena);
    round_trip(&livekit_send_data_request_message, bytes, size, &m->arena);
    const struct livekit_claims claims = {.sub = text, .exp = 100, .nbf = 1, .metadata = text};
    const char *token = livekit_token_create(keys, &claims, 0, m, &e);
    const struct livekit_claims *back = token ? livekit_token_verify(keys, 2, token, 50, m, &e) : NULL;
    if (token && (!back || strcmp(back->sub, text) != 0)) abort();
    livekit_memory_destroy(m);
    return 0;
}
