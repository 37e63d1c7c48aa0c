#include "api/internal.h"

enum { WAIT_MOST_MS = 60000 };

int32_t tillproof_event_fd(struct tillproof *handle, int32_t *fd)
{
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (!fd) {
        return api_argument("there is no place for the descriptor");
    }
    *fd = till_event_fd(handle->till);
    return 0;
}

int32_t tillproof_event_next(struct tillproof *handle, uint32_t wait_ms, struct tillproof_event *event)
{
    struct till_event v;
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(event, FIRST_EVENT);
    if (rc) {
        return rc;
    }
    if (wait_ms > WAIT_MOST_MS) {
        return api_argument("an event is waited for at most 60000 ms");
    }
    till_event_next(handle->till, wait_ms, &v);
    devices_taken(handle->devices, v.kind);
    struct tillproof_event out = {
        .kind = (uint32_t)v.kind,
        .code = v.code,
        .dropped = (uint32_t)v.dropped,
        .number = v.number,
        .sale = v.sale,
        .id = v.id,
        .amount = v.amount,
        .at_ms = v.at_ms,
        .length = (uint32_t)v.data,
    };
    memcpy(out.offer, v.offer, sizeof out.offer);
    memcpy(out.text, v.text, sizeof out.text);
    api_out(event, &out, sizeof out);
    return 0;
}

int32_t tillproof_event_data(struct tillproof *handle, int64_t number, void *buf, uint32_t *length)
{
    struct err e = {0};
    struct buf data;
    int32_t rc = api_enter(handle);
    if (rc) {
        return rc;
    }
    if (!length) {
        return api_argument("the bytes have a length");
    }
    buf_init(&data, 1024 * 1024);
    rc = till_event_data(handle->till, number, &data, &e);
    rc = rc ? api_fail(rc, &e) : api_bytes(buf_view(&data), buf, length);
    buf_free(&data);
    return rc;
}
