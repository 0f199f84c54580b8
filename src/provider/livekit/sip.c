/* sip.c - callers: a direct dispatch rule for each room's PIN, bound to the trunk. https://docs.livekit.io/sip/dispatch-rule
 *
 * A rule without a trunk would take everybody's calls, so there is none without. Rules are told apart by their room: roomd's room names are its own. */
#include "provider/livekit/parts.h"
#include <string.h>

typedef struct { const char *const *items; size_t count; } names;

static bool list_rules(struct livekit_provider *l, struct arena *a, const struct livekit_list_sip_dispatch_rule_request *r, struct livekit_list_sip_dispatch_rule_response **out, struct err *e)
{
    struct livekit_error said;
    *out = livekit_list_sip_dispatch_rule(l->quick, r, livekit_within(a), &said);
    return *out || livekit_said("list dispatch rules", &said, e);
}

/* LIVEKIT_SIP_TRUNK_ID, else the trunks of the rule that is there already. */
static bool trunks(struct livekit_provider *l, struct arena *a, names *out, struct err *e)
{
    struct livekit_list_sip_dispatch_rule_response *all;
    const char *rule = l->config->LIVEKIT_SIP_DISPATCH_RULE_ID;
    if (*l->config->LIVEKIT_SIP_TRUNK_ID) {
        *out = (names){&l->config->LIVEKIT_SIP_TRUNK_ID, 1};
        return true;
    }
    if (!*rule) return err_set(e, ERR_DESTINATION, "livekit_no_trunk", "LIVEKIT_SIP_TRUNK_ID is not set");
    if (!list_rules(l, a, &(struct livekit_list_sip_dispatch_rule_request){.dispatch_rule_ids = {&rule, 1}}, &all, e)) return false;
    *out = all->items.count ? (names){all->items.items[0].trunk_ids.items, all->items.items[0].trunk_ids.count} : (names){0};
    return out->count || err_set(e, ERR_DESTINATION, "livekit_no_trunk", "the dispatch rule \"%s\" names no trunk, or is not there", rule);
}

static const struct livekit_sip_dispatch_rule_direct *direct_of(const struct livekit_sip_dispatch_rule_info *rule)
{
    return rule->rule ? rule->rule->dispatch_rule_direct : NULL;
}

static bool rules_of(struct livekit_provider *l, struct arena *a, struct provider_dial_ins *out, struct err *e)
{
    struct livekit_list_sip_dispatch_rule_response *all;
    if (!list_rules(l, a, NULL, &all, e)) return false;
    struct provider_dial_in *found = arena_array(a, struct provider_dial_in, all->items.count + 1);
    *out = (struct provider_dial_ins){found, 0};
    for (size_t i = 0; i < all->items.count; i++) {
        const struct livekit_sip_dispatch_rule_direct *d = direct_of(&all->items.items[i]);
        if (d) found[out->count++] = (struct provider_dial_in){text_or(d->room_name, ""), text_or(d->pin, ""), all->items.items[i].sip_dispatch_rule_id};
    }
    return true;
}

bool sfu_dial_in_rules(void *ctx, struct arena *a, struct provider_dial_ins *out, struct err *e)
{
    return rules_of(ctx, a, out, e);
}

/* It was made by a try whose reply was lost. */
static bool take_own(struct livekit_provider *l, struct arena *a, struct provider_dial_in *in, bool *own, struct err *e)
{
    struct provider_dial_ins there;
    if (!rules_of(l, a, &there, e)) return false;
    for (size_t i = 0; i < there.count && !in->rule; i++)
        if (!strcmp(there.items[i].room, in->room) && !strcmp(there.items[i].pin, in->pin)) in->rule = there.items[i].rule;
    *own = in->rule != NULL;
    return true;
}

bool sfu_dial_in_open(void *ctx, struct arena *a, struct provider_dial_in *in, bool *taken, struct err *e)
{
    struct livekit_provider *l = ctx;
    struct livekit_error said;
    names trunk = {0};
    bool own = false;
    if (!trunks(l, a, &trunk, e)) return false;
    const struct livekit_sip_dispatch_rule_direct direct = {.room_name = in->room, .pin = in->pin};
    const struct livekit_sip_dispatch_rule rule = {.dispatch_rule_direct = &direct};
    struct livekit_create_sip_dispatch_rule_request r = {.rule = &rule, .trunk_ids = {trunk.items, trunk.count}, .name = in->room, .hide_phone_number = l->config->LIVEKIT_SIP_HIDE_PHONE_NUMBER};
    struct livekit_sip_dispatch_rule_info *made = livekit_create_sip_dispatch_rule(l->quick, &r, livekit_within(a), &said);
    in->rule = made ? made->sip_dispatch_rule_id : NULL;
    if (made) return true;
    if (!strstr(said.message, "already exists")) return livekit_said("make a dispatch rule", &said, e);
    if (!take_own(l, a, in, &own, e) || own) return own;
    *taken = true;
    return livekit_said("make a dispatch rule", &said, e);
}

static bool drop(struct livekit_provider *l, struct arena *a, const char *rule, struct err *e)
{
    struct livekit_error said;
    struct livekit_delete_sip_dispatch_rule_request r = {.sip_dispatch_rule_id = rule};
    return livekit_delete_sip_dispatch_rule(l->quick, &r, livekit_within(a), &said) || said.code == LIVEKIT_NOT_FOUND || livekit_said("remove a dispatch rule", &said, e);
}

bool sfu_dial_in_close(void *ctx, struct arena *a, const struct provider_dial_in *in, struct err *e)
{
    struct provider_dial_ins there;
    if (in->rule) return drop(ctx, a, in->rule, e);
    if (!rules_of(ctx, a, &there, e)) return false;
    for (size_t i = 0; i < there.count; i++)
        if (!strcmp(there.items[i].room, in->room) && !drop(ctx, a, there.items[i].rule, e)) return false;
    return true;
}
