/* erasure_text.c - finding a person in texts: their address and their names, as they are and as JSON writes them. */
#include "core/erasure.h"
#include "core/identity.h"
#include "core/provider.h"
#include "core/user.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHORTEST_ANYWHERE = 6, SHORTEST_ID = 3, ID_ANYWHERE = 12, LONGEST_ID = 200, FORMS = 2 };

static void add_id(json_t *all, const char *id)
{
    size_t n = strlen(id);
    if (n >= SHORTEST_ID && n < LONGEST_ID && strspn(id, "0123456789") < n) json_array_append_new(all, json_pack("{s:s}", "id", id));
}

/* What others call them: as it is; without the word before it that says who calls them so; and without what makes each stay another one. */
static void add_identity(struct scope *s, json_t *all, const char *identity)
{
    const char *mark = strchr(identity, ':'), *user_id = identity_user_id(s->arena, identity);
    if (!strncmp(identity, "user-", 5)) return; /* ours, of an account */
    add_id(all, identity);
    if (mark && (provider_find(s->core, arena_strndup(s->arena, identity, (size_t)(mark - identity))) || !strncmp(identity, "student:", 8))) add_id(all, mark + 1);
    if (user_id && user_id != identity) add_id(all, user_id);
}

const char *needles_sealed(struct scope *s, const struct user *person, const struct list *seats)
{
    json_t *all = json_array();
    json_array_append_new(all, json_string(person->email));
    if (HAS(person, user, full_name) && person->full_name[0]) json_array_append_new(all, json_string(person->full_name));
    const struct participant *p = seats->items;
    for (size_t i = 0; i < seats->count; i++) {
        if (p[i].name[0]) json_array_append_new(all, json_string(p[i].name));
        add_identity(s, all, p[i].identity);
    }
    const char *text = json_take_text(s->arena, all);
    return seal_text(s->arena, &s->core->seal_key, text, strlen(text));
}

/* As JSON has it between its quotes, in ASCII or not. */
static const char *as_json(struct arena *a, const char *text, size_t flags)
{
    json_t *string = json_string(text);
    char *dumped = json_dumps(string, JSON_ENCODE_ANY | flags);
    const char *inner = dumped ? arena_strndup(a, dumped + 1, strlen(dumped) - 2) : text;
    free(dumped);
    json_decref(string);
    return inner;
}

static void add(struct forgetting *f, const char *text, bool anywhere)
{
    for (size_t i = 0; i < f->count; i++)
        if (!strcmp(f->needles[i].text, text)) return;
    f->needles[f->count++] = (struct needle){text, anywhere};
}

/* "Ada Lovelace" is somebody; "Ada" is taken for them only where it is all that is said. */
static bool is_distinctive(const char *text)
{
    return strlen(text) >= SHORTEST_ANYWHERE && strpbrk(text, " @") != NULL;
}

bool needles_of(struct scope *s, struct forgetting *f, struct err *e)
{
    size_t size = 0, i;
    json_t *one;
    const char *text = HAS(&f->row, erasure, needles) ? unseal_text(s->arena, &s->core->seal_key, f->row.needles, &size) : NULL;
    json_t *all = text ? json_loadb(text, size, 0, NULL) : NULL;
    if (!all) return err_set(e, ERR_CONFLICT, "erasure_unreadable", "whom to look for cannot be read any more: SECRET_KEY was changed meanwhile; erase them once more");
    f->needles = arena_array(s->arena, struct needle, json_array_size(all) * (FORMS + 1) + 1);
    json_array_foreach(all, i, one) {
        const json_t *id = json_object_get(one, "id");
        const char *name = arena_strdup(s->arena, json_string_value(id ? id : one));
        bool anywhere = is_distinctive(name) || (id && strlen(name) >= ID_ANYWHERE);
        add(f, name, anywhere);
        add(f, as_json(s->arena, name, 0), anywhere);
        add(f, as_json(s->arena, name, JSON_ENSURE_ASCII), anywhere);
    }
    json_decref(all);
    return true;
}

/* Between quotes, also those of JSON in a JSON text; or the text is nothing else. */
static bool stands_alone(const char *text, const char *at, size_t n)
{
    bool begins = at == text || at[-1] == '"', ends = !at[n] || at[n] == '"' || (at[n] == '\\' && at[n + 1] == '"');
    return begins && ends;
}

static const char *next_of(const char *text, const char *from, const struct needle *needle)
{
    size_t n = strlen(needle->text);
    for (const char *at = from; n && (at = strcasestr(at, needle->text)); at++)
        if (needle->anywhere || stands_alone(text, at, n)) return at;
    return NULL;
}

static const char *without(struct arena *a, const char *text, const struct needle *needle, const char *instead)
{
    struct buf b;
    const char *from = text, *at = next_of(text, text, needle);
    if (!at) return text;
    buf_init(&b, 0);
    for (; at; at = next_of(text, from, needle)) {
        buf_add(&b, from, (size_t)(at - from));
        buf_text(&b, instead);
        from = at + strlen(needle->text);
    }
    buf_text(&b, from);
    const char *out = arena_strndup(a, b.data, b.size);
    buf_release(&b);
    return out;
}

const char *needles_out(struct arena *a, const struct forgetting *f, const char *text)
{
    for (size_t i = 0; text && i < f->count; i++) text = without(a, text, &f->needles[i], strchr(f->needles[i].text, '@') ? f->address : f->row.pseudonym);
    return text;
}
