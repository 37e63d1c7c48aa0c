/*
 * A till with a scripted authority behind it: real keys, real signatures, and a switch that spoils what it
 * answers. Clocks stand still unless a test moves them. Failures of the fixture itself fail the test.
 */
#ifndef TESTS_UNIT_SALE_FAKE_H
#define TESTS_UNIT_SALE_FAKE_H

#include "support/cm.h"

#include "journal/journal.h"
#include "keys/keyfile.h"
#include "sale/till.h"

#include <pthread.h>
#include <stdatomic.h>

#define FAKE_NOW INT64_C(1795000000000)

enum { FAKE_OFFERS = 3, FAKE_STATEMENTS = 16, FAKE_RECORDS = 4096, FAKE_WAIT = 3000 };

/* What is wrong with the next answers. */
enum fake_mode {
    GOOD,
    DOWN,          /* no answer at all */
    LOST,          /* it was handled, the answer is lost */
    GARBAGE,       /* bytes that are no answer */
    EMPTY,         /* an empty reply */
    TWICE,         /* the answer, and once more */
    WRONG_KEY,     /* signed by a key that nobody trusts */
    WRONG_PURPOSE, /* signed by the merchant */
    OTHER_REQUEST, /* the signed request hash is another one */
    OTHER_D,       /* the answer names another statement */
    OTHER_SALE,    /* a grant for another sale */
    OTHER_REV,
    OTHER_TILL,
    OTHER_AUDIENCE,
    OTHER_QUOTE,       /* the quote beside the grant is not the one that was signed */
    REPLAY,            /* the answer to the first request of this kind, once more */
    EXTRA_STATEMENT,   /* a statement that the state does not list */
    MISSING_STATEMENT, /* one that it lists is not there */
    FORGED_OFFER,      /* a listed offer that the merchant did not sign */
    GOES_BACK,         /* a lower number than the till has */
    PROBLEM,           /* a problem with the reason in fake.problem */
    AHEAD,             /* the state says that the till has recorded more than it has */
};

/* What is wrong with the codes of the next grants. */
enum fake_spoil { RIGHT, ONE_FEWER, OTHER_COUPON };

struct fake_statement {
    uint8_t raw[8192];
    size_t n;
    uint8_t d[HASH_SIZE];
};

struct fake_coupon {
    int state; /* 0 free, 1 held, 2 used */
    uint8_t sale[ID_SIZE];
};

struct fake {
    char dir[64];
    struct cose_key root, merchant, issuer, grant, evil, till;
    uint8_t id[ID_SIZE], card_key[HASH_SIZE], linked[HASH_SIZE]; /* linked: the handle that has offer 1 */
    bool has_link;
    struct policy policy;
    struct offer offers[FAKE_OFFERS];
    struct clock_source clock;
    _Atomic int64_t wall, boot;

    pthread_mutex_t lock; /* guards what follows */
    enum fake_mode mode;
    enum kind mode_kind; /* only answers to these are spoiled; KIND_COUNT: all */
    int problem;
    int64_t delay_ms, ttl_ms;
    struct fake_statement published[FAKE_STATEMENTS];
    size_t published_count;
    struct fake_coupon coupons[16];
    struct fake_record {
        uint8_t d[HASH_SIZE], prev[HASH_SIZE];
        int64_t epoch, seq;
        enum kind kind;
    } records[FAKE_RECORDS];
    size_t record_count;
    int calls[KIND_COUNT];
    int64_t last_rev, released_rev;
    enum fake_spoil spoil_pickups;
    size_t pickups_asked, coupons_asked; /* by the last hold */
    int64_t grants;
    struct buf seen; /* every byte that the till sent */
    struct buf first[KIND_COUNT];
    struct outcome outcomes[4];
    size_t outcome_count;
};

/* Makes the world, the till's directory with key and journal, and publishes two offers with a batch each. */
void fake_open(struct fake *f);
void fake_close(struct fake *f);
/* Opens the till; asserts that it can be. */
struct till *fake_till(struct fake *f);
int fake_try(struct fake *f, struct till **out, struct err *e);
void fake_mode(struct fake *f, enum fake_mode mode, enum kind only);
void fake_publish(struct fake *f, enum kind kind, const void *payload, const struct cose_key *key,
                  const char *iss);
struct common fake_common(const struct fake *f);
/* The digits of coupon `index` of offer `which`. */
void fake_coupon(struct fake *f, int which, uint32_t index, struct buf *out);
int fake_calls(struct fake *f, enum kind kind);
/* Waits until the fake has seen so many; asserts. */
void fake_await(struct fake *f, enum kind kind, int calls);

/* One line of 25.98 EUR, coffee. */
void fake_lines(struct till *t, int64_t sale);
int64_t fake_sale(struct till *t, const char *reference);
/* Presents a coupon: its outcome. */
int fake_present(struct fake *f, struct till *t, int64_t sale, int which, uint32_t index);
struct quote_info fake_hold(struct till *t, int64_t sale);
struct quote_info fake_quote(struct till *t, int64_t sale);
struct commit_info fake_commit(struct till *t, int64_t sale);

#endif
