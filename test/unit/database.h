/* A fresh database for a test: the SQLite file that is asked for, or, below tools/with_postgresql.py, one on its server. */
#pragma once
#include "db/db.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void test_database_do(const char *sql)
{
    char url[256];
    snprintf(url, sizeof url, "%s/postgres", getenv("TEST_DATABASE_URL"));
    PGconn *pg = PQconnectdb(url);
    PGresult *r = PQexec(pg, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(pg));
        abort();
    }
    PQclear(r);
    PQfinish(pg);
}

static inline void test_database_create(char *where, size_t size)
{
    static int number;
    char sql[96];
    if (!getenv("TEST_DATABASE_URL")) return;
    snprintf(sql, sizeof sql, "CREATE DATABASE t%d_%d", (int)getpid(), ++number);
    test_database_do(sql);
    snprintf(where, size, "%s/%s", getenv("TEST_DATABASE_URL"), strrchr(sql, ' ') + 1);
}

static inline void test_database_drop(const char *where)
{
    char sql[96];
    if (!db_is_url(where)) return;
    snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", strrchr(where, '/') + 1);
    test_database_do(sql);
}
