/* webhooks.c - the domain's webhooks: list, create, find by a part of the url, delete.
 *
 *   DAILY_API_KEY=… DAILY_WEBHOOK_SECRET=BASE64 webhooks URL PATTERN */
#include "client.h"

int main(int argc, char **argv)
{
    static const char *const types[] = {"participant.joined", "participant.left", "recording.started", "recording.ready-to-download", "recording.error"};
    struct dailyco_error e;
    if (argc != 3 || !getenv("DAILY_WEBHOOK_SECRET")) {
        fprintf(stderr, "usage: DAILY_API_KEY=… DAILY_WEBHOOK_SECRET=BASE64 webhooks URL PATTERN\n");
        return 2;
    }
    struct dailyco_memory *m = dailyco_memory_create();
    struct dailyco *c = open_client();

    const struct dailyco_webhook_list *all = need(dailyco_list_webhooks(c, m, &e), &e);
    for (size_t i = 0; i < all->data.count; i++) printf("Webhook %s: %s (state: %s)\n", all->data.items[i].uuid, or_none(all->data.items[i].url), or_none(all->data.items[i].state));

    struct dailyco_webhook_create request = {0};
    DAILYCO_SET(&request, dailyco_webhook_create, url, argv[1]);
    DAILYCO_SET(&request, dailyco_webhook_create, hmac, getenv("DAILY_WEBHOOK_SECRET"));
    DAILYCO_SET_LIST(&request, dailyco_webhook_create, eventTypes, types, sizeof types / sizeof *types);
    const struct dailyco_webhook *webhook = need(dailyco_create_webhook(c, &request, m, &e), &e);
    printf("Created webhook %s\n", webhook->uuid);

    const struct dailyco_webhook_list *fit = need(dailyco_find_webhooks_by_pattern(c, argv[2], m, &e), &e);
    printf("Found %zu %s webhooks\n", fit->data.count, argv[2]);

    need(dailyco_delete_webhook(c, webhook->uuid, m, &e), &e);
    dailyco_destroy(c);
    dailyco_memory_destroy(m);
    return 0;
}
