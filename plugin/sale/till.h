/*
 * A till: its record, its replica, its sales, and the one thread that talks to the authority. Behind
 * plugin/api; also for commands and tests. Any thread may call any function; the till has one lock, which is
 * not held while the authority is asked. Only till_hold, till_flush, till_sync_now and till_close wait for
 * the network.
 *
 * Functions return 0, a code below zero with a sentence in e, or where a function says so an outcome.
 */
#ifndef SALE_TILL_H
#define SALE_TILL_H

#include "base/clock.h"
#include "offer/price.h"
#include "transport/transport.h"
#include "wire/statement.h"

struct till;

struct till_config {
    const char *dir;                  /* DIR/tills/NAME, with till.key and till.db */
    uint8_t authority[ID_SIZE];       /* as shop.ini says */
    uint8_t root[HASH_SIZE];          /* thumbprint of the shop's root key */
    struct transport transport;       /* taken over, whatever the result */
    const struct clock_source *clock; /* outlives the till */
    int64_t first_wait_ms; /* how long to wait for the first answer of a till that knows no policy; else
                              FIRST_WORD_MS */
};

/* Opens the till and starts its thread. TP_E_NO_SHOP, TP_E_TILL_BUSY, TP_E_NEWER, TP_E_UNTRUSTED (its key
 * file, or another authority's journal), TP_E_CORRUPT, TP_E_IO, TP_E_MEMORY, TP_E_CRYPTO. */
int till_open(const struct till_config *config, struct till **out, struct err *e);
/* Sends what is unsent until the deadline, stops the thread, frees. Takes NULL. 0, or TP_E_TIMEOUT when
 * something is left unsent. */
int till_close(struct till *t, int64_t deadline_ms);

struct till_status {
    bool online, ready, quarantined, behind, time_sure;
    int64_t unsent, refused, conflicts;
    int refused_reason;
    int log; /* 0, TP_LOG_FORKED, TP_BAD_RECEIPT: evidence is kept */
    int64_t time_ms, epoch, seq;
    char name[64], store[64], currency[4];
};
int till_status(struct till *t, struct till_status *out, struct err *e);

/* Waits until every record was answered. 0 or TP_E_TIMEOUT. */
int till_flush(struct till *t, int64_t deadline_ms, struct err *e);
/* Waits until one more sync has been answered. 0, TP_OFFLINE (not answered, or the answer does not check out:
 * e says), TP_E_TIMEOUT. */
int till_sync_now(struct till *t, int64_t deadline_ms, struct err *e);

/* Joins a card to offers (or undoes it: LINK_REMOVE) by a signed record; the token is hashed at once. Durable
 * when it returns. offers: 1..64 refs. campaign and customer may be absent. TP_OFFLINE: the till was never
 * told the card key. */
int till_link(struct till *t, int op, struct bytes token, const struct ref *offers, size_t n,
              struct bytes channel, struct bytes campaign, struct bytes customer, struct err *e);

/* ---- events: what tillproof.h says of them ---- */

enum event_kind {
    EVENT_ONLINE = 1,
    EVENT_HOLD,
    EVENT_OUTCOME,
    EVENT_REFUSED,
    EVENT_QUARANTINED,
    EVENT_BEHIND,
    EVENT_NEWS,
    EVENT_PICTURE,
    EVENT_DEVICE,
    EVENT_SCAN,
    EVENT_RECEIPT = 20,
    EVENT_LOG,
};

struct till_event {
    int kind, code; /* kind 0: none */
    int64_t number, sale, id, amount, at_ms, dropped;
    size_t data;
    char offer[48], text[208];
};
/* Never fails: see event_put. */
void till_event_put(struct till *t, const struct till_event *v, struct bytes data);
/* False when so many scans wait that the next EVENT_SCAN should not be put yet. */
bool till_event_room(struct till *t);
/* Readable while events wait; the till's own. */
int till_event_fd(struct till *t);
/* Waits at most wait_ms; kind 0 when none came. */
void till_event_next(struct till *t, int64_t wait_ms, struct till_event *out);
/* Appends the bytes of the event that was taken last. TP_E_ARGUMENT: it has another number. */
int till_event_data(struct till *t, int64_t number, struct buf *out, struct err *e);

/* ---- sales: what tillproof.h says of each holds here ---- */

enum { SALE_TRAINING = 1 };

int till_sale_begin(struct till *t, struct bytes reference, struct bytes currency, bool training,
                    int64_t *sale, struct err *e);
int till_sale_find(struct till *t, struct bytes reference, int64_t *sale,
                   struct err *e); /* 0 in *sale: none */

int till_sale_unsettled(struct till *t, size_t index, int64_t *sale,
                        struct err *e); /* 0 in *sale: beyond the end */
int till_sale_forget(struct till *t, int64_t sale, struct err *e);

