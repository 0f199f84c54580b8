/* signal.h - what LiveKit's signalling connection (/rtc) says first: a SignalResponse in protobuf, whose JoinResponse has the server's version. Nowhere else does
 * the server tell it. Source: livekit_rtc.proto of github.com/livekit/protocol (SignalResponse.join = 1, JoinResponse.server_version = 4 and .server_info = 12,
 * ServerInfo.version = 2), and what livekit-server 1.13.5 sends. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* False: it is no such message, or says no version that could be one (digits, dots, letters, + and -). */
bool signal_server_version(const void *message, size_t size, char *version, size_t room);
