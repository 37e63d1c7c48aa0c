#include "api/internal.h"

void api_fill_quote(struct tillproof_quote *to, const struct quote_info *q)
{
    struct tillproof_quote out = {
        .outcome = q->outcome,
        .reason = q->reason,
        .lines = (uint32_t)q->lines,
        .shares = (uint32_t)q->shares,
        .offers = (uint32_t)q->offers,
        .taxes = (uint32_t)q->taxes,
        .gross = q->gross,
        .discount = q->discount,
        .net = q->net,
        .tax = q->tax,
        .due = q->due,
        .cashback = q->cashback,
        .hold_left_ms = q->hold_left_ms,
    };
    memcpy(out.currency, q->currency, sizeof out.currency);
    api_out(to, &out, sizeof out);
}

int32_t tillproof_quote(struct tillproof *handle, int64_t sale, struct tillproof_quote *quote)
{
    struct quote_info q;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(quote, FIRST_QUOTE);
    if (rc) {
        return rc;
    }
    rc = till_quote(handle->till, sale, &q, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    api_fill_quote(quote, &q);
    return 0;
}

int32_t tillproof_line_result(struct tillproof *handle, int64_t sale, uint32_t index,
                              struct tillproof_line_result *result)
{
    struct line_info l;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(result, FIRST_LINE_RESULT);
    if (rc) {
        return rc;
    }
    rc = till_line_result(handle->till, sale, index, &l, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    struct tillproof_line_result out = {
        .shares = (uint32_t)l.shares,
        .number = l.number,
        .gross = l.gross,
        .discount = l.discount,
        .net = l.net,
        .tax = l.tax,
        .without_tax = l.without_tax,
        .with_tax = l.with_tax,
    };
    api_out(result, &out, sizeof out);
    return 0;
}

int32_t tillproof_share_result(struct tillproof *handle, int64_t sale, uint32_t index,
                               struct tillproof_share_result *result)
{
    struct share_info s;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(result, FIRST_SHARE_RESULT);
    if (rc) {
        return rc;
    }
    rc = till_share_result(handle->till, sale, index, &s, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    struct tillproof_share_result out = {.offer = (uint32_t)s.offer, .line = s.line, .discount = s.discount};
    api_out(result, &out, sizeof out);
    return 0;
}

int32_t tillproof_offer_result(struct tillproof *handle, int64_t sale, uint32_t index,
                               struct tillproof_offer_result *result)
{
    struct offer_info o;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(result, FIRST_OFFER_RESULT);
    if (rc) {
        return rc;
    }
    rc = till_offer_result(handle->till, sale, index, &o, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    struct tillproof_offer_result out = {
        .outcome = o.outcome,
        .presentation = o.presentation,
        .version = o.version,
        .discount = o.discount,
        .cashback = o.cashback,
        .missing = o.missing,
        .at_ms = o.at_ms,
    };
    memcpy(out.offer, o.offer, sizeof out.offer);
    memcpy(out.title, o.title, sizeof out.title);
    memcpy(out.funder, o.funder, sizeof out.funder);
    memcpy(out.at_till, o.at_till, sizeof out.at_till);
    api_out(result, &out, sizeof out);
    return 0;
}

int32_t tillproof_tax_result(struct tillproof *handle, int64_t sale, uint32_t index,
                             struct tillproof_tax_result *result)
{
    struct tax_info x;
    struct err e = {0};
    int32_t rc = api_enter(handle);
    rc = rc ? rc : api_out_check(result, FIRST_TAX_RESULT);
    if (rc) {
        return rc;
    }
    rc = till_tax_result(handle->till, sale, index, &x, &e);
    if (rc) {
        return api_fail(rc, &e);
    }
    struct tillproof_tax_result out = {
        .rate = x.rate, .tax = x.tax, .without_tax = x.without_tax, .with_tax = x.with_tax};
    api_out(result, &out, sizeof out);
    return 0;
}
