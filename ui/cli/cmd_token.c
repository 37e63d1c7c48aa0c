/* Who may read over HTTPS: tokens are issued, listed and revoked. */
#include "base/clock.h"
#include "cli.h"
#include "dates.h"
#include "office.h"
#include "publish/publish.h"

enum { POLICY_ARENA = 512 * 1024, ID_DIGITS = 12, TABLE_BYTES = 1024 * 1024 };

static const struct usage issue_usage = {
    "token issue --shop DIR --role merchant|funder|auditor [--funder NAME] [--label TEXT] [--until DATE] "
    "[--parts lines|all]",
    "Makes a token for somebody who reads from tillproofd. It is printed once and kept as a hash alone.\n"
    "A merchant reads everything, a funder the statements that name its offers, an auditor the log and the\n"
    "statements; baskets and persons are shown to an auditor only where --parts says so.",
    0, 0};
static const struct usage list_usage = {
    "token list --shop DIR [--csv|--json]",
    "The tokens that were issued: the beginning of each one's hash, which names it, and what it opens.", 0,
    0};
static const struct usage revoke_usage = {
    "token revoke ID --shop DIR", "From now on the token opens nothing. ID is as token list prints it.", 1,
    1};

static const struct column columns[] = {
    {"id", COLUMN_TEXT},    {"role", COLUMN_TEXT},   {"funder", COLUMN_TEXT}, {"parts", COLUMN_TEXT},
    {"label", COLUMN_TEXT}, {"issued", COLUMN_TEXT}, {"until", COLUMN_TEXT},  {"revoked", COLUMN_TEXT}};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* A message takes a missing person, and no missing lines. */
static const char *const parts_words[] = {"", "lines", "", "all"};

static int role_of(const char *word, int *role, struct err *e)
{
    for (int i = ROLE_MERCHANT; i < ROLE_COUNT; i++) {
        if (strcmp(word, role_words[i]) == 0) {
            *role = i;
            return 0;
        }
    }
    return err_set(e, TP_E_ARGUMENT, "--role takes merchant, funder or auditor, not %.40s", word);
}

static int parts_of(const char *word, int64_t *parts, struct err *e)
{
    for (int i = PART_LINES; word && i <= (PART_LINES | PART_PERSON); i += PART_PERSON) {
        if (strcmp(word, parts_words[i]) == 0) {
            *parts = i;
            return 0;
        }
    }
    return word ? err_set(e, TP_E_ARGUMENT, "--parts takes lines or all, not %.40s", word) : 0;
}

struct wish {
    const char *dir, *role, *funder, *label, *until, *parts;
};

static int row_of(const struct wish *w, struct token_row *row, struct err *e)
{
    *row = (struct token_row){.issued_ms = clock_wall(&clock_system), .until_ms = NONE, .revoked_ms = NONE};
    int rc = role_of(w->role, &row->role, e);
    rc = rc ? rc : parts_of(w->parts, &row->parts, e);
    rc = rc ? rc : cli_label("funder", w->funder, e);
    rc = rc ? rc : cli_label("label", w->label, e);
    if (rc == 0 && (row->role == ROLE_FUNDER) != (w->funder != NULL)) {
        rc = err_set(e, TP_E_ARGUMENT, "--funder NAME belongs to --role funder: whose offers it may see");
    }
    if (rc == 0 && row->parts && row->role != ROLE_AUDITOR) {
        rc = err_set(e, TP_E_ARGUMENT, "--parts belongs to --role auditor");
    }
    bytes_to_cstr(bytes_str(w->funder), row->funder, sizeof row->funder);
    bytes_to_cstr(bytes_str(w->label), row->label, sizeof row->label);
    return rc;
}

static int until_of(struct office *o, const char *until, struct token_row *row, struct err *e)
{
    struct arena a;
    struct policy policy;
    if (!until) {
        return 0;
    }
    arena_init(&a, POLICY_ARENA);
    int rc = office_policy(o, &a, &policy, e);
    rc = rc ? rc : local_day_parse(&policy, until, true, &row->until_ms, e);
    arena_reset(&a);
    return rc;
}

static int put(struct store *s, void *row)
{
    return store_token_put(s, row);
}

/* In a handle of its own: the office's reads, and a database server may let it do no more. */
static int write_store(const struct shop *shop, int (*fn)(struct store *s, void *arg), void *arg,
                       struct err *e)
{
    struct store *s = NULL;
    int rc = shop_store_write(shop, &s, e);
    if (rc == 0 && (rc = store_write(s, fn, arg)) != 0) {
        err_set(e, rc, "the token was not kept: %s", store_error(s));
    }
    store_close(s);
    return rc;
}

static int issue(const struct wish *w, struct token_row *row, char text[TOKEN_TEXT_SIZE], struct err *e)
{
    struct office office;
    int rc = row_of(w, row, e);
    if (rc || (rc = office_open(w->dir, OFFICE_READ, &office, e))) {
        return rc;
    }
    rc = until_of(&office, w->until, row, e);
    if (rc == 0) {
        rc = token_make(row, text);
        rc = rc ? err_code(e, rc) : write_store(&office.shop, put, row, e);
    }
    office_close(&office);
    return rc;
}

static void id_of(const uint8_t hash[HASH_SIZE], char id[ID_DIGITS + 1])
{
    hex_encode(hash, ID_DIGITS / 2, id);
}

