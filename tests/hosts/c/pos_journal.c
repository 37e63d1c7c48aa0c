#include "pos.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 8, LINE = 1024 };

int pos_split(char *line, char *words[], int most)
{
    int n = 0;
    char *p = line;
    while (n < most) {
        p += strspn(p, " \t\r\n");
        if (!*p) {
            break;
        }
        bool quoted = *p == '"';
        p += quoted;
        words[n++] = p;
        p += strcspn(p, quoted ? "\"" : " \t\r\n");
        if (*p) {
            *p++ = 0;
        }
    }
    return n;
}

void journal_line(const char *path, bool sync, const char *format, ...)
{
    char line[LINE];
    va_list args;
    if (!path) {
        return;
    }
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    n = n < 0 ? 0 : n > (int)sizeof line - 2 ? (int)sizeof line - 2 : n;
    line[n++] = '\n';
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (size_t)n) != n || (sync && fsync(fd))) {
        fprintf(stderr, "pos: the journal %s could not be written\n", path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

bool pos_add_line(struct pos_sale *s, const struct pos_line *line)
{
    for (int i = 0; i < s->line_count; i++) {
        struct pos_line *old = &s->lines[i];
        if (strcmp(old->sku, line->sku) == 0 && strcmp(old->category, line->category) == 0 &&
            old->price == line->price && old->tax == line->tax) {
            old->quantity += line->quantity;
            return true;
        }
    }
    if (s->line_count == POS_LINES) {
        return false;
    }
    s->lines[s->line_count++] = *line;
    return true;
}

/* What one line of the journal adds to the sale that it belongs to. */
static void replay(struct pos_sale *s, char *words[], int n)
{
    if (strcmp(words[0], "item") == 0 && n == 7) {
        struct pos_line line = {.quantity = atof(words[4]), .price = atof(words[5]), .tax = atof(words[6])};
        snprintf(line.sku, sizeof line.sku, "%s", words[1]);
        snprintf(line.name, sizeof line.name, "%s", words[2]);
        snprintf(line.category, sizeof line.category, "%s", words[3]);
        pos_add_line(s, &line);
    } else if (strcmp(words[0], "scan") == 0 && n == 2 && s->scan_count < POS_SCANS) {
        snprintf(s->scans[s->scan_count++], POS_TEXT, "%s", words[1]);
    } else if (strcmp(words[0], "tender") == 0 && n == 3 && s->tender_count < POS_TENDERS) {
        struct pos_tender *t = &s->tenders[s->tender_count++];
        snprintf(t->kind, sizeof t->kind, "%s", words[1]);
        t->amount = atof(words[2]);
    }
}

bool journal_unsettled(const char *path, struct pos_sale *s)
{
    char line[LINE], *words[WORDS];
    bool open_sale = false;
    FILE *f = path ? fopen(path, "r") : NULL;
    if (!f) {
        return false;
    }
    while (fgets(line, sizeof line, f)) {
        int n = pos_split(line, words, WORDS);
        if (n == 2 && strcmp(words[0], "begin") == 0) {
            memset(s, 0, sizeof *s);
            snprintf(s->reference, sizeof s->reference, "%s", words[1]);
            open_sale = true;
        } else if (n == 2 && (strcmp(words[0], "done") == 0 || strcmp(words[0], "void") == 0)) {
            open_sale = false;
        } else if (n > 0 && open_sale) {
            replay(s, words, n);
        }
    }
    fclose(f);
    return open_sale;
}

int journal_count(const char *path)
{
    char line[LINE];
    int n = 0;
    FILE *f = path ? fopen(path, "r") : NULL;
    if (!f) {
        return 0;
    }
    while (fgets(line, sizeof line, f)) {
        n += strncmp(line, "begin ", 6) == 0;
    }
    fclose(f);
    return n;
}
