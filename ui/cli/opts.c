/* Options: one table a verb, from which the help is printed too. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>

bool words_add(struct words *w, const char *word)
{
    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 8;
        const char **v = reallocarray(w->v, cap, sizeof *v);
        if (!v) {
            return false;
        }
        w->v = v;
        w->cap = cap;
    }
    w->v[w->n++] = word;
    return true;
}

void words_free(struct words *w)
{
    free(w->v);
    *w = (struct words){0};
}

static void help(const struct usage *usage, const struct opt *opts)
{
    printf("usage: tillproof %s\n\n%s\n\noptions:\n", usage->line, usage->about);
    for (const struct opt *o = opts; o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s %s", o->name, o->value ? o->value : "");
        printf("  %-24s %s\n", left, o->help);
    }
    printf("  %-24s %s\n", "--help", "print this");
}

/* The words of the usage line that name the verb. */
static int verb_length(const struct usage *usage)
{
    const char *p = usage->line;
    while ((*p >= 'a' && *p <= 'z') || (*p == ' ' && p[1] >= 'a' && p[1] <= 'z')) {
        p++;
    }
    return (int)(p - usage->line);
}

#define MISUSE(usage, format, ...)                                                                           \
    cli_error(TP_E_ARGUMENT, format "; see tillproof %.*s --help", __VA_ARGS__, verb_length(usage),          \
              (usage)->line)

static const struct opt *opt_find(const struct opt *opts, const char *name, size_t n)
{
    for (const struct opt *o = opts; o->name; o++) {
        if (strlen(o->name) == n && memcmp(o->name, name, n) == 0) {
            return o;
        }
    }
    return NULL;
}

static bool whole_number(const char *text, int64_t *out)
{
    if (*text < '0' || *text > '9') {
        return false;
    }
    char *end = NULL;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno || *end) {
        return false;
    }
    *out = v;
    return true;
}

/* Stores one value; false when it is not what the option takes. */
static bool opt_store(const struct opt *o, const char *value)
{
    switch (o->kind) {
    case OPT_TEXT:
        *(const char **)o->to = value;
        return true;
    case OPT_INT:
        return whole_number(value, o->to);
    case OPT_EACH:
    case OPT_MANY:
        return words_add(o->to, value);
    case OPT_FLAG:
        break;
    }
    return false;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != 0;
}

/* Reads the option at argv[*i] and moves *i to its last word. */
static int take_option(const struct usage *usage, const struct opt *opts, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    const char *name = word + 2, *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const struct opt *o = word[1] == '-' ? opt_find(opts, name, n) : NULL;
    if (!o) {
        return MISUSE(usage, "there is no option %.*s", (int)(equals ? equals - word : 60), word);
    }
    if (o->kind == OPT_FLAG) {
        *(bool *)o->to = true;
        return equals ? MISUSE(usage, "--%s takes no value", o->name) : CLI_GO;
    }
    const char *value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
    if (!value || (!equals && strncmp(value, "--", 2) == 0)) {
        return MISUSE(usage, "--%s needs %s", o->name, o->value);
    }
    if (!opt_store(o, value)) {
        return MISUSE(usage, "--%s takes %s, not %.60s", o->name, o->value, value);
    }
    while (o->kind == OPT_MANY && *i + 1 < argc && !is_option(argv[*i + 1])) {
        opt_store(o, argv[++*i]);
    }
    return CLI_GO;
}

static bool is_given(const struct opt *o)
{
    switch (o->kind) {
    case OPT_TEXT:
        return *(const char **)o->to != NULL;
    case OPT_EACH:
    case OPT_MANY:
        return ((struct words *)o->to)->n > 0;
    case OPT_FLAG:
    case OPT_INT:
        break;
    }
    return true;
}

static int check_all(const struct usage *usage, const struct opt *opts, const struct words *rest)
{
    for (const struct opt *o = opts; o->name; o++) {
        if ((o->flags & OPT_NEEDED) && !is_given(o)) {
            return MISUSE(usage, "--%s %s is missing", o->name, o->value);
        }
    }
    if (rest->n < usage->least) {
        return cli_error(TP_E_ARGUMENT, "something is missing; use: tillproof %s", usage->line);
    }
    if (rest->n > usage->most) {
        return MISUSE(usage, "'%.60s' is one word too many", rest->v[usage->most]);
    }
    return CLI_GO;
}

int cli_parse(const struct usage *usage, const struct opt *opts, int argc, char **argv, struct words *rest)
{
    bool words_only = false;
    for (int i = 1; i < argc; i++) {
        if (!words_only && strcmp(argv[i], "--") == 0) {
            words_only = true;
        } else if (!words_only && strcmp(argv[i], "--help") == 0) {
            help(usage, opts);
            return CLI_DONE;
        } else if (words_only || !is_option(argv[i])) {
            if (!words_add(rest, argv[i])) {
                return cli_error(TP_E_MEMORY, "there are too many words");
            }
        } else {
            int status = take_option(usage, opts, argc, argv, &i);
            if (status != CLI_GO) {
                return status;
            }
        }
    }
    return check_all(usage, opts, rest);
}
