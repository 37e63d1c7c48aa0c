/* The plugin as any host loads it: by dlopen, through tillproof.h alone. */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

#include "base/code.h"
#include "include/tillproof.h"

enum { PLUGIN_PATH = 4096 };

/* X(function without its prefix) */
#define PLUGIN_FUNCTIONS(X)                                                                                  \
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
    X(refund_begin)                                                                                          \
    X(void)                                                                                                  \
    X(line_result)                                                                                           \
    X(share_result)                                                                                          \
    X(offer_result)                                                                                          \
    X(text)

struct plugin {
    void *object;
#define X(name) __typeof__(tillproof_##name) *name##_;
    PLUGIN_FUNCTIONS(X)
#undef X
};

/* The path of a file that lies where the plugin does, for this program; false when there is none to be read.
 */
bool plugin_beside(const char *name, char out[PLUGIN_PATH]);
/* path NULL: tillproof.so as it lies beside this program. TP_E_IO when it cannot be loaded. */
int plugin_load(const char *path, struct plugin *p, struct err *e);
void plugin_unload(struct plugin *p);
/* Fills e with a call's code and the plugin's own sentence. Returns the code. */
int plugin_fail(const struct plugin *p, int code, struct err *e);

#endif
