/* local.h - the folder below the data folder in which files of recordings are made and kept. Keys are made of ids only: recordings/UUID/NAME. */
#pragma once
#include "base/err.h"
#include <stdint.h>

/* Moves a finished file into the sink and proves it: size and SHA-256 are those of what lies there after fsync. */
bool sink_put_local(const char *data_dir, const char *path, const char *key, int64_t *size_bytes, char sha256[65], struct err *e);
int sink_open_local(const char *data_dir, const char *key, struct err *e);  /* a descriptor for reading, or -1 */
bool sink_erase_local(const char *data_dir, const char *folder, struct err *e); /* a folder of keys with all in it; absent is fine */
