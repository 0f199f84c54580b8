/* Daily's shapes: what comes is written back as it came, in whatever spelling, with whatever is new. */
#include "model_fixture.h"
#include <stdlib.h>
#include <string.h>

static json_t *written(const struct model *m)
{
    struct buf b;
    buf_init(&b, 0);
    model_write(&b, m, object);
    json_t *j = kept(json_loadb(b.data, b.size, 0, NULL));
    buf_release(&b);
    return j;
}

static json_t *foreign(const struct model *m, const char *text)
{
    json_t *in = kept(json_loads(text, 0, NULL));
    if (!parse(m, in, PARSE_FOREIGN)) fail_msg("%s: %s: %s, rule %d", m->name, text, found.list[0].path, found.list[0].rule);
    return written(m);
}

static void expect_same(const struct model *m, const char *text)
{
    assert_true(json_equal(foreign(m, text), kept(json_loads(text, 0, NULL))));
}

static void expect_written(const struct model *m, const char *text, const char *as)
{
    assert_true(json_equal(foreign(m, text), kept(json_loads(as, 0, NULL))));
}

static void test_null_absent_and_unknown_are_written_back(void **state)
{
    (void)state;
    expect_same(&dailyco_room_properties_model, "{}");
    expect_same(&dailyco_room_properties_model, "{\"exp\":null,\"lang\":\"en\",\"sfu_switchover\":0.5,\"permissions\":null}");
    expect_same(&dailyco_room_properties_model, "{\"of_tomorrow\":{\"a\":[1,null]},\"recordings_bucket\":{\"bucket_name\":\"b\",\"of_tomorrow\":1.5}}");
    expect_same(&dailyco_room_properties_model, "{\"enable_recording\":[\"cloud\",\"of-tomorrow\"],\"lang\":\"xx\"}");
    expect_same(&dailyco_room_properties_model, "{\"max_participants\":\"many\",\"enable_chat\":3,\"recordings_bucket\":\"none\",\"streaming_endpoints\":[5]}"); /* what does not fit is kept */
    assert_false(HAS((struct dailyco_room_properties *)(void *)object, dailyco_room_properties, max_participants));
    expect_same(&dailyco_token_properties_model, "{\"user_id\":7,\"exp\":1723039021.722903}");
    expect_same(&dailyco_token_properties_model, "{\"user_id\":\"7\"}");
}

static void test_other_spellings(void **state)
{
    (void)state;
    expect_written(&dailyco_recording_model, "{\"id\":\"1\",\"s3_key\":\"a\"}", "{\"id\":\"1\",\"s3key\":\"a\"}");
    expect_written(&dailyco_recording_model, "{\"id\":\"1\",\"tracks\":[{\"s3key\":\"a\",\"size\":\"5\"}]}", "{\"id\":\"1\",\"tracks\":[{\"s3Key\":\"a\",\"size\":5}]}");
    expect_same(&dailyco_recording_model, "{\"id\":\"1\",\"s3_key\":\"a\",\"s3key\":\"b\"}"); /* the right one counts, the other is kept */
    expect_written(&dailyco_recording_model, "{\"id\":\"1\",\"s3_key\":\"a\",\"s3Key\":\"b\"}", "{\"id\":\"1\",\"s3key\":\"a\",\"s3Key\":\"b\"}");
}

static void test_what_is_required_of_others(void **state)
{
    (void)state;
    assert_false(parse(&dailyco_recording_model, kept(json_pack("{s:s}", "room_name", "r")), PARSE_FOREIGN));
    assert_int_equal(found.list[0].rule, RULE_REQUIRED);
    assert_false(parse(&dailyco_recording_model, kept(json_pack("{s:i}", "id", 5)), PARSE_FOREIGN));
    assert_int_equal(found.list[0].rule, RULE_TYPE);
}

static void test_reals(void **state)
{
    static const struct { double n; const char *text; } cases[] = {{0, "0"}, {5, "5"}, {0.5, "0.5"}, {-1.25, "-1.25"}, {11.419000148773193, "11.419000148773193"}, {1723039021.722903, "1723039021.722903"},
        {4102444800, "4102444800"}, {1e300, "1e+300"}, {0.1, "0.1"}, {1.0 / 0.0, "null"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, 0);
        json_write_real(&b, cases[i].n);
        assert_string_equal(b.data, cases[i].text);
        buf_release(&b);
    }
}

