/* floor.h - what the floors on SQLite share: the pragmas that roomd has, statements, the clock. */
#pragma once
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char PRAGMAS[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048";
static sqlite3 *db;

/* What one webhook of LiveKit leaves: its id, proof, body and time. */
#define INBOX_INSERT "INSERT INTO inbox (provider, dedupe, event_type, room_name, state, proof, body, encoded, attempts, received_at)" \
    " VALUES ('livekit', ?1, 'track_published', 'bench', 'received', ?2, ?3, 0, 0, ?4)"

static inline void check(int code)
{
    if (code == SQLITE_OK || code == SQLITE_DONE) return;
    fprintf(stderr, "floor: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static inline void open_database(const char *file)
{
    check(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    check(sqlite3_exec(db, PRAGMAS, NULL, NULL, NULL));
}

static inline sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *s;
    check(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL));
    return s;
}

static inline void run(sqlite3_stmt *s)
{
    check(sqlite3_step(s));
    check(sqlite3_reset(s));
}

static inline int64_t now_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void random_text(char *to, size_t size, const char *letters)
{
    static uint64_t x;
    if (!x) x = (uint64_t)now_ms(CLOCK_REALTIME);
    size_t count = strlen(letters);
    for (size_t i = 0; i < size; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        to[i] = letters[x % count];
    }
    to[size] = '\0';
}
