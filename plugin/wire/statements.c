#include "wire/statement.h"

#define INT(record, member, key, min, max)     FIELD(F_INT, record, member, key, min, max)
#define INT_OPT(record, member, key, min, max) FIELD_OPT(F_INT, record, member, key, min, max)
#define TEXT(record, member, key, min, max)    FIELD(F_TEXT, record, member, key, min, max)
#define BOOL(record, member, key)              FIELD(F_BOOL, record, member, key, 0, 0)
#define FIXED(record, member, key, size)       FIELD(F_FIXED, record, member, key, size, size)
#define TOTAL_MAX                              COUNTER_MAX /* a day's sum of amounts */
#define TOTAL(record, member, key)             INT(record, member, key, -TOTAL_MAX, TOTAL_MAX)
#define SUM(record, member, key)               INT(record, member, key, -AMOUNT_MAX, AMOUNT_MAX)
#define PART(record, member, key)              INT(record, member, key, 0, AMOUNT_MAX)

#define COMMON(record)                                                                                       \
    INT(record, common.version, 1, 1, 1), FIXED(record, common.audience, 2, ID_SIZE),                        \
        INT(record, common.time_ms, 3, 0, TIME_MAX)
#define CHAIN(record)                                                                                        \
    FIELD_SUB_OPT(record, chain.checkpoint, 4, &schema_checkpoint),                                          \
        INT(record, chain.epoch, 5, 1, UINT32_MAX), INT(record, chain.seq, 6, 1, COUNTER_MAX),               \
        FIXED(record, chain.prev, 7, HASH_SIZE)
#define REQUEST(record)                                                                                      \
    FIELD_SUB_OPT(record, checkpoint, 4, &schema_checkpoint), FIXED(record, id, 10, ID_SIZE),                \
        FIELD_SUB(record, head, 11, &schema_head)

#define COUNTER_MAX       (INT64_C(1) << 53)
#define LINE_QUANTITY_MAX INT64_C(1000000000000)
#define EXP_MAX           (INT64_C(1) << 40)
enum { LABEL_MAX = 64, KEY_MAX = 128, PEOPLE_MAX = 200, TTL_MAX = 900000 };

const char *const purpose_words[] = {"root", "merchant", "issuer",  "till",      "grant",
                                     "log",  "wallet",   "witness", "registrar", NULL};
static const char *const terminal_words[] = {"active", "revoked", "lost", NULL};
static const char *const ruling_words[] = {"accept", "reject", NULL};
static const char *const link_words[] = {"add", "remove", NULL};
static const char *const reverse_words[] = {"return", "void", NULL};

static const struct field checkpoint_fields[] = {
    INT(checkpoint_seen, size, 0, 0, COUNTER_MAX),
    FIXED(checkpoint_seen, root, 0, HASH_SIZE),
};
static const struct schema schema_checkpoint =
    SCHEMA("checkpoint_seen", SHAPE_TUPLE, checkpoint_seen, checkpoint_fields);

static const struct field head_fields[] = {
    INT(head, epoch, 0, 0, UINT32_MAX),
    INT(head, seq, 0, 0, COUNTER_MAX),
    FIXED(head, d, 0, HASH_SIZE),
};
static const struct schema schema_head = SCHEMA("head", SHAPE_TUPLE, head, head_fields);

static const struct field hash_fields[] = {{0, "", F_BYTES, 0, 0, HASH_SIZE, HASH_SIZE, NULL, NULL}};
static const struct schema schema_hash = {"hash", SHAPE_SCALAR, sizeof(struct bytes), 1, hash_fields};

static const struct field coupon_fields[] = {{0, "", F_BYTES, 0, 0, 1, COUPON_MAX, NULL, NULL}};
static const struct schema schema_coupon = {"coupon", SHAPE_SCALAR, sizeof(struct bytes), 1, coupon_fields};

static const struct field ref_fields[] = {{0, "", F_FIXED, 0, 0, REF_SIZE, REF_SIZE, NULL, NULL}};
static const struct schema schema_ref = {"ref", SHAPE_SCALAR, sizeof(struct ref), 1, ref_fields};

