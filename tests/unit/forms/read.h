/* Documents in tests are written with ' for ", and read with a shop in Berlin. For the tests of forms alone.
 */
#ifndef TEST_FORMS_READ_H
#define TEST_FORMS_READ_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "forms/forms.h"

#include <stdlib.h>

struct shop {
    struct zone_step steps[3];
    struct policy policy;
    uint8_t authority[ID_SIZE];
    struct arena arena;
    struct err e;
};

static inline void shop_begin(struct shop *s)
{
    *s = (struct shop){.steps = {{0, 60}, {1774746000000, 120}, {1792890000000, 60}}};
    s->policy = (struct policy){.version = 1,
                                .currency = bytes_str("EUR"),
                                .zone = bytes_str("Europe/Berlin"),
                                .zone_steps = {s->steps, 3},
                                .tax_included = true};
    memset(s->authority, 9, ID_SIZE);
    arena_init(&s->arena, 8 * 1024 * 1024);
}

static inline void shop_end(struct shop *s)
{
    arena_reset(&s->arena);
}

/* A copy with every ' made "; of exactly its size, so that a sanitizer sees each byte read beyond it. */
static inline struct bytes quoted(const char *text)
{
    size_t n = strlen(text);
    char *copy = malloc(n + 1);
    assert_non_null(copy);
    for (size_t i = 0; i < n; i++) {
        copy[i] = text[i] == '\'' ? '"' : text[i];
    }
    return bytes_of(copy, n);
}

static inline int read_offer(struct shop *s, const char *text, struct offer *o)
{
    struct bytes json = quoted(text);
    s->e = (struct err){0};
    int rc = form_offer(json, &s->policy, s->authority, &s->arena, o, &s->e);
    free((void *)json.p);
    return rc;
}

static inline int read_basket(struct shop *s, const char *text, struct basket_form *form)
{
    struct bytes json = quoted(text);
    s->e = (struct err){0};
    int rc = form_basket(json, &s->arena, form, &s->e);
    free((void *)json.p);
    return rc;
}

/* The code, and that the line begins with the path and a colon. */
static inline void expect_refused(const struct shop *s, int rc, int code, const char *path)
{
    size_t n = strlen(path);
    if (rc != code || s->e.code != code || strncmp(s->e.text, path, n) != 0 || s->e.text[n] != ':') {
        fail_msg("wanted %d %s, got %d: %s", code, path, rc, s->e.text);
    }
    assert_null(strchr(s->e.text, '\n'));
}

#endif
