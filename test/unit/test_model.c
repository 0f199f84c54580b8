/* Every model of spec/models: the limits of each row, tried from both sides. Nothing here knows any model by name but the last tests. */
#include "model_fixture.h"
#include "base/clock.h"
#include <stdlib.h>
#include <string.h>

/* ---- values that fit a row, and such that do not */

static json_t *text_of_length(int64_t n)
{
    struct buf b;
    buf_init(&b, 0);
    for (int64_t i = 0; i < n; i++) buf_text(&b, "\xc3\xa9"); /* two bytes, one code point */
    json_t *j = json_string(b.data);
    buf_release(&b);
    return j;
}

static json_t *good_object(const struct model *m);

static json_t *good_list(const struct model *sub, int64_t n)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < n; i++) json_array_append_new(list, good_object(sub));
    return list;
}

static json_t *good_value(const struct field *f)
{
    switch (f->type) {
    case FIELD_STR: return text_of_length(f->min > 1 ? f->min : f->max < 1 ? f->max : 1);
    case FIELD_EMAIL: return json_string("ada@example.org");
    case FIELD_UUID: return json_string("0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a");
    case FIELD_TEXTS: return json_pack("[s, s]", "one", "two");
    case FIELD_INT: return json_integer(f->min > 0 ? f->min : f->max < 0 ? f->max : 0);
    case FIELD_BOOL: return json_true();
    case FIELD_TIME: return json_string("2030-01-01T10:00:00.250Z");
    case FIELD_ENUM: return json_string(f->words->words[f->words->count - 1]);
    case FIELD_ANY: return json_pack("{s:[i, n]}", "a", 1);
    case FIELD_OBJ: return good_object(f->sub);
    case FIELD_LIST: return good_list(f->sub, f->min > 2 ? f->min : 2);
    case FIELD_REAL: return json_real(f->min > 0 ? (double)f->min + 0.5 : 0.25);
    case FIELD_WORD: return json_string(f->words->words[f->words->count - 1]);
    case FIELD_MIXED: return f->words ? json_pack("[s]", f->words->words[0]) : json_integer(5);
    case FIELD_MORE: return NULL;
    }
    return NULL;
}

static json_t *good_object(const struct model *m)
{
    json_t *o = json_object();
    for (size_t i = 0; i < m->field_count; i++)
        if (m->fields[i].type != FIELD_MORE) json_object_set_new(o, m->fields[i].name, good_value(&m->fields[i]));
    return o;
}

static json_t *with(const struct model *m, const struct field *f, json_t *value)
{
    json_t *o = kept(good_object(m));
    if (value) json_object_set_new(o, f->name, value);
    else json_object_del(o, f->name);
    return o;
}

static void expect_good(const struct model *m, const struct field *f, json_t *value)
{
    for (unsigned flags = 0; flags < 4; flags++)
        if (!parse(m, with(m, f, value ? json_deep_copy(value) : NULL), flags)) fail_msg("%s.%s: a good value was refused: rule %d", m->name, f->name, found.list[0].rule);
    json_decref(value);
}

static void expect_broken(const struct model *m, const struct field *f, json_t *value, enum rule rule, unsigned flags)
{
    if (parse(m, with(m, f, value), flags)) fail_msg("%s.%s: a bad value was taken (flags %u)", m->name, f->name, flags);
    assert_int_equal(found.count, 1);
    if (found.list[0].rule != rule) fail_msg("%s.%s: rule %d was broken, not %d", m->name, f->name, found.list[0].rule, rule);
    assert_string_equal(found.list[0].path, f->name);
    assert_ptr_equal(found.list[0].field, f);
}

static void each_field(void (*fn)(const struct model *m, const struct field *f))
{
    for (const struct model *const *m = all_models; *m; m++)
        for (size_t i = 0; i < (*m)->field_count; i++)
            if ((*m)->fields[i].type != FIELD_MORE) fn(*m, &(*m)->fields[i]);
}

/* ---- limits */

