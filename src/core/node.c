#include "core/node.h"

static const char SQL_BY_NAME[] = "SELECT {} FROM nodes WHERE name = $1";
static const char SQL_SET_URL[] = "UPDATE nodes SET url = $2 WHERE id = $1";
static const char SQL_ALIVE[] = "UPDATE nodes SET seen_at = $2 WHERE id = $1";
static const char SQL_SAME_URL[] = "SELECT 1 FROM nodes WHERE url = $1 AND id <> $2 AND seen_at > $3 LIMIT 1";
static const char SQL_PLACE[] = "SELECT {} FROM session_nodes WHERE session_id = $1";
static const char SQL_ELSEWHERE[] =
    "SELECT {n} FROM session_nodes p JOIN nodes n ON n.id = p.node_id WHERE p.session_id = $1 AND p.node_id <> $2 AND n.seen_at > $3 "
    "AND (EXISTS (SELECT 1 FROM connection_spans c WHERE c.session_id = $1 AND c.left_at IS NULL) "
    "OR EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = $1 AND r.status IN ('recording', 'paused')))";
static const char SQL_LEFT_BEHIND[] =
    "SELECT {p} FROM session_nodes p JOIN nodes n ON n.id = p.node_id WHERE p.node_id <> $1 AND n.seen_at <= $2 "
    "AND (EXISTS (SELECT 1 FROM connection_spans c WHERE c.session_id = p.session_id AND c.left_at IS NULL) "
    "OR EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = p.session_id AND r.status IN ('recording', 'paused'))) ORDER BY p.id LIMIT 50";
/* A database of before there were nodes has open stays, and nobody else can have them. */
static const char SQL_OF_NOBODY[] =
    "INSERT INTO session_nodes (session_id, node_id, since) SELECT DISTINCT c.session_id, CAST($1 AS BIGINT), CAST($2 AS BIGINT) FROM connection_spans c "
    "WHERE c.left_at IS NULL AND NOT EXISTS (SELECT 1 FROM session_nodes p WHERE p.session_id = c.session_id) "
    "AND NOT EXISTS (SELECT 1 FROM provider_rooms x WHERE x.session_id = c.session_id)";
static const char SQL_LAST_ALIVE[] = "SELECT number FROM facts WHERE name = 'alive_at'"; /* what it was called then */

static bool add(struct scope *s, struct cluster_node *n, struct err *e)
{
    int64_t before;
    enum db_found found = db_number(s->db, SQL_LAST_ALIVE, &before, e);
    if (found == DB_FAILED) return false;
    s->core->last_alive = found == DB_ROW ? before : s->now;
    *n = (struct cluster_node){0};
    SET(n, cluster_node, name, core_config(s->core)->node);
    SET(n, cluster_node, url, "");
    SET(n, cluster_node, started_at, s->now);
    SET(n, cluster_node, seen_at, s->now);
    return db_insert(s->db, "nodes", cluster_node, n, e);
}

static bool come_back(struct scope *s, struct cluster_node *n, struct err *e)
{
    s->core->last_alive = n->seen_at;
    SET(n, cluster_node, started_at, s->now);
    SET(n, cluster_node, seen_at, s->now);
    return db_update(s->db, "nodes", cluster_node, n, e);
}

bool node_register(struct scope *s, struct err *e)
{
    struct cluster_node n;
    enum db_found found = db_one(s->db, SQL_BY_NAME, cluster_node, &n, s->arena, e, TEXT_(core_config(s->core)->node));
    if (found == DB_FAILED || !(found == DB_ROW ? come_back(s, &n, e) : add(s, &n, e))) return false;
    s->core->node_id = n.id;
    return db_run(s->db, SQL_OF_NOBODY, e, INT_(n.id), INT_(s->now));
}

bool node_set_url(struct scope *s, const char *url, struct err *e)
{
    return db_run(s->db, SQL_SET_URL, e, INT_(s->core->node_id), TEXT_(url));
}

bool node_alive(struct scope *s, struct err *e)
{
    return db_run(s->db, SQL_ALIVE, e, INT_(s->core->node_id), INT_(s->now));
}

bool node_same_url(struct scope *s, const char *url, bool *same, struct err *e)
{
    int64_t one;
    enum db_found found = db_number(s->db, SQL_SAME_URL, &one, e, TEXT_(url), INT_(s->core->node_id), INT_(s->now - NODE_DEAD_MS));
    *same = found == DB_ROW;
    return found != DB_FAILED;
}

bool node_elsewhere(struct scope *s, int64_t session_id, const char **url, struct err *e)
{
    struct cluster_node n;
    *url = NULL;
    if (!db_conn_is_shared(s->db)) return true;
    enum db_found found = db_one(s->db, SQL_ELSEWHERE, cluster_node, &n, s->arena, e, INT_(session_id), INT_(s->core->node_id), INT_(s->now - NODE_DEAD_MS));
    if (found == DB_ROW) *url = n.url;
    return found != DB_FAILED;
}

static bool take(struct scope *s, struct session_node *place, struct err *e)
{
    SET(place, session_node, node_id, s->core->node_id);
    SET(place, session_node, since, s->now);
    return HAS(place, session_node, id) ? db_update(s->db, "session_nodes", session_node, place, e) : db_insert(s->db, "session_nodes", session_node, place, e);
}

bool node_claim(struct scope *s, int64_t session_id, bool *taken_over, struct err *e)
{
    struct session_node place = {0};
    enum db_found found = db_one(s->db, SQL_PLACE, session_node, &place, s->arena, e, INT_(session_id));
    if (found == DB_FAILED) return false;
    *taken_over = found == DB_ROW && place.node_id != s->core->node_id;
    if (found == DB_ROW && !*taken_over) return true;
    SET(&place, session_node, session_id, session_id);
    return take(s, &place, e);
}

int64_t node_of(struct scope *s, int64_t session_id)
{
    struct session_node place;
    return db_one(s->db, SQL_PLACE, session_node, &place, s->arena, NULL, INT_(session_id)) == DB_ROW ? place.node_id : 0;
}

bool node_decides(struct scope *s, int64_t session_id)
{
    int64_t node = db_conn_is_shared(s->db) ? node_of(s, session_id) : 0;
    return !node || node == s->core->node_id;
}

bool node_take_over(struct scope *s, struct list *taken, struct err *e)
{
    if (!db_all(s->db, SQL_LEFT_BEHIND, session_node, taken, s->arena, e, INT_(s->core->node_id), INT_(s->now - NODE_DEAD_MS))) return false;
    struct session_node *places = (struct session_node *)(uintptr_t)taken->items;
    for (size_t i = 0; i < taken->count; i++)
        if (!take(s, &places[i], e)) return false;
    return true;
}
