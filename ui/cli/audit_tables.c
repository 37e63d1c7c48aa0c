#include "audit_tables.h"

#include "base/id.h"
#include "store/evidence.h"
#include "keys/keyfile.h"

#include <stdio.h>
#include <stdlib.h>

static int put_line(void *arg, const char *table, struct bytes line)
{
    FILE *f = arg;
    (void)table;
    return fwrite(line.p, 1, line.n, f) != line.n || putc('\n', f) == EOF ? TP_E_IO : 0;
}

static int dump(struct store *s, void *arg)
{
    return store_dump_each(s, put_line, arg);
}

static int put_figure(void *arg, struct bytes line)
{
    return put_line(arg, NULL, line);
}

static int dump_figures(struct store *s, void *arg)
{
    return store_figures(s, put_figure, arg);
}

/* One moment's tables as lines of text. *out is open for reading at its beginning, and the caller's to close.
 */
static int write_tables(struct store *s, const char *dir, const char *name,
                        int (*dump_all)(struct store *s, void *arg), FILE **out, struct err *e)
{
    char path[SHOP_PATH_MAX + 16];
    snprintf(path, sizeof path, "%.1000s/%s", dir, name);
    FILE *f = fopen(path, "w+xe");
    if (!f) {
        return err_set(e, TP_E_IO, "%.200s cannot be written", path);
    }
    int rc = store_read(s, dump_all, f);
    if (rc == 0 && (fflush(f) || fseek(f, 0, SEEK_SET))) {
        rc = TP_E_IO;
    }
    if (rc) {
        fclose(f);
        return err_set(e, rc, "the shop's tables cannot be written to %.200s: %s", path, store_error(s));
    }
    *out = f;
    return 0;
}

/* "redemption 0f3a.../0", and of a link only its offer: handles of cards are for nobody's eyes. */
static void name_row(const char *line, char out[96])
{
    const char *at = line, *between = "";
    size_t n = 0;
    bool link = strncmp(line, "link|", 5) == 0;
    for (int column = 0; column < 5 && *at && n < 60; column++) {
        size_t length = strcspn(at, "|\n"), shown = length > 16 ? 16 : length;
        if (column != 1 && !(link && column == 2)) {
            n += (size_t)snprintf(out + n, 96 - n, "%s%.*s", between, (int)shown, at);
            between = column ? "/" : " ";
        }
        at += length + (at[length] == '|');
    }
}

static int compare(FILE *kept, FILE *made, char wrong[AUDIT_TEXT])
{
    char *a = NULL, *b = NULL, name[96] = "";
    size_t a_size = 0, b_size = 0;
    ssize_t x, y;
    bool same;
    do {
        x = getline(&a, &a_size, kept);
        y = getline(&b, &b_size, made);
        same = x == y && (x < 0 || memcmp(a, b, (size_t)x) == 0);
    } while (same && x >= 0);
    bool failed = ferror(kept) || ferror(made);
    if (!same && !failed) {
        name_row(x >= 0 ? a : b, name);
        snprintf(wrong, AUDIT_TEXT, "table row %s is not what the signed records make", name);
    }
    free(a);
    free(b);
    return failed ? TP_E_IO : same ? 0 : AUDIT_FALSE;
}

/* The authority of the copy: with the key under which customers and references stand in tables, and no other.
 */
static int rebuild(struct authority_config *config, const char *copy, struct err *e)
{
    struct authority *a = NULL;
    config->clock = &clock_system;
    int rc = store_open(copy, config->id, 0, &config->store, e);
    if (rc == 0 && (rc = authority_open(config, &a, e)) != 0) {
        store_close(config->store);
    }
    rc = rc ? rc : authority_rebuild(a, e);
    authority_close(a);
    wipe(config->card_key, HASH_SIZE);
    return rc;
}

static int rebuild_shop(const struct shop *shop, const char *copy, struct err *e)
{
    struct authority_config config = {0};
    char path[SHOP_PATH_MAX];
    memcpy(config.id, shop->authority, ID_SIZE);
    memcpy(config.root, shop->root, HASH_SIZE);
    int rc = shop_path(shop, "authority", "card.key", NULL, path);
    rc = rc ? err_code(e, rc) : secretfile_load(path, config.card_key, e);
    return rc ? rc : rebuild(&config, copy, e);
}

/* Its own key for cards and references: which stand for the same is all that figures depend on. */
static int rebuild_bundle(const struct audit *a, const char *copy, struct err *e)
{
    struct authority_config config = {0};
    memcpy(config.id, a->authority, ID_SIZE);
    memcpy(config.root, a->root, HASH_SIZE);
    int rc = random_bytes(config.card_key, HASH_SIZE);
    return rc ? err_code(e, rc) : rebuild(&config, copy, e);
}

int audit_figures(struct audit *a, const char *dir, const char *copy, struct store *s, FILE *kept,
                  struct err *e)
{
    FILE *made = NULL;
    struct err why = {0};
    int rc = rebuild_bundle(a, copy, &why);
    if (rc == TP_E_CORRUPT || rc == TP_E_EXISTS) {
        snprintf(a->wrong, AUDIT_TEXT, "no tables can be made of these statements: %.160s", why.text);
        return AUDIT_FALSE;
    }
    if (rc) {
        return err_set(e, rc, "%s", why.text);
    }
    if (a->withheld) {
        return 0;
    }
    rc = write_tables(s, dir, "made", dump_figures, &made, e);
    if (rc == 0 && (fflush(kept) || fseek(kept, 0, SEEK_SET))) {
        rc = err_set(e, TP_E_IO, "%.200s cannot be written", dir);
    }
    if (rc == 0 && (rc = compare(kept, made, a->wrong)) < 0) {
        err_set(e, rc, "the figures cannot be read back from %.100s", dir);
    }
    if (made) {
        fclose(made);
    }
    return rc;
}

int audit_tables(const struct shop *shop, const char *dir, const char *copy, struct store *s,
                 char wrong[AUDIT_TEXT], struct err *e)
{
    FILE *kept = NULL, *made = NULL;
    int rc = write_tables(s, dir, "kept", dump, &kept, e);
    if (rc == 0) {
        rc = rebuild_shop(shop, copy, e);
    }
    if (rc == 0) {
        rc = write_tables(s, dir, "made", dump, &made, e);
    }
    if (rc == 0 && (rc = compare(kept, made, wrong)) < 0) {
        err_set(e, rc, "the shop's tables cannot be read back from %.100s", dir);
    }
    if (kept) {
        fclose(kept);
    }
    if (made) {
        fclose(made);
    }
    return rc;
}