static const struct field policy_fields[] = {
    COMMON(policy_statement),
    FIELD_SUB(policy_statement, terms, 10, &schema_policy_terms),
};
static const struct schema schema_policy = SCHEMA("policy", SHAPE_MAP, policy_statement, policy_fields);

static const struct field keyset_key_fields[] = {
    FIELD(F_BYTES, keyset_key, cose_key, 0, 1, KEY_MAX),
    FIELD_WORD(keyset_key, purpose, 0, purpose_words),
    TEXT(keyset_key, name, 0, 1, SIGNER_MAX),
    INT(keyset_key, from, 0, 0, TIME_MAX),
    INT(keyset_key, until, 0, 0, TIME_MAX),
};
static const struct schema schema_keyset_key =
    SCHEMA("keyset_key", SHAPE_TUPLE, keyset_key, keyset_key_fields);

static const struct field keyset_fields[] = {
    COMMON(keyset),
    INT(keyset, number, 10, 1, COUNTER_MAX),
    TEXT(keyset, merchant, 11, 1, PEOPLE_MAX),
    FIELD_LIST(keyset, keys, 12, 1, MAX_KEYSET_KEYS, &schema_keyset_key),
};
static const struct schema schema_keyset = SCHEMA("keyset", SHAPE_MAP, keyset, keyset_fields);

static const struct field terminal_fields[] = {
    COMMON(terminal),
    TEXT(terminal, till, 10, 1, TILL_NAME_MAX),
    TEXT(terminal, store, 11, 1, TILL_NAME_MAX),
    INT(terminal, epoch, 12, 1, UINT32_MAX),
    FIELD(F_BYTES, terminal, cose_key, 13, 1, KEY_MAX),
    INT(terminal, from, 14, 0, TIME_MAX),
    INT(terminal, until, 15, 0, TIME_MAX),
    FIELD_WORD(terminal, state, 16, terminal_words),
    INT_OPT(terminal, from_seq, 17, 0, COUNTER_MAX),
    FIELD_OPT(F_BYTES, terminal, invite, 18, HASH_SIZE, HASH_SIZE),
};
static const struct schema schema_terminal = SCHEMA("terminal", SHAPE_MAP, terminal, terminal_fields);

static const struct field offer_fields[] = {
    COMMON(offer_statement),
    FIELD_SUB(offer_statement, terms, 10, &schema_offer_terms),
};
static const struct schema schema_offer = SCHEMA("offer", SHAPE_MAP, offer_statement, offer_fields);

static const struct field batch_fields[] = {
    COMMON(batch),
    INT(batch, number, 10, 0, UINT32_MAX),
    FIXED(batch, offer, 11, REF_SIZE),
    INT(batch, first, 12, 0, UINT32_MAX),
    INT(batch, last, 13, 0, UINT32_MAX),
    TEXT(batch, channel, 14, 1, LABEL_MAX),
    FIELD_OPT(F_TEXT, batch, campaign, 15, 1, LABEL_MAX),
    INT(batch, exp, 16, 1, EXP_MAX),
    FIELD_OPT(F_TEXT, batch, till, 17, 1, TILL_NAME_MAX),
};
static const struct schema schema_batch = SCHEMA("batch", SHAPE_MAP, batch, batch_fields);

static const struct field link_fields[] = {
    COMMON(link),
    CHAIN(link),
    FIELD_WORD(link, op, 10, link_words),
    FIELD_LIST(link, offers, 11, 1, MAX_LINK_OFFERS, &schema_ref),
    TEXT(link, channel, 12, 1, LABEL_MAX),
    FIELD_OPT(F_TEXT, link, campaign, 13, 1, LABEL_MAX),
    FIXED(link, person, 14, HASH_SIZE),
};
static const struct schema schema_link = SCHEMA("link", SHAPE_MAP, link, link_fields);

static const struct field code_fields[] = {{0, "", F_TEXT, 0, 0, PICKUP_SIZE, PICKUP_SIZE, NULL, NULL}};
static const struct schema schema_code = {"code", SHAPE_SCALAR, sizeof(struct bytes), 1, code_fields};

