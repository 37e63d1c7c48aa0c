/* SQL behind the store's back, on whichever database a world is. */
#include "support/cm.h"
#include "support/world.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

int64_t (*world_server_sql)(const char *address, const char *sql);

static int first_number(void *out, int n, char **values, char **names)
{
    (void)names;
    if (n > 0 && values[0] && *(int64_t *)out == -1) {
        *(int64_t *)out = strtoll(values[0], NULL, 10);
    }
    return 0;
}

static int64_t on_a_file(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    int64_t v = -1;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    int rc = sqlite3_exec(db, sql, first_number, &v, NULL);
    if (rc != SQLITE_OK) {
        print_error("%s: %s\n", sql, sqlite3_errmsg(db));
    }
    assert_int_equal(rc, SQLITE_OK);
    sqlite3_close(db);
    return v;
}

/* Every @ is the merchant. */
static char *with_merchant(const struct world *w, const char *sql)
{
    char hex[2 * ID_SIZE + 1], literal[80];
    struct buf b;
    hex_encode(w->id, ID_SIZE, hex);
    snprintf(literal, sizeof literal, store_is_server(w->db) ? "'\\x%s'" : "x'%s'", hex);
    buf_init(&b, 64 * 1024);
    for (; *sql; sql++) {
        if (*sql == '@') {
            buf_puts(&b, literal);
        } else {
            buf_putc(&b, (uint8_t)*sql);
        }
    }
    buf_putc(&b, 0);
    assert_false(b.failed);
    return (char *)b.p;
}

int64_t world_sql(struct world *w, const char *sql)
{
    char *text = with_merchant(w, sql);
    int64_t v = store_is_server(w->db) ? world_server_sql(w->db, text) : on_a_file(w->db, text);
    free(text);
    return v;
}
