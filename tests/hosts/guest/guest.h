/*
 * For the tests of this folder: the plugin as a host's loader gives it, a shop made by the command, and what
 * a host can count of its own process. The tests know tillproof.h and libc, and nothing inside.
 */
#ifndef GUEST_H
#define GUEST_H

#include "support/cm.h"

#include "tillproof.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUEST_FUNCTIONS(X)                                                                                   \
    X(version)                                                                                               \
    X(name)                                                                                                  \
    X(sizeof)                                                                                                \
    X(reason)                                                                                                \
    X(open)                                                                                                  \
    X(close)                                                                                                 \
    X(status)                                                                                                \
    X(event_fd)                                                                                              \
    X(event_next)                                                                                            \
    X(event_data)                                                                                            \
    X(device)                                                                                                \
    X(sale_begin)                                                                                            \
    X(sale_find)                                                                                             \
    X(sale_info)                                                                                             \
    X(lines_set)                                                                                             \
    X(present)                                                                                               \
    X(withdraw)                                                                                              \
    X(quote)                                                                                                 \
    X(hold)                                                                                                  \
    X(release)                                                                                               \
    X(commit)                                                                                                \
    X(void)                                                                                                  \
    X(line_result)                                                                                           \
    X(share_result)                                                                                          \
    X(offer_result)                                                                                          \
    X(tax_result)                                                                                            \
    X(text)

/* plugin.quote_ is tillproof_quote of the loaded plugin, and so on. */
struct plugin {
    void *object;
#define X(name) __typeof__(tillproof_##name) *name##_;
    GUEST_FUNCTIONS(X)
#undef X
};
extern struct plugin plugin;

enum { COUPONS = 16, DUE = 2338, DUE_WITHOUT = 2598 };

/* The shop that shop_make made, in a temporary folder. Every coupon takes 10% off two packets of coffee:
 * DUE_WITHOUT becomes DUE. */
extern char shop[128];
extern char coupons[COUPONS][1024];

/* Group set-up and its end, for cmocka: the shop by $TILLPROOF, the plugin from $PLUGIN. */
int shop_make(void **state);
int shop_drop(void **state);
/* Runs $TILLPROOF with these words; its exit status. */
int command(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Around every test: what is printed in between goes to a file of the shop's folder, and must be nothing. */
int quiet_begin(void **state);
int quiet_end(void **state);
#define quiet_test(function) cmocka_unit_test_setup_teardown(function, quiet_begin, quiet_end)

/* dlopen, and every function by dlsym; NULL, or what is missing. */
const char *plugin_load(void);

struct tillproof *till_open(const char *name);
void till_close(struct tillproof *t);
/* Lines and, if it is not NULL, a coupon; from here on each returns 0 or the first code that is not. No
 * assertion, so that any thread and any child may call them. */
int32_t sale_fill(struct tillproof *t, const char *reference, uint32_t flags, const char *coupon,
                  int64_t *sale);
/* The whole way of one sale, every function of it, with every amount looked at; -100 and below: a number is
 * wrong. */
int32_t sale_ring(struct tillproof *t, const char *reference, uint32_t flags, const char *coupon);

/* Entries of /proc/self/fd, of /proc/self/task, lines of /proc/self/maps; bytes that malloc has given out. */
int count_fds(void);
int count_threads(void);
int count_maps(void);
size_t count_bytes(void);

#endif