static void try_text(const struct model *m, const struct field *f)
{
    expect_good(m, f, text_of_length(f->min));
    if (f->max > 10000000) return; /* no limit at all: a text that long would not fit into this machine */
    expect_good(m, f, text_of_length(f->max));
    expect_broken(m, f, text_of_length(f->max + 1), RULE_MAX, 0);
    assert_int_equal(found.list[0].limit, f->max);
    if (f->min > 0) expect_broken(m, f, text_of_length(f->min - 1), RULE_MIN, 0);
}

static void try_int(const struct model *m, const struct field *f)
{
    expect_good(m, f, json_integer(f->min));
    expect_good(m, f, json_integer(f->max));
    if (f->min > INT64_MIN) expect_broken(m, f, json_integer(f->min - 1), RULE_MIN, 0);
    if (f->max < INT64_MAX) expect_broken(m, f, json_integer(f->max + 1), RULE_MAX, 0);
    expect_broken(m, f, json_real(1.5), RULE_FRACTION, PARSE_LAX);
    expect_broken(m, f, json_string("x"), RULE_PARSE, PARSE_LAX);
    expect_broken(m, f, json_string("5"), RULE_TYPE, 0);
    expect_broken(m, f, json_true(), RULE_TYPE, 0);
}

static void try_list(const struct model *m, const struct field *f)
{
    if (f->max <= 1000) expect_good(m, f, good_list(f->sub, f->max));
    if (f->max <= 1000) expect_broken(m, f, good_list(f->sub, f->max + 1), RULE_MAX, 0);
    if (f->min > 0) expect_broken(m, f, good_list(f->sub, f->min - 1), RULE_MIN, 0);
    if (f->max < 1) return;
    assert_false(parse(m, with(m, f, json_pack("[i]", 5)), 0));
    assert_int_equal(found.list[0].rule, RULE_OBJECT);
}

