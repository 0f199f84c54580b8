#include "provider/janus/compose_parts.h"
#include "base/utf8.h"
#include <string.h>

static const struct rect whole = {0, 0, COMPOSE_WIDTH, COMPOSE_HEIGHT};
static const struct rect stage = {0, 0, COMPOSE_WIDTH * 4 / 5, COMPOSE_HEIGHT}; /* for screens, with people beside them */
static const struct rect strip = {COMPOSE_WIDTH * 4 / 5, 0, COMPOSE_WIDTH / 5, COMPOSE_HEIGHT};

static int even(int n)
{
    return n & ~1; /* chroma has half the resolution */
}

static int round_up(int n, int by)
{
    return (n + by - 1) / by;
}

static int square_columns(int count)
{
    int columns = 1;
    while (columns * columns < count) columns++;
    return columns;
}

/* Cells of w × h from the top left of `area`; the last row is centred. */
static void place(struct tile *tiles, int count, struct rect area, int columns, int h)
{
    int w = even(area.w / columns);
    for (int i = 0; i < count; i++) {
        int row = i / columns, column = i % columns, in_row = count - row * columns;
        int indent = in_row < columns ? even((columns - in_row) * w / 2) : 0;
        tiles[i].cell = (struct rect){area.x + indent + column * w, area.y + row * h, w, h};
    }
}

static void place_grid(struct tile *tiles, int count, struct rect area)
{
    if (!count) return;
    int columns = square_columns(count);
    place(tiles, count, area, columns, even(area.h / round_up(count, columns)));
}

static int strip_cell_height(int count, int columns)
{
    int room = strip.h / round_up(count, columns), shape = strip.w / columns * 3 / 4;
    return even(room < shape ? room : shape);
}

/* As many columns as give the largest cells. */
static void place_strip(struct tile *tiles, int count)
{
    int best = 1;
    for (int columns = 2; columns <= count; columns++)
        if (strip_cell_height(count, columns) > strip_cell_height(count, best)) best = columns;
    if (count) place(tiles, count, strip, best, strip_cell_height(count, best));
}

void layout_tiles(struct tile *tiles, size_t count)
{
    int all = (int)count, screens = 0;
    while (screens < all && tiles[screens].screen) screens++;
    if (screens == 0 || screens == all) {
        place_grid(tiles, all, whole);
        return;
    }
    place_grid(tiles, screens, stage);
    place_strip(tiles + screens, all - screens);
}

struct rect layout_fit(int width, int height, struct rect into)
{
    if (width <= 0 || height <= 0) return into;
    int w = into.w, h = (int)((int64_t)into.w * height / width);
    if (h > into.h) {
        h = into.h;
        w = (int)((int64_t)into.h * width / height);
    }
    w = even(w) < 2 ? 2 : even(w);
    h = even(h) < 2 ? 2 : even(h);
    return (struct rect){into.x + even((into.w - w) / 2), into.y + even((into.h - h) / 2), w, h};
}

/* Bytes of the character at `p` and the character; 0 for what is not UTF-8. */
static size_t decode(const char *p, uint32_t *letter)
{
    size_t size = utf8_size(p, strlen(p));
    *letter = size == 1 ? (unsigned char)p[0] : (unsigned char)p[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) *letter = *letter << 6 | (p[i] & 0x3f);
    return size;
}

/* Controls break the line, bidirectional ones let a name rewrite what stands around it. */
static bool printable(uint32_t c)
{
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
    bool direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f;
    return !control && !direction;
}

size_t layout_label(const char *name, size_t letters, char *to, size_t room)
{
    static const char more[] = "\xe2\x80\xa6"; /* … */
    const char *p = name ? name : "";
    size_t used = 0, count = 0, cut = 0; /* cut: where the mark goes if it gets too long */
    while (*p) {
        uint32_t c = 0;
        size_t size = decode(p, &c);
        const char *bytes = !size ? "?" : printable(c) ? p : " ";
        size_t width = size && printable(c) ? size : 1;
        if (count == letters || used + width + sizeof more > room) {
            memcpy(to + cut, more, sizeof more);
            return cut + sizeof more - 1;
        }
        if (count + 1 < letters) cut = used + width;
        memcpy(to + used, bytes, width);
        used += width;
        count++;
        p += size ? size : 1;
    }
    to[used] = '\0';
    return used;
}
