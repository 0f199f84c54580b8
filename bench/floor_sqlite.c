/* floor_sqlite.c - what SQLite alone can do: the rows that one POST /api/v1/sessions leaves, BATCH of them in a commit, on a
 * database that roomd made (its tables, indices and pragmas). The benches divide by it.  floor_sqlite FILE USER BATCH SECONDS */
#include "floor.h"

static const char SESSION[] =
    "INSERT INTO sessions (uuid, teacher_id, title, status, provider, room_name, room_code, duration_minutes, max_participants, enable_recording, enable_chat,"
    " enable_screenshare, waiting_room, allow_guests, locked, created_at, updated_at)"
    " VALUES (?1, ?2, 'Benchmark session', 'scheduled', 'janus', ?3, ?4, 60, 50, 0, 1, 1, 0, 1, 0, ?5, ?5)";
static const char PARTICIPANT[] =
    "INSERT INTO participants (session_id, user_id, identity, name, role, connection_status, screenshare, admitted, token_generation, created_at)"
    " VALUES (?1, ?2, ?3, 'Bench Teacher', 'teacher', 'invited', 1, 1, 0, ?4)";
static const char COUNT[] =
    "INSERT INTO session_counts (user_id, status, total) VALUES (?1, 'scheduled', 1) ON CONFLICT (user_id, status) DO UPDATE SET total = session_counts.total + 1";
static const char ALL_COUNT[] = "INSERT INTO facts (name, number) VALUES ('sessions', 1) ON CONFLICT (name) DO UPDATE SET number = facts.number + excluded.number";
static const char EVENT[] = "INSERT INTO events (session_id, user_id, event_type, event_data, timestamp) VALUES (?1, ?2, ?3, ?4, ?5)";
static const char AUDIT[] =
    "INSERT INTO audit (at, action, actor, user_id, subject, ip, status, request_id) VALUES (?1, 'v1_session_create', 'user', ?2, 'session', '127.0.0.1', 201, ?3)";

static int64_t add_session(sqlite3_stmt *s, int64_t user, int64_t now)
{
    char uuid[37], room[25] = "session-", code[7];
    random_text(uuid, 36, "0123456789abcdef");
    random_text(room + 8, 16, "0123456789abcdef");
    random_text(code, 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    sqlite3_bind_text(s, 1, uuid, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, user);
    sqlite3_bind_text(s, 3, room, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, code, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, now);
    int result = sqlite3_step(s);
    sqlite3_reset(s);
    if (result == SQLITE_CONSTRAINT_UNIQUE || result == SQLITE_CONSTRAINT) return add_session(s, user, now); /* a room code twice: one of 36^6 */
    check(result);
    return sqlite3_last_insert_rowid(db);
}

static int64_t add_participant(sqlite3_stmt *s, int64_t session, int64_t user, int64_t now)
{
    char identity[32];
    snprintf(identity, sizeof identity, "user-%lld", (long long)user);
    sqlite3_bind_int64(s, 1, session);
    sqlite3_bind_int64(s, 2, user);
    sqlite3_bind_text(s, 3, identity, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, now);
    run(s);
    return sqlite3_last_insert_rowid(db);
}

static void add_event(sqlite3_stmt *s, int64_t session, int64_t user, const char *type, const char *data, int64_t now)
{
    sqlite3_bind_int64(s, 1, session);
    sqlite3_bind_int64(s, 2, user);
    sqlite3_bind_text(s, 3, type, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, data, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, now);
    run(s);
}

static void add_audit(sqlite3_stmt *s, int64_t user, int64_t now)
{
    char request[17];
    random_text(request, 16, "abcdefghijklmnopqrstuvwxyz0123456789");
    sqlite3_bind_int64(s, 1, now);
    sqlite3_bind_int64(s, 2, user);
    sqlite3_bind_text(s, 3, request, -1, SQLITE_STATIC);
    run(s);
}

int main(int count, char **words)
{
    if (count != 5) {
        fputs("usage: floor_sqlite FILE USER BATCH SECONDS\n", stderr);
        return 2;
    }
    int64_t user = atoll(words[2]), batch = atoll(words[3]), done = 0;
    open_database(words[1]);
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT"), *session = prepare(SESSION), *participant = prepare(PARTICIPANT), *event = prepare(EVENT), *counter = prepare(COUNT), *total = prepare(ALL_COUNT), *audit = prepare(AUDIT);
    int64_t started = now_ms(CLOCK_MONOTONIC), end = started + (int64_t)(atof(words[4]) * 1000), at;
    do {
        run(begin);
        for (int64_t i = 0; i < batch; i++, done++) {
            char data[96];
            int64_t now = now_ms(CLOCK_REALTIME), id = add_session(session, user, now);
            run(total);
            add_event(event, id, user, "session.created", NULL, now);
            snprintf(data, sizeof data, "{\"participant_id\":%lld,\"status\":\"teacher\",\"name\":\"Bench Teacher\"}", (long long)add_participant(participant, id, user, now));
            sqlite3_bind_int64(counter, 1, user);
            run(counter);
            add_event(event, id, user, "participant.added", data, now);
            add_audit(audit, user, now);
        }
        run(commit);
        at = now_ms(CLOCK_MONOTONIC);
    } while (at < end);
    printf("{\"rps\":%.1f}\n", (double)done * 1000 / (double)(at - started));
    sqlite3_close(db);
    return 0;
}