static const struct field gs1_shown_fields[] = {
    FIXED(gs1_shown, offer, 0, REF_SIZE),
    TEXT(gs1_shown, element, 0, 1, GS1_ELEMENT_MAX),
};
const struct schema schema_gs1_shown = SCHEMA("gs1_shown", SHAPE_TUPLE, gs1_shown, gs1_shown_fields);

static const struct field hold_fields[] = {
    COMMON(hold),
    REQUEST(hold),
    FIXED(hold, sale, 12, ID_SIZE),
    INT(hold, rev, 13, 1, COUNTER_MAX),
    FIELD_LIST(hold, coupons, 14, 0, MAX_COUPONS, &schema_coupon),
    FIXED(hold, lines, 15, HASH_SIZE),
    FIXED(hold, person, 16, HASH_SIZE),
    FIELD_LIST_OPT(hold, pickups, 17, 1, MAX_PICKUPS, &schema_code),
    FIELD_LIST_OPT(hold, gs1, 18, 1, MAX_COUPONS, &schema_gs1_shown),
};
static const struct schema schema_hold = SCHEMA("hold", SHAPE_MAP, hold, hold_fields);

static const struct field release_fields[] = {
    COMMON(release),
    REQUEST(release),
    FIXED(release, sale, 12, ID_SIZE),
    INT(release, rev, 13, 1, COUNTER_MAX),
};
static const struct schema schema_release = SCHEMA("release", SHAPE_MAP, release, release_fields);

static const struct field verdict_fields[] = {
    FIXED(verdict, offer, 0, REF_SIZE),
    INT(verdict, version, 0, 0, UINT32_MAX),
    INT_OPT(verdict, batch, 0, 0, UINT32_MAX),
    INT_OPT(verdict, index, 0, 0, UINT32_MAX),
    INT_OPT(verdict, card, 0, 0, MAX_CARDS - 1),
    FIELD(F_CODE, verdict, reason, 0, 0, 0),
    INT_OPT(verdict, at_ms, 0, 0, TIME_MAX),
    FIELD_OPT(F_TEXT, verdict, till, 0, 1, TILL_NAME_MAX),
    INT_OPT(verdict, number, 0, 1, COUNTER_MAX),
    PART(verdict, basis, 0),
    PART(verdict, discount, 0),
    PART(verdict, cashback, 0),
};
static const struct schema schema_verdict = SCHEMA("verdict", SHAPE_TUPLE, verdict, verdict_fields);

static const struct field picked_fields[] = {
    FIELD_OPT(F_BYTES, picked, coupon, 0, 1, COUPON_MAX),
    FIELD(F_CODE, picked, reason, 0, 0, 0),
};
static const struct schema schema_picked = SCHEMA("picked", SHAPE_TUPLE, picked, picked_fields);

static const struct field gs1_granted_fields[] = {
    INT(gs1_granted, number, 0, 1, COUNTER_MAX),
    TEXT(gs1_granted, serial, 0, 1, GS1_SERIAL_MAX),
};
static const struct schema schema_gs1_granted =
    SCHEMA("gs1_granted", SHAPE_TUPLE, gs1_granted, gs1_granted_fields);

static const struct field grant_fields[] = {
    COMMON(grant),
    FIXED(grant, request, 10, HASH_SIZE),
    TEXT(grant, till, 11, 1, TILL_NAME_MAX),
    FIXED(grant, sale, 12, ID_SIZE),
    INT(grant, rev, 13, 1, COUNTER_MAX),
    INT(grant, ttl_ms, 14, 0, TTL_MAX),
    INT(grant, policy, 15, 1, UINT32_MAX),
    FIELD_LIST(grant, verdicts, 16, 0, MAX_VERDICTS, &schema_verdict),
    FIXED(grant, quote, 17, HASH_SIZE),
    FIELD_LIST_OPT(grant, pickups, 18, 1, MAX_PICKUPS, &schema_picked),
    FIELD_LIST_OPT(grant, gs1, 19, 1, MAX_COUPONS, &schema_gs1_granted),
};
static const struct schema schema_grant = SCHEMA("grant", SHAPE_MAP, grant, grant_fields);

