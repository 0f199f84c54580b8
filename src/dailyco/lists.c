/* lists.c - lists to their end, and what can be said of recordings. */
#include "dailyco/internal.h"
#include <stdlib.h>
#include <string.h>

enum { ID_LONGEST = 128 };

/* The id of a page's last thing begins the next page. The same one twice: this server does not know cursors, and would go on for ever. */
static bool next_page(char cursor[ID_LONGEST + 1], const char *id, const char *operation, struct dailyco_error *e)
{
    if (!id || !*id || strlen(id) > ID_LONGEST || !strcmp(cursor, id)) return dc_fail(e, DAILYCO_BAD_REPLY, "%s: the list does not go on after its page", operation);
    strcpy(cursor, id);
    return true;
}

#define EACH(thing, query, page, list, id, after, before) \
    bool dailyco_each_##thing(struct dailyco *c, const struct query *q, bool (*each)(void *context, const struct dailyco_##thing *), void *context, struct dailyco_error *e) \
    { \
        struct dailyco_error own; \
        struct dailyco_memory m = {0}; \
        struct query next = q ? *q : (struct query){0}; \
        char cursor[ID_LONGEST + 1] = ""; \
        bool ok = !DAILYCO_HAS(&next, query, before) || dc_fail(e, DAILYCO_BAD_ARGUMENT, #list ": a list is gone through from its newest: " #before " has no place"), go_on = ok; \
        while (go_on) { \
            arena_reset(&m.arena); \
            const struct page *p = dailyco_##list(c, &next, &m, &own); \
            ok = p != NULL; \
            go_on = ok && p->data.count; \
            for (size_t i = 0; go_on && i < p->data.count; i++) go_on = each(context, &p->data.items[i]); \
            if (go_on) go_on = ok = next_page(cursor, p->data.items[p->data.count - 1].id, #list, &own); \
            DAILYCO_SET(&next, query, after, cursor); \
            if (e) *e = own; \
        } \
        arena_release(&m.arena); \
        return ok; \
    }

EACH(room, dailyco_page_query, dailyco_room_list, list_rooms, id, starting_after, ending_before)
EACH(recording, dailyco_recordings_query, dailyco_recording_list, list_recordings, id, starting_after, ending_before)
EACH(meeting, dailyco_meetings_query, dailyco_meeting_list, list_meetings, id, starting_after, ending_before)

bool dailyco_each_meeting_participant(struct dailyco *c, const char *meeting_id, const struct dailyco_participants_query *q, bool (*each)(void *context, const struct dailyco_meeting_participant *), void *context, struct dailyco_error *e)
{
    struct dailyco_error own = {.code = DAILYCO_OK};
    struct dailyco_memory m = {0};
    struct dailyco_participants_query next = q ? *q : (struct dailyco_participants_query){0};
    char cursor[ID_LONGEST + 1] = "";
    bool ok = !DAILYCO_HAS(&next, dailyco_participants_query, joined_before) || dc_fail(&own, DAILYCO_BAD_ARGUMENT, "a list is gone through from its beginning: joined_before has no place"), go_on = ok;
    while (go_on) {
        arena_reset(&m.arena);
        const struct dailyco_meeting_participant_list *p = dailyco_get_meeting_participants(c, meeting_id, &next, &m, &own);
        bool end = !p && own.code == DAILYCO_NOT_FOUND && *cursor;
        ok = p || end;
        go_on = p && p->data.count;
        for (size_t i = 0; go_on && i < p->data.count; i++) go_on = each(context, &p->data.items[i]);
        if (go_on) go_on = ok = next_page(cursor, p->data.items[p->data.count - 1].participant_id, "get_meeting_participants", &own);
        DAILYCO_SET(&next, dailyco_participants_query, joined_after, cursor);
        if (end) own = (struct dailyco_error){.code = DAILYCO_OK};
    }
    arena_release(&m.arena);
    if (e) *e = own;
    return ok;
}

/* ---- recordings */

bool dailyco_recording_is_raw(const struct dailyco_recording *r)
{
    return r->tracks.count > 0 || (r->type && !strcmp(r->type, "raw-tracks"));
}

static const char *number_at(const char *p, int64_t *out)
{
    size_t n = strspn(p, "0123456789");
    if (n < 13 || n > 18) return NULL;
    *out = strtoll(p, NULL, 10);
    return p + n;
}

static const char *word_at(const char *p, const char *const words[2], char out[8])
{
    for (int i = 0; i < 2; i++)
        if (!strncmp(p, words[i], strlen(words[i]))) {
            strcpy(out, words[i]);
            return p + strlen(words[i]);
        }
    return NULL;
}

bool dailyco_track_name_parse(const char *key, struct dailyco_track_name *out)
{
    const char *slash = strrchr(key, '/'), *p = slash ? slash + 1 : key;
    static const char *const sources[] = {"cam", "screen"}, *const kinds[] = {"audio", "video"};
    *out = (struct dailyco_track_name){0};
    if (!(p = number_at(p, &out->recording_ms)) || *p++ != '-' || strspn(p, "0123456789abcdefABCDEF-") < 37) return false;
    memcpy(out->participant_id, p, 36);
    p += 36;
    if (*p++ != '-' || !(p = word_at(p, sources, out->source)) || *p++ != '-' || !(p = word_at(p, kinds, out->kind)) || *p++ != '-') return false;
    p = number_at(p, &out->track_ms);
    return p && (!*p || *p == '.');
}
