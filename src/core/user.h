/* user.h - accounts and sign-in. */
#pragma once
#include "core/api_key.h"
#include "core/core.h"

/* Password already hashed (slow: never on the writer). The very first account of a box is an admin unless the role is said. */
bool user_create_hashed(struct scope *s, const char *email, const char *full_name, const char *hash, enum user_role role, struct user *out, struct err *e);
enum db_found user_by_id(struct scope *s, int64_t id, struct user *out, struct err *e);
enum db_found user_by_email(struct scope *s, const char *email, struct user *out, struct err *e);  /* any case */
bool user_set_password(struct scope *s, int64_t id, const char *hash, struct err *e);
bool user_list(struct scope *s, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e);
bool user_admin_only(const struct scope *s, struct err *e);                                       /* forbidden */
bool user_may_go(struct scope *s, const struct user *u, struct err *e);                             /* last_admin */
/* `hash` of a new password, or NULL. user_not_found; last_admin where nobody could administer the box any more. */
bool user_change(struct scope *s, int64_t id, const struct user_update *change, const char *hash, struct user *out, struct err *e);

const char *user_name(const struct user *u);            /* what others see: full name or address */

char *access_token_sign(struct scope *s, const struct user *u);
bool bearer_is_ours(const char *bearer);                /* looks like an access token or an API key of ours, good or not */
const char *bearer_name(struct scope *s, const char *bearer); /* the name that a good token claims for its bearer; NULL: none */
/* Who a bearer is: an access token or an API key, and what for it may be used. False with bad_credentials or inactive_user. */
struct bearer_rights { api_scopes scopes; int64_t key_id; };   /* key_id 0: it is no key */
bool bearer_user(struct scope *s, const char *bearer, struct user *out, struct bearer_rights *rights, struct err *e);