static const struct field tender_fields[] = {
    TEXT(tender, kind, 0, 1, 16),
    SUM(tender, amount, 0),
};
static const struct schema schema_tender = SCHEMA("tender", SHAPE_TUPLE, tender, tender_fields);

static const struct field redemption_fields[] = {
    FIXED(redemption, offer, 0, REF_SIZE),
    INT(redemption, version, 0, 1, UINT32_MAX),
    FIELD_OPT(F_BYTES, redemption, coupon, 0, 1, COUPON_MAX),
    INT_OPT(redemption, card, 0, 0, MAX_CARDS - 1),
    INT_OPT(redemption, grant, 0, 1, COUNTER_MAX),
    PART(redemption, basis, 0),
    PART(redemption, discount, 0),
    PART(redemption, cashback, 0),
};
static const struct schema schema_redemption =
    SCHEMA("redemption", SHAPE_TUPLE, redemption, redemption_fields);

static const struct field unheld_fields[] = {
    PART(unheld, hour_left, 0),
};
static const struct schema schema_unheld = SCHEMA("unheld", SHAPE_TUPLE, unheld, unheld_fields);

static const struct field commit_fields[] = {
    COMMON(commit),
    CHAIN(commit),
    FIXED(commit, sale, 10, ID_SIZE),
    INT(commit, rev, 11, 0, COUNTER_MAX),
    INT(commit, policy, 12, 1, UINT32_MAX),
    TEXT(commit, currency, 13, 3, 3),
    SUM(commit, gross, 14),
    SUM(commit, discount, 15),
    SUM(commit, net, 16),
    SUM(commit, tax, 17),
    SUM(commit, due, 18),
    PART(commit, cashback, 19),
    FIELD_LIST(commit, tenders, 20, 0, MAX_TENDERS, &schema_tender),
    FIELD_LIST(commit, redemptions, 21, 0, MAX_REDEMPTIONS, &schema_redemption),
    FIELD_OPT(F_BYTES, commit, grant, 22, 1, GRANT_MAX),
    FIXED(commit, lines, 23, HASH_SIZE),
    FIXED(commit, person, 24, HASH_SIZE),
    FIELD_SUB_OPT(commit, unheld, 25, &schema_unheld),
};
static const struct schema schema_commit = SCHEMA("commit", SHAPE_MAP, commit, commit_fields);

static const struct field reversed_fields[] = {
    INT(reversed, redemption, 0, 0, MAX_REDEMPTIONS - 1),
    PART(reversed, discount, 0),
    PART(reversed, cashback, 0),
};
static const struct schema schema_reversed = SCHEMA("reversed", SHAPE_TUPLE, reversed, reversed_fields);

static const struct field reverse_fields[] = {
    COMMON(reverse),
    CHAIN(reverse),
    FIELD_WORD(reverse, op, 10, reverse_words),
    FIXED(reverse, commit, 11, HASH_SIZE),
    FIXED(reverse, sale, 12, ID_SIZE),
    TEXT(reverse, currency, 13, 3, 3),
    SUM(reverse, gross, 14),
    SUM(reverse, discount, 15),
    SUM(reverse, net, 16),
    SUM(reverse, tax, 17),
    SUM(reverse, due, 18),
    FIELD_LIST(reverse, tenders, 19, 0, MAX_TENDERS, &schema_tender),
    FIELD_LIST(reverse, redemptions, 20, 0, MAX_REDEMPTIONS, &schema_reversed),
    FIXED(reverse, lines, 21, HASH_SIZE),
    FIXED(reverse, person, 22, HASH_SIZE),
};
static const struct schema schema_reverse = SCHEMA("reverse", SHAPE_MAP, reverse, reverse_fields);

