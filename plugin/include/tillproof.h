/*
 * tillproof: signed coupons and linked cards at the till, redeemed once and reported with proof.
 *
 * This is the only header of the plugin, and the contract. It is a draft of version 1: what is declared
 * here stays as it is, and functions may be added.
 *
 *     struct tillproof *t = NULL;
 *     int64_t sale = 0;
 *     struct tillproof_quote q = {.size = sizeof q};
 *     struct tillproof_presentation p = {.size = sizeof p};
 *     struct tillproof_commit c = {.size = sizeof c};
 *
 *     tillproof_open("/var/lib/shop", NULL, 0, &t);
 *     tillproof_sale_begin(t, "2026-000017", "EUR", 0, &sale);
 *     tillproof_lines_set(t, sale, lines, count);
 *     tillproof_present(t, sale, TILLPROOF_SCAN, digits, length, &p);
 *     tillproof_quote(t, sale, &q);          the price so far, at once
 *     tillproof_hold(t, sale, 3000, &q);     the price that binds, before the first tender
 *     tillproof_commit(t, sale, "R-17", tenders, 1, &c);
 *     tillproof_close(t, 5000);
 *
 * RETURN VALUES. Zero: the call was done. Below zero: misuse by the program, or a fault of the machine;
 * the call changed nothing and its outputs are untouched, except where a function says otherwise; see
 * tillproof_reason. What a cashier may meet (a coupon used before, an expired offer, a line that is
 * down) is never an error: the call returns 0, and the result's `outcome` holds a positive code.
 *
 * THREADS. Any thread may call any function on any handle, at once with others; each handle has one lock,
 * which no call holds while it waits for the network. Only three functions wait for anything but a local
 * disk: tillproof_hold, tillproof_close and tillproof_event_next, each at most as long as it is told
 * (tillproof_open waits for its authority's first word, at most 0.3 s, and 2 s once in a new till's life).
 * tillproof_commit and tillproof_void wait for the disk; the first tillproof_hold of a sale and the first
 * write of a block of sale ids do, too. No other function waits. No function calls back into the program.
 *
 * PROCESSES. A till's name is open once on a machine: a second handle, in this process or another, gets
 * TILLPROOF_E_TILL_BUSY. A handle belongs to the process that opened it: after fork() every call in the
 * child returns TILLPROOF_E_FORKED and touches nothing; so does tillproof_open there, if a till was open at
 * the fork. The plugin prints nothing, listens on nothing, sets no signal handler, locale, environment
 * variable or atexit function, and ignores how SIGCHLD is handled.
 *
 * STRUCTS. Each begins with `uint32_t size`, which the caller sets to sizeof the struct it was compiled
 * with before every call. A plugin that knows a longer struct fills or reads only `size` bytes; one that
 * knows a shorter struct leaves the rest of a result untouched and asks that the rest of an input is zero.
 * A size below the first version's is TILLPROOF_E_ARGUMENT. In an array every item has the same size, and the
 * next item begins that many bytes on. Members named `reserved` are zero. All structs are flat and free of
 * pointers.
 *
 * TEXT is UTF-8. Arguments of type `const char *` end with a zero byte, as does every text in a struct;
 * a text in a result that does not fit is cut at the border of a character. A byte sequence that is not
 * UTF-8 is TILLPROOF_E_ARGUMENT.
 *
 * NUMBERS. Money is in minor units of the sale's currency (1299 for 12.99 EUR), quantities are in
 * thousandths (1.5 kg is 1500), tax rates in thousandths of a percent (7.5% is 7500), times in
 * milliseconds since 1970-01-01T00:00:00Z, deadlines in milliseconds from the call on.
 *
 * OWNERSHIP never crosses: the caller's memory is read or filled during the call and not kept.
 */
#ifndef TILLPROOF_H
#define TILLPROOF_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TILLPROOF_API __attribute__((visibility("default")))

/* The number of the binary interface that this header describes; see tillproof_version. */
#define TILLPROOF_VERSION 1

/*
 * CODES. tillproof_name gives each its word. A number is never changed and never reused; a later version
 * may return one that is not in this list, so show the word, or treat the unknown as "not applied".
 */
#define TILLPROOF_OK 0

/* Why an offer, a coupon or a card gives nothing, now or at all. */
#define TILLPROOF_EXPIRED               1  /* the offer or the coupon has ended */
#define TILLPROOF_NOT_YET_VALID         2  /* the offer has not begun */
#define TILLPROOF_MIN_SPEND             3  /* below its minimum spend; `missing` says by how much */
#define TILLPROOF_MIN_QUANTITY          4  /* fewer items than it needs */
#define TILLPROOF_NO_MATCHING_ITEMS     5  /* nothing in the basket belongs to it */
#define TILLPROOF_WRONG_STORE           6  /* for another store */
#define TILLPROOF_WRONG_TIME            7  /* for another time of day or week */
#define TILLPROOF_STACKING_GROUP        8  /* a better offer of its group applies */
#define TILLPROOF_EXCLUSIVE             9  /* it, or one that applies, does not combine */
#define TILLPROOF_ALREADY_USED          10 /* the coupon has been used */
#define TILLPROOF_LIMIT_REACHED         11 /* the offer's number of uses is reached */
#define TILLPROOF_BUDGET_SPENT          12 /* the offer's budget is spent */
#define TILLPROOF_REVOKED               13 /* withdrawn by the merchant */
#define TILLPROOF_BAD_SIGNATURE         14 /* a forged or damaged coupon */
#define TILLPROOF_UNKNOWN_OFFER         15 /* genuine, but its offer is not known here */
#define TILLPROOF_UNKNOWN_COUPON        16 /* not issued by this shop */
#define TILLPROOF_OFFLINE_DENIED        17 /* not to be redeemed while the line is down */
#define TILLPROOF_OFFLINE_CAP           18 /* its limit without a line is reached */
#define TILLPROOF_NOT_LINKED            19 /* the card is linked to no offer */
#define TILLPROOF_CUSTOMER_NOT_ELIGIBLE 20 /* for other customers */
#define TILLPROOF_NO_EFFECT             21 /* it would save nothing, so it is not used up */
#define TILLPROOF_CURRENCY              22 /* the sale's currency is not the shop's */
#define TILLPROOF_MISREAD               23 /* read badly; scan again */
#define TILLPROOF_HELD                  24 /* in use at another sale at this moment */
#define TILLPROOF_SUPERSEDED            25 /* a later request of this sale was answered already */
#define TILLPROOF_STALE                 26 /* the request came too late */
#define TILLPROOF_AMOUNT_RANGE          27 /* an amount beyond 10^15 minor units */

