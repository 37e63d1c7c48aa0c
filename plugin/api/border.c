/* The border itself: codes, sizes, the sentence of the last failure, structs in and out. */
#include "api/internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define SAME(name)                                                                                           \
    _Static_assert(TILLPROOF_##name == TP_##name, "tillproof.h and base/code.h disagree on " #name)
SAME(OK);
SAME(EXPIRED);
SAME(NOT_YET_VALID);
SAME(MIN_SPEND);
SAME(MIN_QUANTITY);
SAME(NO_MATCHING_ITEMS);
SAME(WRONG_STORE);
SAME(WRONG_TIME);
SAME(STACKING_GROUP);
SAME(EXCLUSIVE);
SAME(ALREADY_USED);
SAME(LIMIT_REACHED);
SAME(BUDGET_SPENT);
SAME(REVOKED);
SAME(BAD_SIGNATURE);
SAME(UNKNOWN_OFFER);
SAME(UNKNOWN_COUPON);
SAME(OFFLINE_DENIED);
SAME(OFFLINE_CAP);
SAME(NOT_LINKED);
SAME(CUSTOMER_NOT_ELIGIBLE);
SAME(NO_EFFECT);
SAME(CURRENCY);
SAME(MISREAD);
SAME(HELD);
SAME(SUPERSEDED);
SAME(STALE);
SAME(AMOUNT_RANGE);
SAME(PROVISIONAL);
SAME(BINDING);
SAME(COMMITTED);
SAME(VOIDED);
SAME(OFFLINE);
SAME(CONFLICT);
SAME(QUARANTINED);
SAME(UNKNOWN_CODE);
SAME(DUPLICATE);
SAME(APPLIED);
SAME(PRODUCT);
SAME(THROTTLED);
SAME(DISPUTED);
SAME(DEVICE_OPENING);
SAME(DEVICE_READY);
SAME(DEVICE_GONE);
SAME(DEVICE_CLAIMED);
SAME(DEVICE_DENIED);
SAME(DEVICE_FAILED);
SAME(DEVICE_UNUSABLE);
SAME(NO_CODE);
SAME(UNKNOWN_SALE);
SAME(LOG_FORKED);
SAME(BAD_RECEIPT);
SAME(E_ARGUMENT);
SAME(E_STATE);
SAME(E_MEMORY);
SAME(E_IO);
SAME(E_CORRUPT);
SAME(E_NO_SHOP);
SAME(E_READ_ONLY);
SAME(E_NEWER);
SAME(E_TILL_BUSY);
SAME(E_UNTRUSTED);
SAME(E_MALFORMED);
SAME(E_CRYPTO);
SAME(E_BEHIND);
SAME(E_EXISTS);
SAME(E_TIMEOUT);
SAME(E_FORKED);
SAME(E_BUSY);
_Static_assert(TILLPROOF_SCAN == PRESENT_SCAN && TILLPROOF_TYPED == PRESENT_TYPED &&
                   TILLPROOF_CARD == PRESENT_CARD_TOKEN,
               "kinds of presentations");
_Static_assert((int)TILLPROOF_EVENT_ONLINE == EVENT_ONLINE && (int)TILLPROOF_EVENT_HOLD == EVENT_HOLD &&
                   (int)TILLPROOF_EVENT_OUTCOME == EVENT_OUTCOME &&
                   (int)TILLPROOF_EVENT_REFUSED == EVENT_REFUSED &&
                   (int)TILLPROOF_EVENT_QUARANTINED == EVENT_QUARANTINED &&
                   (int)TILLPROOF_EVENT_BEHIND == EVENT_BEHIND && (int)TILLPROOF_EVENT_NEWS == EVENT_NEWS &&
                   (int)TILLPROOF_EVENT_PICTURE == EVENT_PICTURE &&
                   (int)TILLPROOF_EVENT_DEVICE == EVENT_DEVICE && (int)TILLPROOF_EVENT_SCAN == EVENT_SCAN &&
                   (int)TILLPROOF_EVENT_RECEIPT == EVENT_RECEIPT && (int)TILLPROOF_EVENT_LOG == EVENT_LOG,
               "kinds of events");

/* A larger size is a newer caller's, or memory that was never set. */
enum { SIZE_MOST = 65536, ITEM_ALIGN = 8 };

enum { REASON_SIZE = sizeof((struct err *)0)->text };

/* A key rather than _Thread_local: that would need the loader's own library, or room that a host may have
 * used up. */
static pthread_key_t reason_key;
static pthread_once_t reason_once = PTHREAD_ONCE_INIT;
static bool reason_ready;

static void make_key(void)
{
    reason_ready = pthread_key_create(&reason_key, free) == 0;
}

/* This thread's sentence; NULL while it has none. */
static char *reason_of_thread(bool make)
{
    pthread_once(&reason_once, make_key);
    char *reason = reason_ready ? pthread_getspecific(reason_key) : NULL;
    if (!reason && make && reason_ready) {
        reason = calloc(1, REASON_SIZE);
        if (pthread_setspecific(reason_key, reason) != 0) {
            free(reason);
            reason = NULL;
        }
    }
    return reason;
}

uint32_t tillproof_version(void)
{
    return TILLPROOF_VERSION;
}

const char *tillproof_name(int32_t code)
{
    return code_word(code);
}

uint32_t tillproof_sizeof(uint32_t what)
{
    static const uint32_t sizes[] = {
        [TILLPROOF_SIZEOF_STATUS] = sizeof(struct tillproof_status),
        [TILLPROOF_SIZEOF_SALE] = sizeof(struct tillproof_sale),
        [TILLPROOF_SIZEOF_LINE] = sizeof(struct tillproof_line),
        [TILLPROOF_SIZEOF_PRESENTATION] = sizeof(struct tillproof_presentation),
        [TILLPROOF_SIZEOF_QUOTE] = sizeof(struct tillproof_quote),
        [TILLPROOF_SIZEOF_TENDER] = sizeof(struct tillproof_tender),
        [TILLPROOF_SIZEOF_COMMIT] = sizeof(struct tillproof_commit),
        [TILLPROOF_SIZEOF_LINE_RESULT] = sizeof(struct tillproof_line_result),
        [TILLPROOF_SIZEOF_SHARE_RESULT] = sizeof(struct tillproof_share_result),
        [TILLPROOF_SIZEOF_OFFER_RESULT] = sizeof(struct tillproof_offer_result),
        [TILLPROOF_SIZEOF_TAX_RESULT] = sizeof(struct tillproof_tax_result),
        [TILLPROOF_SIZEOF_DAY] = sizeof(struct tillproof_day),
        [TILLPROOF_SIZEOF_EVENT] = sizeof(struct tillproof_event),
        [TILLPROOF_SIZEOF_DEVICE] = sizeof(struct tillproof_device),
    };
    return what < sizeof sizes / sizeof *sizes ? sizes[what] : 0;
}

/* The two-call length of every text that goes out. */
static int32_t put_text(const char *text, size_t n, char *buf, uint32_t *length)
{
    uint32_t need = (uint32_t)n + 1, room = *length;
    *length = need;
    if (!buf) {
        return 0;
    }
    if (room < need) {
        return TILLPROOF_E_MEMORY;
    }
    memcpy(buf, text, n);
    buf[n] = 0;
    return 0;
}

int32_t tillproof_reason(char *buf, uint32_t *length)
{
    const char *reason = reason_of_thread(false);
    reason = reason ? reason : "";
    return length ? put_text(reason, strlen(reason), buf, length) : TILLPROOF_E_ARGUMENT;
}

int32_t api_fail(int rc, const struct err *e)
{
    if (rc > 0) {
        rc = rc == TP_BAD_VALUE || rc == TP_BAD_STATEMENT ? TP_E_CORRUPT : TP_E_STATE;
    }
    const char *text = e && e->code ? e->text : code_sentence(rc);
    char *reason = reason_of_thread(true);
    if (reason) {
        bytes_to_cstr(bytes_str(text), reason, REASON_SIZE);
    }
    return rc;
}

int32_t api_argument(const char *what)
{
    struct err e = {0};
    return api_fail(err_set(&e, TP_E_ARGUMENT, "%s", what), &e);
}

int32_t api_enter(const struct tillproof *handle)
{
    if (!handle) {
        return api_argument("the handle is NULL");
    }
    return handle->owner == getpid() ? 0 : api_fail(TP_E_FORKED, NULL);
}

static uint32_t size_of(const void *p)
{
    uint32_t size;
    memcpy(&size, p, sizeof size);
    return size;
}

int32_t api_out_check(const void *to, size_t first)
{
    if (!to) {
        return api_argument("the result is NULL");
    }
    uint32_t size = size_of(to);
    return size >= first && size <= SIZE_MOST ? 0 : api_argument("the result's size is not set");
}

void api_out(void *to, const void *from, size_t known)
{
    uint32_t size = size_of(to);
    size_t n = size < known ? size : known;
    memcpy((uint8_t *)to + sizeof size, (const uint8_t *)from + sizeof size, n - sizeof size);
}

int32_t api_item(const void *item, uint32_t stride)
{
    return stride % ITEM_ALIGN == 0 && size_of(item) == stride
               ? 0
               : api_argument("the items' sizes are not the same");
}

int32_t api_in(void *to, size_t known, size_t first, const void *from)
{
    uint32_t size = size_of(from);
    if (size < first || size > SIZE_MOST) {
        return api_argument("an item's size is not set");
    }
    for (size_t i = known; i < size; i++) {
        if (((const uint8_t *)from)[i]) {
            return api_argument("an item asks for what this version does not know");
        }
    }
    memset(to, 0, known);
    memcpy(to, from, size < known ? size : known);
    return 0;
}

int32_t api_text(const char *text, size_t size, const char *what, struct bytes *out)
{
    const char *end = text ? memchr(text, 0, size) : NULL;
    struct bytes t = bytes_of(text, end ? (size_t)(end - text) : 0);
    struct err e = {0};
    if (!end || !bytes_utf8(t)) {
        return api_fail(err_set(&e, TP_E_ARGUMENT, "%s is not a text of at most %zu bytes", what, size - 1),
                        &e);
    }
    *out = t;
    return 0;
}

int32_t api_bytes(struct bytes from, void *buf, uint32_t *length)
{
    uint32_t room = *length;
    struct err e = {0};
    *length = (uint32_t)from.n;
    if (!buf) {
        return 0;
    }
    if (room < from.n) {
        return api_fail(err_set(&e, TP_E_MEMORY, "that needs %u bytes", *length), &e);
    }
    if (from.n) {
        memcpy(buf, from.p, from.n);
    }
    return 0;
}

static int proof_text(struct till *t, int64_t sale, struct buf *text, struct err *e)
{
    struct buf raw;
    buf_init(&raw, 64 * 1024);
    int rc = till_proof(t, sale, &raw, e);
    for (size_t i = 0; rc == 0 && i < raw.n; i++) {
        buf_printf(text, "%02x", raw.p[i]);
    }
    buf_free(&raw);
    return rc;
}

int32_t tillproof_text(struct tillproof *handle, int64_t sale, uint32_t what, char *buf, uint32_t *length)
{
    struct err e = {0};
    struct buf text;
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if ((what != TILLPROOF_RECEIPT && what != TILLPROOF_PROOF) || !length) {
        return api_argument("a text has a kind and a length");
    }
    buf_init(&text, 1024 * 1024);
    rc = what == TILLPROOF_PROOF ? proof_text(handle->till, sale, &text, &e)
                                 : till_text(handle->till, sale, &text, &e);
    if (rc) {
        rc = api_fail(rc, &e);
    } else if (put_text(text.n ? (const char *)text.p : "", text.n, buf, length)) {
        rc = api_fail(err_set(&e, TP_E_MEMORY, "the text needs %u bytes", *length), &e);
    }
    buf_free(&text);
    return rc;
}
