#include "provider/janus/compose_parts.h"
#include <stdlib.h>
#include <string.h>

enum {
    BRIDGE_FRAMES = 3 * COMPOSE_FPS,       /* a rejoin that quick keeps the tile in its place */
    EPOCH_FRAMES = 5 * 60 * COMPOSE_FPS,   /* keeps filter expressions and what a retry repeats short */
    VIDEO_PACKET_US = FRAME_US,            /* how long the last packet of a stretch is seen or heard */
    SOUND_PACKET_US = 20000,
};

static int64_t nearest(int64_t us, int64_t unit_us)
{
    return us >= 0 ? (us + unit_us / 2) / unit_us : -((-us + unit_us / 2) / unit_us);
}

int64_t plan_frame(int64_t out_us)
{
    return nearest(out_us, FRAME_US);
}

/* ---- the result's clock */

static void add_live(struct compose *c, int64_t from_us, int64_t to_us)
{
    const struct live *last = c->live_count ? &c->live[c->live_count - 1] : NULL;
    if (from_us < c->job->started_us) from_us = c->job->started_us;
    if (to_us > c->job->ended_us) to_us = c->job->ended_us;
    if (last && from_us < last->to_us) from_us = last->to_us;
    if (to_us <= from_us) return;
    int64_t out_us = last ? last->out_us + last->to_us - last->from_us : 0;
    c->live[c->live_count++] = (struct live){from_us, to_us, out_us};
}

void plan_timeline(struct compose *c)
{
    const struct compose_job *job = c->job;
    c->live = arena_array(&c->arena, struct live, job->live_count + 1);
    for (size_t i = 0; i < job->live_count; i++) add_live(c, job->live[i].from_us, job->live[i].to_us);
    if (!job->live_count) add_live(c, job->started_us, job->ended_us);
    if (!c->live_count) return;
    const struct live *last = &c->live[c->live_count - 1];
    c->frames = plan_frame(last->out_us + last->to_us - last->from_us);
}

bool plan_clip(const struct live *live, int64_t from_us, int64_t to_us, int64_t *out_from_us, int64_t *out_to_us)
{
    if (from_us < live->from_us) from_us = live->from_us;
    if (to_us > live->to_us) to_us = live->to_us;
    if (to_us <= from_us) return false;
    *out_from_us = live->out_us + from_us - live->from_us;
    *out_to_us = live->out_us + to_us - live->from_us;
    return true;
}

/* ---- who was there */

static size_t find_person(struct compose *c, const struct compose_track *track)
{
    size_t i = 0;
    while (i < c->person_count && strcmp(c->people[i].connection, track->connection) != 0) i++;
    if (i == c->person_count) c->people[c->person_count++] = (struct person){.connection = track->connection, .first = INT64_MAX};
    c->people[i].name = track->name; /* the last one, should it have changed */
    return i;
}

void plan_people(struct compose *c)
{
    c->people = arena_array(&c->arena, struct person, c->source_count + 1);
    for (size_t i = 0; i < c->source_count; i++) c->sources[i].person = find_person(c, c->sources[i].track);
}

static void add_piece(struct compose *c, size_t source, const struct live *live, int64_t from, int64_t to)
{
    int64_t shift = nearest(live->from_us - live->out_us - c->sources[source].first_us, FRAME_US);
    c->pieces[c->piece_count++] = (struct piece){source, from, to, shift};
}

/* What of one stretch of packets is in the result. */
static void place_span(struct compose *c, size_t index, const struct mjr_span *span)
{
    const struct source *s = &c->sources[index];
    struct person *person = &c->people[s->person];
    bool video = s->mjr.media == MJR_VIDEO;
    int64_t from_us = s->first_us + (int64_t)span->from_ms * 1000;
    int64_t to_us = s->first_us + (int64_t)span->to_ms * 1000 + (video ? VIDEO_PACKET_US : SOUND_PACKET_US);
    for (size_t i = 0; i < c->live_count; i++) {
        int64_t out_from_us, out_to_us;
        if (!plan_clip(&c->live[i], from_us, to_us, &out_from_us, &out_to_us)) continue;
        int64_t from = plan_frame(out_from_us), to = plan_frame(out_to_us);
        if (to <= from) continue;
        if (video) add_piece(c, index, &c->live[i], from, to);
        c->stays[c->stay_count++] = (struct stay){s->person, from, to};
        if (from < person->first) person->first = from;
    }
}

