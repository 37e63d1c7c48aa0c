#include "cli.h"
#include "forms/forms.h"
#include "office.h"

#include <stdlib.h>

static const struct usage usage = {"offer publish FILE.json... --shop DIR",
                                   "Checks every file, and then publishes those that are not published yet.",
                                   1, 1024};

enum { OFFER_ARENA = 1024 * 1024 };

struct one {
    const char *file;
    struct offer offer;
    bool there;
};

static int read_one(struct office *o, const struct policy *policy, struct arena *a, struct one *one,
                    struct err *e)
{
    struct buf text;
    struct err why = {0};
    buf_init(&text, FORM_MAX);
    int rc = form_read_file(one->file, &text, e);
    if (rc == 0) {
        rc = form_offer(buf_view(&text), policy, o->shop.authority, a, &one->offer, &why);
        if (rc) {
            err_set(e, rc, "%.100s: %s", one->file, why.text);
        }
    }
    if (rc == 0) {
        rc = office_published(o, &one->offer, e);
        one->there = rc == 1;
        rc = rc == 1 ? 0 : rc;
    }
    buf_free(&text);
    return rc;
}

/* Two files of one call that are the same version of the same offer would contradict each other. */
static int check_twins(const struct one *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            if (memcmp(list[i].offer.ref, list[j].offer.ref, REF_SIZE) == 0 &&
                list[i].offer.version == list[j].offer.version) {
                return err_set(e, TP_VERSION_EXISTS, "%.80s and %.80s are the same version of one offer",
                               list[i].file, list[j].file);
            }
        }
    }
    return 0;
}

static void tell(const struct one *one, bool json, bool first)
{
    const struct offer *o = &one->offer;
    struct buf out;
    buf_init(&out, 64 * 1024);
    if (json) {
        buf_puts(&out, first ? "{\"offer\":" : ",{\"offer\":");
        json_put_string(&out, o->id);
        buf_printf(&out, ",\"version\":%lld,\"published\":%s}", (long long)o->version,
                   one->there ? "\"already\"" : "\"now\"");
    } else {
        buf_printf(&out, "%s %.*s version %lld: %.*s\n",
                   one->there ? "already published:" : "published:", (int)o->id.n, (const char *)o->id.p,
                   (long long)o->version, (int)o->title.n, (const char *)o->title.p);
    }
    cli_print(buf_view(&out));
    buf_free(&out);
}

static int publish_all(struct office *o, struct one *list, size_t n, bool json, struct err *e)
{
    int rc = 0;
    cli_print(bytes_str(json ? "[" : ""));
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = list[i].there ? 0 : office_publish(o, &list[i].offer, e);
        if (rc == 0) {
            tell(&list[i], json, i == 0);
        }
    }
    cli_print(bytes_str(json ? "]\n" : ""));
    return rc;
}

static int publish(const char *dir, const struct words *files, bool json, struct err *e)
{
    struct office office;
    struct arena a;
    struct policy policy = {0};
    struct one *list = calloc(files->n, sizeof *list);
    if (!list) {
        return err_code(e, TP_E_MEMORY);
    }
    arena_init(&a, OFFER_ARENA * (files->n + 1));
    int rc = office_open(dir, OFFICE_WRITE, &office, e);
    if (rc == 0) {
        rc = office_policy(&office, &a, &policy, e);
        for (size_t i = 0; i < files->n && rc == 0; i++) {
            list[i].file = files->v[i];
            rc = read_one(&office, &policy, &a, &list[i], e);
        }
        if (rc == 0) {
            rc = check_twins(list, files->n, e);
        }
        if (rc == 0) {
            rc = publish_all(&office, list, files->n, json, e);
        }
        office_close(&office);
    }
    arena_reset(&a);
    free(list);
    return rc;
}

int cmd_offer_publish(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"json", OPT_FLAG, &json, NULL, "print what was published as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = publish(dir, &rest, json, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