static void test_null_clears_what_is_kept(void **state)
{
    (void)state;
    struct dailyco_room_properties all = {0}, change = {0};
    SET(&all, dailyco_room_properties, exp, 5);
    SET(&all, dailyco_room_properties, enable_chat, true);
    assert_true(model_parse(&dailyco_room_properties_model, kept(json_pack("{s:n, s:s}", "exp", "lang", "de")), &change, &arena, 0, &found));
    COPY(dailyco_room_properties, &all, dailyco_room_properties, &change);
    assert_false(HAS(&all, dailyco_room_properties, exp));
    assert_true(IS_NULL(&all, dailyco_room_properties, exp) && all.enable_chat);
    assert_string_equal(all.lang, "de");
    SET(&change, dailyco_room_properties, exp, 6);
    COPY(dailyco_room_properties, &all, dailyco_room_properties, &change);
    assert_true(HAS(&all, dailyco_room_properties, exp) && !IS_NULL(&all, dailyco_room_properties, exp));
}

/* ---- every property, with values by the dice */

static const char *const texts[] = {"", "a", "caf\xc3\xa9", "\"quoted\" \\ \n", "{domain_name}/{room_name}/{epoch_time}", "us-east-1"};
static uint32_t dice_state = 20260101;

static size_t dice(size_t sides)
{
    dice_state = dice_state * 1664525 + 1013904223;
    return (dice_state >> 8) % sides;
}

static json_t *thrown_object(const struct model *m, size_t rarity, bool more);

static json_t *thrown_any(void)
{
    switch (dice(5)) {
    case 0: return json_true();
    case 1: return json_pack("[s, s]", "video", "audio");
    case 2: return json_pack("{s:{s:b}, s:n}", "base", "video", 1, "byUserId");
    case 3: return json_real((double)dice(1000) / 8);
    default: return json_string(texts[dice(6)]);
    }
}

static json_t *thrown_list(const struct model *sub)
{
    json_t *list = json_array();
    for (size_t n = dice(4); n; n--) json_array_append_new(list, thrown_object(sub, 2, true));
    return list;
}

static json_t *thrown_value(const struct field *f)
{
    switch (f->type) {
    case FIELD_INT: return json_integer(f->min + (json_int_t)dice(f->max - f->min < 100000 ? (size_t)(f->max - f->min) + 1 : 100000));
    case FIELD_REAL: return dice(2) ? json_integer(1700000000 + (json_int_t)dice(1000000)) : json_real(1700000000 + (double)dice(1 << 20) / 1000);
    case FIELD_BOOL: return json_boolean(dice(2));
    case FIELD_WORD: return json_string(f->words->words[dice(f->words->count)]);
    case FIELD_MIXED: return f->words ? dice(2) ? json_pack("[s, s]", "local", "cloud") : json_string("raw-tracks") : dice(2) ? json_integer((json_int_t)dice(1000)) : json_string("7");
    case FIELD_ANY: return thrown_any();
    case FIELD_OBJ: return thrown_object(f->sub, 2, true);
    case FIELD_LIST: return thrown_list(f->sub);
    case FIELD_TEXTS: return json_pack("[s, s]", texts[dice(6)], texts[dice(6)]);
    default: return json_string(f->max < 64 ? "a" : texts[dice(6)]);
    }
}

static json_t *thrown_object(const struct model *m, size_t rarity, bool more)
{
    json_t *o = json_object();
    for (size_t i = 0; i < m->field_count; i++) {
        const struct field *f = &m->fields[i];
        if (f->type == FIELD_MORE || (f->need != NEED_REQUIRED && dice(rarity))) continue;
        json_object_set_new(o, f->name, f->need == NEED_KEPT && !dice(8) ? json_null() : thrown_value(f));
    }
    if (more && !dice(3)) json_object_set_new(o, "of_tomorrow", thrown_any());
    return o;
}

