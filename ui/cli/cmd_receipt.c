#include "cli.h"
#include "dates.h"
#include "files.h"
#include "forms/forms.h"
#include "proof/receipt.h"
#include "till_file.h"

static const struct usage usage = {
    "receipt --shop DIR --sale ID [--till NAME] [--out FILE] [--keys DIR]",
    "Shows the log's receipt of a recorded sale: that its record is in the log, at which place. It is "
    "checked\n"
    "before it is shown. --out writes the record and its receipt as one COSE_Sign1, and --keys the public "
    "keys of\n"
    "till and log, with which anybody can check it: tillproof cose verify --key till.key --log log.key FILE",
    0, 0};

struct options {
    const char *dir, *sale, *till, *out, *keys;
    bool json;
};

struct showing {
    struct till_file f;
    int64_t sale, seq, epoch;
    uint8_t commit[HASH_SIZE];
    struct buf record, receipt;
    struct receipt said;
    struct cose_key till;
    const struct cose_key *log;
};

static int take_sale(void *arg, const struct journal_sale *s)
{
    struct showing *w = arg;
    w->sale = s->state == SALE_OPEN ? 0 : s->id;
    memcpy(w->commit, s->commit, HASH_SIZE);
    return 0;
}

static int find_sale(struct showing *w, const char *sale, struct err *e)
{
    uint8_t uuid[ID_SIZE];
    int rc = journal_sale_by_reference(w->f.journal, bytes_str(sale), take_sale, w, e);
    if (rc == JOURNAL_NOT_FOUND && hex_decode(bytes_str(sale), uuid, ID_SIZE)) {
        rc = journal_sale_by_uuid(w->f.journal, uuid, take_sale, w, e);
    }
    if (rc == JOURNAL_NOT_FOUND || (rc == 0 && !w->sale)) {
        return err_set(e, TP_UNKNOWN_SALE, "this till has recorded no sale %.64s; --till names another",
                       sale);
    }
    return rc;
}

static int take_record(void *arg, const struct journal_record *r)
{
    struct showing *w = arg;
    w->seq = r->seq;
    w->epoch = r->epoch;
    buf_put(&w->record, r->raw.p, r->raw.n);
    return w->record.failed ? TP_E_MEMORY : 0;
}

static int take_receipt(void *arg, const struct journal_receipt *r)
{
    struct showing *w = arg;
    buf_put(&w->receipt, r->raw.p, r->raw.n);
    return w->receipt.failed ? TP_E_MEMORY : 0;
}

/* Both signatures, again: what lies on the disk is believed no more than what comes by the network. */
static int check(struct showing *w, struct cose_sign1 *sign1, struct err *e)
{
    char origin[ORIGIN_MAX];
    uint8_t entry[HASH_SIZE];
    const struct trust *trust = &w->f.trust;
    int rc = cose_sign1_parse(buf_view(&w->record), true, sign1);
    rc = rc ? err_set(e, TP_E_CORRUPT, "till.db: the record is none")
            : till_file_key(&w->f, w->epoch, &w->till, e);
    if (rc == 0 && cose_verify(&w->till, w->till.alg, sign1, true)) {
        rc = err_set(e, TP_BAD_SIGNATURE, "the till did not sign the record");
    }
    log_origin(w->f.shop.authority, origin);
    rc = rc ? rc : log_entry(sign1, entry);
    for (size_t i = 0; i < trust->n && rc == 0 && !w->log; i++) {
        if (trust->v[i].purpose == PURPOSE_LOG &&
            receipt_check(buf_view(&w->receipt), entry, bytes_str(origin), &trust->v[i].key, &w->said,
                          NULL) == 0) {
            w->log = &trust->v[i].key;
        }
    }
    return rc || w->log ? rc : err_code(e, TP_BAD_RECEIPT);
}

static int write_out(const char *path, const struct cose_sign1 *sign1, struct bytes receipt, struct err *e)
{
    struct buf out;
    buf_init(&out, ENVELOPE_MAX + RECEIPT_MAX + 64);
    receipt_attach(sign1, receipt, &out);
    int rc = out.failed ? err_code(e, TP_E_MEMORY) : file_write(path, buf_view(&out), FILE_NOW, e);
    buf_free(&out);
    return rc;
}

