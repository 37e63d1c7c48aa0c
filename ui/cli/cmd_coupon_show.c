#include "cli.h"
#include "dates.h"
#include "forms/forms.h"
#include "office.h"
#include "present/present.h"
#include "scan.h"
#include "store/holds.h"
#include "store/offers.h"

#include <inttypes.h>

static const struct usage usage = {"coupon show FILE|TEXT|- [--shop DIR]",
                                   "Decodes a coupon from a picture, a file, standard input or its text, "
                                   "checks it against the shop, and says\n"
                                   "what it is and whether it would be redeemed now.",
                                   1, 1};

enum { SHOW_ARENA = 256 * 1024 };

/* What is known of a coupon; without a shop only the coupon itself. */
struct show {
    struct presented_coupon presented;
    bool checked; /* against a shop: then it is genuine, or nothing is shown */
    struct policy policy;
    struct offer offer;
    bool has_offer;
    struct batch_row batch;
    int reason; /* 0: it would be redeemed now */
    int64_t now, used, held;
};

static int count_use(void *arg, const struct contender *row)
{
    struct show *show = arg;
    show->used += !sale_out(&row->sale) && row->redemption.outcome == 0;
    return 0;
}

static int count_held(void *arg, const struct reservation_row *row)
{
    struct show *show = arg;
    show->held += row->until_ms > show->now;
    return 0;
}

/* Why it would not be redeemed at this moment, or 0. */
static int reason_now(const struct show *show)
{
    const struct offer *o = &show->offer;
    if (!show->has_offer) {
        return TP_UNKNOWN_OFFER;
    }
    if (show->now >= o->valid_until || show->now / 1000 >= show->presented.coupon.exp) {
        return TP_EXPIRED;
    }
    if (show->now < o->valid_from) {
        return TP_NOT_YET_VALID;
    }
    if (o->per_coupon != NONE && show->used >= o->per_coupon) {
        return TP_ALREADY_USED;
    }
    return o->per_coupon != NONE && show->used + show->held >= o->per_coupon ? TP_HELD : 0;
}

static int check_signature(struct office *o, struct show *show, struct err *e)
{
    struct trust trust = {0};
    int rc = office_trust(o, &trust, e);
    if (rc == 0) {
        rc = trust_verify_coupon(&trust, &show->presented.coupon, show->now);
        rc = rc ? err_code(e, rc) : 0;
    }
    trust_free(&trust);
    return rc;
}

static int check_batch(struct office *o, struct show *show, struct err *e)
{
    const struct coupon *c = &show->presented.coupon;
    int rc = store_batch(o->store, c->batch, &show->batch);
    bool ours = rc == 0 && c->index >= show->batch.first && c->index <= show->batch.last &&
                memcmp(c->offer, show->batch.offer, REF_SIZE) == 0;
    if (rc == STORE_NOT_FOUND || (rc == 0 && !ours)) {
        return err_set(e, TP_UNKNOWN_COUPON, "the coupon is in no batch that this shop issued");
    }
    return rc ? err_set(e, rc, "%s", store_error(o->store)) : 0;
}

static int check_uses(struct office *o, struct show *show, struct err *e)
{
    const struct coupon *c = &show->presented.coupon;
    struct contest_key key = {.by = BY_COUPON, .batch = c->batch, .index = c->index};
    int rc = store_contest(o->store, &key, count_use, show);
    if (rc == 0) {
        rc = store_reservations(o->store, c->batch, c->index, count_held, show);
    }
    return rc ? err_set(e, rc, "%s", store_error(o->store)) : 0;
}

static int check_all(struct office *o, struct show *show, struct arena *a, struct err *e)
{
    struct err why = {0};
    int rc = check_signature(o, show, e);
    if (rc == 0) {
        rc = office_policy(o, a, &show->policy, e);
    }
    if (rc == 0) {
        rc = check_batch(o, show, e);
    }
    if (rc == 0) {
        rc = check_uses(o, show, e);
    }
    if (rc == 0) {
        rc = office_offer(o, show->presented.coupon.offer, NONE, a, &show->offer, &why);
        show->has_offer = rc == 0;
        rc = rc == TP_UNKNOWN_OFFER ? 0 : rc ? err_set(e, rc, "%s", why.text) : 0;
    }
    if (rc == 0) {
        show->checked = true;
        show->reason = reason_now(show);
    }
    return rc;
}

static void put_digits(const struct show *show, struct buf *out)
{
    coupon_to_digits(bytes_of(show->presented.raw, show->presented.n), out);
}

