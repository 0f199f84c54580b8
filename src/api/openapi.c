/* openapi.c - OpenAPI 3.1, from the same rows that the server runs on. */
#include "api/audit.h"
#include "api/api.h"
#include "api/limit.h"
#include "core/event.h"
#include "version.h"
#include <ctype.h>
#include <string.h>

static json_t *reference(const char *kind, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

static void lower(const char *from, char *to, size_t size)
{
    size_t i = 0;
    for (; from[i] && i + 1 < size; i++) to[i] = (char)tolower((unsigned char)from[i]);
    to[i] = '\0';
}

/* ---- components */

static bool is_entity(const struct model *m)
{
    return !strncmp(m->doc, "Table ", 6);
}

static bool has_within(const struct model *whole, const struct model *part)
{
    if (whole == part) return true;
    for (size_t i = 0; whole && i < whole->field_count; i++)
        if (whole->fields[i].sub && has_within(whole->fields[i].sub, part)) return true;
    return false;
}

/* The shapes of Daily's API are many; here are those that a route speaks. */
static bool is_only_a_clients(const struct model *m)
{
    if (strncmp(m->name, "dailyco_", 8) != 0) return false;
    for (size_t i = 0; i < route_total; i++)
        if (has_within(routes[i].body_model, m) || has_within(routes[i].reply_model, m)) return false;
    return true;
}

static json_t *message_union(const char *direction)
{
    json_t *list = json_array();
#define IN(t, model, who) if (!strcmp(direction, "in")) json_array_append_new(list, json_pack("{s:[o, {s:s, s:{s:{s:s}}, s:[s]}]}", "allOf", reference("schemas", #model), "type", "object", "properties", "t", "const", #t, "required", "t"));
#define OUT(t, model) if (!strcmp(direction, "out")) json_array_append_new(list, json_pack("{s:[o, {s:s, s:{s:{s:s}}, s:[s]}]}", "allOf", reference("schemas", #model), "type", "object", "properties", "t", "const", #t, "required", "t"));
#include "spec/messages.def"
#undef IN
#undef OUT
    return json_pack("{s:o, s:s}", "oneOf", list, "description", "Messages on the WebSocket /api/v1/call, by `t`.");
}

static json_t *schemas(void)
{
    json_t *all = json_object();
    for (const struct model *const *m = all_models; *m; m++)
        if (!is_entity(*m) && !is_only_a_clients(*m)) json_object_set_new(all, (*m)->name, model_schema(*m));
    for (const struct enumeration *const *e = all_enumerations; *e; e++) json_object_set_new(all, (*e)->name, enumeration_schema(*e));
    json_object_set_new(all, "call_message_to_server", message_union("in"));
    json_object_set_new(all, "call_message_to_page", message_union("out"));
    json_object_set_new(all, "error_reply", json_pack("{s:s, s:{s:{s:s}}, s:[s]}", "type", "object", "properties", "detail", "type", "string", "required", "detail"));
    json_t *entry = json_pack("{s:s, s:{s:{s:s}, s:{s:s, s:{s:[s, s]}}, s:{s:s}, s:{}, s:{s:s}}, s:[s, s, s, s]}", "type", "object", "properties", "type", "type", "string", "loc", "type",
                              "array", "items", "type", "string", "integer", "msg", "type", "string", "input", "ctx", "type", "object", "required", "type", "loc", "msg", "input");
    json_object_set_new(all, "validation_reply", json_pack("{s:s, s:{s:{s:s, s:o}}, s:[s]}", "type", "object", "properties", "detail", "type", "array", "items", entry, "required", "detail"));
    return all;
}

/* ---- one operation */

static json_t *parameter(const struct field *f, const char *in)
{
    json_t *p = json_pack("{s:s, s:s, s:b, s:o}", "name", f->name, "in", in, "required", !strcmp(in, "path") || f->need == NEED_REQUIRED, "schema", field_schema(f));
    if (f->doc[0]) json_object_set_new(p, "description", json_string(f->doc));
    return p;
}

static json_t *parameters(const struct route *r)
{
    json_t *list = json_array();
    for (size_t i = 0; r->path_model && i < r->path_model->field_count; i++) json_array_append_new(list, parameter(&r->path_model->fields[i], "path"));
    for (size_t i = 0; r->query_model && i < r->query_model->field_count; i++) json_array_append_new(list, parameter(&r->query_model->fields[i], "query"));
    if (!strcmp(r->method, "POST")) json_array_append_new(list, reference("parameters", "idempotency_key"));
    return list;
}

/* Of every POST. */
static json_t *idempotency_parameter(void)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s}, s:s}", "name", "Idempotency-Key", "in", "header", "schema", "type", "string", "pattern", "^[!-~]{1,255}$", "description",
                     "Makes the request safe to send again for 24 hours: it is done once, and a repetition gets the same answer with the header Idempotent-Replayed: true. "
                     "The key with another request is 422, while the first is still being worked on 409.");
}

static json_t *content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:{s:o}}}", "content", type, "schema", schema);
}

static json_t *success(const struct route *r)
{
    json_t *reply = json_pack("{s:s}", "description", r->summary);
    if (r->reply == REPLY_ONE) json_object_update_new(reply, content("application/json", reference("schemas", r->reply_model->name)));
    if (r->reply == REPLY_MANY) json_object_update_new(reply, content("application/json", json_pack("{s:s, s:o}", "type", "array", "items", reference("schemas", r->reply_model->name))));
    if (r->reply == REPLY_BYTES) json_object_update_new(reply, content("*/*", json_object()));
    return reply;
}

