#include "base/code.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    const char *word, *sentence;
} codes[] = {
#define X(name, number, word, sentence) {number, word, sentence},
    CODES(X)
#undef X
};

enum { NCODES = sizeof codes / sizeof codes[0] };

const char *code_word(int code)
{
    for (size_t i = 0; i < NCODES; i++) {
        if (codes[i].code == code) {
            return codes[i].word;
        }
    }
    return "unknown";
}

const char *code_sentence(int code)
{
    for (size_t i = 0; i < NCODES; i++) {
        if (codes[i].code == code) {
            return codes[i].sentence;
        }
    }
    return "an unknown code";
}

int code_of_word(const char *word, size_t n)
{
    for (size_t i = 0; i < NCODES; i++) {
        if (strlen(codes[i].word) == n && memcmp(codes[i].word, word, n) == 0) {
            return codes[i].code;
        }
    }
    return CODE_NONE;
}

int err_set(struct err *e, int code, const char *format, ...)
{
    if (e && e->code == 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
        e->code = code;
    }
    return code;
}

int err_code(struct err *e, int code)
{
    return err_set(e, code, "%s", code_sentence(code));
}
