/*
 * What the verbs of the command share: options, errors as one line, tables, a progress bar. A verb is
 * int cmd_NAME(int argc, char **argv) with argv[0] its last word; it returns the exit status.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/bytes.h"
#include "base/code.h"

#include <stdio.h>

enum cli_exit { CLI_DONE = 0, CLI_REFUSED = 1, CLI_MISUSE = 2, CLI_FAULT = 3 };
enum { CLI_GO = -1 };

/* ---- options ---- */

/* A growing list of argv's words. Zero it first; words_free. */
struct words {
    const char **v;
    size_t n, cap;
};
bool words_add(struct words *w, const char *word);
void words_free(struct words *w);

enum opt_kind {
    OPT_FLAG, /* bool */
    OPT_TEXT, /* const char *; the last one given counts */
    OPT_INT,  /* int64_t, 0 or more */
    OPT_EACH, /* struct words: one value each time it is given */
    OPT_MANY, /* struct words: every word up to the next option */
};

enum { OPT_NEEDED = 1 };

struct opt {
    const char *name; /* without its dashes; NULL ends the table */
    enum opt_kind kind;
    void *to;
    const char *value; /* what the help calls its value */
    const char *help;
    int flags;
};

struct usage {
    const char *line;   /* "shop init DIR [--currency CODE] ..." */
    const char *about;  /* what it does, for the help */
    size_t least, most; /* words that are no options */
};

/*
 * Reads argv[1..] by the table; --help prints the help. rest receives the other words ("-" is one; after
 * "--" all are). CLI_GO, or the exit status to return (the help was printed, or the misuse was).
 */
int cli_parse(const struct usage *usage, const struct opt *opts, int argc, char **argv, struct words *rest);

/* ---- errors ---- */

/* 1 for an outcome, 2 for an argument, 3 for a fault, 0 for 0. */
int cli_status(int code);
/* Prints "tillproof: <word>: <sentence>[; <what to do>]" on standard error and returns cli_status. */
int cli_fail(const struct err *e);
/* The same for a sentence made here. */
int cli_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The sentence with control characters replaced, in one line, into out. */
void cli_one_line(const char *text, char *out, size_t size);
/* Checks a channel, campaign or customer: 1 to 63 bytes of UTF-8 without control characters. NULL is fine.
 * `option` names it. 0 or TP_E_ARGUMENT. */
int cli_label(const char *option, const char *text, struct err *e);

/* ---- output ---- */

/* Writes to standard output; a failure is noticed by cli_flush. */
void cli_print(struct bytes text);
/* 0, or TP_E_IO when something that was printed did not go out. */
int cli_flush(struct err *e);

enum table_format { TABLE_ALIGNED, TABLE_CSV, TABLE_JSON };
enum column_kind { COLUMN_TEXT, COLUMN_AMOUNT, COLUMN_COUNT };

struct column {
    const char *name;
    enum column_kind kind; /* amounts and counts stand at the right; counts are numbers in JSON */
};

/* Rows of cells, kept until they are printed. Zero it, then table_begin; table_free. */
struct table {
    const struct column *columns;
    size_t count;
    struct buf cells; /* each cell's bytes and a 0 */
    size_t n;         /* cells */
};
void table_begin(struct table *t, const struct column *columns, size_t count);
void table_cell(struct table *t, struct bytes text);
void table_text(struct table *t, const char *text);
void table_count(struct table *t, int64_t v);
void table_amount(struct table *t, int64_t v, int digits);
/* Appends the whole table; JSON is an array of objects. TP_E_MEMORY when it does not fit. */
int table_put(const struct table *t, enum table_format format, struct buf *out);
void table_free(struct table *t);

/* A bar on standard error, when that is a terminal. */
struct progress {
    bool on;
    const char *what;
    int64_t total, shown;
};
void progress_begin(struct progress *p, const char *what, int64_t total);
void progress_step(struct progress *p, int64_t done);
void progress_end(struct progress *p);

/* ---- verbs ---- */

int cmd_store_migrate(int argc, char **argv);
int cmd_shop_init(int argc, char **argv);
int cmd_till_enrol(int argc, char **argv);
int cmd_till_invite(int argc, char **argv);
int cmd_till_join(int argc, char **argv);
int cmd_till_revoke(int argc, char **argv);
int cmd_till_lose(int argc, char **argv);
int cmd_till_disputed(int argc, char **argv);
int cmd_till_forks(int argc, char **argv);
int cmd_till_decisions(int argc, char **argv);
int cmd_till_evidence(int argc, char **argv);
int cmd_policy_set(int argc, char **argv);
int cmd_policy_show(int argc, char **argv);
int cmd_receipt(int argc, char **argv);
int cmd_keys_rotate(int argc, char **argv);
int cmd_offer_publish(int argc, char **argv);
int cmd_coupon_issue(int argc, char **argv);
int cmd_coupon_show(int argc, char **argv);
int cmd_coupon_pickup(int argc, char **argv);
int cmd_quote(int argc, char **argv);
int cmd_sale(int argc, char **argv);
int cmd_refund(int argc, char **argv);
int cmd_link(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_erase(int argc, char **argv);
int cmd_export_bundle(int argc, char **argv);
int cmd_log_key(int argc, char **argv);
int cmd_log_cosign(int argc, char **argv);
int cmd_token_issue(int argc, char **argv);
int cmd_token_list(int argc, char **argv);
int cmd_token_revoke(int argc, char **argv);
int cmd_cose_verify(int argc, char **argv);
int cmd_device_list(int argc, char **argv);
int cmd_device_watch(int argc, char **argv);
int cmd_lease_list(int argc, char **argv);
int cmd_lease_write_off(int argc, char **argv);
int cmd_bench(int argc, char **argv);

#endif
