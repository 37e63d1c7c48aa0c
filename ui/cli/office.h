/*
 * What a shop's office does with the keys in DIR/office: it makes the shop, signs the merchant's statements,
 * hands them to the authority and reads its answers. No rules: what is allowed is the authority's to say.
 * One handle, one thread.
 */
#ifndef CLI_OFFICE_H
#define CLI_OFFICE_H

#include "keys/enrolment.h"
#include "keys/trust.h"
#include "keys/keyfile.h"
#include "shop/shop.h"

enum { OFFICE_KEYS = PURPOSE_ISSUER + 1, OFFICE_COUPONS_MAX = 1000000 };

/* What a new shop is to be. dir is made, or is an empty directory. */
struct office_plan {
    const char *dir, *currency, *zone, *store, *merchant;
    const char
        *database; /* postgresql://...: where its authority keeps what it keeps; NULL: in the directory */
    bool tax_included, manufacturer_before_tax;
    /* What a till alone may redeem of offers that let it: a coupon, and all together in an hour; minor units.
     */
    const char *risk_coupon_cap, *risk_hour_cap; /* decimals in major units, or NULL: nothing */
};

/*
 * Makes a shop with the tills "till1" and "desk": all of it, or nothing is left. TP_E_ARGUMENT (a currency,
 * zone or name that is not known or not allowed), TP_E_EXISTS (dir is not empty), TP_E_READ_ONLY, TP_E_IO.
 */
int office_make(const struct office_plan *plan, struct err *e);

struct office {
    struct shop shop;
    struct store *store;         /* for reading */
    struct authority *authority; /* NULL when opened for reading alone */
    struct cose_key keys[OFFICE_KEYS];
    int lock; /* one office at a time: batch numbers and epochs are taken under it */
};

enum { OFFICE_READ = 0, OFFICE_WRITE = 1 };

/* OFFICE_WRITE waits until no other process has the office open for writing. office_close on success. */
int office_open(const char *dir, int flags, struct office *o, struct err *e);
void office_close(struct office *o); /* takes a zeroed one */

/* The office's key of a purpose (root, merchant or issuer), loaded at its first use. */
int office_key(struct office *o, enum purpose purpose, const struct cose_key **key, struct err *e);
/* Signs the payload with the kind's key and has the authority register it. Its refusal is the return value; d
 * (may be NULL) is the statement's identity. */
int office_submit(struct office *o, enum kind kind, const void *payload, uint8_t d[HASH_SIZE], struct err *e);
/* The beginning of every payload: this shop, this moment. */
struct common office_common(const struct office *o);

/* The policy in force; its texts live in the arena. */
int office_policy(struct office *o, struct arena *a, struct policy *out, struct err *e);
/* The keyset in force, as it was signed; its texts live in the arena. */
int office_keyset(struct office *o, struct arena *a, struct keyset *out, struct err *e);
/* The same as what it lets trust. Owned: trust_free. */
int office_trust(struct office *o, struct trust *out, struct err *e);
/* One version of an offer, or the highest (NONE). TP_UNKNOWN_OFFER. */
int office_offer(struct office *o, const uint8_t ref[REF_SIZE], int64_t version, struct arena *a,
                 struct offer *out, struct err *e);
/* The same, by the merchant's own name for it. */
int office_offer_named(struct office *o, const char *id, struct arena *a, struct offer *out, struct err *e);

/*
 * Makes DIR/tills/NAME with its key and its journal, and has the authority take the till under its next
 * epoch. `anew`: for a till that is there and whose record was found behind, or whose 90 days end; what it
 * has not sent stays to be sent. TP_E_EXISTS when the till is there and not `anew`; TP_E_ARGUMENT for a bad
 * name.
 */
int office_enrol(struct office *o, const char *name, const char *store, bool anew, struct err *e);

/*
 * Gives a till's key up (state: TERMINAL_REVOKED or _LOST) from place->seq of place->epoch on. NONE in either
 * is the enrolment in force, and the first record that is not known here; both are filled. TP_UNKNOWN_TILL.
 */
int office_give_up(struct office *o, const char *till, int state, struct record_place *place, struct err *e);
/*
 * Replaces the key of a purpose (merchant, issuer, grant, log or registrar) and publishes the keyset that
 * says so, whose number is given. The old key signs no more, the authority's own ones for another hour,
 * unless at_once. TP_E_ARGUMENT, TP_E_IO (for example: no root.key), TP_E_STATE (the keyset is full).
 */
int office_rotate(struct office *o, const char *purpose, bool at_once, int64_t *number, struct err *e);
/* A new code for one till, good for so many hours and once: office_submit's codes, TP_E_ARGUMENT. Wipe it. */
int office_invite(struct office *o, const char *till, const char *store, int64_t hours,
                  char code[ENROLMENT_CODE + 1], int64_t *until_ms, struct err *e);
/* What the merchant says of a record that is or was disputed; any other one is TP_E_ARGUMENT. */
int office_rule(struct office *o, const uint8_t record[HASH_SIZE], int verdict, struct err *e);

/* Whether this version is published: 1 with the same terms, 0 not yet; TP_VERSION_EXISTS with other terms. */
int office_published(struct office *o, const struct offer *offer, struct err *e);
int office_publish(struct office *o, const struct offer *offer, struct err *e);

/* Asks the authority for a code of nine digits that stands for this coupon until then. The authority's
 * refusal, for example TP_UNKNOWN_COUPON, is the return value. */
int office_pickup(struct office *o, struct bytes coupon, char code[PICKUP_SIZE + 1], int64_t *until_ms,
                  struct err *e);

/* Erases a person from what the authority keeps, and from the files of its database. Returns as
 * authority_erase; TP_E_BUSY: it is done, but old pages could not be overwritten while the database is used:
 * call it again. */
int office_erase(struct office *o, const struct erase_request *who, struct erase_result *out, struct err *e);
/* What was given up, all leases together. */
struct office_given_up {
    int64_t leases, uses, amount;
};
/*
 * Gives up what is left of a till's leases (till NULL: of any till's), or (lease not NONE) of the one with
 * that number: others may use it from then on, and what the till has spent of it beyond comes to be a
 * conflict. None that keeps anything is fine: out->leases is 0. On failure those that out counts were given
 * up.
 */
int office_write_off(struct office *o, const char *till, int64_t lease, struct office_given_up *out,
                     struct err *e);

/* Takes the next batch number for `count` coupons of the offer, indexes from 0. */
int office_batch(struct office *o, const struct offer *offer, const char *channel, const char *campaign,
                 int64_t count, struct batch *out, struct err *e);
/* The same for coupons of one till alone, to which they are leased; till NULL: of none. TP_UNKNOWN_TILL;
 * TP_BAD_STATEMENT where the offer does not lease each coupon once, or they are too many. */
int office_batch_for(struct office *o, const struct offer *offer, const char *channel, const char *campaign,
                     const char *till, int64_t count, struct batch *out, struct err *e);

#endif