/* 5.0 may come back as 5: the same number. */
static bool same(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    if (json_is_number(a) && json_is_number(b)) return json_number_value(a) >= json_number_value(b) && json_number_value(a) <= json_number_value(b);
    if (json_is_array(a) && json_is_array(b) && json_array_size(a) == json_array_size(b)) {
        for (size_t i = 0; i < json_array_size(a); i++)
            if (!same(json_array_get(a, i), json_array_get(b, i))) return false;
        return true;
    }
    if (!json_is_object(a) || json_object_size(a) != json_object_size(b)) return json_equal(a, b);
    json_object_foreach((json_t *)(uintptr_t)a, key, value)
        if (!same(value, json_object_get(b, key))) return false;
    return true;
}

static void throw_at(const struct model *m, unsigned flags)
{
    for (int i = 0; i < 1000; i++) {
        json_t *in = kept(thrown_object(m, (size_t)(1 + i % 3), true));
        if (!parse(m, in, flags)) fail_msg("%s: \"%s\", rule %d", m->name, found.list[0].path, found.list[0].rule);
        json_t *out = written(m);
        if (!same(in, out)) fail_msg("%s: %s became %s", m->name, json_dumps(in, 0), json_dumps(out, 0));
        arena_reset(&arena);
    }
}

static void test_every_property_comes_back(void **state)
{
    (void)state;
    static const struct model *const models[] = {&dailyco_room_properties_model, &dailyco_token_properties_model, &dailyco_domain_config_model, &dailyco_room_model, &dailyco_recording_model, &dailyco_recording_start_model,
        &dailyco_webhook_model, &dailyco_participant_payload_model, &dailyco_recording_ready_payload_model};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        throw_at(models[i], PARSE_FOREIGN);
        throw_at(models[i], 0);
    }
}

/* ---- the documented properties: name and a value of Daily's documents */

struct sample { const char *name, *value; };
static const struct sample room_samples[] = {
    {"nbf", "1548633621"}, {"exp", "1548633621"}, {"max_participants", "20"}, {"enable_people_ui", "true"}, {"enable_cpu_warning_notifications", "false"}, {"enable_pip_ui", "true"}, {"enable_emoji_reactions", "true"},
    {"enable_hand_raising", "true"}, {"enable_prejoin_ui", "false"}, {"enable_live_captions_ui", "true"}, {"enable_network_ui", "true"}, {"enable_noise_cancellation_ui", "false"}, {"enable_breakout_rooms", "true"},
    {"enable_knocking", "true"}, {"enable_screenshare", "false"}, {"enable_video_processing_ui", "true"}, {"enable_chat", "true"}, {"enable_shared_chat_history", "false"}, {"start_video_off", "true"}, {"start_audio_off", "true"},
    {"enable_recording", "\"cloud\""}, {"enable_recording", "[\"cloud\",\"local\"]"}, {"enable_raw_tracks_transcoded_audio", "\"wav-44k1-mono\""}, {"enable_raw_tracks_transcoded_audio", "\"\""}, {"eject_at_room_exp", "true"},
    {"eject_after_elapsed", "3600"}, {"enable_advanced_chat", "true"}, {"enable_hidden_participants", "true"}, {"enable_mesh_sfu", "true"}, {"sfu_switchover", "0.5"}, {"enable_adaptive_simulcast", "false"},
    {"enable_multiparty_adaptive_simulcast", "true"}, {"enforce_unique_user_ids", "true"}, {"experimental_optimize_large_calls", "true"}, {"lang", "\"jp\""}, {"lang", "\"pt-BR\""}, {"meeting_join_hook", "\"https://example.org/hook\""},
    {"geo", "\"ap-southeast-2\""}, {"geo", "null"}, {"rtmp_geo", "\"us-west-2\""}, {"disable_rtmp_geo_fallback", "true"},
    {"recordings_bucket", "{\"bucket_name\":\"my-daily-recording\",\"bucket_region\":\"us-west-2\",\"assume_role_arn\":\"arn:aws:iam::555555555555:role/DailyS3AccessRole\",\"allow_api_access\":false,\"allow_streaming_from_bucket\":true}"},
    {"enable_terse_logging", "true"}, {"auto_transcription_settings", "{\"language\":\"de\"}"}, {"enable_transcription_storage", "true"},
    {"transcription_bucket", "{\"bucket_name\":\"b\",\"bucket_region\":\"us-west-2\",\"assume_role_arn\":\"arn\",\"allow_api_access\":true}"}, {"recordings_template", "\"{domain_name}/{room_name}/{epoch_time}\""},
    {"transcription_template", "\"{room_name}/{transcript_id}/{epoch_time}.vtt\""}, {"enable_dialout", "true"}, {"dialout_config", "{\"allow_room_start\":true,\"dialout_geo\":\"ap-south-1\",\"max_idle_timeout_sec\":30}"},
    {"streaming_endpoints", "[{\"name\":\"rtmp_ivs\",\"type\":\"rtmp\",\"rtmp_config\":{\"url\":\"rtmps://example.org/app/key\"}},{\"name\":\"hls\",\"type\":\"hls\",\"hls_config\":{\"save_hls_recording\":true,\"storage\":{\"bucket_name\":\"b\",\"bucket_region\":\"r\",\"assume_role_arn\":\"a\",\"path_template\":\"p\"},\"variants\":[{\"width\":1280,\"height\":720,\"fps\":30,\"bitrate\":3000,\"iframe_only\":false}]}}]"},
    {"streaming_endpoints", "null"}, {"permissions", "{\"hasPresence\":false,\"canSend\":[\"audio\"],\"canReceive\":{\"base\":{\"video\":true,\"customVideo\":{\"*\":false}},\"byUserId\":{\"u\":true}},\"canAdmin\":[\"participants\",\"streaming\"]}"},
    {"permissions", "{\"canSend\":false,\"canAdmin\":true}"}, {"sip", "{\"display_name\":\"sip-caller\",\"sip_mode\":\"dial-in\",\"video\":true,\"num_endpoints\":2,\"codecs\":{\"audio\":[\"OPUS\"],\"video\":[\"H264\",\"VP8\"]},\"provider\":\"daily\"}"}};
