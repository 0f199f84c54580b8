/* Rooms, templates and tokens as rules, with a clock that the test holds. */
#include "core_fixture.h"
#include "core/booking.h"
#include "core/capability.h"
#include "core/dial_in.h"
#include "core/linked_room.h"
#include "core/room.h"
#include "core/service.h"
#include "core/stay.h"
#include "core/template.h"
#include "core/token.h"

static struct room_template new_template(enum room_type type, bool is_default)
{
    struct template_create in = {0};
    struct room_template t;
    SET(&in, template_create, name, "T");
    SET(&in, template_create, room_type, (int)type);
    SET(&in, template_create, is_default, is_default);
    DONE(template_make(&now, &in, &t, &err));
    return t;
}

static struct session new_room(const struct room_create *in)
{
    struct session s;
    DONE(room_schedule(&now, in, &s, &err));
    return s;
}

static struct room_entry seen(const struct session *s)
{
    struct room_entry room;
    DONE(room_see(&now, s, &room, &err));
    return room;
}

/* ---- templates */

TEST(test_setup_fills_what_is_missing)
{
    int64_t made;
    struct room_template own = new_template(room_type_webinar, true), t;
    DONE(template_setup(&now, &made, &err));
    assert_int_equal(made, 3);
    DONE(template_setup(&now, &made, &err));
    assert_int_equal(made, 0);
    DONE(template_for(&now, room_type_webinar, &t, &err));
    assert_int_equal(t.id, own.id);
}

TEST(test_a_new_default_takes_the_place)
{
    struct room_template a = new_template(room_type_group, true), b = new_template(room_type_group, true), other = new_template(room_type_webinar, true), t;
    DONE(template_for(&now, room_type_group, &t, &err));
    assert_int_equal(t.id, b.id);
    struct template_update change = {0};
    SET(&change, template_update, is_default, true);
    DONE(template_change(&now, &a, &change, &err));
    DONE(template_for(&now, room_type_group, &t, &err));
    assert_int_equal(t.id, a.id);
    DONE(template_for(&now, room_type_webinar, &t, &err));
    assert_int_equal(t.id, other.id);
}

TEST(test_settings_by_template_and_by_wish)
{
    struct room_template t = new_template(room_type_group, false);
    struct template_update change = {0};
    SET(&change, template_update, max_participants, 7);
    SET(&change, template_update, enable_chat, false);
    DONE(template_change(&now, &t, &change, &err));
    struct room_create in = {0};
    SET(&in, room_create, template, t.id);
    SET(&in, room_create, enable_chat, true);
    struct session s = new_room(&in);
    assert_int_equal(s.max_participants, 7);
    assert_true(s.enable_chat);
    assert_int_equal(seen(&s).view.template_id, t.id);
    DONE(template_delete(&now, &t, &err));
    struct room_entry room = seen(&s);
    assert_false(HAS(&room.view, room_view, template_id));
    SET(&in, room_create, room_type, room_type_webinar);
    REFUSED(room_schedule(&now, &in, &s, &err), template_not_found);
}

TEST(test_timeouts_of_a_room)
{
    struct room_create in = {0};
    SET(&in, room_create, empty_timeout, 10);
    SET(&in, room_create, departure_timeout, 5);
    struct session nobody = new_room(&in), left = new_room(&in), plain = schedule(0, false, false, 5);
    DONE(session_set_status(&now, &nobody, session_status_active, NULL, &err));
    DONE(session_set_status(&now, &plain, session_status_active, NULL, &err));
    struct participant p = join_as(&ada, &left);
    struct entry come = enter(&p, NULL, false);
    now.now += 9999;
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&nobody).status, session_status_active);
    DONE(presence_leave(&now, come.span.connection, "left", 0, &err));
    now.now += 1;
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&nobody).status, session_status_ended);
    now.now += 4998;
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&left).status, session_status_active);
    now.now += 1;
    DONE(session_end_due(&now, &err));
    assert_int_equal(again(&left).status, session_status_ended);
    assert_int_equal(again(&plain).status, session_status_active); /* the server's own timeout is longer */
}

/* ---- tokens */

static struct token_create wish(int64_t user, enum room_role role)
{
    struct token_create in = {0};
    SET(&in, token_create, role, (int)role);
    SET(&in, token_create, ttl, 60);
    SET(&in, token_create, user, user);
    return in;
}

static char *issue(const struct session *s, const struct token_create *in, struct join_token *t)
{
    struct participant seat;
    char *secret;
    DONE(token_issue(&now, s, in, t, &seat, &secret, &err));
    return secret;
}

static struct token_view view(const struct session *s, const struct join_token *t)
{
    struct token_view v;
    DONE(token_see(&now, s->id, t->id, &v, &err));
    return v;
}