int cmd_token_issue(int argc, char **argv)
{
    struct wish w = {0};
    bool json = false;
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &w.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"role", OPT_TEXT, &w.role, "ROLE", "merchant, funder or auditor", OPT_NEEDED},
        {"funder", OPT_TEXT, &w.funder, "NAME", "whose offers a funder sees", 0},
        {"label", OPT_TEXT, &w.label, "TEXT", "who has it, for people", 0},
        {"until", OPT_TEXT, &w.until, "DATE", "the last day on which it opens anything", 0},
        {"parts", OPT_TEXT, &w.parts, "WHICH", "what an auditor is shown, too: lines, or all", 0},
        {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
        {0}};
    int status = cli_parse(&issue_usage, opts, argc, argv, &rest);
    words_free(&rest);
    if (status != CLI_GO) {
        return status;
    }
    struct err e = {0};
    struct token_row row;
    char text[TOKEN_TEXT_SIZE] = "", id[ID_DIGITS + 1];
    if (issue(&w, &row, text, &e)) {
        return cli_fail(&e);
    }
    id_of(row.hash, id);
    printf(json ? "{\"id\":\"%s\",\"token\":\"%s\"}\n" : "%.0s%s\n", id, text);
    if (!json) {
        fprintf(stderr, "It is told this once. Its id is %s.\n", id);
    }
    wipe(text, sizeof text);
    return CLI_DONE;
}

struct listing {
    const struct policy *policy;
    struct table table;
};

static void put_time(struct listing *l, int64_t time_ms)
{
    char memory[64];
    struct buf text;
    buf_over(&text, memory, sizeof memory);
    if (time_ms != NONE) {
        local_time_put(l->policy, time_ms, &text);
    }
    table_cell(&l->table, buf_view(&text));
}

static int take(void *arg, const struct token_row *row)
{
    struct listing *l = arg;
    char id[ID_DIGITS + 1];
    id_of(row->hash, id);
    table_text(&l->table, id);
    table_text(&l->table, row->role > 0 && row->role < ROLE_COUNT ? role_words[row->role] : "");
    table_text(&l->table, row->funder);
    table_text(&l->table, parts_words[row->parts & (PART_LINES | PART_PERSON)]);
    table_text(&l->table, row->label);
    put_time(l, row->issued_ms);
    put_time(l, row->until_ms);
    put_time(l, row->revoked_ms);
    return 0;
}

static int list(struct office *o, enum table_format format, struct err *e)
{
    struct arena a;
    struct policy policy;
    struct listing l = {&policy, {0}};
    struct buf out;
    arena_init(&a, POLICY_ARENA);
    buf_init(&out, TABLE_BYTES);
    table_begin(&l.table, columns, COLUMNS);
    int rc = office_policy(o, &a, &policy, e);
    if (rc == 0 && (rc = store_tokens(o->store, take, &l)) != 0) {
        err_set(e, rc, "the tokens: %s", store_error(o->store));
    }
    if (rc == 0 && (rc = table_put(&l.table, format, &out)) == 0) {
        cli_print(buf_view(&out));
    }
    table_free(&l.table);
    buf_free(&out);
    arena_reset(&a);
    return rc ? err_code(e, rc) : 0;
}

int cmd_token_list(int argc, char **argv)
{
    const char *dir = NULL;
    bool csv = false, json = false;
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"csv", OPT_FLAG, &csv, NULL, "print CSV", 0},
                               {"json", OPT_FLAG, &json, NULL, "print JSON", 0},
                               {0}};
    int status = cli_parse(&list_usage, opts, argc, argv, &rest);
    words_free(&rest);
    if (status != CLI_GO) {
        return status;
    }
    struct err e = {0};
    struct office office;
    int rc = office_open(dir, OFFICE_READ, &office, &e);
    if (rc == 0) {
        rc = list(&office, csv ? TABLE_CSV : json ? TABLE_JSON : TABLE_ALIGNED, &e);
        office_close(&office);
    }
    return rc ? cli_fail(&e) : CLI_DONE;
}

struct naming {
    struct bytes id;
    uint8_t hash[HASH_SIZE];
    int found;
};

static int match(void *arg, const struct token_row *row)
{
    struct naming *n = arg;
    char id[ID_DIGITS + 1];
    id_of(row->hash, id);
    if (bytes_is(n->id, id)) {
        memcpy(n->hash, row->hash, HASH_SIZE);
        n->found++;
    }
    return 0;
}

static int revoke(struct store *s, void *arg)
{
    struct naming *n = arg;
    n->found = 0;
    int rc = store_tokens(s, match, n);
    if (rc == 0 && n->found == 1) {
        rc = store_token_revoke(s, n->hash, clock_wall(&clock_system));
    }
    return rc;
}

int cmd_token_revoke(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"json", OPT_FLAG, &json, NULL, "print what was done as JSON", 0},
                               {0}};
    int status = cli_parse(&revoke_usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        struct err e = {0};
        struct office office;
        struct naming n = {.id = bytes_str(rest.v[0])};
        int rc = office_open(dir, OFFICE_READ, &office, &e);
        if (rc == 0) {
            rc = write_store(&office.shop, revoke, &n, &e);
            if (rc == 0 && n.found != 1) {
                rc = err_set(&e, TP_UNKNOWN_TOKEN, "no token has this id; see tillproof token list");
            }
            office_close(&office);
        }
        if (rc) {
            status = cli_fail(&e);
        } else {
            status = CLI_DONE;
            printf(json ? "{\"revoked\":\"%s\"}\n" : "The token %s is revoked.\n", rest.v[0]);
        }
    }
    words_free(&rest);
    return status;
}
