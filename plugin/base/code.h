/*
 * The one list of codes. Negative: misuse or a fault; the call did nothing. Positive: an outcome, a
 * business word that a cashier may be told. Zero: done. Words are stable: once published, never changed,
 * never reused. tillproof.h repeats the numbers, and plugin/api checks that they agree.
 */
#ifndef BASE_CODE_H
#define BASE_CODE_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/* X(name, number, word, sentence for people) */
#define CODES(X)                                                                                             \
    X(TP_OK, 0, "ok", "done")                                                                                \
    /* outcomes: numbers 1.. in the order of publication */                                                  \
    X(TP_EXPIRED, 1, "expired", "the offer has ended")                                                       \
    X(TP_NOT_YET_VALID, 2, "not_yet_valid", "the offer has not begun")                                       \
    X(TP_MIN_SPEND, 3, "min_spend", "the basket is below the offer's minimum spend")                         \
    X(TP_MIN_QUANTITY, 4, "min_quantity", "there are fewer items than the offer needs")                      \
    X(TP_NO_MATCHING_ITEMS, 5, "no_matching_items", "no item in the basket belongs to the offer")            \
    X(TP_WRONG_STORE, 6, "wrong_store", "the offer is for another store")                                    \
    X(TP_WRONG_TIME, 7, "wrong_time", "the offer is for another time of day or week")                        \
    X(TP_STACKING_GROUP, 8, "stacking_group", "a better offer of the same group applies")                    \
    X(TP_EXCLUSIVE, 9, "exclusive", "it cannot be combined with the other offer")                            \
    X(TP_ALREADY_USED, 10, "already_used", "the coupon has been used")                                       \
    X(TP_LIMIT_REACHED, 11, "limit_reached", "the offer's limit has been reached")                           \
    X(TP_BUDGET_SPENT, 12, "budget_spent", "the offer's budget has been spent")                              \
    X(TP_REVOKED, 13, "revoked", "the offer or coupon was withdrawn")                                        \
    X(TP_BAD_SIGNATURE, 14, "bad_signature", "the coupon is not genuine")                                    \
    X(TP_UNKNOWN_OFFER, 15, "unknown_offer", "no such offer is known here")                                  \
    X(TP_UNKNOWN_COUPON, 16, "unknown_coupon", "this shop did not issue the coupon")                         \
    X(TP_OFFLINE_DENIED, 17, "offline_denied", "the offer cannot be redeemed while the line is down")        \
    X(TP_OFFLINE_CAP, 18, "offline_cap", "the offer's limit without a line has been reached")                \
    X(TP_NOT_LINKED, 19, "not_linked", "no offer is linked to the card")                                     \
    X(TP_CUSTOMER_NOT_ELIGIBLE, 20, "customer_not_eligible", "the offer is for other customers")             \
    X(TP_NO_EFFECT, 21, "no_effect", "the offer would save nothing, so it is not used up")                   \
    X(TP_CURRENCY, 22, "currency", "the currency is another one")                                            \
    X(TP_MISREAD, 23, "misread", "the code was not read well; scan it again")                                \
    X(TP_HELD, 24, "held", "the coupon is in use at another sale right now")                                 \
    X(TP_SUPERSEDED, 25, "superseded", "a later request for this sale has been answered already")            \
    X(TP_STALE, 26, "stale", "the request is too old")                                                       \
    X(TP_AMOUNT_RANGE, 27, "amount_range", "an amount is beyond what can be counted exactly")                \
    X(TP_PROVISIONAL, 28, "provisional", "priced by the till alone; not yet held")                           \
    X(TP_BINDING, 29, "binding", "held: the price is binding")                                               \
    X(TP_COMMITTED, 30, "committed", "the sale is recorded")                                                 \
    X(TP_VOIDED, 31, "voided", "the sale was voided")                                                        \
    X(TP_OFFLINE, 32, "offline", "the authority did not answer in time")                                     \
    X(TP_CONFLICT, 33, "conflict", "booked, but beyond what was granted")                                    \
    X(TP_QUARANTINED, 34, "quarantined", "this till's record contradicts itself; it may not redeem")         \
    X(TP_UNKNOWN_CODE, 35, "unknown_code", "the code is not a coupon")                                       \
    X(TP_DUPLICATE, 36, "duplicate", "it is already in the basket")                                          \
    X(TP_APPLIED, 37, "applied", "the offer applies")                                                        \
    X(TP_PRODUCT, 38, "product", "the code is an article, not a coupon")                                     \
    X(TP_THROTTLED, 39, "throttled", "too many wrong codes; wait ten minutes or scan the coupon")            \
    X(TP_DISPUTED, 44, "disputed", "signed beyond the till's revocation; the merchant decides")              \
    /* how a device stands */                                                                                \
    X(TP_DEVICE_OPENING, 50, "device_opening", "the device is being opened")                                 \
    X(TP_DEVICE_READY, 51, "device_ready", "the device is read")                                             \
    X(TP_DEVICE_GONE, 52, "device_gone", "the device was unplugged, or has ended")                           \
    X(TP_DEVICE_CLAIMED, 53, "device_claimed", "another driver or program has the device")                   \
    X(TP_DEVICE_DENIED, 54, "device_denied", "the system gives no permission for the device")                \
    X(TP_DEVICE_FAILED, 55, "device_failed", "the device does not answer, or broke off")                     \
    X(TP_DEVICE_UNUSABLE, 56, "device_unusable", "the device speaks nothing that is understood")             \
    /* input that is refused: a file, a picture, a document */                                               \
    X(TP_BAD_JSON, 60, "bad_json", "the file is not JSON")                                                   \
    X(TP_UNKNOWN_KEY, 61, "unknown_key", "a key is not known")                                               \
    X(TP_BAD_VALUE, 62, "bad_value", "a value is not what it must be")                                       \
    X(TP_UNSUPPORTED, 63, "unsupported", "this version cannot do that")                                      \
    X(TP_NO_CODE, 64, "no_code", "there is no code in the picture")                                          \
    X(TP_BAD_PICTURE, 65, "bad_picture", "the file is not a picture that can be read")                       \
    X(TP_BAD_STATEMENT, 66, "bad_statement", "a statement is malformed or not allowed")                      \
    X(TP_VERSION_EXISTS, 67, "version_exists", "this version was published before, with other terms")        \
    X(TP_UNKNOWN_TILL, 68, "unknown_till", "no such till is enrolled")                                       \
    X(TP_UNKNOWN_SALE, 69, "unknown_sale", "no such sale")                                                   \
    X(TP_UNKNOWN_PERSON, 71, "unknown_person", "nothing is kept of such a person")                           \
    X(TP_NOT_INVITED, 74, "not_invited", "no such enrolment code is open for this till")                     \
    X(TP_UNKNOWN_TOKEN, 75, "unknown_token", "the token is missing, or not one that was issued here")        \
    X(TP_NOT_PERMITTED, 76, "not_permitted", "the token does not open that")                                 \
    /* what a till saw of the log */                                                                         \
    X(TP_LOG_FORKED, 80, "log_forked", "the authority's log is not the one that this till saw before")       \
    X(TP_BAD_RECEIPT, 81, "bad_receipt", "the receipt does not show that the record is in the log")          \
    X(TP_NO_RECEIPT, 82, "no_receipt", "the log's receipt of the record has not come yet")                   \
    /* misuse and faults */                                                                                  \
    X(TP_E_ARGUMENT, -1, "argument", "an argument is not what the contract asks for")                        \
    X(TP_E_STATE, -2, "state", "the call does not fit the state of the sale or till")                        \
    X(TP_E_MEMORY, -3, "memory", "memory or a fixed limit ran out")                                          \
    X(TP_E_IO, -4, "io", "the disk or the system refused")                                                   \
    X(TP_E_CORRUPT, -5, "corrupt", "stored data are damaged")                                                \
    X(TP_E_NO_SHOP, -6, "no_shop", "there is no shop in that directory")                                     \
    X(TP_E_READ_ONLY, -7, "read_only", "the shop's directory cannot be written")                             \
    X(TP_E_NEWER, -8, "newer_version", "the shop was written by a newer version")                            \
    X(TP_E_TILL_BUSY, -9, "till_busy", "another process has this till open")                                 \
    X(TP_E_UNTRUSTED, -10, "untrusted", "a signature or key does not check out")                             \
    X(TP_E_MALFORMED, -11, "malformed", "bytes do not follow their format")                                  \
    X(TP_E_CRYPTO, -12, "crypto", "the cryptographic library failed")                                        \
    X(TP_E_BEHIND, -13, "behind", "this till's record is older than its authority's; enrol it anew")         \
    X(TP_E_EXISTS, -14, "exists", "it is there already")                                                     \
    X(TP_E_TIMEOUT, -15, "timeout", "it was not done by the deadline")                                       \
    X(TP_E_FORKED, -16, "forked", "the handle belongs to the parent process")                                \
    X(TP_E_BUSY, -17, "busy", "the shop's database is in use; try again")

enum code {
#define X(name, number, word, sentence) name = number,
    CODES(X)
#undef X
};

/* The code's word and its sentence: static, never NULL ("unknown" for a number not in the list). */
const char *code_word(int code);
const char *code_sentence(int code);
/* The code of a word, or -1000 when there is none. */
int code_of_word(const char *word, size_t n);
enum { CODE_NONE = -1000 };

/* A code and one line for people. Zero it first. Never holds secrets or card data. */
struct err {
    int code;
    char text[240];
};

/* Fills e (which may be NULL) and returns code. The first error stays: a second call changes nothing. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* err_set with the code's own sentence. */
int err_code(struct err *e, int code);

#endif
