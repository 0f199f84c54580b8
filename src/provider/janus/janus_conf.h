/* janus_conf.h - the configuration that roomd generates for its Janus: the videoroom plugin and the WebSocket transport on
 * unix sockets, nothing else; no TCP port is open. Socket paths are relative: Janus runs in run_dir (a unix address holds 107 bytes). */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define JANUS_API_SOCKET "api.sock"
#define JANUS_ADMIN_SOCKET "admin.sock"

struct janus_conf {
    const char *conf_dir;
    const char *api_secret, *admin_secret, *room_admin_key;
    uint16_t rtp_min, rtp_max;
    const char *nat_1_1, *stun; /* NULL: none */
};

bool janus_conf_write(const struct janus_conf *c, struct err *e); /* files of mode 0600 in conf_dir, each replaced whole */