static const struct field wanted_fields[] = {
    FIXED(lease_wanted, offer, 0, REF_SIZE),
    INT(lease_wanted, uses, 0, 0, COUNTER_MAX),
    INT(lease_wanted, amount, 0, 0, COUNTER_MAX),
};
static const struct schema schema_wanted = SCHEMA("lease_wanted", SHAPE_TUPLE, lease_wanted, wanted_fields);

static const struct field sync_fields[] = {
    COMMON(sync),
    REQUEST(sync),
    INT(sync, have, 12, 0, COUNTER_MAX),
    INT(sync, outcomes, 13, 0, COUNTER_MAX),
    INT_OPT(sync, keyset, 14, 0, COUNTER_MAX),
    FIELD_LIST_OPT(sync, wanted, 20, 1, MAX_WANTED, &schema_wanted),
    FIELD_LIST_OPT(sync, receipts, 21, 1, MAX_RECEIPTS, &schema_hash),
};
static const struct schema schema_sync = SCHEMA("sync", SHAPE_MAP, sync, sync_fields);

static const struct field outcome_fields[] = {
    FIXED(outcome, commit, 0, HASH_SIZE),
    INT(outcome, redemption, 0, 0, MAX_REDEMPTIONS - 1),
    FIELD(F_CODE, outcome, reason, 0, 0, 0),
    SUM(outcome, amount, 0),
};
static const struct schema schema_outcome = SCHEMA("outcome", SHAPE_TUPLE, outcome, outcome_fields);

static const struct field state_fields[] = {
    COMMON(state),
    FIXED(state, request, 10, HASH_SIZE),
    FIELD_SUB(state, head, 11, &schema_head),
    BOOL(state, quarantined, 12),
    INT(state, have, 13, 0, COUNTER_MAX),
    BOOL(state, more, 14),
    INT(state, outcomes_to, 15, 0, COUNTER_MAX),
    FIELD_LIST(state, statements, 16, 0, MAX_STATE_STATEMENTS, &schema_hash),
    FIELD_LIST(state, outcomes, 17, 0, MAX_STATE_OUTCOMES, &schema_outcome),
    FIXED(state, card_key, 18, HASH_SIZE),
    FIELD_SUB_OPT(state, checkpoint, 19, &schema_checkpoint),
    FIELD_LIST_OPT(state, consistency, 30, 1, MAX_PROOF, &schema_hash),
};
static const struct schema schema_state = SCHEMA("state", SHAPE_MAP, state, state_fields);

static const struct field pickup_fields[] = {
    COMMON(pickup),
    FIXED(pickup, id, 10, ID_SIZE),
    FIELD(F_BYTES, pickup, coupon, 11, 1, COUPON_MAX),
};
static const struct schema schema_pickup = SCHEMA("pickup", SHAPE_MAP, pickup, pickup_fields);

static const struct field close_sum_fields[] = {
    TEXT(close_sum, currency, 0, 3, 3),
    INT(close_sum, sales, 0, 0, COUNTER_MAX),
    INT(close_sum, voids, 0, 0, COUNTER_MAX),
    INT(close_sum, returns, 0, 0, COUNTER_MAX),
    TOTAL(close_sum, gross, 0),
    TOTAL(close_sum, discount, 0),
    TOTAL(close_sum, net, 0),
    TOTAL(close_sum, tax, 0),
    TOTAL(close_sum, due, 0),
};
static const struct schema schema_close_sum = SCHEMA("close_sum", SHAPE_TUPLE, close_sum, close_sum_fields);

static const struct field place_fields[] = {
    INT(record_place, epoch, 0, 1, UINT32_MAX),
    INT(record_place, seq, 0, 1, COUNTER_MAX),
};
static const struct schema schema_place = SCHEMA("record_place", SHAPE_TUPLE, record_place, place_fields);

static const struct field close_fields[] = {
    COMMON(close),
    CHAIN(close),
    FIELD_SUB(close, first, 10, &schema_place),
    FIELD_SUB(close, last, 11, &schema_place),
    FIELD_LIST(close, sums, 12, 0, MAX_CLOSE_SUMS, &schema_close_sum),
};
static const struct schema schema_close = SCHEMA("close", SHAPE_MAP, close, close_fields);

