/* fuzz_livekit_facts.c - any bytes as what LiveKit tells: facts hold what core relies on, and no text is a seat's name that we did not give out. */
#include "core/seat_name.h"
#include "provider/livekit/parts.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void check(const struct fact *f)
{
    if ((f->kind == FACT_JOINED || f->kind == FACT_LEFT) && !f->person.connection) abort();
    if (f->kind == FACT_RECORDING && (!f->recording.uuid || strlen(f->recording.uuid) != 36 || !f->recording.error)) abort();
    if (f->kind == FACT_RECORDING && f->recording.state == FACT_RECORDING_READY && !f->recording.detail) abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static struct core core;
    if (!core.seat_key.size) hmac_key_set(&core.seat_key, "a key that nobody guesses", 25);
    struct arena a;
    struct facts facts;
    struct seat_name name;
    struct err e = {0};
    arena_init(&a);
    char *text = arena_strndup(&a, (const char *)bytes, size);
    struct provider_letter letter = {.body = text, .size = size, .received_at = 1795239079000};
    if (sfu_inbound(NULL, &a, &letter, &facts, &e))
        for (size_t i = 0; i < facts.count; i++) check(&facts.items[i]);
    if (seat_name_read(&core, text, &name)) abort();
    arena_release(&a);
    return 0;
}
