/* skim.h - a few texts out of a JSON object, without making anything of the rest: a sixth of what jansson takes.
 * Sure of what is plain: objects, lists, whole numbers, ASCII texts with the short escapes. Everything else (\u, fractions, other letters, escapes in
 * names or in what is looked for, a name that comes twice where it is looked for, any error) is for jansson to judge, and said by false.
 * What it is sure of jansson takes too, and reads the same (test/fuzz/fuzz_json.c). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* `name` in the object `in` of the outermost one; in NULL: in the outermost itself. Found: `text`, not ended, in the JSON; NULL: it is not there, or no text. */
struct skim_text {
    const char *in, *name;
    const char *text;
    size_t size;
    bool met, entered; /* its own: name and `in` were there already */
};

/* True: the bytes are a JSON object, and `wanted` is filled in. False: ask jansson. */
bool json_skim(const char *json, size_t size, struct skim_text *wanted, size_t count);