static void put_expiry(const struct show *show, struct buf *out)
{
    static const struct zone_step utc = {0, 0};
    struct policy policy = show->policy;
    if (policy.zone_steps.n == 0) {
        policy.zone_steps.v = &utc;
        policy.zone_steps.n = 1;
    }
    local_time_put(&policy, show->presented.coupon.exp * 1000, out);
}

static void show_json(const struct show *show, struct buf *out)
{
    const struct coupon *c = &show->presented.coupon;
    char ref[2 * REF_SIZE + 1];
    hex_encode(c->offer, REF_SIZE, ref);
    buf_puts(out, "{\"kind\":\"coupon\",\"offer\":");
    if (show->has_offer) {
        json_put_string(out, show->offer.id);
        buf_puts(out, ",\"title\":");
        json_put_string(out, show->offer.title);
    } else {
        buf_puts(out, "null");
    }
    buf_printf(out, ",\"offer_ref\":\"%s\",\"batch\":%u,\"index\":%u", ref, c->batch, c->index);
    if (show->checked) {
        buf_puts(out, ",\"channel\":");
        json_put_string(out, bytes_str(show->batch.channel));
        buf_puts(out, ",\"campaign\":");
        json_put_string(out, bytes_str(show->batch.campaign));
    }
    buf_puts(out, ",\"expires\":\"");
    put_expiry(show, out);
    buf_printf(out, "\",\"signature\":\"%s\"", show->checked ? "genuine" : "unchecked");
    if (show->checked) {
        buf_printf(out, ",\"redeemable\":%s,\"reason\":\"%s\"", show->reason ? "false" : "true",
                   code_word(show->reason));
    }
    buf_puts(out, ",\"digits\":\"");
    put_digits(show, out);
    buf_puts(out, "\"}\n");
}

static void show_text(const struct show *show, struct buf *out)
{
    const struct coupon *c = &show->presented.coupon;
    char ref[2 * REF_SIZE + 1];
    hex_encode(c->offer, REF_SIZE, ref);
    if (show->has_offer) {
        buf_printf(out, "A coupon for %.*s: %.*s\n", (int)show->offer.id.n, (const char *)show->offer.id.p,
                   (int)show->offer.title.n, (const char *)show->offer.title.p);
    } else {
        buf_printf(out, "A coupon for the offer with the reference %s\n", ref);
    }
    buf_printf(out, "  batch %u, number %u in it\n", c->batch, c->index);
    if (show->checked) {
        buf_printf(out, "  given out through %s%s%s\n", show->batch.channel,
                   show->batch.campaign[0] ? ", campaign " : "", show->batch.campaign);
    }
    buf_puts(out, "  ends ");
    put_expiry(show, out);
    if (!show->checked) {
        buf_puts(out, "\n  its signature could not be checked: that needs --shop DIR\n");
    } else if (show->reason) {
        buf_printf(out, "\n  genuine: this shop issued it\n  not redeemable now: %s: %s\n",
                   code_word(show->reason), code_sentence(show->reason));
    } else {
        buf_puts(out, "\n  genuine: this shop issued it\n  redeemable now\n");
    }
    buf_puts(out, "  digits ");
    put_digits(show, out);
    buf_putc(out, '\n');
}

static int decode(const char *given, struct show *show, struct err *e)
{
    struct buf scan;
    buf_init(&scan, 64 * 1024);
    int rc = scan_read(given, &scan, e);
    if (rc == 0) {
        rc = present_code(buf_view(&scan), &show->presented);
        rc = rc ? err_code(e, rc) : 0;
    }
    buf_free(&scan);
    return rc;
}

static int run(const char *given, const char *dir, bool json, struct err *e)
{
    static struct show show;
    struct office office = {0};
    struct arena a;
    struct buf out;
    show.now = clock_wall(&clock_system);
    int rc = decode(given, &show, e);
    if (rc == 0 && dir) {
        rc = office_open(dir, OFFICE_READ, &office, e);
    }
    arena_init(&a, SHOW_ARENA);
    buf_init(&out, 64 * 1024);
    if (rc == 0 && dir) {
        rc = check_all(&office, &show, &a, e);
        office_close(&office);
    }
    if (rc == 0) {
        (json ? show_json : show_text)(&show, &out);
        cli_print(buf_view(&out));
    }
    arena_reset(&a);
    buf_free(&out);
    return rc;
}

int cmd_coupon_show(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR",
                                "the shop that it should be of; without it no signature is checked", 0},
                               {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(rest.v[0], dir, json, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