/* How a sale stands, and what became of a call. */
#define TILLPROOF_PROVISIONAL    28 /* priced by the till alone */
#define TILLPROOF_BINDING        29 /* held: the authority stands by this price */
#define TILLPROOF_COMMITTED      30 /* recorded */
#define TILLPROOF_VOIDED         31 /* recorded, then voided */
#define TILLPROOF_OFFLINE        32 /* the authority did not answer in time, or was never heard */
#define TILLPROOF_CONFLICT       33 /* booked, beyond what was granted */
#define TILLPROOF_QUARANTINED    34 /* the till's record contradicts itself; it may not redeem */
#define TILLPROOF_UNKNOWN_CODE   35 /* neither a coupon, nor an article, nor a loyalty number */
#define TILLPROOF_DUPLICATE      36 /* this coupon, card or offer is in the basket already */
#define TILLPROOF_APPLIED        37 /* the offer applies */
#define TILLPROOF_PRODUCT        38 /* a product's bar code: ring it up */
#define TILLPROOF_THROTTLED      39 /* too many wrong pickup codes were typed: wait, or scan the coupon */
#define TILLPROOF_DISPUTED       44 /* signed beyond the till's revocation: the merchant decides */
#define TILLPROOF_DEVICE_OPENING 50 /* how a device stands: being opened */
#define TILLPROOF_DEVICE_READY   51 /* it is read */
#define TILLPROOF_DEVICE_GONE    52 /* unplugged, or a file at its end; the same one comes back under its id */
#define TILLPROOF_DEVICE_CLAIMED 53 /* another driver or program has it; tried again */
#define TILLPROOF_DEVICE_DENIED  54 /* no permission: the udev rules are not installed; tried again */
#define TILLPROOF_DEVICE_FAILED  55 /* it did not answer, or broke off; tried again */
#define TILLPROOF_DEVICE_UNUSABLE                                                                            \
    56 /* it speaks nothing that the plugin understands: `detail` says what it lacks */
#define TILLPROOF_NO_CODE      64 /* there is no code in the picture */
#define TILLPROOF_UNKNOWN_SALE 69 /* no sale has this id or reference */
#define TILLPROOF_LOG_FORKED   80 /* the authority's log is not the one that this till saw before */
#define TILLPROOF_BAD_RECEIPT  81 /* a receipt does not show that the record is in the log */

/* Misuse and faults. */
#define TILLPROOF_E_ARGUMENT  (-1)  /* an argument is not what the contract asks for */
#define TILLPROOF_E_STATE     (-2)  /* the call does not fit the state of the sale or till */
#define TILLPROOF_E_MEMORY    (-3)  /* memory, or a limit named here, ran out */
#define TILLPROOF_E_IO        (-4)  /* the disk or the system refused */
#define TILLPROOF_E_CORRUPT   (-5)  /* stored data are damaged */
#define TILLPROOF_E_NO_SHOP   (-6)  /* no shop, or no such till, in that directory */
#define TILLPROOF_E_READ_ONLY (-7)  /* the directory cannot be written */
#define TILLPROOF_E_NEWER     (-8)  /* a newer version wrote it */
#define TILLPROOF_E_TILL_BUSY (-9)  /* the till is open already, here or in another process */
#define TILLPROOF_E_UNTRUSTED (-10) /* a key or signature of the shop does not check out */
#define TILLPROOF_E_MALFORMED (-11) /* stored bytes do not follow their format */
#define TILLPROOF_E_CRYPTO    (-12) /* the cryptographic library failed */
#define TILLPROOF_E_BEHIND    (-13) /* the till's record is older than its authority's copy; enrol it anew */
#define TILLPROOF_E_EXISTS    (-14) /* it is there already, and is something else */
#define TILLPROOF_E_TIMEOUT   (-15) /* not done by the deadline */
#define TILLPROOF_E_FORKED    (-16) /* the handle belongs to the parent process */
#define TILLPROOF_E_BUSY      (-17) /* the shop's files are in use; try again */

/* An open till. */
struct tillproof;

/* What tillproof_sizeof is asked for. */
#define TILLPROOF_SIZEOF_STATUS       1
#define TILLPROOF_SIZEOF_SALE         2
#define TILLPROOF_SIZEOF_LINE         3
#define TILLPROOF_SIZEOF_PRESENTATION 4
#define TILLPROOF_SIZEOF_QUOTE        5
#define TILLPROOF_SIZEOF_TENDER       6
#define TILLPROOF_SIZEOF_COMMIT       7
#define TILLPROOF_SIZEOF_LINE_RESULT  8
#define TILLPROOF_SIZEOF_SHARE_RESULT 9
#define TILLPROOF_SIZEOF_OFFER_RESULT 10
#define TILLPROOF_SIZEOF_TAX_RESULT   11
#define TILLPROOF_SIZEOF_EVENT        12
#define TILLPROOF_SIZEOF_DAY          13
#define TILLPROOF_SIZEOF_DEVICE       14

/*
 * The number of the binary interface that the loaded plugin speaks. A program compiled with this header
 * runs with any plugin whose number is TILLPROOF_VERSION. Any thread, any time, never fails.
 */
TILLPROOF_API uint32_t tillproof_version(void);

/*
 * The word of a code, as people and reports see it: tillproof_name(TILLPROOF_ALREADY_USED) is
 * "already_used", tillproof_name(TILLPROOF_E_TILL_BUSY) is "till_busy". The text is static: it is valid until
 * the process ends and is not freed. Never NULL: a number that the plugin does not know gives "unknown". Any
 * thread, any time.
 */
TILLPROOF_API const char *tillproof_name(int32_t code);

/*
 * The size of a struct as the loaded plugin knows it, for programs in languages that lay out structs
 * themselves. what is one of TILLPROOF_SIZEOF_*; 0 for any other. Any thread, any time.
 */
TILLPROOF_API uint32_t tillproof_sizeof(uint32_t what);

