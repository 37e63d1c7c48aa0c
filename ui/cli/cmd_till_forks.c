#include "cli.h"
#include "office.h"
#include "store/evidence.h"

static const struct usage usage = {"till forks --shop DIR [--csv|--json]",
                                   "Lists the records with which a till contradicts itself: two at one place "
                                   "of its chain, or one that does not\n"
                                   "follow the one before it. Both are kept; a copy of the till's folder was "
                                   "used. Its holds are refused until\n"
                                   "it is enrolled anew: till enrol NAME --anew.",
                                   0, 0};

static const struct column columns[] = {{"till", COLUMN_TEXT},
                                        {"epoch", COLUMN_COUNT},
                                        {"seq", COLUMN_COUNT},
                                        {"record", COLUMN_TEXT},
                                        {"prev", COLUMN_TEXT}};

/* Records come by till, epoch and seq: those of one place, and those of the place before. */
enum { BRANCHES_MAX = 64 };
struct place {
    char till[64];
    int64_t epoch, seq;
    struct branch {
        uint8_t d[HASH_SIZE], prev[HASH_SIZE];
        bool listed;
    } v[BRANCHES_MAX];
    size_t n;
};
struct walk {
    struct table table;
    struct place before, now;
};

static void put(struct table *t, const struct place *p, struct branch *b)
{
    char hex[2 * HASH_SIZE + 1];
    if (b->listed) {
        return;
    }
    b->listed = true;
    table_text(t, p->till);
    table_count(t, p->epoch);
    table_count(t, p->seq);
    hex_encode(b->d, HASH_SIZE, hex);
    table_text(t, hex);
    hex_encode(b->prev, HASH_SIZE, hex);
    table_text(t, hex);
}

/* All branches of a place that has several; and those that follow another record than the one that is held
 * before them, with that one. */
static void judge(struct walk *w)
{
    struct place *p = &w->now, *q = &w->before;
    bool follows = q->n && strcmp(p->till, q->till) == 0 && p->epoch == q->epoch && p->seq == q->seq + 1;
    for (size_t i = 0; i < p->n; i++) {
        bool fits = !follows;
        for (size_t k = 0; k < q->n && !fits; k++) {
            fits = memcmp(p->v[i].prev, q->v[k].d, HASH_SIZE) == 0;
        }
        for (size_t k = 0; k < q->n && !fits; k++) {
            put(&w->table, q, &q->v[k]);
        }
        if (p->n > 1 || !fits) {
            put(&w->table, p, &p->v[i]);
        }
    }
}

static int take(void *arg, const struct record_row *row, struct bytes raw)
{
    struct walk *w = arg;
    struct place *p = &w->now;
    (void)raw;
    if (p->n && (!bytes_is(row->till, p->till) || row->epoch != p->epoch || row->seq != p->seq)) {
        judge(w);
        w->before = w->now;
        p->n = 0;
    }
    bytes_to_cstr(row->till, p->till, sizeof p->till);
    p->epoch = row->epoch;
    p->seq = row->seq;
    if (p->n < BRANCHES_MAX) {
        memcpy(p->v[p->n].d, row->d, HASH_SIZE);
        memcpy(p->v[p->n].prev, row->prev, HASH_SIZE);
        p->v[p->n++].listed = false;
    }
    return 0;
}

static int list(struct office *o, enum table_format format, struct err *e)
{
    struct walk w = {0};
    struct buf out;
    buf_init(&out, (size_t)1024 * 1024 * 1024);
    table_begin(&w.table, columns, sizeof columns / sizeof columns[0]);
    int rc = store_records(o->store, take, &w);
    if (rc) {
        err_set(e, rc, "%s", store_error(o->store));
    } else {
        judge(&w);
        rc = table_put(&w.table, format, &out);
        rc = rc ? err_code(e, rc) : 0;
    }
    if (rc == 0) {
        buf_puts(&out, format == TABLE_JSON ? "\n" : "");
        cli_print(buf_view(&out));
    }
    table_free(&w.table);
    buf_free(&out);
    return rc;
}

int cmd_till_forks(int argc, char **argv)
{
    const char *dir = NULL;
    bool csv = false, json = false;
    struct words rest = {0};
    struct err e = {0};
    struct office office;
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"csv", OPT_FLAG, &csv, NULL, "print it as CSV (RFC 4180)", 0},
                               {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        enum table_format format = json ? TABLE_JSON : csv ? TABLE_CSV : TABLE_ALIGNED;
        int rc = office_open(dir, OFFICE_READ, &office, &e);
        if (rc == 0) {
            rc = list(&office, format, &e);
            office_close(&office);
        }
        status = rc ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
