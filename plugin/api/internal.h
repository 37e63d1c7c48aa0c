/* What the files of this room share: the border's checks, and no rules. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include "tillproof.h"

#include "sale/till.h"

#include <pthread.h>
#include <sys/types.h>

struct tillproof {
    pid_t owner;
    struct till *till;
    pthread_mutex_t images_lock;
    struct images *images;   /* NULL before the first picture */
    struct devices *devices; /* NULL: none was asked for */
};

/* open.c: tillproof-helper lies beside the plugin. TP_E_IO. */
enum { HELPER_PATH_SIZE = 4200 };
int api_helper_path(char out[HELPER_PATH_SIZE], struct err *e);

/* image.c: ends the thread; waits for the picture that it is reading, 1.5 s at most. Takes NULL. */
void images_close(struct images *m);

/* devices.c: what the till's devices read becomes its events. `config` is as shop_devices_load filled it;
 * *out stays NULL when it names no device. */
struct shop_devices;
int devices_open(struct till *till, const struct shop_devices *config, struct devices **out, struct err *e);
/* Gives the devices back: 2 s at most. Takes NULL. Before till_close. */
void devices_close(struct devices *d);
/* An event was taken: there may be room for another scan. Takes NULL. */
void devices_taken(struct devices *d, int kind);

/* Keeps the sentence for tillproof_reason and returns the code; a code that is none of misuse or fault
 * becomes one. */
int32_t api_fail(int rc, const struct err *e);
int32_t api_argument(const char *what);
/* 0, or why the handle cannot be used here. */
int32_t api_enter(const struct tillproof *handle);

/*
 * Results: `first` is the struct's size in the first version, `known` that of this one. api_out_check looks
 * at the caller's size; api_out copies what both know, and leaves the caller's size as it is.
 */
int32_t api_out_check(const void *to, size_t first);
void api_out(void *to, const void *from, size_t known);
/* One input struct: what the caller knows is copied, the rest is zero. A newer caller's unknown rest must be
 * zero. */
int32_t api_in(void *to, size_t known, size_t first, const void *from);
/* An item of an array in which each is `stride` bytes. */
int32_t api_item(const void *item, uint32_t stride);
/* The two-call length of bytes that go out: no zero byte. */
int32_t api_bytes(struct bytes from, void *buf, uint32_t *length);
/* A text in a struct: its zero byte must be within size, and it must be UTF-8. */
int32_t api_text(const char *text, size_t size, const char *what, struct bytes *out);

/* The sizes of the first version. A struct that grows keeps its line. */
#define FIRST_STATUS       sizeof(struct tillproof_status)
#define FIRST_SALE         sizeof(struct tillproof_sale)
#define FIRST_LINE         sizeof(struct tillproof_line)
#define FIRST_PRESENTATION sizeof(struct tillproof_presentation)
#define FIRST_QUOTE        sizeof(struct tillproof_quote)
#define FIRST_TENDER       sizeof(struct tillproof_tender)
#define FIRST_COMMIT       sizeof(struct tillproof_commit)
#define FIRST_LINE_RESULT  sizeof(struct tillproof_line_result)
#define FIRST_SHARE_RESULT sizeof(struct tillproof_share_result)
#define FIRST_OFFER_RESULT sizeof(struct tillproof_offer_result)
#define FIRST_TAX_RESULT   sizeof(struct tillproof_tax_result)
#define FIRST_DAY          sizeof(struct tillproof_day)
#define FIRST_EVENT        sizeof(struct tillproof_event)
#define FIRST_DEVICE       sizeof(struct tillproof_device)

void api_fill_quote(struct tillproof_quote *out, const struct quote_info *q);

#endif
