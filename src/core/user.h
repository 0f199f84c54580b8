/* user.h - accounts, sign-in, and keys of other backends. */
#pragma once
#include "core/core.h"

/* Password already hashed (slow: never on the writer). The very first account of a box is an admin unless the role is said. */
bool user_create_hashed(struct scope *s, const char *email, const char *full_name, const char *hash, enum user_role role, struct user *out, struct err *e);
enum db_found user_by_id(struct scope *s, int64_t id, struct user *out, struct err *e);
enum db_found user_by_email(struct scope *s, const char *email, struct user *out, struct err *e);  /* any case */
bool user_set_password(struct scope *s, int64_t id, const char *hash, struct err *e);
bool user_list(struct scope *s, struct list *out, struct err *e);

const char *user_name(const struct user *u);            /* what others see: full name or address */

char *access_token_sign(struct scope *s, const struct user *u);
/* Who a bearer is: an access token or an API key. False with bad_credentials or inactive_user. */
bool bearer_user(struct scope *s, const char *bearer, struct user *out, struct err *e);

/* The key is shown once: `key` gets it (48 characters and the NUL); the row keeps a hash. */
bool api_key_create(struct scope *s, const char *name, int64_t user_id, char key[64], struct api_key *out, struct err *e);
bool api_key_list(struct scope *s, struct list *out, struct err *e);
bool api_key_revoke(struct scope *s, int64_t id, struct err *e);