/*
 * One sentence for people about the last call on this thread that returned a value below zero, for logs
 * and support. It never holds card data or keys. Calls that succeed leave it as it is; it is empty before
 * the first failure.
 *
 * buf: NULL, or room for the text and its zero byte. *length: in, the size of buf (not looked at when buf
 * is NULL); out, the bytes that the text needs, zero byte included. Returns 0; TILLPROOF_E_ARGUMENT when
 * length is NULL; TILLPROOF_E_MEMORY when buf is too small: *length is set and buf untouched.
 * Any thread; it needs no handle, and a failure of tillproof_open is told, too.
 */
TILLPROOF_API int32_t tillproof_reason(char *buf, uint32_t *length);

/* ---- the till ---- */

/*
 * Opens one till of a shop on this machine: reads its keys and its record from DIR, and starts the thread
 * that talks to the authority. It does not need the network. A till that has never heard its authority waits
 * for the first answer, at most 2 s, because it could price nothing before.
 *
 * directory: the shop's directory, as `tillproof shop init` made it. till: the till's name, or NULL for
 * "till1". flags: 0. handle: receives the till; give it to tillproof_close.
 *
 * Errors: TILLPROOF_E_ARGUMENT, _E_NO_SHOP, _E_READ_ONLY, _E_NEWER (update the plugin), _E_TILL_BUSY,
 * _E_UNTRUSTED (key files that others may read, or that are not this till's), _E_CORRUPT, _E_IO, _E_MEMORY,
 * _E_CRYPTO, _E_FORKED. A till whose record is behind its authority's opens; tillproof_status says `behind`.
 */
TILLPROOF_API int32_t tillproof_open(const char *directory, const char *till, uint32_t flags,
                                     struct tillproof **handle);

/*
 * Sends what is recorded and not yet sent, at most until the deadline; then ends the thread and frees the
 * handle, whatever is returned (but TILLPROOF_E_FORKED: the handle is the parent's, and nothing happens).
 * Holds of sales that were not committed are left to expire. deadline_ms 0 does not wait for the network, but
 * for a call to it that is under way.
 *
 * The program must see to it that no other call on this handle is running or begins. NULL is allowed.
 * Returns 0 when everything was sent; TILLPROOF_E_TIMEOUT when something is left: it is safe on the
 * disk and is sent after the next tillproof_open.
 */
TILLPROOF_API int32_t tillproof_close(struct tillproof *handle, uint32_t deadline_ms);

struct tillproof_status {
    uint32_t size;
    int32_t online;      /* 1: the last message to the authority was answered */
    int32_t ready;       /* 1: the shop's policy is known, so sales can be priced */
    int32_t quarantined; /* 1: the authority refuses this till's redemptions until the merchant decides */
    int32_t behind; /* 1: this till's record is an old copy: nothing more can be committed; enrol it anew */
    int32_t time_sure;      /* 1: the time is the authority's, or near enough to redeem by */
    uint32_t queue;         /* records that the authority has not taken yet */
    uint32_t refused;       /* records that it refused: shown to the merchant, never dropped */
    int32_t refused_reason; /* the code of the latest refusal, 0: none */
    uint32_t conflicts;     /* redemptions of this till that it booked as conflicts */
    int64_t time_ms;        /* the time that the till goes by */
    int64_t epoch;          /* the enrolment of this till, from 1 */
    int64_t seq;            /* number of its last record in that epoch, 0: none yet */
    char till[64];
    char store[64];
    char currency[4]; /* the shop's, empty while not ready */
    int32_t log; /* 0; TILLPROOF_LOG_FORKED or _BAD_RECEIPT: the authority signed what it should not have,
                    once at least; `tillproof till evidence` shows what was kept of it */
};

/*
 * How the till stands at this moment. Never waits. Errors: TILLPROOF_E_ARGUMENT, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_status(struct tillproof *handle, struct tillproof_status *status);

/* ---- events ---- */

/* Kinds of events. What a member means is said here; a member that is not named is 0 or empty. */
#define TILLPROOF_EVENT_ONLINE                                                                               \
    1 /* code: 0, the authority answers; TILLPROOF_OFFLINE; below zero why it cannot be gone by: its files   \
         on this machine fail (TILLPROOF_E_CORRUPT, _E_IO, ...), or what it says does not check out, as when \
         it has lost what it had taken (TILLPROOF_E_UNTRUSTED): nothing is held on top, and sales are as     \
         without a line. The first word since tillproof_open, then changes */
#define TILLPROOF_EVENT_HOLD                                                                                 \
    2 /* sale; code: TILLPROOF_BINDING, renewed by itself; else why it is not renewed any more (_OFFLINE;    \
         _EXPIRED: its time is over, or it would cost something else now; ...); amount: ms that the price    \
         still binds, 0: it has ended */
#define TILLPROOF_EVENT_OUTCOME                                                                              \
    3 /* what the authority made of a redemption, where it is not as recorded: sale (0: not this till's),    \
         id: place of the redemption from 0; code: why it is in conflict, 0: no longer; amount in conflict;  \
         offer, text: its title; data: D of the record, 32 bytes */
#define TILLPROOF_EVENT_REFUSED 4 /* a record was refused: sale (0: none), code, text; data: its D */
#define TILLPROOF_EVENT_QUARANTINED                                                                          \
    5 /* code: TILLPROOF_QUARANTINED; TILLPROOF_REVOKED, its key was given up; or 0: not any more */
#define TILLPROOF_EVENT_BEHIND 6 /* code: TILLPROOF_E_BEHIND; see tillproof_status */
#define TILLPROOF_EVENT_NEWS   7 /* offers, keys or the policy changed: quote open sales anew */

#define TILLPROOF_EVENT_PICTURE                                                                              \
    8 /* what became of a picture, one event for each code in it: sale; code: as of tillproof_present, or    \
         TILLPROOF_NO_CODE, or below zero why it was not read; id: the presentation; offer; text: its title; \
         data: the code's content, for example a product's bar code to ring up */

#define TILLPROOF_EVENT_DEVICE                                                                               \
    9 /* a device of the till came, went or changed: id: its number; code: TILLPROOF_DEVICE_*; text: its     \
         name; see tillproof_device */
