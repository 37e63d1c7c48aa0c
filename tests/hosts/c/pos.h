/* What the parts of the sample POS share. */
#ifndef POS_H
#define POS_H

#include <tillproof.h>

#include <stdbool.h>
#include <stddef.h>

enum { POS_LINES = 200, POS_SCANS = 32, POS_TENDERS = 16, POS_TEXT = 700 };

/* The plugin's functions, looked up one by one: X(function without its prefix). */
#define POS_FUNCTIONS(X)                                                                                     \
    X(version)                                                                                               \
    X(name)                                                                                                  \
    X(reason)                                                                                                \
    X(open)                                                                                                  \
    X(close)                                                                                                 \
    X(status)                                                                                                \
    X(sale_begin)                                                                                            \
    X(sale_info)                                                                                             \
    X(lines_set)                                                                                             \
    X(present)                                                                                               \
    X(quote)                                                                                                 \
    X(hold)                                                                                                  \
    X(commit)                                                                                                \
    X(void)                                                                                                  \
    X(line_result)                                                                                           \
    X(offer_result)                                                                                          \
    X(text)

struct plugin {
    void *object;
#define X(name) __typeof__(tillproof_##name) *name##_;
    POS_FUNCTIONS(X)
#undef X
};

/* false, after a line on standard error, when it cannot be loaded. */
bool plugin_load(struct plugin *p, const char *path);

struct pos_line {
    char sku[64], name[96], category[64];
    double quantity, price, tax;
};

struct pos_tender {
    char kind[20];
    double amount;
};

/* One sale as this program sees it. */
struct pos_sale {
    char reference[65];
    struct pos_line lines[POS_LINES];
    int line_count;
    char scans[POS_SCANS][POS_TEXT];
    int scan_count;
    struct pos_tender tenders[POS_TENDERS];
    int tender_count;
};

/* Adds a line, or its quantity to an equal one; false when there is no room. */
bool pos_add_line(struct pos_sale *s, const struct pos_line *line);

/*
 * The program's own journal: one text line for each thing that happened, synced when money is in play.
 * NULL as a path means that there is none.
 */
void journal_line(const char *path, bool sync, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The last sale of the journal that was begun and not settled, with its lines, scans and tenders; false:
 * none. */
bool journal_unsettled(const char *path, struct pos_sale *s);
/* How many sales were begun in the journal. */
int journal_count(const char *path);

/* Splits a line into words in place; "two words" are one. Returns how many, at most `most`. */
int pos_split(char *line, char *words[], int most);

#endif
