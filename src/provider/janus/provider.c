/* provider.c - Janus as core sees it: on this box, rooms open at the first join (src/call), so there is nobody to ask. */
#include "provider/janus/provider.h"

static const struct provider_ops ops = {.name = "janus", .capabilities = PROVIDER_LOCAL | PROVIDER_RECORDS_ITSELF};
const struct provider janus_provider = {.ops = &ops};