#define TILLPROOF_EVENT_SCAN                                                                                 \
    10 /* a device read a whole code: id: the device's number; data: what to hand to tillproof_present as    \
          TILLPROOF_SCAN, 1 to 4096 bytes; text: the AIM identifier of the symbology with which data then    \
          begins ("]E0": three bytes that are no part of the code), or empty. Nothing is presented before    \
          the program does it: it knows which sale is meant, and whether it is an article to ring up */

#define TILLPROOF_EVENT_RECEIPT                                                                              \
    20 /* the log's receipt of a record has come, and was checked: sale (0: none), id: the record's number;  \
          data: its D; see tillproof_text. Or code: TILLPROOF_BAD_RECEIPT, text: it is none, and was not     \
          taken */
#define TILLPROOF_EVENT_LOG                                                                                  \
    21 /* code: TILLPROOF_LOG_FORKED: what the authority says of its log contradicts what it signed before.  \
          The till goes on, carries what it saw before in all that it signs, and keeps the evidence */

struct tillproof_event {
    uint32_t size;
    uint32_t kind;    /* TILLPROOF_EVENT_*; 0: none came in time. Pass by a kind that you do not know */
    int32_t code;     /* see the kind */
    uint32_t dropped; /* events lost before this one, because nobody took them */
    int64_t number;   /* for tillproof_event_data */
    int64_t sale;     /* the sale's id, or 0 */
    int64_t id;
    int64_t amount;
    int64_t at_ms;   /* when it happened */
    uint32_t length; /* bytes of data, for tillproof_event_data */
    uint32_t reserved;
    char offer[48];
    char text[208];
};

/*
 * A descriptor for poll, select or epoll: readable while events wait. It is the plugin's: never read, write
 * or close it; it ends with the handle. Nobody needs to listen: at most 256 events wait, of a state (ONLINE,
 * HOLD of one sale, QUARANTINED, BEHIND, NEWS, DEVICE of one device) only the newest, and when they are too
 * many the oldest is dropped and `dropped` of the next one says how many were. Scans are never dropped: when
 * 64 of them wait, the devices are not asked for more. OUTCOME, REFUSED and RECEIPT are kept on the disk
 * until the program has come back to tillproof_event_next after them, or has closed the till: a crash before
 * that tells them once more, and sale, id and data say which they are. tillproof_status, tillproof_device and
 * the sales tell the same as the events, only not by themselves. Never waits. Errors: TILLPROOF_E_ARGUMENT,
 * _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_event_fd(struct tillproof *handle, int32_t *fd);

/*
 * Takes the oldest event, waiting for one if there is none. wait_ms: 0 to 60000, 0: not at all. Any thread;
 * each event goes to one of them. Errors: TILLPROOF_E_ARGUMENT, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_event_next(struct tillproof *handle, uint32_t wait_ms,
                                           struct tillproof_event *event);

/*
 * The bytes that came with the event that was taken last from this handle. number: the event's. buf: NULL to
 * ask for the length, or room. *length: in, the size of buf (not looked at when buf is NULL); out, the bytes;
 * no zero byte is added. Never waits. Errors: TILLPROOF_E_ARGUMENT (another event was taken since); _E_MEMORY
 * (buf is too small: *length is set, buf untouched); _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_event_data(struct tillproof *handle, int64_t number, void *buf,
                                           uint32_t *length);

/* ---- devices ---- */

struct tillproof_device {
    uint32_t size;
    int32_t state;   /* TILLPROOF_DEVICE_* */
    int64_t id;      /* from 1, for as long as the handle is open never another device's; 0: there is none */
    int64_t scans;   /* codes that it has given */
    int64_t broken;  /* codes and reports dropped because they were not whole, or too long */
    uint32_t vendor; /* USB idVendor and idProduct, 0 for a path */
    uint32_t product;
    char driver[16];  /* "hid_scanner", "virtual"; empty while there is none */
    char name[64];    /* for people */
    char where[112];  /* "usb 1-2.3:0": bus, ports, interface; or the path */
    char detail[128]; /* one sentence to a state that is not READY, or empty */
};

/*
 * One device of the till and its state. A till has the devices that DIR/tills/NAME/devices.ini names, and
 * none without that file:
 *
 *     [devices]
 *     usb = yes                   every HID POS scanner (USB, usage page 8C) of this machine
 *     path = /run/shop/scanner    a UNIX socket (it is connected to), a FIFO or a file: one code a line
 *     records = /run/shop/page    the same, each code with its length before it: drivers/README.md
 *
 * Up to 8 paths, absolute, of at most 107 bytes. The file is read by tillproof_open, which refuses a wrong
 * one with TILLPROOF_E_CORRUPT and its line. Devices are looked for, read and found again by threads of the
 * plugin, which are there only with that file; a device that cannot be used delays nothing. A scanner belongs
 * to one till of a machine: for the second one it is TILLPROOF_DEVICE_CLAIMED. tillproof_close gives them
 * back, which takes 2 s at most.
 *
 * index: from 0, in the order in which they were first seen. device->id is 0, and the return value 0, beyond
 * the end. Never waits. Errors: TILLPROOF_E_ARGUMENT, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_device(struct tillproof *handle, uint32_t index,
                                       struct tillproof_device *device);

/* ---- a sale ---- */

/* Flags of tillproof_sale_begin. */
#define TILLPROOF_TRAINING 1 /* priced like any sale, but never recorded, and never told to the authority */