static int stay_order(const void *a, const void *b)
{
    const struct stay *x = a, *y = b;
    if (x->person != y->person) return x->person < y->person ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

static void merge_stays(struct compose *c)
{
    size_t kept = 0;
    if (c->stay_count) qsort(c->stays, c->stay_count, sizeof *c->stays, stay_order);
    for (size_t i = 0; i < c->stay_count; i++) {
        struct stay *last = kept ? &c->stays[kept - 1] : NULL, *next = &c->stays[i];
        if (last && last->person == next->person && next->from - last->to <= BRIDGE_FRAMES) {
            if (next->to > last->to) last->to = next->to;
        } else {
            c->stays[kept++] = *next;
        }
    }
    c->stay_count = kept;
}

void plan_pieces(struct compose *c)
{
    size_t room = 1;
    for (size_t i = 0; i < c->source_count; i++) room += c->sources[i].mjr.span_count * c->live_count;
    c->pieces = arena_array(&c->arena, struct piece, room);
    c->stays = arena_array(&c->arena, struct stay, room);
    for (size_t i = 0; i < c->source_count; i++)
        for (size_t k = 0; c->sources[i].file && k < c->sources[i].mjr.span_count; k++) place_span(c, i, &c->sources[i].mjr.spans[k]);
    merge_stays(c);
}

/* ---- what is shown when */

static bool is_there(const struct compose *c, size_t person, int64_t frame)
{
    for (size_t i = 0; i < c->stay_count; i++)
        if (c->stays[i].person == person && c->stays[i].from <= frame && frame < c->stays[i].to) return true;
    return false;
}

/* A person's camera or screen at that time; of two the one that began last. */
static const struct piece *seen(const struct compose *c, size_t person, enum compose_kind kind, int64_t frame)
{
    const struct piece *best = NULL;
    for (size_t i = 0; i < c->piece_count; i++) {
        const struct piece *p = &c->pieces[i];
        const struct source *s = &c->sources[p->source];
        if (s->person != person || s->track->kind != kind || frame < p->from || frame >= p->to) continue;
        if (!best || s->first_us >= c->sources[best->source].first_us) best = p;
    }
    return best;
}

/* Numbers of the people in the order in which they came. */
static size_t *arrivals(struct compose *c)
{
    size_t *order = arena_array(&c->arena, size_t, c->person_count + 1);
    for (size_t i = 0; i < c->person_count; i++) {
        size_t at = i;
        for (; at > 0 && c->people[order[at - 1]].first > c->people[i].first; at--) order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

static size_t fill_tiles(struct compose *c, const size_t *order, int64_t frame, struct tile *tiles)
{
    size_t count = 0;
    for (size_t i = 0; i < c->person_count; i++) {
        const struct piece *screen = seen(c, order[i], COMPOSE_SCREEN, frame);
        if (screen) tiles[count++] = (struct tile){.person = order[i], .screen = true, .piece = screen};
    }
    for (size_t i = 0; i < c->person_count; i++)
        if (is_there(c, order[i], frame)) tiles[count++] = (struct tile){.person = order[i], .piece = seen(c, order[i], COMPOSE_CAMERA, frame)};
    return count;
}

static bool same_tiles(const struct epoch *epoch, const struct tile *tiles, size_t count)
{
    if (epoch->count != count) return false;
    for (size_t i = 0; i < count; i++) {
        const struct tile *a = &epoch->tiles[i], *b = &tiles[i];
        if (a->person != b->person || a->screen != b->screen || a->piece != b->piece) return false;
    }
    return true;
}

static int frame_order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t clamp(int64_t frame, int64_t most)
{
    return frame < 0 ? 0 : frame > most ? most : frame;
}

/* Every frame at which something may change, in order, 0 and the end among them. */
static size_t find_cuts(struct compose *c, int64_t **cuts)
{
    size_t count = 0;
    int64_t *at = arena_array(&c->arena, int64_t, 2 * (c->piece_count + c->stay_count) + (size_t)(c->frames / EPOCH_FRAMES) + 2);
    for (size_t i = 0; i < c->piece_count; i++) at[count++] = c->pieces[i].from, at[count++] = c->pieces[i].to;
    for (size_t i = 0; i < c->stay_count; i++) at[count++] = c->stays[i].from, at[count++] = c->stays[i].to;
    for (int64_t frame = 0; frame < c->frames; frame += EPOCH_FRAMES) at[count++] = frame;
    at[count++] = c->frames;
    for (size_t i = 0; i < count; i++) at[i] = clamp(at[i], c->frames);
    qsort(at, count, sizeof *at, frame_order);
    *cuts = at;
    return count;
}

static void widen_source(struct compose *c, const struct tile *tile)
{
    if (!tile->piece) return;
    struct source *s = &c->sources[tile->piece->source];
    if (tile->cell.w * tile->cell.h <= s->tile_width * s->tile_height) return;
    s->tile_width = tile->cell.w;
    s->tile_height = tile->cell.h;
}

static void add_epoch(struct compose *c, int64_t from, int64_t to, const struct tile *tiles, size_t count)
{
    struct epoch *last = c->epoch_count ? &c->epochs[c->epoch_count - 1] : NULL;
    if (last && from % EPOCH_FRAMES && same_tiles(last, tiles, count)) {
        last->to = to;
        return;
    }
    struct epoch *next = &c->epochs[c->epoch_count++];
    *next = (struct epoch){from, to, arena_copy(&c->arena, tiles, count * sizeof *tiles), count};
    layout_tiles(next->tiles, count);
    for (size_t i = 0; i < count; i++) widen_source(c, &next->tiles[i]);
}

void plan_epochs(struct compose *c)
{
    int64_t *cuts;
    size_t count = find_cuts(c, &cuts);
    const size_t *order = arrivals(c);
    struct tile *tiles = arena_array(&c->arena, struct tile, 2 * c->person_count + 1);
    c->epochs = arena_array(&c->arena, struct epoch, count);
    for (size_t i = 1; i < count; i++)
        if (cuts[i] > cuts[i - 1]) add_epoch(c, cuts[i - 1], cuts[i], tiles, fill_tiles(c, order, cuts[i - 1], tiles));
}
