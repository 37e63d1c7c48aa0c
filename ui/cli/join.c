#include "join.h"

#include "files.h"
#include "journal/journal.h"
#include "keys/enrolment.h"
#include "keys/keyfile.h"
#include "keys/trust.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANSWER_MEMORY = 256 * 1024 };

struct joining {
    struct shop shop;
    const char *name;
    bool anew;
    char place[SHOP_PATH_MAX], folder[SHOP_PATH_MAX]; /* folder: where it is made; place itself when anew */
    char key_file[SHOP_PATH_MAX + 16];
    struct cose_key key, code;
    struct buf request, reply;
    uint8_t d[HASH_SIZE];
    struct arena arena;
    struct statement terminal;
};

static int make_folder(const char *path, struct err *e)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST
               ? 0
               : err_set(e, errno == EACCES || errno == EROFS ? TP_E_READ_ONLY : TP_E_IO,
                         "%.160s cannot be made", path);
}

static int find_folder(struct joining *j, struct err *e)
{
    char tills[SHOP_PATH_MAX], unfinished[64];
    snprintf(unfinished, sizeof unfinished, ".join-%.40s", j->name);
    int rc = shop_path(&j->shop, "tills", NULL, NULL, tills);
    rc = rc ? rc : shop_path(&j->shop, "tills", j->name, NULL, j->place);
    rc = rc ? rc : shop_path(&j->shop, "tills", j->anew ? j->name : unfinished, NULL, j->folder);
    if (rc) {
        return err_code(e, rc);
    }
    bool there = access(j->place, F_OK) == 0;
    if (there && !j->anew) {
        return err_set(e, TP_E_EXISTS, "the till '%.32s' is there already; --anew gives it another key",
                       j->name);
    }
    if (!there && j->anew) {
        return err_set(e, TP_E_NO_SHOP, "there is no till '%.32s' here that could begin anew", j->name);
    }
    rc = make_folder(tills, e);
    return rc || j->anew ? rc : make_folder(j->folder, e);
}

/* One that was made before an answer was lost goes on. A till that is open keeps its chain. */
static int make_key(struct joining *j, struct err *e)
{
    struct journal *journal = NULL;
    int rc = j->anew ? journal_open(j->place, &journal, e) : 0;
    journal_close(journal);
    if (rc) {
        return rc;
    }
    snprintf(j->key_file, sizeof j->key_file, "%s/%s", j->folder, j->anew ? "till.key.next" : "till.key");
    return access(j->key_file, F_OK) == 0 ? keyfile_load(j->key_file, &j->key, e)
                                          : keyfile_create(j->key_file, ALG_ESP256, &j->key, e);
}

static int make_request(struct joining *j, struct err *e)
{
    struct enrol r = {.common = {.version = 1, .time_ms = clock_wall(&clock_system)},
                      .till = bytes_str(j->name)};
    struct buf key, statement;
    buf_init(&key, 256);
    buf_init(&statement, ENVELOPE_MAX);
    cose_key_encode(&j->key, &key);
    r.cose_key = buf_view(&key);
    memcpy(r.common.audience, j->shop.authority, ID_SIZE);
    int rc = random_bytes(r.id, ID_SIZE);
    rc = rc ? rc : enrolment_prove(&r, &j->key, &j->code);
    rc = rc ? err_code(e, rc) : statement_sign(KIND_ENROL, &r, r.till, &j->key, &statement, j->d, e);
    if (rc == 0) {
        message_put(&j->request, KIND_ENROL, buf_view(&statement), (struct bytes){0}, (struct bytes){0});
    }
    buf_free(&key);
    buf_free(&statement);
    return rc;
}

static int ask(struct joining *j, const char *helper, struct err *e)
{
    struct transport way = {0};
    int rc = shop_transport(&j->shop, &clock_system, helper, &way, e);
    rc = rc ? rc : way.call(way.ctx, buf_view(&j->request), &j->reply, e);
    transport_close(&way);
    return rc ? err_code(e, rc) : 0;
}

/* Signed by whom the shop's own root key lets sign it, and for this till and this key. */
static int check_terminal(struct joining *j, struct bytes terminal, struct bytes keyset, struct err *e)
{
    struct trust trust = {0};
    struct statement set;
    const struct trusted_key *by = NULL;
    struct cose_key key = {0};
    int rc = statement_parse(keyset, &j->arena, &set, e);
    rc = rc ? rc : trust_first_keyset(&set, j->shop.root, e);
    rc = rc ? rc : trust_keyset(&trust, &set.payload.keyset, e);
    rc = rc ? rc : statement_parse(terminal, &j->arena, &j->terminal, e);
    rc = rc ? rc : trust_verify(&trust, &j->terminal, NONE, &by, e);
    const struct terminal *t = &j->terminal.payload.terminal;
    if (rc == 0 && (j->terminal.kind != KIND_TERMINAL || t->state != TERMINAL_ACTIVE ||
                    memcmp(t->common.audience, j->shop.authority, ID_SIZE) != 0 ||
                    !bytes_is(t->till, j->name) || cose_key_decode(t->cose_key, &key) != 0 ||
                    memcmp(key.thumbprint, j->key.thumbprint, HASH_SIZE) != 0)) {
        rc = err_set(e, TP_E_UNTRUSTED, "the authority's answer is not for this till and its key");
    }
    cose_key_free(&key);
    trust_free(&trust);
    return rc;
}