/*
 * Begins a sale, or finds the one with this reference: calling it again after a crash is how a program takes
 * up a sale where it was. A sale that was not held yet is new then; one that was held keeps its identity, so
 * that a new hold replaces its own reservations; one that was committed is returned as it is, with its
 * results and text. Lines and presentations of a sale that was not committed are given anew.
 *
 * reference: the program's own number of this sale, 1 to 64 bytes, unique for this till for ever.
 * currency: three capital letters, fixed for the sale; a currency that is not the shop's is told by
 * tillproof_quote. flags: 0 or TILLPROOF_TRAINING. sale: receives the sale's id, above zero, never used
 * again for another sale. Training sales have references of their own and end with the handle.
 *
 * Errors: TILLPROOF_E_ARGUMENT; _E_EXISTS (the reference belongs to a sale in another currency); _E_MEMORY
 * (more than 1,000 sales open at once); _E_IO, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_sale_begin(struct tillproof *handle, const char *reference,
                                           const char *currency, uint32_t flags, int64_t *sale);

/*
 * Looks for the sale with this reference and never makes one (training sales are not found). *sale is 0, and
 * the return value 0, when there is none. Errors: TILLPROOF_E_ARGUMENT, _E_IO, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_sale_find(struct tillproof *handle, const char *reference, int64_t *sale);

/*
 * The sales that this till has held and neither committed nor voided nor forgotten, those of earlier runs
 * included: after a crash the program asks here what was under way. A sale of an earlier run has its id,
 * reference and identity (tillproof_sale_info); its lines and presentations are given anew. Settle each:
 * commit it if it was paid, forget it if it was not.
 *
 * index: from 0, by id; settling one moves those after it down. *sale is 0, and the return value 0, beyond
 * the end. Never waits. Errors: TILLPROOF_E_ARGUMENT, _E_IO, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_sale_unsettled(struct tillproof *handle, uint32_t index, int64_t *sale);

/*
 * Forgets a sale that was not committed, as tillproof_void does: its reservations are given back in the
 * background, its id and reference are unknown from then on. A sale that is recorded is never touched by it:
 * TILLPROOF_E_STATE. A training sale is forgotten in any state. Waits for the local disk only. Errors:
 * TILLPROOF_E_ARGUMENT, _E_STATE (also: being held), _E_IO, _E_READ_ONLY, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_sale_forget(struct tillproof *handle, int64_t sale);

/*
 * Writes a sale that is not committed into bytes, for another till of the shop to go on with: reference,
 * currency, lines, what was presented (a card as its keyed hash, never as its token), and what was refused.
 * The bytes are authenticated, not secret. The sale stays as it is: once the bytes are safe, end it here with
 * tillproof_sale_forget, and do not commit it here. They are good for any till of the shop, for as long as
 * the coupons in them are.
 *
 * buf: NULL to ask for the length, or room. *length: in, the size of buf (not looked at when buf is NULL);
 * out, the bytes, at most 2 MiB. Never waits. Errors: TILLPROOF_E_ARGUMENT; _E_STATE (committed, being held,
 * training, or a till that never heard its authority); _E_MEMORY (also: buf is too small: *length is set, buf
 * untouched); _E_CRYPTO, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_sale_save(struct tillproof *handle, int64_t sale, void *buf,
                                          uint32_t *length);

/*
 * Takes up a saved sale at this till. It has an id of its own here, and keeps its reference and its identity
 * at the authority, so that a hold here replaces the reservations that another till made for it. Price it and
 * hold it as any other. Loading it again gives the same sale, with lines and presentations as saved; one that
 * was committed here meanwhile is returned as it is.
 *
 * Errors: TILLPROOF_E_ARGUMENT, _E_MALFORMED (no saved sale), _E_UNTRUSTED (no till of this shop saved it, or
 * it was changed), _E_EXISTS (another sale of this till has its reference), _E_STATE (being held; or a till
 * that never heard its authority), _E_MEMORY, _E_IO, _E_CORRUPT, _E_CRYPTO, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_sale_load(struct tillproof *handle, const void *bytes, uint32_t length,
                                          int64_t *sale);

struct tillproof_sale {
    uint32_t size;
    int32_t state;          /* TILLPROOF_PROVISIONAL, _BINDING, _COMMITTED or _VOIDED */
    uint32_t flags;         /* as given to tillproof_sale_begin */
    uint32_t lines;         /* lines in the basket */
    uint32_t presentations; /* coupons and cards that were taken */
    int32_t sent;           /* 1: committed, and the authority has the record (and the void, if any) */
    int64_t rev;            /* grows with every hold and release */
    int64_t hold_left_ms;   /* how long a binding price still lives, else 0 */
    char currency[4];
    char reference[68];
    char id[36];      /* the sale's 16 random bytes in hexadecimal: `tillproof refund --sale` takes it */
    char receipt[68]; /* as given to tillproof_commit */
};

/*
 * How one sale stands. Never waits (a sale committed long ago is read from the local disk).
 * Errors: TILLPROOF_E_ARGUMENT (no such sale, or a short size), _E_IO, _E_CORRUPT, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_sale_info(struct tillproof *handle, int64_t sale,
                                          struct tillproof_sale *info);

struct tillproof_line {
    uint32_t size;
    uint32_t reserved;
    int64_t number;     /* 1 to 4294967295, the program's own, unique in the basket */
    int64_t quantity;   /* thousandths, not 0, to 10^12; below 0 for what is taken back: offers pass it by */
    int64_t unit_price; /* minor units, 0 or more, as the shop's prices are: with tax or without */
    int64_t tax;        /* thousandths of a percent, 0 to 100000 */
    char sku[64];       /* article number, as offers name it; may be empty */
    char name[96];      /* for people; may be empty */
    char category[64];  /* as offers name it; may be empty */
};

/*
 * Sets the whole basket, in place of the one before, in one step: all of it or, on an error, nothing.
 * Call it at every change. A binding price becomes provisional again, though the reservations behind it
 * stay until the next hold, a release, or their end.
 *
 * lines: an array of `count` items, 0 to 4096, NULL when count is 0. Quantity times price beyond 10^15 is
 * told by tillproof_quote as TILLPROOF_AMOUNT_RANGE.
 * Errors: TILLPROOF_E_ARGUMENT (no such sale; a member out of its range; a line number twice), _E_STATE (the
 * sale is committed, or its hold is being asked for at this moment), _E_MEMORY, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_lines_set(struct tillproof *handle, int64_t sale,
                                          const struct tillproof_line *lines, uint32_t count);

/* What the bytes given to tillproof_present are. */
#define TILLPROOF_SCAN                                                                                       \
    1 /* as a scanner sent them: line ends and an AIM prefix such as ]Q1 may be left on                      \
       */
#define TILLPROOF_TYPED                                                                                      \
    2 /* a code that a cashier typed; spaces do not matter. Nine digits are a pickup code: it stands for a   \
         coupon on a screen that cannot be scanned */
#define TILLPROOF_CARD                                                                                       \
    3 /* the payment terminal's token for a card, or its PAR: 1 to 64 printable ASCII bytes; never a card    \
         number */

