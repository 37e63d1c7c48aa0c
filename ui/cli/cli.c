#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* What a person can do about it, where the code alone says so. */
static const struct {
    int code;
    const char *advice;
} advices[] = {
    {TP_E_NO_SHOP, "make one with: tillproof shop init DIR"},
    {TP_E_READ_ONLY, "run it as the user who owns the shop, on a disk that can be written"},
    {TP_E_NEWER, "use that version of tillproof"},
    {TP_E_TILL_BUSY, "close it there, or name another one with --till"},
    {TP_E_BEHIND, "enrol it with: tillproof till enrol NAME --anew --shop DIR"},
    {TP_E_BUSY, "try again"},
    {TP_VERSION_EXISTS, "raise the offer's version"},
    {TP_UNKNOWN_TILL, "enrol it with: tillproof till enrol NAME --shop DIR"},
    {TP_NOT_INVITED, "make one with: tillproof till invite --till NAME --shop DIR"},
    {TP_STALE, "set this machine's clock"},
    {TP_UNKNOWN_OFFER, "publish it with: tillproof offer publish FILE --shop DIR"},
    {TP_BAD_JSON, "correct the file"},
    {TP_NO_CODE, "scan it again, larger and in focus"},
};

int cli_status(int code)
{
    if (code == 0) {
        return CLI_DONE;
    }
    if (code > 0) {
        return CLI_REFUSED;
    }
    return code == TP_E_ARGUMENT ? CLI_MISUSE : CLI_FAULT;
}

void cli_one_line(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; text[n] && n + 1 < size; n++) {
        unsigned char c = (unsigned char)text[n];
        out[n] = c < 0x20 || c == 0x7f ? ' ' : text[n];
    }
    out[n] = 0;
}

static const char *advice_for(int code)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (advices[i].code == code) {
            return advices[i].advice;
        }
    }
    return NULL;
}

int cli_fail(const struct err *e)
{
    char line[sizeof e->text];
    cli_one_line(e->text[0] ? e->text : code_sentence(e->code), line, sizeof line);
    const char *advice = advice_for(e->code);
    bool said = advice && strstr(line, advice);
    fprintf(stderr, "tillproof: %s: %s%s%s\n", code_word(e->code), line, advice && !said ? "; " : "",
            advice && !said ? advice : "");
    return cli_status(e->code);
}

int cli_error(int code, const char *format, ...)
{
    struct err e = {.code = code};
    va_list args;
    va_start(args, format);
    vsnprintf(e.text, sizeof e.text, format, args);
    va_end(args);
    return cli_fail(&e);
}

int cli_label(const char *option, const char *text, struct err *e)
{
    struct bytes b = bytes_str(text);
    if (!text) {
        return 0;
    }
    bool ok = b.n >= 1 && b.n <= 63 && bytes_utf8(b);
    for (size_t i = 0; i < b.n; i++) {
        ok = ok && b.p[i] >= 0x20 && b.p[i] != 0x7f;
    }
    return ok ? 0 : err_set(e, TP_E_ARGUMENT, "--%s takes 1 to 63 bytes of text in one line", option);
}

void cli_print(struct bytes text)
{
    if (text.n) {
        fwrite(text.p, 1, text.n, stdout);
    }
}

int cli_flush(struct err *e)
{
    if (fflush(stdout) || ferror(stdout)) {
        return err_set(e, TP_E_IO,
                       "standard output could not be written; check the disk or the pipe behind it");
    }
    return 0;
}

void progress_begin(struct progress *p, const char *what, int64_t total)
{
    *p = (struct progress){
        .on = total > 1 && isatty(STDERR_FILENO), .what = what, .total = total, .shown = -1};
    progress_step(p, 0);
}

void progress_step(struct progress *p, int64_t done)
{
    if (!p->on) {
        return;
    }
    int64_t percent = done * 100 / p->total;
    if (percent == p->shown) {
        return;
    }
    p->shown = percent;
    char bar[41];
    for (int i = 0; i < 40; i++) {
        bar[i] = i * 100 < percent * 40 ? '#' : '.';
    }
    bar[40] = 0;
    fprintf(stderr, "\r%s [%s] %3d%%", p->what, bar, (int)percent);
}

void progress_end(struct progress *p)
{
    if (p->on) {
        fputs("\r\033[K", stderr);
    }
    p->on = false;
}
