#include "core/config_yaml.h"
#include "base/arena.h"
#include "base/buf.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reading {
    const char *path;
    yaml_document_t document;
    config_yaml_fn *each;
    void *ctx;
    struct arena arena;
    struct err *err;
};

static const char *where(struct reading *r, const yaml_node_t *n)
{
    return arena_printf(&r->arena, "%s, line %zu", r->path, n->start_mark.line + 1);
}

static char *expanded(struct reading *r, const char *text)
{
    struct buf out;
    buf_init(&out, 65536);
    for (const char *open; (open = strstr(text, "${")) && strchr(open, '}'); ) {
        const char *close = strchr(open, '}');
        const char *value = getenv(arena_strndup(&r->arena, open + 2, (size_t)(close - open - 2)));
        buf_add(&out, text, (size_t)(open - text));
        buf_text(&out, value ? value : "");
        text = close + 1;
    }
    buf_text(&out, text);
    char *copy = arena_strdup(&r->arena, out.data);
    buf_release(&out);
    return copy;
}

static const char *scalar(struct reading *r, const yaml_node_t *n)
{
    return expanded(r, (const char *)n->data.scalar.value);
}

static const char *joined(struct reading *r, const yaml_node_t *n)
{
    const char *text = "";
    for (const yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
        const yaml_node_t *item = yaml_document_get_node(&r->document, *i);
        if (item->type == YAML_SCALAR_NODE) text = arena_printf(&r->arena, "%s%s%s", text, *text ? "," : "", scalar(r, item));
    }
    return text;
}

static bool walk(struct reading *r, const yaml_node_t *map, const char *prefix, int depth)
{
    if (map->type != YAML_MAPPING_NODE || depth > 4) return err_set(r->err, ERR_CALLER, "config", "%s: expected \"name: value\"", where(r, map));
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(&r->document, p->key), *value = yaml_document_get_node(&r->document, p->value);
        if (key->type != YAML_SCALAR_NODE) return err_set(r->err, ERR_CALLER, "config", "%s: a name must be a word", where(r, key));
        const char *name = arena_printf(&r->arena, "%s%s%s", prefix, *prefix ? "_" : "", (const char *)key->data.scalar.value);
        bool ok = value->type == YAML_MAPPING_NODE ? walk(r, value, name, depth + 1)
                                                   : r->each(r->ctx, name, value->type == YAML_SEQUENCE_NODE ? joined(r, value) : scalar(r, value), where(r, key), r->err);
        if (!ok) return false;
    }
    return true;
}

static bool load(struct reading *r, FILE *f)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return err_set(r->err, ERR_INTERNAL, "config", "cannot start the YAML parser");
    yaml_parser_set_input_file(&parser, f);
    bool ok = yaml_parser_load(&parser, &r->document);
    if (!ok) err_set(r->err, ERR_CALLER, "config", "%s, line %zu: %s", r->path, parser.problem_mark.line + 1, parser.problem ? parser.problem : "not YAML");
    yaml_parser_delete(&parser);
    if (!ok) return false;
    yaml_node_t *root = yaml_document_get_root_node(&r->document);
    ok = !root || walk(r, root, "", 0);
    yaml_document_delete(&r->document);
    return ok;
}

bool config_read_yaml(const char *path, config_yaml_fn *each, void *ctx, struct err *e)
{
    struct reading r = {.path = path, .each = each, .ctx = ctx, .err = e};
    FILE *f = fopen(path, "re");
    if (!f) return err_sys(e, ERR_CALLER, "config", "cannot read \"%s\"", path);
    arena_init(&r.arena);
    bool ok = load(&r, f);
    arena_release(&r.arena);
    fclose(f);
    return ok;
}