static int write_key(const char *dir, const char *name, const struct cose_key *key, struct err *e)
{
    char path[SHOP_PATH_MAX];
    struct buf out;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path) {
        return err_set(e, TP_E_ARGUMENT, "--keys names too long a path");
    }
    buf_init(&out, 256);
    cose_key_encode(key, &out);
    int rc = out.failed ? err_code(e, TP_E_MEMORY) : file_write(path, buf_view(&out), FILE_NOW, e);
    buf_free(&out);
    return rc;
}

static void tell(const struct showing *w, bool json)
{
    char memory[1024], d[2 * HASH_SIZE + 1];
    struct buf out;
    hex_encode(w->commit, HASH_SIZE, d);
    buf_over(&out, memory, sizeof memory);
    if (json) {
        buf_printf(&out,
                   "{\"record\":\"%s\",\"epoch\":%lld,\"seq\":%lld,\"place\":%lld,\"size\":%lld,\"log\":", d,
                   (long long)w->epoch, (long long)w->seq, (long long)w->said.index, (long long)w->said.size);
        json_put_string(&out, w->said.origin);
        buf_printf(&out, ",\"issued\":%lld}\n", (long long)w->said.issued);
    } else {
        buf_printf(&out,
                   "record   %s\nnumber   %lld of epoch %lld\nplace    leaf %lld of %lld in %.*s\nissued   ",
                   d, (long long)w->seq, (long long)w->epoch, (long long)w->said.index,
                   (long long)w->said.size, (int)w->said.origin.n, (const char *)w->said.origin.p);
        local_time_put(&w->f.policy, w->said.issued * 1000, &out);
        buf_puts(&out, "\nreceipt  genuine\n");
    }
    cli_print(buf_view(&out));
}

static int show(struct showing *w, const struct options *o, struct err *e)
{
    struct cose_sign1 sign1;
    int rc = find_sale(w, o->sale, e);
    rc = rc ? rc : journal_record(w->f.journal, w->commit, take_record, w, e);
    rc = rc ? rc : journal_receipt(w->f.journal, w->commit, take_receipt, w, e);
    if (rc == JOURNAL_NOT_FOUND) {
        return err_set(e, TP_NO_RECEIPT,
                       "the log's receipt of this sale has not come yet; the till asks for it by itself");
    }
    rc = rc ? rc : check(w, &sign1, e);
    if (rc == 0 && o->out) {
        rc = write_out(o->out, &sign1, buf_view(&w->receipt), e);
    }
    if (rc == 0 && o->keys) {
        rc = write_key(o->keys, "till.key", &w->till, e);
        rc = rc ? rc : write_key(o->keys, "log.key", w->log, e);
    }
    if (rc == 0) {
        tell(w, o->json);
    }
    return rc;
}

static int run(const struct options *o, struct err *e)
{
    struct showing w = {.sale = 0};
    int rc = till_file_open(o->dir, o->till, &w.f, e);
    if (rc) {
        return rc;
    }
    buf_init(&w.record, ENVELOPE_MAX);
    buf_init(&w.receipt, RECEIPT_MAX);
    rc = show(&w, o, e);
    cose_key_free(&w.till);
    buf_free(&w.record);
    buf_free(&w.receipt);
    till_file_close(&w.f);
    return rc;
}

int cmd_receipt(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"sale", OPT_TEXT, &o.sale, "ID", "the sale: its id, or its reference", OPT_NEEDED},
        {"till", OPT_TEXT, &o.till, "NAME", "the till that recorded it (till1)", 0},
        {"out", OPT_TEXT, &o.out, "FILE", "write the record with its receipt there", 0},
        {"keys", OPT_TEXT, &o.keys, "DIR", "write till.key and log.key, COSE_Keys, there", 0},
        {"json", OPT_FLAG, &o.json, NULL, "print it as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
