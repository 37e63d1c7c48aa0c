/* The pipeline: what was sent, in order, and the answers to it. */
#include "store/postgres/inside.h"

#include <stdio.h>

/* ?N becomes $N, outside of quotes. */
static int dollars(const char *text, char out[TEXT_MAX])
{
    bool quoted = false;
    size_t n = strlen(text);
    if (n >= TEXT_MAX) {
        return TP_E_MEMORY;
    }
    for (size_t i = 0; i <= n; i++) {
        quoted ^= text[i] == '\'';
        out[i] = text[i] == '?' && !quoted ? '$' : text[i];
    }
    return 0;
}

static void note(struct pg_store *s, enum sent_kind kind, size_t slot)
{
    s->sent[s->pending++] = (struct sent){kind, slot};
    s->looked += kind == SENT_STATEMENT;
}

/* Room for two, the statement and its preparation. */
static int room(struct pg_store *s)
{
    if (s->failed) {
        return s->failed;
    }
    if (!s->conn) {
        return pg_lost(s);
    }
    return s->pending + 2 > PENDING_MAX ? pg_drain(s, NULL) : 0;
}

/* The text's place in the cache, STATEMENT_CACHE when there is none. */
static size_t place(struct pg_store *s, const char *text)
{
    size_t i = 0;
    while (i < STATEMENT_CACHE && s->cache[i].text && s->cache[i].text != text) {
        i++;
    }
    if (i < STATEMENT_CACHE) {
        s->cache[i].text = text;
    }
    return i;
}

int pg_send_once(struct pg_store *s, const char *text, const struct params *p)
{
    char own[TEXT_MAX];
    int rc = room(s);
    rc = rc ? rc : dollars(text, own);
    if (rc) {
        return rc;
    }
    if (!PQsendQueryParams(s->conn, own, p->n, p->types, p->values, p->lengths, p->formats, 1)) {
        return pg_lost(s);
    }
    note(s, SENT_STATEMENT, 0);
    return 0;
}

int pg_send(struct pg_store *s, const char *text, const struct params *p)
{
    char own[TEXT_MAX], name[NAME_SIZE];
    size_t i = place(s, text);
    if (i == STATEMENT_CACHE) {
        return pg_send_once(s, text, p);
    }
    int rc = room(s);
    rc = rc ? rc : dollars(text, own);
    if (rc) {
        return rc;
    }
    snprintf(name, sizeof name, "s%zu", i);
    if (s->cache[i].state == UNPREPARED) {
        if (!PQsendPrepare(s->conn, name, own, p->n, p->types)) {
            return pg_lost(s);
        }
        s->cache[i].state = ASKED;
        note(s, SENT_PREPARE, i);
    }
    if (!PQsendQueryPrepared(s->conn, name, p->n, p->values, p->lengths, p->formats, 1)) {
        return pg_lost(s);
    }
    note(s, SENT_STATEMENT, 0);
    return 0;
}

int pg_sync(struct pg_store *s)
{
    if (!s->conn || (s->pending == PENDING_MAX && pg_drain(s, NULL) && !s->conn) ||
        !PQpipelineSync(s->conn)) {
        return pg_lost(s);
    }
    note(s, SENT_SYNC, 0);
    return 0;
}

static int64_t rows_changed(PGresult *r)
{
    int64_t n = 0;
    for (const char *p = PQcmdTuples(r); *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');
    }
    return n;
}

/* What one answer says; ABORTED is what follows a fault until the next sync. */
static int judge(struct pg_store *s, const struct sent *sent, PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC;
    if (sent->kind == SENT_PREPARE) {
        s->cache[sent->slot].state = good ? PREPARED : UNPREPARED;
    } else if (good && sent->kind == SENT_STATEMENT) {
        s->changed = rows_changed(r);
    }
    if (good) {
        return 0;
    }
    /* The first fault stays the reason. */
    return status == PGRES_PIPELINE_ABORTED || s->failed ? TP_E_BUSY : pg_fault(s, r);
}

/* One statement has one result and then a NULL, a sync its result alone. */
static int answer(struct pg_store *s, const struct sent *sent, PGresult **out)
{
    PGresult *r = PQgetResult(s->conn), *more = NULL;
    if (!r) {
        return pg_lost(s);
    }
    int rc = judge(s, sent, r);
    if (rc && !s->failed && s->inside) {
        s->failed = rc;
    }
    while (sent->kind != SENT_SYNC && (more = PQgetResult(s->conn))) {
        PQclear(more);
        if (PQstatus(s->conn) == CONNECTION_BAD) {
            break;
        }
    }
    *out = r;
    return rc;
}

/* The newest is the last. */
static void keep_result(PGresult **out, size_t n, PGresult *r)
{
    if (n == 0) {
        PQclear(r);
        return;
    }
    PQclear(out[0]);
    memmove(out, out + 1, (n - 1) * sizeof *out);
    out[n - 1] = r;
}

static void drop_results(PGresult **out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        PQclear(out[i]);
        out[i] = NULL;
    }
}

int pg_collect(struct pg_store *s, PGresult **out, size_t n)
{
    int first = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = NULL;
    }
    if (s->pending && s->sent[s->pending - 1].kind != SENT_SYNC && !PQsendFlushRequest(s->conn)) {
        return pg_lost(s);
    }
    for (size_t i = 0; i < s->pending; i++) {
        PGresult *r = NULL;
        int rc = answer(s, &s->sent[i], &r);
        if (s->conn && PQstatus(s->conn) == CONNECTION_BAD) {
            PQclear(r);
            r = NULL;
            rc = pg_lost(s);
        }
        if (s->conn && s->sent[i].kind == SENT_STATEMENT) {
            keep_result(out, n, r);
        } else {
            PQclear(r);
        }
        first = first ? first : rc;
        if (!s->conn) {
            break;
        }
    }
    s->pending = 0;
    if (first) {
        drop_results(out, n);
    }
    return first;
}

int pg_drain(struct pg_store *s, PGresult **last)
{
    return pg_collect(s, last, last != NULL);
}