static const struct field signed_checkpoint_fields[] = {
    COMMON(checkpoint),
    INT(checkpoint, size, 10, 1, COUNTER_MAX),
    FIXED(checkpoint, root, 11, HASH_SIZE),
};
static const struct schema schema_signed_checkpoint =
    SCHEMA("checkpoint", SHAPE_MAP, checkpoint, signed_checkpoint_fields);

static const struct field recall_fields[] = {
    COMMON(recall),
    REQUEST(recall),
    FIELD_OPT(F_BYTES, recall, sale, 12, ID_SIZE, ID_SIZE),
    FIXED(recall, reference, 13, HASH_SIZE),
};
static const struct schema schema_recall = SCHEMA("recall", SHAPE_MAP, recall, recall_fields);

static const struct field recalled_fields[] = {
    COMMON(recalled),
    FIXED(recalled, request, 10, HASH_SIZE),
    FIXED(recalled, commit, 11, HASH_SIZE),
    FIXED(recalled, part, 12, HASH_SIZE),
};
static const struct schema schema_recalled = SCHEMA("recalled", SHAPE_MAP, recalled, recalled_fields);

static const struct field erasure_fields[] = {
    COMMON(erasure),
    INT(erasure, parts, 10, 1, COUNTER_MAX),
    FIXED(erasure, digest, 11, HASH_SIZE),
};
static const struct schema schema_erasure = SCHEMA("erasure", SHAPE_MAP, erasure, erasure_fields);
static const struct field leased_coupons_fields[] = {
    INT(leased_coupons, batch, 0, 0, UINT32_MAX),
    INT(leased_coupons, first, 0, 0, UINT32_MAX),
    INT(leased_coupons, last, 0, 0, UINT32_MAX),
};
static const struct schema schema_leased_coupons =
    SCHEMA("leased_coupons", SHAPE_TUPLE, leased_coupons, leased_coupons_fields);

static const struct field lease_fields[] = {
    COMMON(lease),
    TEXT(lease, till, 10, 1, TILL_NAME_MAX),
    INT(lease, epoch, 11, 1, UINT32_MAX),
    FIXED(lease, offer, 12, REF_SIZE),
    INT(lease, number, 13, 1, COUNTER_MAX),
    INT(lease, from, 14, 0, TIME_MAX),
    INT(lease, until, 15, 0, TIME_MAX),
    INT_OPT(lease, uses, 16, 1, INT64_C(1) << 32),
    INT_OPT(lease, amount, 17, 1, AMOUNT_MAX),
    FIELD_SUB_OPT(lease, coupons, 18, &schema_leased_coupons),
};
static const struct schema schema_lease = SCHEMA("lease", SHAPE_MAP, lease, lease_fields);

static const struct field lease_return_fields[] = {
    COMMON(lease_return),
    CHAIN(lease_return),
    FIXED(lease_return, lease, 10, HASH_SIZE),
    INT_OPT(lease_return, uses, 11, 0, INT64_C(1) << 32),
    INT_OPT(lease_return, amount, 12, 0, AMOUNT_MAX),
};
static const struct schema schema_lease_return =
    SCHEMA("lease-return", SHAPE_MAP, lease_return, lease_return_fields);

static const struct field write_off_fields[] = {
    COMMON(write_off),
    TEXT(write_off, till, 10, 1, TILL_NAME_MAX),
    FIXED(write_off, lease, 11, HASH_SIZE),
    INT_OPT(write_off, uses, 12, 0, INT64_C(1) << 32),
    INT_OPT(write_off, amount, 13, 0, AMOUNT_MAX),
};
static const struct schema schema_write_off = SCHEMA("write-off", SHAPE_MAP, write_off, write_off_fields);

static const struct field ruling_fields[] = {
    COMMON(ruling),
    FIXED(ruling, record, 10, HASH_SIZE),
    FIELD_WORD(ruling, verdict, 11, ruling_words),
};
static const struct schema schema_ruling = SCHEMA("ruling", SHAPE_MAP, ruling, ruling_fields);

