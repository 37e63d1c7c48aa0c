#include "helper/program/serve.h"

#include <stdlib.h>
#include <sys/time.h>

#include "base/clock.h"
#include "helper/program/pipe.h"
#include "helper/talk.h"
#include "picture/picture.h"

_Static_assert((int)HELPER_CODES_MAX == (int)PICTURE_CODES_MAX, "all codes of a picture fit an answer");
_Static_assert((int)HELPER_SIDE_MAX == (int)PICTURE_SIDE_MAX, "one limit for a picture's sides");
_Static_assert((int)HELPER_PIXELS_MAX == (int)PICTURE_PIXELS_MAX, "one limit for a picture's pixels");

/* How long the frame may still take, from what its first searches took. */
struct budget {
    int64_t began, deadline_ms;
    uint64_t searched;
};

static bool has_time(void *ctx, uint64_t pixels)
{
    struct budget *b = ctx;
    int64_t spent = clock_boot(&clock_system) - b->began;
    /* Pixels that were scaled or evened out take longer than those before. */
    int64_t next = 2 * spent * (int64_t)pixels / (int64_t)b->searched;
    b->searched += pixels;
    return spent + next < b->deadline_ms - b->deadline_ms / 8;
}

/* Whoever starts a search that never ends is not there any more to kill it: SIGPROF does. */
static int set_alarm(uint32_t ms)
{
    struct itimerval timer = {.it_value = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000}};
    return setitimer(ITIMER_PROF, &timer, NULL) ? TP_E_IO : 0;
}

static int answer(int socket, int count, const struct buf texts[PICTURE_CODES_MAX])
{
    struct buf out;
    struct helper_answer head = {.magic = HELPER_ANSWER, .count = 0};
    buf_init(&out, sizeof head + HELPER_ANSWER_MAX);
    buf_put(&out, &head, sizeof head);
    for (int i = 0; i < count; i++) {
        uint32_t n = (uint32_t)texts[i].n;
        if (texts[i].n <= HELPER_TEXT_MAX) {
            buf_put(&out, &n, sizeof n);
            buf_put(&out, texts[i].p, n);
            head.count++;
        }
    }
    if (count < 0 || out.failed) {
        head.count = TP_E_MEMORY;
        buf_reset(&out);
        buf_put(&out, &head, sizeof head);
    }
    int rc = out.failed ? TP_E_IO : 0;
    if (rc == 0) {
        head.size = (uint32_t)(out.n - sizeof head);
        memcpy(out.p, &head, sizeof head);
        rc = pipe_write(socket, buf_view(&out));
    }
    buf_free(&out);
    return rc;
}

static int search(int socket, const struct helper_ask *ask, const struct grey *g)
{
    struct buf texts[PICTURE_CODES_MAX];
    struct budget budget = {clock_boot(&clock_system), ask->deadline_ms, (uint64_t)g->width * g->height};
    int rc = set_alarm(ask->deadline_ms + 1000);
    if (rc) {
        return rc;
    }
    int count = grey_codes_while(g, has_time, &budget, texts);
    rc = set_alarm(0);
    rc = rc ? rc : answer(socket, count, texts);
    for (int i = 0; i < PICTURE_CODES_MAX; i++) {
        buf_free(&texts[i]);
    }
    return rc;
}

static int serve_one(int socket, bool *ended)
{
    struct helper_ask ask = {0};
    bool cut = false;
    int rc = pipe_read(socket, &ask, sizeof ask, ended);
    if (rc) {
        return rc;
    }
    if (ask.magic != HELPER_ASK || !helper_size_fits(ask.width, ask.height) || ask.deadline_ms == 0 ||
        ask.deadline_ms > HELPER_DEADLINE_MAX) {
        return TP_E_IO;
    }
    size_t n = (size_t)ask.width * ask.height;
    struct grey g = {ask.width, ask.height, malloc(n)};
    if (!g.px) {
        return TP_E_MEMORY;
    }
    rc = pipe_read(socket, g.px, n, &cut);
    rc = rc ? rc : search(socket, &ask, &g);
    grey_free(&g);
    return rc;
}

int serve(int socket)
{
    bool ended = false;
    int rc = 0;
    while (rc == 0) {
        rc = serve_one(socket, &ended);
    }
    return ended ? 0 : rc;
}