struct tillproof_presentation {
    uint32_t size;
    int32_t outcome; /* TILLPROOF_OK: taken; else why not: it is not part of the sale, show the word */
    int64_t id;      /* for tillproof_withdraw; 0 when it was not taken */
    uint32_t kind;   /* as given: TILLPROOF_SCAN, _TYPED or _CARD */
    uint32_t reserved;
    char offer[48];  /* a coupon: the offer's id, where it is known */
    char title[208]; /* and its title */
};

/*
 * Takes one coupon or card into the sale (a coupon of the shop; or a GS1 coupon, AI 255, 8110 or 8112, for
 * which an offer was published: also with a GS1 symbology's prefix and FNC1 as 0x1D, in brackets, or as a GS1
 * Digital Link, which is never opened), after all checks that can be made without asking anybody: signature,
 * dates, offer, whether it is in the basket already. Whether it saves something is told by the quote; whether
 * it was used before, by tillproof_hold. A genuine coupon that is newer than what this till has heard is
 * taken, and tillproof_hold decides. Never waits. The price becomes provisional.
 *
 * kind: one of the above. bytes: `length` bytes, 1 to 4096; they need no zero byte at the end.
 * A card's token is turned into a keyed hash at once and wiped: it reaches neither disk nor network. Clear
 * your own copy. A card's offers are known to the authority alone: they show after tillproof_hold.
 *
 * A loyalty number that is scanned or typed, and begins as the shop's policy says, is taken as a card. A
 * pickup code's coupon is known to the authority alone: until tillproof_hold its offer's outcome is
 * PROVISIONAL, then it is that coupon, or UNKNOWN_COUPON (a wrong code, or older than five minutes),
 * THROTTLED or, without an answer, OFFLINE_DENIED. Typed once more it is asked for again.
 *
 * Outcomes: OK; PRODUCT (an article's bar code: ring it up), UNKNOWN_CODE, MISREAD, UNKNOWN_COUPON,
 * UNKNOWN_OFFER (a GS1 coupon that no offer stands for), BAD_SIGNATURE, EXPIRED, NOT_YET_VALID, DUPLICATE
 * (also: a second coupon of the same offer), OFFLINE (a card, or any coupon, at a till that never heard its
 * authority), LIMIT_REACHED (32 coupons, 8 of them by pickup codes, 8 cards). Errors: TILLPROOF_E_ARGUMENT,
 * _E_STATE (committed, or being held), _E_MEMORY, _E_CRYPTO, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_present(struct tillproof *handle, int64_t sale, uint32_t kind,
                                        const void *bytes, uint32_t length,
                                        struct tillproof_presentation *presentation);

/*
 * Looks for codes in a picture, such as a frame of a camera, in the background: each code that is found is
 * presented as a scan, and told by an event of the kind TILLPROOF_EVENT_PICTURE. Pictures are parsed by a
 * process of their own, tillproof-helper, which lies beside the plugin and may do nothing else; it starts
 * with the first picture. Never waits; tillproof_close waits for the picture that is being read, at most 1.5
 * s.
 *
 * pixels: 8-bit grey, `height` rows of `width` bytes, each row `stride` bytes after the one before; 1 to 8192
 * a side, 32 * 2^20 at most. They are copied. taken: 1, or 0 when a picture is being read: this one is
 * dropped. Errors: TILLPROOF_E_ARGUMENT, _E_STATE (the sale is committed), _E_MEMORY, _E_IO, _E_CORRUPT,
 * _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_present_image(struct tillproof *handle, int64_t sale, const void *pixels,
                                              uint32_t width, uint32_t height, uint32_t stride,
                                              int32_t *taken);

/*
 * Takes a presentation back out of the sale. The price becomes provisional. Never waits.
 * Errors: TILLPROOF_E_ARGUMENT (no such sale or presentation), _E_STATE, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_withdraw(struct tillproof *handle, int64_t sale, int64_t presentation);

/* ---- the price ---- */

struct tillproof_quote {
    uint32_t size;
    int32_t outcome; /* PROVISIONAL or BINDING: the amounts hold; COMMITTED, VOIDED: they are the record's;
                        else there is no price */
    int32_t reason;  /* why it is not binding after a hold: OFFLINE, EXPIRED, QUARANTINED, ...; else 0 */
    uint32_t lines;  /* how many tillproof_line_result knows */
    uint32_t shares; /* tillproof_share_result */
    uint32_t offers; /* tillproof_offer_result */
    uint32_t taxes;  /* tillproof_tax_result */
    char currency[4];
    int64_t gross;        /* sum of quantity x price */
    int64_t discount;     /* what the offers took off, 0 or more */
    int64_t net;          /* gross less discount */
    int64_t tax;          /* the tax in it, or on it */
    int64_t due;          /* what the customer pays: add nothing up again, compare */
    int64_t cashback;     /* owed to the customer later; changes nothing now */
    int64_t hold_left_ms; /* how long a binding price still lives, else 0 */
};

/*
 * The price of the basket at this moment, by the till alone unless a hold is alive: local, at once, as
 * often as you like.
 *
 * Outcomes: PROVISIONAL, BINDING, COMMITTED, VOIDED; CURRENCY (the sale's is not the shop's), AMOUNT_RANGE,
 * OFFLINE (the till never heard its authority, so that it knows no policy). With the last three all
 * amounts and counts are 0.
 * Errors: TILLPROOF_E_ARGUMENT, _E_MEMORY, _E_IO, _E_CORRUPT, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_quote(struct tillproof *handle, int64_t sale, struct tillproof_quote *quote);

/*
 * Asks the authority for everything presented, and waits for its answer until the deadline. Call it before
 * the first tender. With the answer, coupons are reserved for this sale and the price is binding, for the
 * time that hold_left_ms says (about two minutes); calling it again renews it. While the sale stays as it is,
 * the till renews it by itself, until 15 minutes after this call; an event of the kind TILLPROOF_EVENT_HOLD
 * tells each renewal, and when there is none. A presentation that the authority refuses is shown by
 * tillproof_offer_result; the others are priced without it.
 *
 * Without an answer the outcome stays PROVISIONAL (or BINDING, while the hold before it lives) and `reason`
 * says why: OFFLINE (no answer by the deadline; an answer that comes later is undone by itself), QUARANTINED,
 * SUPERSEDED, STALE. The till then prices alone, until a hold is answered: an offer is refused with
 * OFFLINE_DENIED, or, where its terms let a till risk it, applied within the shop's caps or refused with
 * OFFLINE_CAP. Ask for the money of this price. It stays as it is for 15 minutes while the basket does, and
 * the sale can be committed by it. A training sale asks nobody and stays PROVISIONAL with reason 0.
 *
 * deadline_ms: milliseconds from now, 1 to 60000. quote: may be NULL. This call waits, without the lock:
 * other sales go on; this sale's lines and presentations are fixed until it returns (TILLPROOF_E_STATE).
 * Errors: TILLPROOF_E_ARGUMENT, _E_STATE (committed; or another thread holds this sale), _E_BEHIND, _E_IO,
 * _E_MEMORY, _E_CRYPTO, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_hold(struct tillproof *handle, int64_t sale, uint32_t deadline_ms,
                                     struct tillproof_quote *quote);

/*
 * The payment failed, the basket is kept: the price becomes provisional, and the reservations are
 * given back in the background (if the line is down, they end by themselves). A sale without a hold is
 * left as it is. Never waits. Errors: TILLPROOF_E_ARGUMENT, _E_STATE (committed; being held), _E_IO,
 * _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_release(struct tillproof *handle, int64_t sale);

/* ---- the end of a sale ---- */

