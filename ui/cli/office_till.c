/* A till's enrolment. */
#include "office.h"

#include "files.h"
#include "journal/journal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR_MS        INT64_C(3600000)
#define NINETY_DAYS_MS (INT64_C(90) * 24 * HOUR_MS)

/* The epoch that comes next for a till of this name, and its store where it has one already. */
static int next_epoch(struct office *o, const char *name, struct till_row *row, struct err *e)
{
    int rc = store_till(o->store, bytes_str(name), row);
    if (rc == STORE_NOT_FOUND) {
        *row = (struct till_row){0};
        rc = 0;
    }
    if (rc) {
        return err_set(e, rc, "%s", store_error(o->store));
    }
    row->epoch++;
    return 0;
}

static int submit_terminal(struct office *o, const char *name, const char *store, int64_t epoch,
                           const struct cose_key *key, uint8_t d[HASH_SIZE], struct err *e)
{
    struct buf encoded;
    buf_init(&encoded, 256);
    cose_key_encode(key, &encoded);
    struct terminal t = {.common = office_common(o),
                         .till = bytes_str(name),
                         .store = bytes_str(store),
                         .epoch = epoch,
                         .cose_key = buf_view(&encoded),
                         .state = TERMINAL_ACTIVE,
                         .from_seq = NONE};
    t.from = t.common.time_ms - HOUR_MS;
    t.until = t.from + NINETY_DAYS_MS;
    int rc = office_submit(o, KIND_TERMINAL, &t, d, e);
    buf_free(&encoded);
    return rc;
}

/* Key, statement and journal in `dir`, which is empty and not yet the till's place. */
static int fill_till(struct office *o, const char *dir, const char *name, const char *store, int64_t epoch,
                     struct err *e)
{
    char path[SHOP_PATH_MAX];
    struct cose_key key = {0};
    uint8_t d[HASH_SIZE];
    if ((size_t)snprintf(path, sizeof path, "%s/till.key", dir) >= sizeof path) {
        return err_code(e, TP_E_ARGUMENT);
    }
    int rc = keyfile_create(path, ALG_ESP256, &key, e);
    if (rc == 0) {
        rc = submit_terminal(o, name, store, epoch, &key, d, e);
    }
    if (rc == 0) {
        rc = journal_create(dir, o->shop.authority, bytes_str(name), bytes_str(store), epoch, d, e);
    }
    cose_key_free(&key);
    return rc;
}

static int enrol_first(struct office *o, const char *name, const char *store, int64_t epoch,
                       const char *place, struct err *e)
{
    char temp[SHOP_PATH_MAX];
    int rc = shop_path(&o->shop, "tills", ".new-XXXXXX", NULL, temp);
    rc = rc ? err_code(e, rc) : file_temp_dir(temp, e);
    if (rc) {
        return rc;
    }
    rc = fill_till(o, temp, name, store, epoch, e);
    if (rc == 0 && rename(temp, place)) {
        rc = err_set(e, TP_E_IO, "the till's folder could not be put in its place");
    }
    if (rc) {
        file_remove_tree(temp);
    } else {
        file_sync_parent(place);
    }
    return rc;
}

/* A copy of the folder may be anywhere, so the new epoch has another key. It lies beside the old one until it
 * is in force: a till that is opened after a crash in between takes it from there. */
static int next_key(const char *path, struct cose_key *key, struct err *e)
{
    return access(path, F_OK) == 0 ? keyfile_load(path, key, e) : keyfile_create(path, ALG_ESP256, key, e);
}

static int enrol_anew(struct office *o, const char *name, const char *store, int64_t epoch, const char *place,
                      struct err *e)
{
    char path[SHOP_PATH_MAX], fresh[SHOP_PATH_MAX + 8];
    struct cose_key key = {0};
    struct journal *journal = NULL;
    uint8_t d[HASH_SIZE];
    int rc = shop_path(&o->shop, "tills", name, "till.key", path);
    if (rc) {
        return err_code(e, rc);
    }
    snprintf(fresh, sizeof fresh, "%s.next", path);
    /* A till that is open keeps its chain: renewing is refused before anything is signed. */
    rc = journal_open(place, &journal, e);
    journal_close(journal);
    rc = rc ? rc : next_key(fresh, &key, e);
    if (rc == 0) {
        rc = submit_terminal(o, name, store, epoch, &key, d, e);
    }
    if (rc == 0) {
        rc = journal_renew(place, bytes_str(store), epoch, d, e);
    }
    rc = rc ? rc : keyfile_replace(fresh, path, e);
    cose_key_free(&key);
    return rc;
}

int office_enrol(struct office *o, const char *name, const char *store, bool anew, struct err *e)
{
    char place[SHOP_PATH_MAX];
    struct till_row row = {0};
    struct stat st;
    if (!name_valid(bytes_str(name)) || (store && !name_valid(bytes_str(store)))) {
        return err_set(e, TP_E_ARGUMENT,
                       "tills and stores are named with up to 32 letters, digits, '_', '.', '-'");
    }
    int rc = shop_path(&o->shop, "tills", name, NULL, place);
    rc = rc ? err_code(e, rc) : next_epoch(o, name, &row, e);
    if (rc) {
        return rc;
    }
    const char *at = store ? store : row.store[0] ? row.store : "main";
    bool there = stat(place, &st) == 0;
    if (there && !anew) {
        return err_set(e, TP_E_EXISTS, "the till '%.32s' is enrolled already; --anew gives it a new epoch",
                       name);
    }
    return there ? enrol_anew(o, name, at, row.epoch, place, e)
                 : enrol_first(o, name, at, row.epoch, place, e);
}