/* Appends what another till needs to go on with the sale; at most 2 MiB. The sale stays as it is. */
int till_sale_save(struct till *t, int64_t sale, struct buf *out, struct err *e);
/* TP_E_MALFORMED, TP_E_UNTRUSTED, TP_E_EXISTS. */
int till_sale_load(struct till *t, struct bytes in, int64_t *sale, struct err *e);

struct sale_info {
    int state; /* TP_PROVISIONAL, TP_BINDING, TP_COMMITTED, TP_VOIDED */
    bool training, sent;
    size_t lines, presentations;
    int64_t rev, hold_left_ms;
    uint8_t uuid[ID_SIZE];
    char currency[4], reference[65], receipt[65];
};
int till_sale_info(struct till *t, int64_t sale, struct sale_info *out, struct err *e);

/* Copies the lines. TP_E_ARGUMENT when one is out of its range. */
int till_lines_set(struct till *t, int64_t sale, const struct line *lines, size_t n, struct err *e);

enum { PRESENT_SCAN = 1, PRESENT_TYPED = 2, PRESENT_CARD_TOKEN = 3 };
struct presentation_info {
    int outcome; /* 0: taken */
    int64_t id;
    char offer[48], title[208];
};
int till_present(struct till *t, int64_t sale, int kind, struct bytes in, struct presentation_info *out,
                 struct err *e);
int till_withdraw(struct till *t, int64_t sale, int64_t presentation, struct err *e);

struct quote_info {
    int outcome, reason;
    size_t lines, shares, offers, taxes;
    char currency[4];
    int64_t gross, discount, net, tax, due, cashback, hold_left_ms;
};
int till_quote(struct till *t, int64_t sale, struct quote_info *out, struct err *e);
int till_hold(struct till *t, int64_t sale, int64_t deadline_ms, struct quote_info *out, struct err *e);
int till_release(struct till *t, int64_t sale, struct err *e);

struct commit_info {
    int outcome; /* TP_COMMITTED or TP_VOIDED */
    bool binding;
    int64_t redemptions, due, seq;
    uint8_t d[HASH_SIZE]; /* zero for training */
    bool training;
};
/* receipt may be absent. */
int till_commit(struct till *t, int64_t sale, struct bytes receipt, const struct tender *tenders, size_t n,
                struct commit_info *out, struct err *e);
int till_void(struct till *t, int64_t sale, struct err *e);

/*
 * Begins a refund of a sale of any till of the shop, named by its reference or by its id in hexadecimal; or
 * finds the refund that has this reference. Its lines name lines of the original. Waits at most deadline_ms
 * for the authority; 0 asks nobody. TP_UNKNOWN_SALE; TP_OFFLINE: another till's, and no answer came in time.
 * TP_E_STATE: it was voided, or is a refund, or cannot be returned here. TP_E_EXISTS: the reference is
 * another sale's.
 */
int till_refund_begin(struct till *t, struct bytes original, struct bytes reference, int64_t deadline_ms,
                      int64_t *sale, struct err *e);

/* What the records since the last close add up to; or, when nothing was sold, voided or returned since, the
 * last close again. Amounts in `currency`: the shop's, or else the first that there is. */
struct day_info {
    bool fresh; /* this call recorded it */
    size_t currencies;
    char currency[4];
    int64_t sales, voids, returns;
    int64_t gross, discount, net, tax, due;
    int64_t time_ms, seq, first, last, unsent, refused; /* seq 0: nothing was ever closed */
    uint8_t d[HASH_SIZE];
};
int till_day_close(struct till *t, struct day_info *out, struct err *e);

struct line_info {
    size_t shares;
    int64_t number, gross, discount, net, tax, without_tax, with_tax;
};
struct share_info {
    size_t offer;
    int64_t line, discount;
};
struct offer_info {
    int outcome;
    int64_t presentation, version, discount, cashback, missing, at_ms;
    char offer[48], title[208], funder[72], at_till[64];
};
struct tax_info {
    int64_t rate, tax, without_tax, with_tax;
};
int till_line_result(struct till *t, int64_t sale, size_t index, struct line_info *out, struct err *e);
int till_share_result(struct till *t, int64_t sale, size_t index, struct share_info *out, struct err *e);
int till_offer_result(struct till *t, int64_t sale, size_t index, struct offer_info *out, struct err *e);
int till_tax_result(struct till *t, int64_t sale, size_t index, struct tax_info *out, struct err *e);
/* Appends the sale's record (a COSE_Sign1) with the log's receipt of it; nothing while there is none. */
int till_proof(struct till *t, int64_t sale, struct buf *out, struct err *e);
/* Appends the receipt's lines. */
int till_text(struct till *t, int64_t sale, struct buf *out, struct err *e);

#endif
