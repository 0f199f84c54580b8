/* dial_in.c - let people phone in (seed: enable_sip_for_room(room), get_room_dial_in_info(room) → number, pin, instructions).
 * usage: dial_in ROOM | dial_in close RULE_ID
 * LIVEKIT_SIP_TRUNK_ID is the trunk whose number they call. */
#include "server.h"
#include <string.h>

static const char *number_of(struct livekit *client, const char *trunk_id, struct livekit_memory *memory)
{
    struct livekit_error error;
    struct livekit_list_sip_trunk_request request = {.trunk_ids = {&trunk_id, 1}};
    const struct livekit_list_sip_inbound_trunk_response *trunks = livekit_list_sip_inbound_trunk(client, &request, memory, &error);
    if (!trunks) fail(&error);
    return trunks->items.count && trunks->items.items[0].numbers.count ? trunks->items.items[0].numbers.items[0] : "unknown";
}

int main(int argc, char **argv)
{
    struct livekit_error error;
    const char *trunk_id = getenv("LIVEKIT_SIP_TRUNK_ID");
    if (argc < 2 || !trunk_id) return fprintf(stderr, "usage: LIVEKIT_SIP_TRUNK_ID=ST_… dial_in ROOM | dial_in close RULE_ID\n"), 2;
    struct livekit *client = connect_from_environment();
    struct livekit_memory *memory = livekit_memory_create();
    if (argc == 3 && !strcmp(argv[1], "close")) {
        struct livekit_delete_sip_dispatch_rule_request request = {.sip_dispatch_rule_id = argv[2]};
        if (!livekit_delete_sip_dispatch_rule(client, &request, memory, &error)) fail(&error);
        printf("closed %s\n", argv[2]);
    } else {
        const struct livekit_sip_dispatch_rule_info *rule = livekit_open_dial_in(client, trunk_id, argv[1], 6, memory, &error);
        if (!rule) fail(&error);
        const char *pin = rule->rule->dispatch_rule_direct->pin, *number = number_of(client, trunk_id, memory);
        printf("number %s\npin %s\ninstructions Call %s, enter %s and press #.\nrule %s\n", number, pin, number, pin, rule->sip_dispatch_rule_id);
    }
    livekit_memory_destroy(memory);
    livekit_destroy(client);
    return 0;
}
