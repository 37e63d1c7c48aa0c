#include "plugin.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As built, in ui/ beside plugin/; as installed, in bin/ beside lib/tillproof/. */
bool plugin_beside(const char *name, char out[PLUGIN_PATH])
{
    static const char *const places[] = {"/../plugin/", "/../lib/tillproof/"};
    char self[PLUGIN_PATH];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) {
        return false;
    }
    self[n] = 0;
    char *slash = strrchr(self, '/');
    *(slash ? slash : self) = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int need = snprintf(out, PLUGIN_PATH, "%s%s%s", self, places[i], name);
        if (need > 0 && need < PLUGIN_PATH && access(out, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

static int find_functions(struct plugin *p, struct err *e)
{
    void *at = NULL;
#define X(name)                                                                                              \
    at = dlsym(p->object, "tillproof_" #name);                                                               \
    if (!at) {                                                                                               \
        return err_set(e, TP_E_IO,                                                                           \
                       "the plugin has no function tillproof_" #name "; use one of this version");           \
    }                                                                                                        \
    memcpy(&p->name##_, &at, sizeof at);
    PLUGIN_FUNCTIONS(X)
#undef X
    if (p->version_() != TILLPROOF_VERSION) {
        return err_set(e, TP_E_IO, "the plugin is of another version than this program; use its own");
    }
    return 0;
}

int plugin_load(const char *path, struct plugin *p, struct err *e)
{
    char found[PLUGIN_PATH];
    *p = (struct plugin){0};
    if (!path && !plugin_beside("tillproof.so", found)) {
        return err_set(e, TP_E_IO, "tillproof.so is not beside this program; name it with --plugin PATH");
    }
    p->object = dlopen(path ? path : found, RTLD_NOW | RTLD_LOCAL);
    if (!p->object) {
        return err_set(e, TP_E_IO, "the plugin cannot be loaded: %s", dlerror());
    }
    int rc = find_functions(p, e);
    if (rc) {
        plugin_unload(p);
    }
    return rc;
}

void plugin_unload(struct plugin *p)
{
    if (p->object) {
        dlclose(p->object);
    }
    *p = (struct plugin){0};
}

int plugin_fail(const struct plugin *p, int code, struct err *e)
{
    char text[sizeof e->text];
    uint32_t length = sizeof text;
    if (p->reason_(text, &length) || !text[0]) {
        return err_code(e, code);
    }
    return err_set(e, code, "%s", text);
}
