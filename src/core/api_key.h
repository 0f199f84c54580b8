/* api_key.h - keys of other backends: each acts for an account, for everything or within scopes (spec/scopes.def). */
#pragma once
#include "core/core.h"

enum api_scope {
#define SCOPE(name, word, doc) api_scope_##name,
#define NEEDS(tag, read, change)
#include "spec/scopes.def"
#undef SCOPE
#undef NEEDS
    api_scope_count
};
typedef uint64_t api_scopes;                             /* a bit for each */
#define EVERY_SCOPE UINT64_MAX
const char *api_scope_word(enum api_scope scope);

/* "sessions:read sessions:write", blanks or commas between. NULL: everything. False with unknown_scope. */
bool api_scopes_parse(const char *text, api_scopes *out, struct err *e);
/* True if they hold all that is wanted; else missing_scope, which names the first that is not there. */
bool api_scopes_hold(api_scopes have, api_scopes wanted, struct err *e);

/* The key is shown once: `key` gets it (43 characters and the NUL); the row keeps a hash. */
bool api_key_create(struct scope *s, const char *name, api_scopes scopes, int64_t user_id, char key[64], struct api_key *out, struct err *e);
bool api_key_list(struct scope *s, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e);
bool api_key_revoke(struct scope *s, int64_t id, struct err *e);      /* key_not_found */
bool api_key_is_one(const char *bearer);
bool api_key_check(struct scope *s, const char *bearer, struct api_key *out, api_scopes *scopes, struct err *e); /* bad_credentials */