static int read_reply(struct joining *j, struct err *e)
{
    struct dec dec;
    struct answer answer = {0};
    dec_init(&dec, buf_view(&j->reply));
    if (answer_next(&dec, &answer) != 1) {
        return err_set(e, TP_OFFLINE, "the authority's answer cannot be read");
    }
    if (answer.kind == ANSWER_PROBLEM) {
        return err_set(e, answer.reason, "%.*s", (int)answer.detail.n, (const char *)answer.detail.p);
    }
    if (answer.kind != ANSWER_GRANT || memcmp(answer.d, j->d, HASH_SIZE) != 0) {
        return err_set(e, TP_E_UNTRUSTED, "the authority answered something else");
    }
    return check_terminal(j, answer.statement, answer.quote, e);
}

static int finish_new(struct joining *j, struct err *e)
{
    const struct terminal *t = &j->terminal.payload.terminal;
    char journal[SHOP_PATH_MAX + 16];
    snprintf(journal, sizeof journal, "%s/till.db", j->folder);
    unlink(journal); /* of a run that was killed before the folder had its place */
    int rc = journal_create(j->folder, j->shop.authority, t->till, t->store, t->epoch, j->terminal.d, e);
    if (rc == 0 && rename(j->folder, j->place)) {
        rc = err_set(e, TP_E_IO, "the till's folder could not be put in its place");
    }
    if (rc == 0) {
        file_sync_parent(j->place);
    }
    return rc;
}

/* True when a run that was killed had the journal in this epoch already. */
static bool begun(const struct joining *j)
{
    struct journal *journal = NULL;
    struct journal_till till;
    bool yes = journal_open(j->place, &journal, NULL) == 0 && journal_till(journal, &till, NULL) == 0 &&
               till.head.epoch == j->terminal.payload.terminal.epoch;
    wipe(&till, sizeof till);
    journal_close(journal);
    return yes;
}

static int finish_anew(struct joining *j, struct err *e)
{
    const struct terminal *t = &j->terminal.payload.terminal;
    char key_file[SHOP_PATH_MAX + 16];
    int rc = begun(j) ? 0 : journal_renew(j->place, t->store, t->epoch, j->terminal.d, e);
    snprintf(key_file, sizeof key_file, "%s/till.key", j->place);
    if (rc == 0 && rename(j->key_file, key_file)) {
        rc = err_set(e, TP_E_IO, "the till's new key could not be put in its place");
    }
    if (rc == 0) {
        file_sync_parent(key_file);
    }
    return rc;
}

static int run(struct joining *j, struct bytes code, const char *helper, struct err *e)
{
    int rc = enrolment_key(j->shop.authority, code, &j->code);
    if (rc) {
        return rc == TP_E_ARGUMENT ? err_set(e, rc, "that is no enrolment code: sixteen letters and digits")
                                   : err_code(e, rc);
    }
    rc = find_folder(j, e);
    rc = rc ? rc : make_key(j, e);
    rc = rc ? rc : make_request(j, e);
    rc = rc ? rc : ask(j, helper, e);
    rc = rc ? rc : read_reply(j, e);
    return rc ? rc : j->anew ? finish_anew(j, e) : finish_new(j, e);
}

int join_till(const char *dir, const char *name, struct bytes code, bool anew, const char *helper,
              struct joined *out, struct err *e)
{
    struct joining j = {.name = name, .anew = anew};
    if (!name_valid(bytes_str(name))) {
        return err_set(e, TP_E_ARGUMENT, "tills are named with up to 32 letters, digits, '_', '.', '-'");
    }
    arena_init(&j.arena, ANSWER_MEMORY);
    buf_init(&j.request, ENVELOPE_MAX);
    buf_init(&j.reply, ANSWER_MEMORY);
    int rc = shop_load(dir, &j.shop, e);
    rc = rc ? rc : run(&j, code, helper, e);
    if (rc == 0) {
        const struct terminal *t = &j.terminal.payload.terminal;
        *out = (struct joined){.epoch = t->epoch, .until_ms = t->until};
        bytes_to_cstr(t->store, out->store, sizeof out->store);
    }
    cose_key_free(&j.key);
    cose_key_free(&j.code);
    buf_free(&j.request);
    buf_free(&j.reply);
    arena_reset(&j.arena);
    return rc;
}