TEST(test_token_expires_and_is_revoked)
{
    struct session s = schedule(0, false, false, 5), out;
    struct token_create in = wish(grace.id, room_role_participant);
    struct join_token t;
    struct join_pass pass;
    struct participant seat;
    char *secret = issue(&s, &in, &t);
    DONE(join_token_check(&now, secret, &out, &seat, &pass, &err));
    assert_int_equal(pass.token_id, t.id);
    struct scope later = now;
    later.now += 60000;
    REFUSED(join_token_check(&later, secret, &out, &seat, &pass, &err), bad_join_token);
    DONE(token_revoke(&now, s.id, t.id, &err));
    DONE(token_revoke(&now, s.id, t.id, &err));
    assert_int_equal(count_events(&s, event_token_revoked), 1);
    REFUSED(join_token_check(&now, secret, &out, &seat, &pass, &err), bad_join_token);
    DONE(join_token_check(&now, join_token_sign(&now, &seat), &out, &seat, &pass, &err)); /* the seat's own link lives */
    REFUSED(token_revoke(&now, s.id + 1, t.id, &err), token_not_found);
}

TEST(test_token_counts_stays)
{
    struct session s = schedule(0, false, false, 5);
    struct token_create in = wish(grace.id, room_role_participant);
    struct join_token t;
    struct entry come, back;
    SET(&in, token_create, max_uses, 2);
    char *secret = issue(&s, &in, &t);
    now.now += 1000;
    DONE(presence_enter(&now, secret, NULL, false, &come, &err));
    DONE(presence_enter(&now, secret, come.span.connection, false, &back, &err));
    assert_true(back.resumed);
    assert_int_equal(view(&s, &t).use_count, 1);
    assert_int_equal(view(&s, &t).last_used_at, now.now);
    DONE(presence_enter(&now, secret, NULL, false, &come, &err));
    DONE(presence_enter(&now, secret, come.span.connection, false, &back, &err)); /* used up, but the stay is its own */
    REFUSED(presence_enter(&now, secret, NULL, false, &come, &err), token_used_up);
    assert_int_equal(view(&s, &t).use_count, 2);
}

TEST(test_role_of_a_token_is_not_the_seats)
{
    struct session s = schedule(0, false, true, 5);
    struct token_create in = wish(grace.id, room_role_host);
    struct join_token t;
    struct entry come;
    struct participant seat;
    struct span span;
    struct session out;
    struct join_pass pass;
    char *secret = issue(&s, &in, &t);
    DONE(presence_enter(&now, secret, NULL, false, &come, &err));
    assert_int_equal(come.outcome, ENTRY_IN); /* a host does not knock */
    assert_int_equal(come.participant.role, participant_role_teacher);
    assert_int_equal(again(&s).status, session_status_active);
    assert_int_equal(participant_of_user(&now, s.id, grace.id, &seat, &err), DB_ROW);
    assert_int_equal(seat.role, participant_role_student);
    DONE(presence_person(&now, come.span.connection, &span, &out, &seat, &pass, &err));
    assert_int_equal(seat.role, participant_role_teacher);
    DONE(token_revoke(&now, s.id, t.id, &err));
    DONE(presence_person(&now, come.span.connection, &span, &out, &seat, &pass, &err));
    assert_true(pass.revoked);
    struct entry own = enter(&seat, NULL, false);
    assert_int_equal(own.outcome, ENTRY_WAIT); /* by the seat's own link one is who one was */
}

TEST(test_who_gets_which_token)
{
    struct session s = schedule(0, false, false, 5);
    struct token_create own = wish(grace.id, room_role_participant), host = wish(grace.id, room_role_host), another = wish(ada.id, room_role_viewer);
    struct join_token t;
    struct participant seat;
    char *secret;
    struct scope graces = now;
    graces.actor = &grace;
    REFUSED(token_issue(&graces, &s, &own, &t, &seat, &secret, &err), forbidden);
    join_as(&grace, &s);
    DONE(token_issue(&graces, &s, &own, &t, &seat, &secret, &err));
    REFUSED(token_issue(&graces, &s, &host, &t, &seat, &secret, &err), forbidden);
    REFUSED(token_issue(&graces, &s, &another, &t, &seat, &secret, &err), forbidden);
    DONE(participant_kick(&now, &s, &seat, &err));
    REFUSED(token_issue(&now, &s, &own, &t, &seat, &secret, &err), participant_removed);
    DONE(session_set_status(&now, &s, session_status_ended, NULL, &err));
    REFUSED(token_issue(&now, &s, &another, &t, &seat, &secret, &err), session_not_active);
}

/* ---- bookings */

static struct service new_service(enum delivery_mode mode)
{
    struct service_create in = {.name = "S", .delivery_mode = (int)mode, .duration_minutes = 30, .max_participants = 9, .is_active = true};
    struct service v;
    model_all_present(&service_create_model, &in);
    CLEAR(&in, service_create, description);
    CLEAR(&in, service_create, requires_video);
    DONE(service_make(&now, &in, &v, &err));
    return v;
}

static struct booking new_booking(const struct service *v, const struct user *customer)
{
    struct booking_create in = {0};
    struct booking b;
    struct scope theirs = now;
    theirs.actor = customer;
    SET(&in, booking_create, service, v->id);
    DONE(booking_make(&theirs, &in, &b, &err));
    return b;
}

