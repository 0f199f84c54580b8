/* courses.c - names for courses and people that other apps number themselves. */
#include "core/course.h"
#include "api/api.h"

bool v1_course_put(struct request *r, struct err *e)
{
    const struct course_path *path = r->path;
    const struct course_put *in = r->body;
    struct course_reply *out = arena_new(r->scope.arena, struct course_reply);
    struct course course;
    if (!course_put(&r->scope, path->course_id, in->title, &course, e)) return false;
    COPY(course_reply, out, course, &course);
    return reply_with(r, out);
}

bool v1_person_put(struct request *r, struct err *e)
{
    const struct person_path *path = r->path;
    const struct person_put *in = r->body;
    struct person_reply *out = arena_new(r->scope.arena, struct person_reply);
    struct person person;
    if (!person_put(&r->scope, path->person_id, in->name, &person, e)) return false;
    COPY(person_reply, out, person, &person);
    return reply_with(r, out);
}
