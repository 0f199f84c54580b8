#include "model/skim.h"
#include <string.h>

enum { DEEPEST = 32, MOST_DIGITS = 15 };

struct reader { const char *at, *end; struct skim_text *wanted; size_t count; };
struct piece { const char *text; size_t size; bool plain; };
struct place { int depth; const struct piece *in, *name; }; /* depth 1: in the outermost object. NULL: nothing is looked for there */

static bool value(struct reader *r, struct place p);

static bool at_end(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) r->at++;
    return r->at == r->end;
}

static bool take(struct reader *r, char c)
{
    if (at_end(r) || *r->at != c) return false;
    r->at++;
    return true;
}

static bool is(const struct piece *p, const char *name)
{
    return p && !strncmp(name, p->text, p->size) && !name[p->size];
}

/* After its first quote. */
static bool text(struct reader *r, struct piece *out)
{
    *out = (struct piece){.text = r->at, .plain = true};
    for (; r->at < r->end; r->at++) {
        unsigned char c = (unsigned char)*r->at;
        if (c == '"') {
            out->size = (size_t)(r->at++ - out->text);
            return true;
        }
        if (c < 0x20 || c >= 0x80) return false;
        if (c != '\\') continue;
        out->plain = false;
        if (++r->at == r->end || !memchr("\"\\/bfnrt", *r->at, 8)) return false;
    }
    return false;
}

/* Whole ones, of a size that everybody can hold. */
static bool number(struct reader *r)
{
    size_t n = 0, rest;
    if (*r->at == '-') r->at++;
    rest = (size_t)(r->end - r->at);
    while (n < rest && r->at[n] >= '0' && r->at[n] <= '9') n++;
    if (!n || n > MOST_DIGITS || (*r->at == '0' && n > 1)) return false;
    r->at += n;
    return r->at == r->end || !memchr(".eE", *r->at, 3);
}

static bool word(struct reader *r, const char *w)
{
    size_t n = strlen(w);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, w, n) != 0) return false;
    r->at += n;
    return true;
}

/* What is looked for at this place; false: it was there before. */
static bool look_up(struct reader *r, const struct place *p, struct skim_text **out)
{
    *out = NULL;
    for (size_t i = 0; i < r->count && p->depth <= 2; i++) {
        struct skim_text *w = &r->wanted[i];
        bool here = w->in ? p->depth == 2 && is(p->in, w->in) : p->depth == 1, way = w->in && p->depth == 1 && is(p->name, w->in);
        if (way && w->entered) return false;
        w->entered |= way;
        if (!here || !is(p->name, w->name)) continue;
        if (w->met) return false;
        w->met = true;
        *out = w;
    }
    return true;
}

static bool object(struct reader *r, int depth, const struct piece *in)
{
    struct piece name;
    if (take(r, '}')) return true;
    do {
        if (!take(r, '"') || !text(r, &name) || !name.plain || !take(r, ':') || !value(r, (struct place){depth, in, &name})) return false;
    } while (take(r, ','));
    return take(r, '}');
}

static bool list(struct reader *r, int depth)
{
    if (take(r, ']')) return true;
    do {
        if (!value(r, (struct place){.depth = depth})) return false;
    } while (take(r, ','));
    return take(r, ']');
}

static bool text_value(struct reader *r, struct skim_text *wanted)
{
    struct piece t;
    if (!text(r, &t) || (wanted && !t.plain)) return false;
    if (wanted) wanted->text = t.text, wanted->size = t.size;
    return true;
}

static bool value(struct reader *r, struct place p)
{
    struct skim_text *wanted;
    if (!look_up(r, &p, &wanted)) return false;
    if (take(r, '"')) return text_value(r, wanted);
    if (take(r, '{')) return p.depth < DEEPEST && object(r, p.depth + 1, p.name);
    if (take(r, '[')) return p.depth < DEEPEST && list(r, p.depth + 1);
    if (at_end(r)) return false;
    return *r->at == 't' ? word(r, "true") : *r->at == 'f' ? word(r, "false") : *r->at == 'n' ? word(r, "null") : number(r);
}

bool json_skim(const char *json, size_t size, struct skim_text *wanted, size_t count)
{
    struct reader r = {json, json + size, wanted, count};
    for (size_t i = 0; i < count; i++) wanted[i] = (struct skim_text){.in = wanted[i].in, .name = wanted[i].name};
    return take(&r, '{') && object(&r, 1, NULL) && at_end(&r);
}
