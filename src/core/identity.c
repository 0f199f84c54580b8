#include "core/identity.h"
#include "base/rand.h"
#include <string.h>

static const char APART = '~', NOT_OURS = '=';
enum { APART_LETTERS = 8 };

bool identity_is_ours(const char *identity)
{
    return !strncmp(identity, "user-", 5) || !strncmp(identity, "guest-", 6);
}

char *identity_of_stay(struct arena *a, const char *user_id, bool unique)
{
    char apart[APART_LETTERS + 1];
    rand_text(apart, APART_LETTERS, RAND_ID);
    bool reserved = user_id && (identity_is_ours(user_id) || *user_id == NOT_OURS);
    return arena_printf(a, "%s%s%c%s", reserved ? "=" : "", user_id ? user_id : "", APART, user_id && unique ? "" : apart);
}

const char *identity_user_id(struct arena *a, const char *identity)
{
    const char *mark = strrchr(identity, APART);
    if (!strncmp(identity, "guest-", 6) || mark == identity) return NULL;
    if (!mark) return identity;
    if (*identity == NOT_OURS) identity++;
    return arena_strndup(a, identity, (size_t)(mark - identity));
}
