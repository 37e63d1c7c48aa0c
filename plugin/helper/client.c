#include "helper/client.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "helper/process.h"
#include "helper/trip.h"

struct helper {
    pid_t owner;
    struct process process;
    char program[];
};

int helper_open(const char *program, struct helper **out, struct err *e)
{
    if (!program || !*program || !out) {
        return err_set(e, TP_E_ARGUMENT, "the helper's program needs a path");
    }
    size_t n = strlen(program) + 1;
    struct helper *h = calloc(1, sizeof *h + n);
    if (!h) {
        return err_code(e, TP_E_MEMORY);
    }
    memcpy(h->program, program, n);
    h->owner = getpid();
    int rc = process_start(h->program, NULL, &h->process, e);
    if (rc) {
        free(h);
        return rc;
    }
    *out = h;
    return 0;
}

void helper_close(struct helper *h)
{
    if (!h) {
        return;
    }
    if (h->owner == getpid()) {
        process_end(&h->process);
    } else {
        process_forget(&h->process);
    }
    free(h);
}

static int ask(const struct trip *trip, const struct helper_frame *frame)
{
    int64_t left = trip_left(trip);
    struct helper_ask ask = {HELPER_ASK, frame->width, frame->height, left > 0 ? (uint32_t)left : 1};
    int rc = trip_send(trip, &ask, sizeof ask);
    return rc ? rc : trip_send(trip, frame->px, (size_t)frame->width * frame->height);
}

static void free_texts(struct buf texts[HELPER_CODES_MAX])
{
    for (int i = 0; i < HELPER_CODES_MAX; i++) {
        buf_free(&texts[i]);
    }
}

/* The helper may have been taken over by a picture: nothing that it says is believed. */
static int take_texts(const uint8_t *p, size_t n, int32_t count, struct buf texts[HELPER_CODES_MAX])
{
    for (int32_t i = 0; i < count; i++) {
        uint32_t length = 0;
        if (n < sizeof length) {
            return TP_E_IO;
        }
        memcpy(&length, p, sizeof length);
        p += sizeof length;
        n -= sizeof length;
        if (length == 0 || length > HELPER_TEXT_MAX || length > n) {
            return TP_E_IO;
        }
        buf_init(&texts[i], length);
        buf_put(&texts[i], p, length);
        if (texts[i].failed) {
            return TP_E_MEMORY;
        }
        p += length;
        n -= length;
    }
    return n == 0 ? count : TP_E_IO;
}

static int receive(const struct trip *trip, struct buf texts[HELPER_CODES_MAX])
{
    struct helper_answer answer = {0};
    int n = trip_receive(trip, &answer, sizeof answer);
    if (n) {
        return n;
    }
    if (answer.magic != HELPER_ANSWER || answer.size > HELPER_ANSWER_MAX || answer.count > HELPER_CODES_MAX ||
        (answer.count < 0 && answer.count != TP_E_MEMORY)) {
        return TP_E_IO;
    }
    uint8_t *body = malloc(answer.size + 1);
    if (!body) {
        return TP_E_MEMORY;
    }
    n = trip_receive(trip, body, answer.size);
    if (n == 0) {
        n = answer.count < 0 ? answer.count : take_texts(body, answer.size, answer.count, texts);
    }
    if (n < 0) {
        free_texts(texts);
    }
    free(body);
    return n;
}

static int check(const struct helper *h, const struct helper_frame *frame, uint32_t deadline_ms,
                 struct err *e)
{
    if (!h || !frame || !frame->px || !helper_size_fits(frame->width, frame->height)) {
        return err_set(e, TP_E_ARGUMENT, "a frame is 1 to %d pixels wide and high, %d in all",
                       HELPER_SIDE_MAX, HELPER_PIXELS_MAX);
    }
    if (deadline_ms == 0 || deadline_ms > HELPER_DEADLINE_MAX) {
        return err_set(e, TP_E_ARGUMENT, "a deadline is 1 to %d ms", HELPER_DEADLINE_MAX);
    }
    return h->owner == getpid() ? 0 : err_code(e, TP_E_FORKED);
}

static int say(int rc, struct err *e)
{
    if (rc == TP_E_TIMEOUT) {
        return err_set(e, rc, "the helper did not answer in time");
    }
    return rc == TP_E_IO ? err_set(e, rc, "the helper died or answered nonsense") : err_code(e, rc);
}

int helper_decode(struct helper *h, const struct helper_frame *frame, uint32_t deadline_ms,
                  struct buf texts[HELPER_CODES_MAX], struct err *e)
{
    for (int i = 0; texts && i < HELPER_CODES_MAX; i++) {
        texts[i] = (struct buf){0};
    }
    int n = texts ? check(h, frame, deadline_ms, e) : err_code(e, TP_E_ARGUMENT);
    if (n) {
        return n;
    }
    int64_t until = clock_boot(&clock_system) + deadline_ms;
    if (h->process.socket >= 0 && process_spent(&h->process)) {
        process_end(&h->process);
    }
    if (h->process.socket < 0) {
        n = process_start(h->program, NULL, &h->process, e);
        if (n) {
            return n;
        }
    }
    struct trip trip = {h->process.socket, -1, &clock_system, until};
    n = ask(&trip, frame);
    n = n ? n : receive(&trip, texts);
    if (n < 0) {
        /* Whatever it would still say belongs to this frame: the next one gets a new helper. */
        process_end(&h->process);
        return say(n, e);
    }
    return n;
}