static const struct field invite_fields[] = {
    COMMON(invite),
    TEXT(invite, till, 10, 1, TILL_NAME_MAX),
    TEXT(invite, store, 11, 1, TILL_NAME_MAX),
    FIXED(invite, code_key, 12, HASH_SIZE),
    INT(invite, until, 13, 0, TIME_MAX),
};
static const struct schema schema_invite = SCHEMA("invite", SHAPE_MAP, invite, invite_fields);

static const struct field enrol_fields[] = {
    COMMON(enrol),
    FIXED(enrol, id, 10, ID_SIZE),
    TEXT(enrol, till, 11, 1, TILL_NAME_MAX),
    FIELD(F_BYTES, enrol, cose_key, 12, 1, KEY_MAX),
    FIXED(enrol, proof, 13, PROOF_SIZE),
};
static const struct schema schema_enrol = SCHEMA("enrol", SHAPE_MAP, enrol, enrol_fields);

static const struct field renew_fields[] = {
    COMMON(renew),
    REQUEST(renew),
    FIELD(F_BYTES, renew, cose_key, 12, 1, KEY_MAX),
};
static const struct schema schema_renew = SCHEMA("renew", SHAPE_MAP, renew, renew_fields);

static const struct field line_back_fields[] = {
    INT(line_back, number, 0, 1, UINT32_MAX),
    INT(line_back, quantity, 0, 1, LINE_QUANTITY_MAX),
};
static const struct schema schema_line_back = SCHEMA("line_back", SHAPE_TUPLE, line_back, line_back_fields);

static const struct field return_made_fields[] = {
    FIELD_LIST(return_made, lines, 0, 0, MAX_LINES, &schema_line_back),
};
static const struct schema schema_return_made =
    SCHEMA("return_made", SHAPE_TUPLE, return_made, return_made_fields);

static const struct field recalled_part_fields[] = {
    FIELD(F_BYTES, recalled_part, terminal, 0, 1, ENVELOPE_MAX),
    FIELD(F_BYTES, recalled_part, commit, 0, 1, ENVELOPE_MAX),
    FIELD(F_BYTES, recalled_part, lines, 0, 1, PART_MAX),
    FIELD(F_BYTES, recalled_part, quote, 0, 1, MESSAGE_MAX),
    FIELD_LIST(recalled_part, returns, 0, 0, MAX_RETURNS, &schema_return_made),
};
const struct schema schema_recalled_part =
    SCHEMA("recalled_part", SHAPE_TUPLE, recalled_part, recalled_part_fields);

static const struct field lines_part_fields[] = {
    FIXED(lines_part, salt, 0, SALT_SIZE),
    FIELD_SUB(lines_part, basket, 0, &schema_basket),
};
const struct schema schema_lines_part = SCHEMA("lines_part", SHAPE_TUPLE, lines_part, lines_part_fields);

static const struct field person_part_fields[] = {
    FIXED(person_part, salt, 0, SALT_SIZE),
    FIELD_LIST(person_part, cards, 0, 0, MAX_CARDS, &schema_hash),
    FIELD_OPT(F_TEXT, person_part, customer, 0, 1, PEOPLE_MAX),
    FIELD_OPT(F_TEXT, person_part, reference, 0, 1, PEOPLE_MAX),
};
const struct schema schema_person_part = SCHEMA("person_part", SHAPE_TUPLE, person_part, person_part_fields);

static const struct field residue_row_fields[] = {
    INT(residue_row, place, 0, 0, MAX_REDEMPTIONS - 1),
    FIELD(F_CODE, residue_row, reason, 0, 0, 0),
    FIELD_OPT(F_TEXT, residue_row, channel, 0, 1, LABEL_MAX),
    FIELD_OPT(F_TEXT, residue_row, campaign, 0, 1, LABEL_MAX),
};
static const struct schema schema_residue_row =
    SCHEMA("residue_row", SHAPE_TUPLE, residue_row, residue_row_fields);