static void set_status(struct booking *b, enum booking_status status)
{
    struct booking_update change = {0};
    SET(&change, booking_update, status, (int)status);
    DONE(booking_change(&now, b, &change, &err));
}

TEST(test_confirmed_is_one_room)
{
    int64_t rooms;
    struct service v = new_service(delivery_mode_online);
    struct booking b = new_booking(&v, &grace);
    struct session room;
    struct participant seat;
    assert_int_equal(linked_room_find(&now, LINK_BOOKING, b.id, &room, &err), DB_NONE);
    set_status(&b, booking_status_confirmed);
    set_status(&b, booking_status_confirmed);
    db_number(now.db, "SELECT count(*) FROM rooms", &rooms, &err);
    assert_int_equal(rooms, 1);
    assert_int_equal(linked_room_find(&now, LINK_BOOKING, b.id, &room, &err), DB_ROW);
    assert_int_equal(participant_of_user(&now, room.id, grace.id, &seat, &err), DB_ROW);
    assert_int_equal(count_events(&room, event_booking_confirmed), 1);
    REFUSED(linked_room_none(&now, LINK_BOOKING, b.id, &err), room_exists);
    set_status(&b, booking_status_cancelled);
    assert_int_equal(again(&room).status, session_status_cancelled);
    set_status(&b, booking_status_confirmed);
    assert_int_equal(again(&room).status, session_status_scheduled);
    set_status(&b, booking_status_completed);
    assert_int_equal(again(&room).status, session_status_ended);
}

TEST(test_in_person_has_no_room)
{
    struct service v = new_service(delivery_mode_in_person);
    struct booking b = new_booking(&v, &grace);
    struct session room;
    set_status(&b, booking_status_confirmed);
    assert_int_equal(linked_room_find(&now, LINK_BOOKING, b.id, &room, &err), DB_NONE);
    struct scope graces = now;
    struct booking_update change = {0};
    SET(&change, booking_update, status, booking_status_completed);
    graces.actor = &grace;
    REFUSED(booking_change(&graces, &b, &change, &err), forbidden);
}

/* ---- dial-in, use */

TEST(test_pin_where_the_provider_can)
{
    struct room_side one = {0}, two = {0};
    struct room_create in = {0};
    SET(&in, room_create, sip_enabled, true);
    struct session s = new_room(&in), on_janus = s;
    s.provider = "livekit";
    SET(&one, room_side, sip_enabled, true);
    DONE(dial_in_settle(&now, &on_janus, &one, &err));
    assert_false(HAS(&one, room_side, sip_pin));
    DONE(dial_in_settle(&now, &s, &one, &err));
    assert_int_equal(strlen(one.sip_pin), 6);
    const char *first = one.sip_pin;
    DONE(dial_in_settle(&now, &s, &one, &err));
    assert_string_equal(one.sip_pin, first);
    SET(&one, room_side, sip_enabled, false);
    DONE(dial_in_settle(&now, &s, &one, &err));
    assert_false(HAS(&one, room_side, sip_pin));
    SET(&two, room_side, sip_enabled, true);
    DONE(dial_in_settle(&now, &s, &two, &err));
    assert_true(provider_can("livekit", CAPABILITY_DIAL_IN));
    assert_false(provider_can("janus", CAPABILITY_DIAL_IN));
    assert_false(provider_can("nothing", CAPABILITY_DIAL_IN));
}

TEST(test_use_is_whole_amounts)
{
    struct session s = schedule(0, false, false, 5);
    struct participant p = join_as(&ada, &s);
    struct entry in = enter(&p, NULL, false);
    struct stay_use use = {.track_ms = {[track_kind_mic] = 5, [track_kind_screen] = 7}, .quality_ms = {[call_quality_poor] = 9}}, back;
    struct list rows;
    DONE(stay_load(&now, in.span.connection, &back, &err));
    assert_int_equal(back.track_ms[track_kind_mic], 0);
    for (int i = 0; i < 2; i++) DONE(stay_save(&now, in.span.connection, &use, &err)); /* twice does no harm */
    DONE(stay_load(&now, in.span.connection, &back, &err));
    assert_memory_equal(&back, &use, sizeof use);
    DONE(stay_list(&now, s.id, &rows, &err));
    assert_int_equal(rows.count, 1);
    assert_int_equal(((const struct stay_view *)rows.items)->screen_ms, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_setup_fills_what_is_missing), UNIT(test_a_new_default_takes_the_place), UNIT(test_settings_by_template_and_by_wish), UNIT(test_timeouts_of_a_room),
        UNIT(test_token_expires_and_is_revoked), UNIT(test_token_counts_stays), UNIT(test_role_of_a_token_is_not_the_seats), UNIT(test_who_gets_which_token),
        UNIT(test_confirmed_is_one_room), UNIT(test_in_person_has_no_room), UNIT(test_pin_where_the_provider_can), UNIT(test_use_is_whole_amounts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