struct tillproof_tender {
    uint32_t size;
    uint32_t reserved;
    int64_t amount; /* minor units, -10^15 to 10^15; change given back is a negative tender */
    char kind[20];  /* cash, card, voucher, ...: 1 to 16 of a to z and _ */
    uint32_t reserved2;
};

struct tillproof_commit {
    uint32_t size;
    int32_t outcome;      /* TILLPROOF_COMMITTED, or _VOIDED for a sale that was voided afterwards */
    int32_t binding;      /* 1: by a grant; 0: at the till's own price */
    uint32_t redemptions; /* offers redeemed by it */
    int64_t due;
    int64_t seq;     /* number of the record in this till's chain; 0 for training */
    char record[72]; /* the record's identity, hexadecimal; empty for training */
};

/*
 * Records a paid sale. The signed record is on the disk before the call returns, and goes to the authority
 * in the background; it never refuses a paid sale. With a live hold the price is the binding one; without, it
 * is the last provisional one, priced at this moment: what that gives and a till alone may not, or beyond its
 * caps for a coupon and an hour, is booked as a conflict. Idempotent: committing a committed sale changes
 * nothing and gives the same result, whatever the other arguments are.
 *
 * receipt: the receipt's number, 1 to 64 bytes, or NULL; it stays in this till's own record. tenders: an
 * array of `count` items, 0 to 32; split payment is one commit with several tenders. Their sum is the
 * program's business. result: may be NULL.
 *
 * Waits for the local disk only. Errors: TILLPROOF_E_ARGUMENT, _E_STATE (there is no price, see
 * tillproof_quote; the sale is being held by another thread), _E_BEHIND, _E_IO (nothing is recorded: try
 * again), _E_READ_ONLY, _E_CRYPTO, _E_MEMORY, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_commit(struct tillproof *handle, int64_t sale, const char *receipt,
                                       const struct tillproof_tender *tenders, uint32_t count,
                                       struct tillproof_commit *result);

/*
 * Before the commit: gives reservations back and forgets the sale; its id and reference are unknown from then
 * on. After it: records that the sale did not count, and gives back coupons and budget; it must be the same
 * till, and its day must not be closed. The sale stays, with the state TILLPROOF_VOIDED. Idempotent. Waits
 * for the local disk only. Errors: TILLPROOF_E_ARGUMENT, _E_STATE (being held), _E_BEHIND, _E_IO,
 * _E_READ_ONLY, _E_CRYPTO, _E_MEMORY, _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_void(struct tillproof *handle, int64_t sale);

/*
 * Begins the return of goods that a till of the shop has sold, or finds the refund with this reference. The
 * refund is a sale of its own: give it with tillproof_lines_set the lines of the original that come back, by
 * `number` and with a `quantity` above zero (the other members need only be in their ranges: prices are the
 * original's); more than was sold and not yet returned is TILLPROOF_E_ARGUMENT there. tillproof_quote tells
 * what goes back, below zero, as sums without parts: by the offers' rule, the price that was paid, or the
 * kept lines priced anew. tillproof_commit records it; there may be several refunds of one sale, at several
 * tills. It takes no presentations, and it is not voided. A sale of which this till took something back is
 * not voided either.
 *
 * The authority is asked what the sale was and what came back of it at any till: here, and by tillproof_hold,
 * which asks once more before the money goes back. Nothing is reserved by that, and the quote stays
 * TILLPROOF_PROVISIONAL; where tillproof_hold had no answer, its reason is TILLPROOF_OFFLINE. What two tills
 * take back at once, more than there was, is booked as a conflict of the later one: it hears of it by
 * TILLPROOF_EVENT_OUTCOME, with the amount.
 *
 * original: the reference of the sale, or its id in hexadecimal (tillproof_sale_info). A sale of this till
 * comes before others' with the same reference; one that several other tills have is unknown: name it by its
 * id. The reference itself does not leave the till, only a keyed hash of it. reference: the refund's own, as
 * in tillproof_sale_begin. deadline_ms: 0 to 60000, how long to wait for the authority; 0 asks nobody and
 * knows this till's sales alone. sale: receives the refund's id, 0 with an outcome. outcome: TILLPROOF_OK;
 * TILLPROOF_UNKNOWN_SALE; or TILLPROOF_OFFLINE: it is no sale of this till, and nothing that could be trusted
 * was answered in time. A sale of this till is begun without an answer, too, by what this till knows.
 *
 * Errors: TILLPROOF_E_ARGUMENT, _E_STATE (the sale was voided, or is a refund, or its price cannot be made
 * again from what is published: return it at the till that sold it), _E_EXISTS (the reference belongs to
 * another sale), _E_BEHIND, _E_MEMORY, _E_IO, _E_CORRUPT, _E_FORKED. tillproof_quote, tillproof_hold and
 * tillproof_commit of a refund return TILLPROOF_E_STATE when something else came back meanwhile and too
 * little is left, or when nothing comes back.
 */
TILLPROOF_API int32_t tillproof_refund_begin(struct tillproof *handle, const char *original,
                                             const char *reference, uint32_t deadline_ms, int64_t *sale,
                                             int32_t *outcome);

