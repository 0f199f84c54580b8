/* cloudinary.h - Cloudinary as a sink: signed uploads in chunks to its upload API.
 * https://cloudinary.com/documentation/upload_videos#chunked_asset_upload and https://cloudinary.com/documentation/authentication_signatures
 *
 * It takes one file a recording, the one to be played, as live-sessions/COURSE/SESSION-recording (the Live Sessions document). Its reply to the last
 * chunk has the size and the MD5 of what it put together, and the address that everybody may play it from. */
#pragma once
#include "core/sink.h"

struct cloudinary;
struct cloudinary *cloudinary_create(const struct config *c, struct err *e); /* false settings: ERR_CALLER */
void cloudinary_destroy(struct cloudinary *c);                               /* NULL is fine */
const struct sink *cloudinary_sink(const struct cloudinary *c);