static void try_uuid(const struct model *m, const struct field *f)
{
    static const char *const bad[] = {"", "0b5d5f2e6c0a4b529a0e5a4f4d6c7b8a", "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8", "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8aa", "0b5d5f2g-6c0a-4b52-9a0e-5a4f4d6c7b8a", "0b5d5f2e_6c0a-4b52-9a0e-5a4f4d6c7b8a"};
    expect_good(m, f, json_string("0B5D5F2E-6C0A-1B52-9A0E-5A4F4D6C7B8A"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) expect_broken(m, f, json_string(bad[i]), RULE_UUID, 0);
}

static void try_real(const struct model *m, const struct field *f)
{
    if (f->min != INT64_MIN) expect_broken(m, f, json_real((double)f->min - 0.5), RULE_MIN, 0);
    if (f->max != INT64_MAX) expect_broken(m, f, json_real((double)f->max + 0.5), RULE_MAX, 0);
    expect_good(m, f, json_integer(f->min));
    expect_broken(m, f, json_string("x"), RULE_PARSE, PARSE_LAX);
    expect_broken(m, f, json_string("5"), RULE_TYPE, 0);
    expect_broken(m, f, json_true(), RULE_TYPE, 0);
}

static void try_mixed(const struct model *m, const struct field *f)
{
    if (!f->words) {
        expect_good(m, f, json_string("text"));
        expect_good(m, f, json_real(1.5));
        expect_broken(m, f, text_of_length(f->max + 1), RULE_MAX, 0);
        expect_broken(m, f, json_array(), RULE_TYPE, 0);
        return;
    }
    expect_good(m, f, json_string(f->words->words[0]));
    expect_good(m, f, json_pack("[s, s]", f->words->words[1], f->words->words[0]));
    expect_good(m, f, json_array());
    expect_broken(m, f, json_string("nothing"), RULE_ENUM, 0);
    expect_broken(m, f, json_pack("[s, s]", f->words->words[0], f->words->words[0]), RULE_ENUM, 0);
    expect_broken(m, f, json_pack("[s, i]", f->words->words[0], 5), RULE_ENUM, 0);
    expect_broken(m, f, json_integer(5), RULE_TYPE, 0);
}

static void try_limits(const struct model *m, const struct field *f)
{
    if (f->type == FIELD_STR) try_text(m, f);
    if (f->type == FIELD_INT) try_int(m, f);
    if (f->type == FIELD_LIST) try_list(m, f);
    if (f->type == FIELD_ENUM) {
        for (size_t i = 0; i < f->words->count; i++) expect_good(m, f, json_string(f->words->words[i]));
        expect_broken(m, f, json_string("nothing"), RULE_ENUM, 0);
        expect_broken(m, f, json_string(""), RULE_ENUM, PARSE_LAX);
    }
    if (f->type == FIELD_BOOL) {
        expect_good(m, f, json_false());
        expect_broken(m, f, json_string("perhaps"), RULE_PARSE, PARSE_LAX);
        expect_broken(m, f, json_integer(2), RULE_PARSE, PARSE_LAX);
        expect_broken(m, f, json_integer(1), RULE_TYPE, 0);
    }
    if (f->type == FIELD_TIME) {
        expect_broken(m, f, json_string("soon"), RULE_TIME, 0);
        expect_broken(m, f, json_integer(5), RULE_TYPE, 0);
        expect_broken(m, f, json_real(1e30), RULE_TIME, PARSE_LAX);
    }
    if (f->type == FIELD_TIME && f->min == TIME_NOT_PAST) {
        expect_broken(m, f, json_string("2020-01-01T10:00:00Z"), RULE_PAST, 0);
        expect_broken(m, f, json_integer(5), RULE_PAST, PARSE_LAX);
    }
    if (f->type == FIELD_REAL) try_real(m, f);
    if (f->type == FIELD_WORD) {
        for (size_t i = 0; i < f->words->count; i++) expect_good(m, f, json_string(f->words->words[i]));
        expect_broken(m, f, json_string("nothing"), RULE_ENUM, 0);
    }
    if (f->type == FIELD_MIXED) try_mixed(m, f);
    if (f->type == FIELD_EMAIL) expect_broken(m, f, json_string("ada"), RULE_EMAIL, 0);
    if (f->type == FIELD_UUID) try_uuid(m, f);
}

static void test_limits_of_every_row(void **state)
{
    (void)state;
    each_field(try_limits);
}

static void try_wrong_type(const struct model *m, const struct field *f)
{
    if (f->type == FIELD_ANY) return;
    enum rule rule = f->type == FIELD_ENUM ? RULE_ENUM : f->type == FIELD_OBJ ? RULE_OBJECT : RULE_TYPE;
    for (unsigned flags = 0; flags < 4; flags++) {
        if (f->type != FIELD_LIST && f->type != FIELD_TEXTS && f->type != FIELD_MIXED) expect_broken(m, f, json_array(), rule, flags);
        if (f->type != FIELD_OBJ) expect_broken(m, f, json_object(), rule, flags);
        if (f->type == FIELD_STR || f->type == FIELD_EMAIL || f->type == FIELD_WORD) expect_broken(m, f, json_integer(5), rule, flags);
        if (f->need == NEED_REQUIRED || f->need == NEED_DEFAULT) expect_broken(m, f, json_null(), rule, flags);
    }
}

static void test_wrong_type_for_every_row(void **state)
{
    (void)state;
    each_field(try_wrong_type);
}

/* ---- absent, null, unknown */

static bool bit(const struct model *m, size_t offset, const struct field *f)
{
    return *(const uint64_t *)(object + offset) >> (f - m->fields) & 1;
}

static void try_absent(const struct model *m, const struct field *f)
{
    json_t *without = with(m, f, NULL);
    bool ok = parse(m, without, 0);
    assert_int_equal(ok, f->need != NEED_REQUIRED);
    if (!ok) {
        assert_int_equal(found.list[0].rule, RULE_REQUIRED);
        assert_ptr_equal(found.list[0].value, without);
        return;
    }
    assert_int_equal(bit(m, m->present_offset, f), f->need == NEED_DEFAULT);
    assert_false(bit(m, m->nulls_offset, f));
    if (f->need == NEED_DEFAULT) return;
    assert_true(parse(m, with(m, f, json_null()), 0));
    assert_false(bit(m, m->present_offset, f));
    assert_true(bit(m, m->nulls_offset, f));
}

static void test_absent_and_null_are_kept_apart(void **state)
{
    (void)state;
    each_field(try_absent);
}

static void test_unknown_keys(void **state)
{
    (void)state;
    for (const struct model *const *m = all_models; *m; m++) {
        json_t *o = kept(good_object(*m));
        json_object_set_new(o, "no_such_field", json_integer(1));
        assert_true(parse(*m, o, PARSE_LAX));
        assert_false(parse(*m, o, PARSE_STRICT));
        assert_int_equal(found.list[0].rule, RULE_UNKNOWN);
        assert_string_equal(found.list[0].path, "no_such_field");
    }
}

static void test_no_object_at_all(void **state)
{
    (void)state;
    json_t *others[] = {json_array(), json_null(), json_true(), json_integer(1), json_string("x")};
    for (size_t i = 0; i < 5; i++) {
        kept(others[i]);
        for (const struct model *const *m = all_models; *m; m++) {
            assert_false(parse(*m, others[i], 0));
            assert_int_equal(found.list[0].rule, RULE_OBJECT);
            assert_string_equal(found.list[0].path, "");
        }
    }
}

static void test_empty_object(void **state)
{
    (void)state;
    json_t *empty = kept(json_object());
    for (const struct model *const *m = all_models; *m; m++) {
        size_t required = 0;
        for (size_t i = 0; i < (*m)->field_count; i++) required += (*m)->fields[i].need == NEED_REQUIRED;
        assert_int_equal(parse(*m, empty, PARSE_STRICT), !required);
        assert_int_equal(found.count, required < VIOLATIONS ? required : VIOLATIONS);
    }
}

/* ---- out and in again */

static json_t *written(const struct model *m)
{
    struct buf b;
    json_error_t e;
    buf_init(&b, 0);
    model_write(&b, m, object);
    json_t *j = json_loadb(b.data, b.size, 0, &e);
    if (!j) fail_msg("%s: %s in %s", m->name, e.text, b.data);
    buf_release(&b);
    return kept(j);
}

static void test_what_is_written_reads_the_same(void **state)
{
    (void)state;
    for (const struct model *const *m = all_models; *m; m++) {
        json_t *in = kept(good_object(*m));
        assert_true(parse(*m, in, PARSE_STRICT));
        json_t *out = written(*m);
        if (!json_equal(in, out)) fail_msg("%s does not read as it was written", (*m)->name);
        assert_true(parse(*m, out, PARSE_STRICT));
    }
}

static void test_what_has_no_value(void **state)
{
    (void)state;
    for (const struct model *const *m = all_models; *m; m++) {
        json_t *in = kept(good_object(*m));
        for (size_t i = 0; i < (*m)->field_count; i++)
            if ((*m)->fields[i].need != NEED_REQUIRED) json_object_del(in, (*m)->fields[i].name);
        assert_true(parse(*m, in, PARSE_STRICT));
        json_t *out = written(*m);
        for (size_t i = 0; i < (*m)->field_count; i++) {
            const json_t *value = json_object_get(out, (*m)->fields[i].name);
            enum field_need need = (*m)->fields[i].need;
            if (need == NEED_OMITTED || need == NEED_KEPT) assert_null(value);
            else assert_int_equal(json_is_null(value), need == NEED_OPTIONAL);
        }
    }
}

static void test_texts_are_escaped(void **state)
{
    (void)state;
    char text[256];
    for (int i = 1; i < 256; i++) text[i - 1] = (char)(i < 128 ? i : 'x');
    text[255] = '\0';
    struct buf b;
    buf_init(&b, 0);
    json_write_string(&b, text);
    json_t *back = kept(json_loads(b.data, JSON_DECODE_ANY, NULL));
    assert_string_equal(json_string_value(back), text);
    buf_release(&b);
}

static void test_a_model_copied_to_itself_is_the_same(void **state)
{
    (void)state;
    static char copy[sizeof object];
    for (const struct model *const *m = all_models; *m; m++) {
        assert_true(parse(*m, kept(good_object(*m)), 0));
        json_t *before = written(*m);
        memset(copy, 0, sizeof copy);
        model_copy(*m, copy, *m, object);
        memcpy(object, copy, sizeof object);
        assert_true(json_equal(before, written(*m)));
    }
}

/* ---- merging a change */

static void test_merge(void **state)
{
    (void)state;
    struct session s = {0};
    struct session_update change;
    SET(&s, session, title, "before");
    SET(&s, session, description, "kept");
    SET(&s, session, scheduled_start, 5);
    json_t *in = kept(json_pack("{s:s, s:n, s:n}", "title", "after", "scheduled_start", "max_participants"));
    assert_true(model_parse(&session_update_model, in, &change, &arena, PARSE_LAX, &found));
    SET(&s, session, max_participants, 7);
    COPY(session, &s, session_update, &change);
    assert_string_equal(s.title, "after");
    assert_string_equal(s.description, "kept");
    assert_true(HAS(&s, session, description));
    assert_false(HAS(&s, session, scheduled_start));
    assert_true(HAS(&s, session, max_participants)); /* required in the table: null takes nothing away */
    assert_int_equal(s.max_participants, 7);
}

static void test_deep_paths(void **state)
{
    (void)state;
    json_t *in = kept(json_pack("{s:s, s:[{s:s, s:s}, {s:i, s:s}]}", "sdp", "v=0", "tracks", "mid", "0", "kind", "mic", "mid", 5, "kind", "ear"));
    assert_false(parse(&call_publish_model, in, 0));
    assert_int_equal(found.count, 2);
    assert_string_equal(found.list[0].path, "tracks.1.mid");
    assert_string_equal(found.list[1].path, "tracks.1.kind");
}

/* ---- schemas */

static size_t keeps_more(const struct model *m)
{
    return m->field_count && m->fields[m->field_count - 1].type == FIELD_MORE;
}

static void test_schemas_say_what_the_rows_say(void **state)
{
    (void)state;
    for (const struct model *const *m = all_models; *m; m++) {
        json_t *s = kept(model_schema(*m));
        const json_t *properties = json_object_get(s, "properties"), *required = json_object_get(s, "required");
        size_t count = 0;
        assert_int_equal(json_object_size(properties), (*m)->field_count - keeps_more(*m));
        for (size_t i = 0; i < (*m)->field_count; i++) {
            const struct field *f = &(*m)->fields[i];
            const json_t *p = json_object_get(properties, f->name);
            if (f->type == FIELD_MORE) continue;
            count += f->need == NEED_REQUIRED;
            assert_int_equal(json_object_get(p, "default") != NULL, f->need == NEED_DEFAULT);
            if (f->type != FIELD_ANY) assert_int_equal(json_object_get(p, "anyOf") != NULL, f->need == NEED_OPTIONAL || f->need == NEED_KEPT);
            if (f->type != FIELD_OBJ && f->type != FIELD_LIST && f->example[0] && !json_object_get(p, "examples")) fail_msg("%s.%s: the example is no JSON", (*m)->name, f->name);
        }
        assert_int_equal(json_array_size(required), count);
        assert_ptr_equal(model_find((*m)->name), *m);
    }
    assert_null(model_find("no_such_model"));
}

static void test_examples_are_good(void **state)
{
    (void)state;
    for (const struct model *const *m = all_models; *m; m++)
        for (size_t i = 0; i < (*m)->field_count; i++) {
            const struct field *f = &(*m)->fields[i];
            if (!f->example[0]) continue;
            json_t *schema = kept(field_schema(f));
            const json_t *example = json_array_get(json_object_get(schema, "examples"), 0);
            if (!parse(*m, with(*m, f, json_deep_copy(example)), 0)) fail_msg("%s.%s: the example is refused", (*m)->name, f->name);
        }
}

/* ---- other dialects' conversions, on one row each */

static void test_numbers_in_texts(void **state)
{
    (void)state;
    static const struct { const char *text; int64_t n; int rule; } cases[] = {
        {"7", 7, -1}, {" +7.0 ", 7, -1}, {"7e0", 7, -1}, {"1E+1", 10, -1}, {"07.", 7, -1}, {"7.5", 0, RULE_FRACTION}, {".", 0, RULE_PARSE}, {"", 0, RULE_PARSE}, {"7e", 0, RULE_PARSE},
        {"7 7", 0, RULE_PARSE}, {"0x7", 0, RULE_PARSE}, {"nan", 0, RULE_PARSE}, {"1000", 0, RULE_MAX}, {"-1", 0, RULE_MIN}, {"99999999999999999999", 0, RULE_TYPE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool ok = parse(&live_session_query_model, kept(json_pack("{s:s}", "pageCount", cases[i].text)), PARSE_NUMBERS);
        assert_int_equal(ok ? -1 : (int)found.list[0].rule, cases[i].rule);
        if (ok) assert_int_equal(((struct live_session_query *)(void *)object)->pageCount, cases[i].n);
    }
    assert_false(parse(&live_session_query_model, kept(json_pack("{s:b}", "page", 1)), PARSE_NUMBERS));
    assert_int_equal(found.list[0].rule, RULE_TYPE);
}

static void test_null_where_it_is_no_value(void **state)
{
    (void)state;
    json_t *in = kept(json_pack("{s:n}", "title"));
    assert_true(parse(&live_session_update_model, in, 0));
    assert_false(parse(&live_session_update_model, in, PARSE_NO_NULL));
    assert_int_equal(found.list[0].rule, RULE_TYPE);
    assert_ptr_equal(found.model, &live_session_update_model);
}

static void test_stamps_and_texts_are_written(void **state)
{
    (void)state;
    struct live_session_removed gone = {0};
    static const char *const names[] = {"a\"b", "c"};
    struct live_session_seats seats = {._id = "i", .title = "t", .instructor = "x", .participants = {names, 2}};
    struct buf b;
    buf_init(&b, 0);
    gone._id = gone.title = gone.instructor = gone.roomName = "x";
    SET(&gone, live_session_removed, deletedAt, 1893492000000);
    model_write(&b, &live_session_removed_model, &gone);
    assert_non_null(strstr(b.data, "\"deletedAt\":\"2030-01-01T10:00:00.000Z\""));
    buf_reset(&b);
    gone.deletedAt += 250;
    model_write(&b, &live_session_removed_model, &gone);
    assert_non_null(strstr(b.data, "\"deletedAt\":\"2030-01-01T10:00:00.250Z\""));
    buf_reset(&b);
    model_write(&b, &live_session_seats_model, &seats);
    assert_non_null(strstr(b.data, "\"participants\":[\"a\\\"b\",\"c\"]"));
    buf_release(&b);
    assert_false(parse(&live_session_seats_model, with(&live_session_seats_model, &live_session_seats_model.fields[live_session_seats_f_participants], json_pack("[s, i]", "a", 5)), 0));
    assert_string_equal(found.list[0].path, "participants.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_limits_of_every_row, setup, teardown), cmocka_unit_test_setup_teardown(test_wrong_type_for_every_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_absent_and_null_are_kept_apart, setup, teardown), cmocka_unit_test_setup_teardown(test_unknown_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_object_at_all, setup, teardown), cmocka_unit_test_setup_teardown(test_empty_object, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_written_reads_the_same, setup, teardown), cmocka_unit_test_setup_teardown(test_what_has_no_value, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts_are_escaped, setup, teardown), cmocka_unit_test_setup_teardown(test_a_model_copied_to_itself_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merge, setup, teardown), cmocka_unit_test_setup_teardown(test_deep_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schemas_say_what_the_rows_say, setup, teardown), cmocka_unit_test_setup_teardown(test_examples_are_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_in_texts, setup, teardown), cmocka_unit_test_setup_teardown(test_null_where_it_is_no_value, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stamps_and_texts_are_written, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
