/* Pictures are read by a thread of their own, through tillproof-helper, so that they never delay a hold. */
#include "api/internal.h"
#include "helper/client.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { DECODE_MS = 1500, SCAN_MOST = 4096 };

struct images {
    struct till *till;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool busy, stop;
    int64_t sale;
    struct helper_frame frame;
    uint8_t *px;
    struct helper *helper; /* of the thread alone */
};

static int start_helper(struct images *m, struct err *e)
{
    char path[HELPER_PATH_SIZE];
    if (m->helper) {
        return 0;
    }
    int rc = api_helper_path(path, e);
    return rc ? rc : helper_open(path, &m->helper, e);
}

static void tell(struct images *m, int code, const struct presentation_info *p, struct bytes data)
{
    struct till_event v = {.kind = EVENT_PICTURE, .sale = m->sale, .code = code};
    if (p) {
        v.id = p->id;
        memcpy(v.offer, p->offer, sizeof v.offer);
        memcpy(v.text, p->title, sizeof v.text);
    }
    till_event_put(m->till, &v, data);
}

static void present_one(struct images *m, struct bytes text)
{
    struct presentation_info p = {0};
    struct err e = {0};
    if (text.n < 1 || text.n > SCAN_MOST) {
        tell(m, TP_MISREAD, NULL, (struct bytes){0});
        return;
    }
    int rc = till_present(m->till, m->sale, PRESENT_SCAN, text, &p, &e);
    tell(m, rc ? rc : p.outcome, rc ? NULL : &p, text);
}

static void read_picture(struct images *m)
{
    struct buf texts[HELPER_CODES_MAX];
    struct err e = {0};
    int n = start_helper(m, &e);
    n = n ? n : helper_decode(m->helper, &m->frame, DECODE_MS, texts, &e);
    if (n <= 0) {
        tell(m, n ? n : TP_NO_CODE, NULL, (struct bytes){0});
        return;
    }
    for (int i = 0; i < n; i++) {
        present_one(m, buf_view(&texts[i]));
    }
    for (int i = 0; i < HELPER_CODES_MAX; i++) {
        buf_free(&texts[i]);
    }
}

static void *images_run(void *arg)
{
    struct images *m = arg;
    pthread_mutex_lock(&m->lock);
    while (!m->stop) {
        if (!m->busy) {
            pthread_cond_wait(&m->wake, &m->lock);
            continue;
        }
        pthread_mutex_unlock(&m->lock);
        read_picture(m);
        pthread_mutex_lock(&m->lock);
        free(m->px);
        m->px = NULL;
        m->busy = false;
    }
    pthread_mutex_unlock(&m->lock);
    helper_close(m->helper);
    return NULL;
}

static int images_open(struct till *till, struct images **out)
{
    sigset_t all, before;
    struct images *m = calloc(1, sizeof *m);
    if (!m) {
        return TP_E_MEMORY;
    }
    m->till = till;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->wake, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&m->thread, NULL, images_run, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc) {
        pthread_cond_destroy(&m->wake);
        pthread_mutex_destroy(&m->lock);
        free(m);
        return TP_E_MEMORY;
    }
    *out = m;
    return 0;
}

void images_close(struct images *m)
{
    if (!m) {
        return;
    }
    pthread_mutex_lock(&m->lock);
    m->stop = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    free(m->px);
    free(m);
}

/* The handle's, made at the first picture. */
static int images_of(struct tillproof *handle, struct images **out)
{
    int rc = 0;
    pthread_mutex_lock(&handle->images_lock);
    if (!handle->images) {
        rc = images_open(handle->till, &handle->images);
    }
    *out = handle->images;
    pthread_mutex_unlock(&handle->images_lock);
    return rc;
}

static int32_t hand_over(struct images *m, int64_t sale, const uint8_t *pixels, const uint32_t size[3],
                         int32_t *taken)
{
    size_t width = size[0], height = size[1], stride = size[2];
    int rc = 0;
    pthread_mutex_lock(&m->lock);
    *taken = 0;
    if (!m->busy) {
        m->px = malloc(width * height);
        rc = m->px ? 0 : TP_E_MEMORY;
        for (size_t y = 0; rc == 0 && y < height; y++) {
            memcpy(m->px + y * width, pixels + y * stride, width);
        }
        m->frame = (struct helper_frame){size[0], size[1], m->px};
        m->sale = sale;
        m->busy = rc == 0;
        *taken = rc == 0;
        pthread_cond_signal(&m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    return rc ? api_fail(rc, NULL) : 0;
}

int32_t tillproof_present_image(struct tillproof *handle, int64_t sale, const void *pixels, uint32_t width,
                                uint32_t height, uint32_t stride, int32_t *taken)
{
    struct images *m = NULL;
    struct sale_info info;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (!pixels || !taken || !helper_size_fits(width, height) || stride < width) {
        return api_argument(
            "a picture has 1 to 8192 pixels a side, 32 million at most, and rows of `stride` bytes");
    }
    rc = till_sale_info(handle->till, sale, &info, &e);
    if (rc == 0 && (info.state == TP_COMMITTED || info.state == TP_VOIDED)) {
        rc = err_set(&e, TP_E_STATE, "the sale is committed");
    }
    rc = rc ? rc : images_of(handle, &m);
    if (rc) {
        return api_fail(rc, &e);
    }
    return hand_over(m, sale, pixels, (uint32_t[]){width, height, stride}, taken);
}
