/* One payload of every kind, for the tests of envelopes and messages. */
#ifndef UNIT_WIRE_SAMPLE_H
#define UNIT_WIRE_SAMPLE_H

#include "util.h"
#include "wire/statement.h"

#define SAMPLE_TIME  INT64_C(1795000000000)
#define SAMPLE_UNTIL (SAMPLE_TIME + INT64_C(90) * 24 * 3600 * 1000)

static const struct common sample_common = {.version = 1, .audience = {0xAA}, .time_ms = SAMPLE_TIME};
static const struct checkpoint_seen sample_checkpoint = {.size = 12, .root = {0xCC}};
static const struct chain sample_chain = {&sample_checkpoint, .epoch = 1, .seq = 3, .prev = {0x11}};
static const struct head sample_head = {.epoch = 1, .seq = 2, .d = {0x22}};
static const struct zone_step sample_steps[] = {{0, 60}, {SAMPLE_TIME, 120}};
static const struct ref sample_refs[] = {{{1}}, {{2}}};
static const struct tender sample_tenders[] = {{{(const uint8_t *)"card", 4}, 2000},
                                               {{(const uint8_t *)"cash", 4}, 338}};
static const struct bytes sample_coupons[] = {{(const uint8_t *)"coupon", 6}};
static const struct gs1_shown sample_gs1[] = {{{3}, {(const uint8_t *)"8112001234561234560123456", 25}}};
static const struct gs1_granted sample_serials[] = {{55, {(const uint8_t *)"0123456", 7}}};
static const struct verdict sample_verdicts[] = {
    {{1}, 1, 7, 8, NONE, TP_OK, NONE, {0}, 55, 2598, 260, 0},
    {{2}, 1, NONE, NONE, 0, TP_BUDGET_SPENT, NONE, {0}, NONE, 0, 0, 0},
    {{3}, 1, 7, 9, NONE, TP_ALREADY_USED, SAMPLE_TIME, {(const uint8_t *)"till2", 5}, NONE, 0, 0, 0},
};
static const struct redemption sample_redemptions[] = {
    {{1}, 1, {(const uint8_t *)"coupon", 6}, NONE, 55, 2598, 260, 0},
    {{2}, 1, {0}, 0, NONE, 2338, 0, 23},
};
static const struct reversed sample_reversed[] = {{0, 130, 0}};
static const struct outcome sample_outcomes[] = {{{9}, 1, TP_CONFLICT, 23}};
static const struct close_sum sample_sums[] = {
    {{(const uint8_t *)"EUR", 3}, 2, 1, 1, 1299, 130, 1169, 76, 1169}};
static const struct leased_coupons sample_leased = {7, 10, 29};
static const struct lease_wanted sample_wanted[] = {{{0xAB, 1}, 4, 0}};
static const struct bytes sample_hashes[] = {{(const uint8_t *)"0123456789abcdef0123456789abcdef", 32}};
static const struct keyset_key sample_keys[] = {
    {{(const uint8_t *)"k", 1}, PURPOSE_ROOT, {(const uint8_t *)"root", 4}, 0, SAMPLE_UNTIL}};

static inline struct offer sample_offer(void)
{
    return (struct offer){.ref = {0xAB, 1},
                          .id = bytes_str("coffee10"),
                          .version = 1,
                          .title = bytes_str("10% off coffee"),
                          .currency = bytes_str("EUR"),
                          .funder = bytes_str("store"),
                          .redeem = REDEEM_COUPON | REDEEM_CARD,
                          .valid_from = SAMPLE_TIME,
                          .valid_until = SAMPLE_UNTIL,
                          .min_spend = 2000,
                          .min_quantity = NONE,
                          .category = {sample_coupons, 1},
                          .percent = 10000,
                          .cap = 500,
                          .amount = NONE,
                          .group = bytes_str("coffee"),
                          .per_coupon = 1,
                          .per_customer = NONE,
                          .total = 10000,
                          .budget = NONE,
                          .offline_cap = NONE,
                          .fee_percent = 3000,
                          .fee_fixed = NONE};
}

static inline void sample_record(enum kind kind, union payload *p)
{
    struct bytes eur = bytes_str("EUR");
    switch (kind) {
    case KIND_LEASE_RETURN:
        p->lease_return = (struct lease_return){sample_common, sample_chain, {8}, 3, 1250};
        break;
    case KIND_CLOSE:
        p->close = (struct close){sample_common, sample_chain, {1, 1}, {1, 2}, {sample_sums, 1}};
        break;
    case KIND_LINK:
        p->link = (struct link){sample_common,     sample_chain, LINK_ADD, {sample_refs, 2},
                                bytes_str("mail"), {0},          {0}};
        break;
    case KIND_COMMIT:
        p->commit = (struct commit){.common = sample_common,
                                    .chain = sample_chain,
                                    .sale = {0x5A},
                                    .rev = 1,
                                    .policy = 1,
                                    .currency = eur,
                                    .gross = 2598,
                                    .discount = 260,
                                    .net = 2338,
                                    .tax = 153,
                                    .due = 2338,
                                    .cashback = 23,
                                    .tenders = {sample_tenders, 2},
                                    .redemptions = {sample_redemptions, 2},
                                    .grant = bytes_str("grant")};
        break;
    default:
        p->reverse = (struct reverse){.common = sample_common,
                                      .chain = sample_chain,
                                      .op = REVERSE_RETURN,
                                      .sale = {0x5B},
                                      .currency = eur,
                                      .gross = 1299,
                                      .discount = 130,
                                      .net = 1169,
                                      .tax = 76,
                                      .due = 1169,
                                      .tenders = {sample_tenders, 1},
                                      .redemptions = {sample_reversed, 1}};
    }
}

