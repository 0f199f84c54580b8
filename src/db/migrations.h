/* migrations.h - the files of src/db/migrations, built in (tools/embed.py). */
#pragma once

struct migration { int version; const char *name, *sql; };
extern const struct migration migrations[]; /* ends with version 0 */
