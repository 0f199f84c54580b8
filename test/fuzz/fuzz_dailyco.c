/* fuzz_dailyco.c - any bytes as what Daily says: events, answers, refusals, tokens. What was read can be written, and reads the same again. */
#include "dailyco/internal.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void look_at_event(const char *text, size_t size, struct dailyco_memory *m)
{
    struct dailyco_error e;
    struct dailyco_payload p;
    const struct dailyco_event *event = dailyco_event_parse(text, size, m, &e);
    if (!event && !e.code) abort();
    if (!event) return;
    if (dailyco_is_probe(text, size) && event->type) abort();
    if (!dailyco_parse_webhook_payload(event, &p, m, &e) && !e.code) abort();
    const char *room = dailyco_extract_room_name(event, m);
    if (room && !*room) abort();
    dailyco_event_identity(event, m);
    dailyco_parse_recording_error(event, m, &e);
    if (!DAILYCO_SERIALISE(dailyco_event, event, m)) abort();
}

static void read_and_write(const struct model *model, const char *text, size_t size, struct dailyco_memory *m)
{
    struct dailyco_error e;
    void *first = dailyco_parse(model->name, text, size, m, &e);
    if (!first) return;
    const char *once = dailyco_serialise(model->name, first, m);
    void *second = once ? dailyco_parse(model->name, once, strlen(once), m, &e) : NULL;
    if (!second || strcmp(once, dailyco_serialise(model->name, second, m)) != 0) abort();
    dailyco_validate(model->name, first, &e);
}

static void look_at_answer(const struct model *model, int status, const char *text, size_t size, struct dailyco_memory *m)
{
    const struct dc_call call = {"fuzz", "GET", "/", NULL, model, DAILYCO_LIMIT_MOST, REPEAT_AGAIN};
    const struct fetch_reply r = {status, text, size, "HTTP/1.1 200 OK\r\n"};
    struct dailyco_error e = {0};
    if (!dc_answer(&call, &r, &m->arena, &e) != (e.code != DAILYCO_OK)) abort();
}

/* The first byte chooses the shape. */
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static const struct model *const models[] = {&dailyco_room_model, &dailyco_presence_model, &dailyco_recording_list_model, &dailyco_webhook_list_model, &dailyco_token_properties_model, &dailyco_access_link_model,
        &dailyco_domain_model, &dailyco_sent_model, &dailyco_recording_start_model, &dailyco_token_claims_model, &dailyco_recording_ready_payload_model, &dailyco_participant_payload_model};
    static const int statuses[] = {200, 400, 404, 429, 503};
    struct dailyco_error e;
    if (!size) return 0;
    struct dailyco_memory *m = dailyco_memory_create();
    const struct model *model = models[bytes[0] % (sizeof models / sizeof *models)];
    const char *text = arena_strndup(&m->arena, (const char *)bytes + 1, size - 1);
    look_at_event(text, size - 1, m);
    read_and_write(model, text, size - 1, m);
    look_at_answer(model, statuses[bytes[0] % 5], text, size - 1, m);
    if (dailyco_token_verify("a key that nobody guesses", NULL, text, false, 1700000000, m, &e)) abort();
    if (dailyco_verify_webhook(text, size - 1, text, "1700000000", "bm9ib2R5IGd1ZXNzZXM=", 300, 1700000000, &e)) abort();
    struct dailyco_token_properties *p = DAILYCO_PARSE(dailyco_token_properties, text, size - 1, m, &e);
    const char *token = p ? dailyco_token_sign("key", "domain", p, 1700000000, m, &e) : NULL;
    if (token && !dailyco_token_verify("key", "domain", token, true, 1, m, &e) && e.code != DAILYCO_TOKEN_EXPIRED && e.code != DAILYCO_TOKEN_SIGNATURE) abort();
    struct dailyco_track_name name;
    dailyco_track_name_parse(text, &name);
    dailyco_memory_destroy(m);
    return 0;
}