static const struct field residue_link_fields[] = {
    INT(residue_link, card, 0, 0, MAX_CARDS - 1),
    FIXED(residue_link, offer, 0, REF_SIZE),
};
static const struct schema schema_residue_link =
    SCHEMA("residue_link", SHAPE_TUPLE, residue_link, residue_link_fields);

static const struct field residue_fields[] = {
    FIELD_LIST(residue, redemptions, 0, 0, MAX_REDEMPTIONS, &schema_residue_row),
    FIELD_LIST(residue, links, 0, 0, MAX_LINK_OFFERS *MAX_CARDS, &schema_residue_link),
};
const struct schema schema_residue = SCHEMA("residue", SHAPE_TUPLE, residue, residue_fields);

enum { BOTH_PARTS = PART_LINES | PART_PERSON };

const struct kind_info kinds[KIND_COUNT] = {
    [KIND_POLICY] = {"policy", &schema_policy, PURPOSE_MERCHANT, .leaf = true},
    [KIND_KEYSET] = {"keyset", &schema_keyset, PURPOSE_ROOT, .leaf = true},
    [KIND_TERMINAL] = {"terminal", &schema_terminal, PURPOSE_MERCHANT, .leaf = true},
    [KIND_OFFER] = {"offer", &schema_offer, PURPOSE_MERCHANT, .leaf = true},
    [KIND_BATCH] = {"batch", &schema_batch, PURPOSE_ISSUER, .leaf = true},
    [KIND_LINK] = {"link", &schema_link, PURPOSE_TILL, .record = true, .leaf = true, .parts = PART_PERSON},
    [KIND_HOLD] = {"hold", &schema_hold, PURPOSE_TILL, .request = true, .parts = BOTH_PARTS},
    [KIND_RELEASE] = {"release", &schema_release, PURPOSE_TILL, .request = true},
    [KIND_GRANT] = {"grant", &schema_grant, PURPOSE_GRANT, .leaf = false},
    [KIND_COMMIT] = {"commit", &schema_commit, PURPOSE_TILL, .record = true, .leaf = true,
                     .parts = BOTH_PARTS},
    [KIND_REVERSE] = {"reverse", &schema_reverse, PURPOSE_TILL, .record = true, .leaf = true,
                      .parts = BOTH_PARTS},
    [KIND_SYNC] = {"sync", &schema_sync, PURPOSE_TILL, .request = true},
    [KIND_STATE] = {"state", &schema_state, PURPOSE_GRANT, .leaf = false},
    [KIND_CLOSE] = {"close", &schema_close, PURPOSE_TILL, .record = true, .leaf = true},
    [KIND_CHECKPOINT] = {"checkpoint", &schema_signed_checkpoint, PURPOSE_LOG, .leaf = false},
    [KIND_RECALL] = {"recall", &schema_recall, PURPOSE_TILL, .request = true},
    [KIND_RECALLED] = {"recalled", &schema_recalled, PURPOSE_GRANT, .leaf = false},
    [KIND_RULING] = {"ruling", &schema_ruling, PURPOSE_MERCHANT, .leaf = true},
    [KIND_INVITE] = {"invite", &schema_invite, PURPOSE_MERCHANT, .leaf = true},
    [KIND_ENROL] = {"enrol", &schema_enrol, PURPOSE_TILL, .request = true},
    [KIND_RENEW] = {"renew", &schema_renew, PURPOSE_TILL, .request = true},
    [KIND_ERASURE] = {"erasure", &schema_erasure, PURPOSE_MERCHANT, .leaf = true},
    [KIND_PICKUP] = {"pickup", &schema_pickup, PURPOSE_ISSUER, .request = true},
    [KIND_LEASE] = {"lease", &schema_lease, PURPOSE_GRANT, .leaf = true},
    [KIND_LEASE_RETURN] = {"lease-return", &schema_lease_return, PURPOSE_TILL, .record = true, .leaf = true},
    [KIND_WRITE_OFF] = {"write-off", &schema_write_off, PURPOSE_MERCHANT, .leaf = true},
};