static void add_error(json_t *responses, int status, const char *what, const char *schema)
{
    char code[8];
    snprintf(code, sizeof code, "%d", status);
    json_t *reply = json_pack("{s:s}", "description", what);
    json_object_update_new(reply, content("application/json", reference("schemas", schema)));
    json_object_set_new(responses, code, reply);
}

/* An Idempotency-Key of another request is 422 as well. */
static void add_reuse(json_t *responses, const struct voice *voice)
{
    json_t *schema = json_pack("{s:[o]}", "anyOf", reference("schemas", voice->error_schema));
    if (voice->violation_status == 422) json_array_append_new(json_object_get(schema, "anyOf"), reference("schemas", voice->violation_schema));
    json_t *reply = json_pack("{s:s}", "description", "Validation failed, or the Idempotency-Key is of another request");
    json_object_update_new(reply, content("application/json", schema));
    json_object_set_new(responses, "422", reply);
}

static json_t *responses(const struct route *r)
{
    char code[8];
    json_t *all = json_object();
    snprintf(code, sizeof code, "%d", r->status);
    json_object_set_new(all, code, success(r));
    if (!strcmp(r->name, "v1_file_get")) json_object_set_new(all, "206", success(r));
    if (!strcmp(r->name, "v1_stream")) add_error(all, 410, "Not kept any more", r->voice->error_schema);
    if (!strcmp(r->name, "v1_attendance") || !strcmp(r->name, "v1_audit_list")) json_object_update_new(json_object_get(json_object_get(all, code), "content"), json_pack("{s:{s:{s:s}}}", "text/csv", "schema", "type", "string"));
    if (!strcmp(r->name, "server_readyz")) add_error(all, 503, "Not ready", "health_reply");
    else {
        static const struct { int status; const char *what; } errors[] = {{400, "Refused by a rule, or no JSON"}, {401, "Not signed in"}, {403, "Not allowed"}, {404, "Not there"},
            {409, "Conflicts with the present state"}, {410, "Was there, and was deleted"}, {413, "Body too large"}, {415, "Unsupported media type"}, {416, "Range not satisfiable"}, {429, "Too many requests"}, {500, "Our fault"}, {502, "The provider of the media refused or could not be reached"}, {503, "Try again in a moment"}};
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) add_error(all, errors[i].status, errors[i].what, r->voice->error_schema);
        add_error(all, r->voice->violation_status, "Validation failed", r->voice->violation_schema);
        if (!strcmp(r->method, "POST")) add_reuse(all, r->voice);
    }
    return all;
}

static json_t *operation(const struct route *r)
{
    json_t *o = json_pack("{s:s, s:s, s:[s], s:o, s:o}", "operationId", r->name, "summary", r->summary, "tags", r->tag, "parameters", parameters(r), "responses", responses(r));
    const char *type = r->body == BODY_FORM ? "application/x-www-form-urlencoded" : "application/json";
    if (r->body) {
        json_t *body = content(type, r->body_model ? reference("schemas", r->body_model->name) : json_object());
        json_object_set_new(body, "required", json_true());
        json_object_set_new(o, "requestBody", body);
    }
    if (r->auth == AUTH_OPEN) json_object_set_new(o, "security", json_pack("[{s:[]}, {}]", "bearer"));
    if (r->auth == AUTH_USER || r->auth == AUTH_MATRIX) json_object_set_new(o, "security", json_pack("[{s:[]}]", "bearer"));
    if (r->auth != AUTH_ANYBODY && route_scope(r) != api_scope_count) json_object_set_new(o, "x-scope", json_string(api_scope_word(route_scope(r))));
    static const char *const audited[] = {[AUDIT_ALWAYS] = "always", [AUDIT_CHANGES] = "where something changes", [AUDIT_READS] = "reading"};
    if (route_audited(r) != AUDIT_NEVER) json_object_set_new(o, "x-audit", json_string(audited[route_audited(r)]));
    if (r->limit != limit_none) json_object_set_new(o, "x-rate-limit", json_string(limit_name(r->limit)));
    return o;
}

static json_t *paths(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < route_total; i++) {
        char method[8];
        json_t *path = json_object_get(all, routes[i].path);
        if (!path) json_object_set_new(all, routes[i].path, path = json_object());
        lower(routes[i].method, method, sizeof method);
        json_object_set_new(path, method, operation(&routes[i]));
    }
    return all;
}

static json_t *event_docs(void)
{
    json_t *all = json_object();
    for (int i = 0; i < event_type_count; i++) json_object_set_new(all, event_row((enum event_type)i)->name, json_string(event_row((enum event_type)i)->doc));
    return all;
}

static json_t *error_docs(void)
{
    json_t *all = json_object();
    for (int i = 0; i < error_count; i++) {
        const struct error_row *row = error_row((enum error)i);
        json_t *wordings = voice_wording_docs(row->name), *doc = json_pack("{s:i, s:s}", "status", row->status, "message", row->message);
        if (json_object_size(wordings)) json_object_set(doc, "wordings", wordings);
        json_decref(wordings);
        json_object_set_new(all, row->name, doc);
    }
    return all;
}

json_t *openapi_document(const char *server_url)
{
    json_t *security = json_pack("{s:{s:s, s:s, s:s}}", "bearer", "type", "http", "scheme", "bearer", "description", "Access token of /api/v1/auth/login, or an API key (rk_…).");
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:{s:o, s:{s:o}, s:o}, s:o, s:o}", "openapi", "3.1.0", "info", "title", "roomd", "version", ROOMD_VERSION, "description",
                     "Live video sessions: schedule, join, talk, record, watch.", "servers", "url", server_url, "paths", paths(), "components", "schemas", schemas(), "parameters", "idempotency_key", idempotency_parameter(), "securitySchemes", security,
                     "x-events", event_docs(), "x-errors", error_docs());
}