static inline void sample_till(enum kind kind, union payload *p)
{
    switch (kind) {
    case KIND_HOLD:
        p->hold = (struct hold){.common = sample_common,
                                .id = {1},
                                .head = sample_head,
                                .sale = {0x5A},
                                .rev = 1,
                                .coupons = {sample_coupons, 1},
                                .gs1 = {sample_gs1, 1}};
        break;
    case KIND_RELEASE:
        p->release = (struct release){.common = sample_common,
                                      .checkpoint = &sample_checkpoint,
                                      .id = {2},
                                      .head = sample_head,
                                      .sale = {0x5A},
                                      .rev = 2};
        break;
    case KIND_RECALL:
        p->recall = (struct recall){.common = sample_common,
                                    .id = {6},
                                    .head = sample_head,
                                    .sale = bytes_str("0123456789abcdef"),
                                    .reference = {7}};
        break;
    case KIND_ENROL:
        p->enrol = (struct enrol){sample_common, {8}, bytes_str("till-1"), bytes_str("k"), {9}};
        break;
    case KIND_RENEW:
        p->renew = (struct renew){
            .common = sample_common, .id = {8}, .head = sample_head, .cose_key = bytes_str("k")};
        break;
    case KIND_SYNC:
        p->sync = (struct sync){
            .common = sample_common, .id = {3}, .head = sample_head, .have = 4, .wanted = {sample_wanted, 1}};
        break;
    default:
        sample_record(kind, p);
    }
}

static inline void sample(enum kind kind, union payload *p)
{
    memset(p, 0, sizeof *p);
    switch (kind) {
    case KIND_POLICY:
        p->policy = (struct policy_statement){sample_common,
                                              {.version = 1,
                                               .currency = bytes_str("EUR"),
                                               .zone = bytes_str("Europe/Berlin"),
                                               .zone_steps = {sample_steps, 2}}};
        break;
    case KIND_KEYSET:
        p->keyset = (struct keyset){sample_common, 1, bytes_str("A shop"), {sample_keys, 1}};
        break;
    case KIND_TERMINAL:
        p->terminal = (struct terminal){.common = sample_common,
                                        .till = bytes_str("till-1"),
                                        .store = bytes_str("mitte"),
                                        .epoch = 1,
                                        .cose_key = bytes_str("k"),
                                        .from = SAMPLE_TIME,
                                        .until = SAMPLE_UNTIL,
                                        .from_seq = NONE};
        break;
    case KIND_OFFER:
        p->offer = (struct offer_statement){sample_common, sample_offer()};
        break;
    case KIND_BATCH:
        p->batch = (struct batch){
            sample_common, 0x01020304,         {1}, 0, 99, bytes_str("mail"), bytes_str("autumn"),
            1800000000,    bytes_str("till-1")};
        break;
    case KIND_GRANT:
        p->grant = (struct grant){.common = sample_common,
                                  .till = bytes_str("till-1"),
                                  .sale = {0x5A},
                                  .rev = 1,
                                  .ttl_ms = 120000,
                                  .policy = 1,
                                  .verdicts = {sample_verdicts, 2},
                                  .gs1 = {sample_serials, 1}};
        break;
    case KIND_CHECKPOINT:
        p->checkpoint = (struct checkpoint){sample_common, 7, {3}};
        break;
    case KIND_RECALLED:
        p->recalled = (struct recalled){sample_common, {5}, {6}, {7}};
        break;
    case KIND_ERASURE:
        p->erasure = (struct erasure){sample_common, 3, {8}};
        break;
    case KIND_LEASE:
        p->lease = (struct lease){.common = sample_common,
                                  .till = bytes_str("till-1"),
                                  .epoch = 1,
                                  .offer = {0xAB, 1},
                                  .number = 56,
                                  .from = SAMPLE_TIME,
                                  .until = SAMPLE_UNTIL,
                                  .uses = 20,
                                  .amount = 5000,
                                  .coupons = &sample_leased};
        break;
    case KIND_WRITE_OFF:
        p->write_off = (struct write_off){sample_common, bytes_str("till-1"), {8}, 17, NONE};
        break;
    case KIND_RULING:
        p->ruling = (struct ruling){sample_common, {8}, RULING_REJECT};
        break;
    case KIND_INVITE:
        p->invite =
            (struct invite){sample_common, bytes_str("till-1"), bytes_str("mitte"), {9}, SAMPLE_UNTIL};
        break;
    case KIND_PICKUP:
        p->pickup = (struct pickup){sample_common, {4}, bytes_str("coupon")};
        break;
    case KIND_STATE:
        p->state = (struct state){.common = sample_common,
                                  .head = sample_head,
                                  .have = 5,
                                  .statements = {sample_hashes, 1},
                                  .outcomes = {sample_outcomes, 1},
                                  .checkpoint = &sample_checkpoint};
        break;
    default:
        sample_till(kind, p);
    }
}

#endif
