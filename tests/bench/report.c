#include "tests/bench/internal.h"

#include <inttypes.h>
#include <stdarg.h>

enum { REPORT_MAX = 1024 * 1024 };

void report_begin(struct bench_report *r, const struct bench_column *columns, size_t count)
{
    *r = (struct bench_report){.columns = columns, .count = count};
    buf_init(&r->cells, REPORT_MAX);
    buf_init(&r->notes, REPORT_MAX);
}

void report_text(struct bench_report *r, const char *text)
{
    buf_put(&r->cells, text, strlen(text) + 1);
    r->n++;
}

void report_number(struct bench_report *r, double value, int digits)
{
    char text[64];
    snprintf(text, sizeof text, "%.*f", digits, value);
    report_text(r, text);
}

void report_count(struct bench_report *r, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    report_text(r, text);
}

void report_none(struct bench_report *r)
{
    report_text(r, "-");
}

void report_note(struct bench_report *r, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    buf_puts(&r->notes, text);
    buf_putc(&r->notes, '\n');
}

void bench_report_free(struct bench_report *r)
{
    buf_free(&r->cells);
    buf_free(&r->notes);
    *r = (struct bench_report){0};
}

void cost_row(struct bench_report *r, const struct cost *c)
{
    double median = (double)samples_at(c->samples, 50) / c->unit_ns;
    double floor = c->floor ? (double)samples_at(c->floor, 50) / c->unit_ns : 0;
    double ratio = floor > 0 ? median / floor : 0;
    char goal[48];
    report_text(r, c->what);
    report_text(r, c->unit);
    report_count(r, (int64_t)c->samples->n);
    report_number(r, median, 2);
    report_number(r, (double)samples_at(c->samples, 99) / c->unit_ns, 2);
    if (floor > 0) {
        report_number(r, floor, 2);
        report_number(r, ratio, 2);
    } else {
        report_none(r);
        report_none(r);
    }
    if (c->goal == GOAL_NONE) {
        report_none(r);
        report_none(r);
        return;
    }
    snprintf(goal, sizeof goal, c->goal == GOAL_RATIO ? "%g x floor" : "%g %s", c->limit, c->unit);
    report_text(r, goal);
    report_text(r, (c->goal == GOAL_RATIO ? ratio : median) <= c->limit ? "yes" : "no");
}
