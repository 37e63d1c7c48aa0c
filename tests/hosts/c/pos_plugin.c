#include "pos.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static bool find(struct plugin *p)
{
    void *at = NULL;
#define X(name)                                                                                              \
    at = dlsym(p->object, "tillproof_" #name);                                                               \
    if (!at) {                                                                                               \
        fprintf(stderr, "pos: the plugin has no tillproof_" #name "\n");                                     \
        return false;                                                                                        \
    }                                                                                                        \
    memcpy(&p->name##_, &at, sizeof at);
    POS_FUNCTIONS(X)
#undef X
    return true;
}

bool plugin_load(struct plugin *p, const char *path)
{
    p->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!p->object) {
        fprintf(stderr, "pos: %s\n", dlerror());
        return false;
    }
    if (!find(p)) {
        return false;
    }
    if (p->version_() != TILLPROOF_VERSION) {
        fprintf(stderr, "pos: the plugin has version %u, this program was made for %d\n", p->version_(),
                TILLPROOF_VERSION);
        return false;
    }
    return true;
}