static const struct sample token_samples[] = {
    {"room_name", "\"hello\""}, {"eject_at_token_exp", "true"}, {"eject_after_elapsed", "60"}, {"nbf", "1548633621"}, {"exp", "1548633621.5"}, {"is_owner", "true"}, {"user_name", "\"A. User\""}, {"user_id", "\"user-1\""}, {"user_id", "17"},
    {"enable_screenshare", "false"}, {"start_video_off", "true"}, {"start_audio_off", "true"}, {"enable_recording", "\"cloud-audio-only\""}, {"enable_recording", "[\"raw-tracks\"]"}, {"enable_prejoin_ui", "true"},
    {"enable_live_captions_ui", "true"}, {"enable_recording_ui", "false"}, {"enable_terse_logging", "true"}, {"knocking", "true"}, {"start_cloud_recording", "true"}, {"start_cloud_recording_opts", "{\"layout\":{\"preset\":\"default\"}}"},
    {"auto_start_transcription", "true"}, {"close_tab_on_exit", "true"}, {"redirect_on_meeting_exit", "\"https://example.org/\""}, {"lang", "\"user\""}, {"permissions", "{\"canAdmin\":[\"transcription\"]}"}};

static size_t try_samples(const struct model *m, const struct sample *list, size_t count)
{
    size_t names = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = arena_printf(&arena, "{\"%s\":%s}", list[i].name, list[i].value);
        json_t *in = kept(json_loads(text, 0, NULL));
        if (!parse(m, in, PARSE_STRICT)) fail_msg("%s is refused: rule %d", text, found.list[0].rule); /* strict: it has a row of its own */
        json_t *out = written(m);
        if (!same(in, out)) fail_msg("%s became %s", text, json_dumps(out, 0));
        names += !i || strcmp(list[i].name, list[i - 1].name) != 0;
    }
    return names;
}

static void test_documented_properties(void **state)
{
    (void)state;
    assert_int_equal(try_samples(&dailyco_room_properties_model, room_samples, sizeof room_samples / sizeof *room_samples), 49);
    assert_int_equal(try_samples(&dailyco_token_properties_model, token_samples, sizeof token_samples / sizeof *token_samples), 24);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_null_absent_and_unknown_are_written_back), TEST(test_other_spellings), TEST(test_what_is_required_of_others), TEST(test_reals), TEST(test_null_clears_what_is_kept),
        TEST(test_every_property_comes_back), TEST(test_documented_properties)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