/* ---- the end of the day ---- */

struct tillproof_day {
    uint32_t size;
    int32_t fresh;       /* 1: recorded by this call; 0: nothing happened since the close that this is */
    uint32_t currencies; /* more than 1: the sales in others are in the record, and not in these sums */
    char currency[4];
    int64_t sales; /* recorded since the close before, those that were voided included */
    int64_t voids;
    int64_t returns;
    int64_t gross; /* sums of the sales, less voids and returns */
    int64_t discount;
    int64_t net;
    int64_t tax;
    int64_t due;
    int64_t first; /* numbers of the first and last record that were counted */
    int64_t last;
    int64_t seq;     /* number of the close's own record; 0: this till has never recorded anything */
    int64_t time_ms; /* of the close */
    uint32_t queue;  /* records that the authority has not taken yet, this one included */
    uint32_t refused;
    char record[72]; /* the record's identity, hexadecimal */
};

/*
 * Counts and sums this till's records since the last close, and records that, signed. What it counted is not
 * voided any more; it can be returned. Sales that are open are left alone and fall into the next day. When
 * no sale, void or return was recorded since, it records nothing and tells the last close again, so that a
 * program may repeat it. Training counts for nothing.
 *
 * Waits for the local disk only. Errors: TILLPROOF_E_ARGUMENT, _E_STATE (sums beyond 2^53), _E_BEHIND, _E_IO,
 * _E_READ_ONLY, _E_CORRUPT (also: a record between the last close and the till's newest is missing from its
 * file; tillproof_reason names the first, and nothing is signed on top of it), _E_CRYPTO, _E_MEMORY (also:
 * more than 8 currencies), _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_day_close(struct tillproof *handle, struct tillproof_day *day);

/* ---- results ---- */

/*
 * The parts of the price that tillproof_quote, tillproof_hold or tillproof_commit told last for this sale:
 * index runs from 0 to the count that tillproof_quote gives, less one. A change of the basket makes a new
 * price, so ask for the quote first and for its parts after it. Never wait. Any thread; when several threads
 * work on one sale, the parts are those of the latest price. Errors of all four: TILLPROOF_E_ARGUMENT (no
 * such sale, or index beyond the end), _E_STATE (the sale was never priced), _E_IO and _E_CORRUPT (a sale
 * that must be read from the disk), _E_FORKED.
 */

struct tillproof_line_result {
    uint32_t size;
    uint32_t shares;  /* offers that took something off this line */
    int64_t number;   /* as in tillproof_line; in the basket's order */
    int64_t gross;    /* quantity x price, rounded once */
    int64_t discount; /* 0 or more */
    int64_t net;      /* gross less discount */
    int64_t tax;
    int64_t without_tax; /* net without tax */
    int64_t with_tax;    /* net with tax */
};

/* One line of the basket. */
TILLPROOF_API int32_t tillproof_line_result(struct tillproof *handle, int64_t sale, uint32_t index,
                                            struct tillproof_line_result *result);

struct tillproof_share_result {
    uint32_t size;
    uint32_t offer;   /* index for tillproof_offer_result */
    int64_t line;     /* the line's number */
    int64_t discount; /* what this offer took off this line */
};

/* One offer's part of one line's discount: lines in the basket's order, then offers in that of their use. */
TILLPROOF_API int32_t tillproof_share_result(struct tillproof *handle, int64_t sale, uint32_t index,
                                             struct tillproof_share_result *result);

struct tillproof_offer_result {
    uint32_t size;
    int32_t outcome;      /* TILLPROOF_APPLIED, or why it gives nothing */
    int64_t presentation; /* the coupon that brought it; 0: a card's offer, or an automatic one */
    int64_t version;      /* of the offer */
    int64_t discount;     /* 0 unless it applies */
    int64_t cashback;
    int64_t missing;  /* TILLPROOF_MIN_SPEND: minor units to go; else 0 */
    int64_t at_ms;    /* TILLPROOF_ALREADY_USED, _HELD: since when, where the authority told it; else 0 */
    char offer[48];   /* its id */
    char title[208];  /* its title, where it is known here */
    char funder[72];  /* who pays: store, manufacturer, ...; empty unless it applies */
    char at_till[64]; /* TILLPROOF_ALREADY_USED, _HELD: at which till; else empty */
};

/* One offer on the table: those that apply, in the order of their use, then those that do not, by id. */
TILLPROOF_API int32_t tillproof_offer_result(struct tillproof *handle, int64_t sale, uint32_t index,
                                             struct tillproof_offer_result *result);

struct tillproof_tax_result {
    uint32_t size;
    uint32_t reserved;
    int64_t rate; /* thousandths of a percent */
    int64_t tax;
    int64_t without_tax;
    int64_t with_tax;
};

/* One tax class: its sums over the lines, by rate, ascending. */
TILLPROOF_API int32_t tillproof_tax_result(struct tillproof *handle, int64_t sale, uint32_t index,
                                           struct tillproof_tax_result *result);

/* What tillproof_text writes. */
#define TILLPROOF_RECEIPT                                                                                    \
    1 /* lines for the receipt, each ended by \n: offers and what they took off, totals, the sale's id */
#define TILLPROOF_PROOF                                                                                      \
    2 /* a committed sale's record with the log's receipt of it, a COSE_Sign1 in hexadecimal, for anybody to \
         check (`tillproof cose verify`); empty while the receipt has not come */

/*
 * Text for the receipt of a sale that has been priced. Once the sale is committed it is the same for ever,
 * so that a reprint shows what the customer got.
 *
 * what: TILLPROOF_RECEIPT or TILLPROOF_PROOF. buf: NULL to ask for the length, or room for the text and its
 * zero byte. *length: in, the size of buf (not looked at when buf is NULL); out, the bytes that the text
 * needs, zero byte included. Never waits. Errors: TILLPROOF_E_ARGUMENT; _E_MEMORY (buf is too small: *length
 * is set, buf untouched); _E_STATE (no price yet; a proof of a sale that is not recorded); _E_IO, _E_CORRUPT,
 * _E_FORKED.
 */
TILLPROOF_API int32_t tillproof_text(struct tillproof *handle, int64_t sale, uint32_t what, char *buf,
                                     uint32_t *length);

#ifdef __cplusplus
}
#endif

#endif
