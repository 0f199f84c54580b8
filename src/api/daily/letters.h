/* letters.h - what happens here, in the words of Daily's webhooks. */
#pragma once
#include "core/webhook.h"

webhook_render_fn daily_letter; /* for webhook_set_render */
