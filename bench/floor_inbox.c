/* floor_inbox.c - what SQLite alone can do: the row that one webhook of LiveKit leaves, BATCH of them in a commit, on a database that roomd
 * made. The benches divide by it.  floor_inbox FILE BATCH SECONDS BODY PROOF */
#include "floor.h"

int main(int count, char **words)
{
    if (count != 6) {
        fputs("usage: floor_inbox FILE BATCH SECONDS BODY PROOF\n", stderr);
        return 2;
    }
    open_database(words[1]);
    int64_t batch = atoll(words[2]), done = 0;
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT"), *insert = prepare(INBOX_INSERT);
    int64_t started = now_ms(CLOCK_MONOTONIC), end = started + (int64_t)(atof(words[3]) * 1000), at;
    do {
        run(begin);
        for (int64_t i = 0; i < batch; i++, done++) {
            char id[33] = "EV_";
            random_text(id + 3, 12, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
            sqlite3_bind_text(insert, 1, id, -1, SQLITE_STATIC);
            sqlite3_bind_text(insert, 2, words[5], -1, SQLITE_STATIC);
            sqlite3_bind_text(insert, 3, words[4], -1, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 4, now_ms(CLOCK_REALTIME));
            run(insert);
        }
        run(commit);
        at = now_ms(CLOCK_MONOTONIC);
    } while (at < end);
    printf("{\"rps\":%.1f}\n", (double)done * 1000 / (double)(at - started));
    sqlite3_close(db);
    return 0;
}
