/* Quotes as JSON, JSON strings, CSV fields, files. */
#include "unit/forms/read.h"

#include <stdio.h>
#include <unistd.h>

static void the_published_example_comes_out(void **state)
{
    static const char coffee[] = "{'id':'coffee10','version':1,'currency':'EUR','redeem':['coupon'],"
                                 "'valid':{'from':'2026-11-01','until':'2026-12-31'},"
                                 "'needs':{'min_spend':'20.00','min_quantity':'1','category':['coffee']},'"
                                 "gives':{'percent':'10','cap':'5.00'}}";
    static const char tea[] = "{'id':'tea5','version':1,'currency':'EUR','redeem':['coupon'],"
                              "'valid':{'from':'2026-11-01','until':'2026-12-31'},"
                              "'needs':{'min_spend':'33.38'},'gives':{'amount':'5.00'}}";
    static const char basket[] =
        "{'currency':'EUR','store':'mitte','time':'2026-11-22T10:00:00+01:00','prices_include_tax':true,"
        "'lines':[{'line':1,'sku':'4006381333931','name':'Espresso beans','category':'coffee',"
        "'quantity':'2','unit_price':'12.99','tax_percent':'7'}],'tenders':[{'kind':'card','amount':'23.38'}]"
        "}";
    static const char want[] = "{'currency':'EUR','gross':'25.98','discount':'2.60','net':'23.38','tax':'1."
                               "53','due':'23.38','cashback':'0.00',"
                               "'applied':[{'offer':'coffee10','discount':'2.60','funder':'store'}],"
                               "'refused':[{'offer':'tea5','reason':'min_spend','missing':'7.40'}],"
                               "'lines':[{'line':1,'gross':'25.98','discount':'2.60','net':'23.38','tax':'1."
                               "53','offers':{'coffee10':'2.60'}}]}";
    struct shop s;
    struct offer offers[2];
    const struct offer *table[2] = {&offers[1], &offers[0]};
    struct standing standings[2] = {{.budget_left = NONE}, {.budget_left = NONE}};
    struct basket_form f;
    struct quote q;
    struct buf out;
    (void)state;
    shop_begin(&s);
    assert_int_equal(read_offer(&s, coffee, &offers[0]), 0);
    assert_int_equal(read_offer(&s, tea, &offers[1]), 0);
    assert_int_equal(read_basket(&s, basket, &f), 0);
    assert_int_equal(offer_price(&s.policy, &f.basket, table, standings, 2, &q, &s.arena, &s.e), 0);
    buf_init(&out, 4096);
    form_quote(&q, &out);
    struct bytes text = quoted(want);
    assert_true(bytes_equal(buf_view(&out), text));
    free((void *)text.p);
    buf_free(&out);
    shop_end(&s);
}

static void expect_quote(const struct quote *q, const char *want)
{
    char memory[1024];
    struct buf out;
    struct bytes text = quoted(want);
    buf_over(&out, memory, sizeof memory);
    form_quote(q, &out);
    assert_true(bytes_equal(buf_view(&out), text));
    free((void *)text.p);
}

static void amounts_follow_the_currency(void **state)
{
    struct quote q = {.currency = bytes_str("JPY"), .gross = 1200, .net = -1, .due = 1};
    (void)state;
    expect_quote(&q, "{'currency':'JPY','gross':'1200','discount':'0','net':'-1','tax':'0','due':'1',"
                     "'cashback':'0','applied':[],'refused':[],'lines':[]}");
    q.currency = bytes_str("KWD");
    expect_quote(&q, "{'currency':'KWD','gross':'1.200','discount':'0.000','net':'-0.001','tax':'0.000',"
                     "'due':'0.001','cashback':'0.000','applied':[],'refused':[],'lines':[]}");
}

static void cashback_stands_behind_the_funder(void **state)
{
    const struct quote_applied applied[] = {
        {.id = bytes_str("back"), .funder = bytes_str("store"), .cashback = 120},
        {.id = bytes_str("p"), .funder = bytes_str("brand"), .discount = 5}};
    struct quote q = {.currency = bytes_str("EUR"), .cashback = 120, .applied = {applied, 2}};
    (void)state;
    expect_quote(&q,
                 "{'currency':'EUR','gross':'0.00','discount':'0.00','net':'0.00','tax':'0.00','due':'0.00',"
                 "'cashback':'1.20','applied':[{'offer':'back','discount':'0.00','funder':'store',"
                 "'cashback':'1.20'},{'offer':'p','discount':'0.05','funder':'brand'}],"
                 "'refused':[],'lines':[]}");
}

/* A quote may come from elsewhere: what it says of itself need not hold. */
static void a_share_of_no_offer_is_left_out(void **state)
{
    const struct quote_share shares[] = {{-1, 5}, {1, 6}, {0, 7}, {INT64_MAX, 8}, {1, 9}};
    const struct quote_line lines[] = {{.number = 1, .shares = {shares, 5}}};
    const struct quote_applied applied[] = {
        {.id = bytes_str("a\"\n"), .funder = bytes_str("store"), .discount = 7}};
    const struct quote_refused refused[] = {{.id = bytes_str("b"), .reason = 12345, .missing = NONE}};
    struct quote q = {
        .currency = bytes_str("ZZZ"), .lines = {lines, 1}, .applied = {applied, 1}, .refused = {refused, 1}};
    (void)state;
    expect_quote(
        &q,
        "{'currency':'ZZZ','gross':'0','discount':'0','net':'0','tax':'0','due':'0','cashback':'0',"
        "'applied':[{'offer':'a\\'\\u000a','discount':'7','funder':'store'}],"
        "'refused':[{'offer':'b','reason':'unknown'}],"
        "'lines':[{'line':1,'gross':'0','discount':'0','net':'0','tax':'0','offers':{'a\\'\\u000a':'7'}}]}");
}

static void expect_json(struct bytes text, const char *want)
{
    char memory[256];
    struct buf out;
    buf_over(&out, memory, sizeof memory);
    json_put_string(&out, text);
    assert_true(bytes_is(buf_view(&out), want));
}

static void strings_are_escaped(void **state)
{
    (void)state;
    expect_json(bytes_str(""), "\"\"");
    expect_json(bytes_str("plain"), "\"plain\"");
    expect_json(bytes_str("a\"b\\c"), "\"a\\\"b\\\\c\"");
    expect_json(bytes_of("\0\x1F", 2), "\"\\u0000\\u001f\"");
    expect_json(bytes_str("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
                "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
    expect_json(bytes_str("a\xFFz"), "\"a\\ufffdz\"");
    expect_json(bytes_str("\xC3"), "\"\\ufffd\"");
    expect_json(bytes_str("\xED\xA0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
    expect_json((struct bytes){0}, "\"\"");
}

static void fields_are_quoted_and_defused(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"a,b", "\"a,b\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"cr\rhere", "\"cr\rhere\""},
        {"=1+1", "'=1+1"},
        {"=A1,B1", "\"'=A1,B1\""},
        {"+cmd", "'+cmd"},
        {"-cmd", "'-cmd"},
        {"@sum", "'@sum"},
        {"\tx", "'\tx"},
        {"\rx", "\"'\rx\""},
        {"-12.50", "-12.50"},
        {"+5", "+5"},
        {"-", "'-"},
        {"-1-1", "'-1-1"},
        {"-1.", "'-1."},
        {"-.5", "'-.5"},
        {"-1.2.3", "'-1.2.3"},
        {"a=b", "a=b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char memory[128];
        struct buf out;
        buf_over(&out, memory, sizeof memory);
        csv_put_field(&out, bytes_str(rows[i][0]));
        assert_true(bytes_is(buf_view(&out), rows[i][1]));
    }
}

static void files_are_read_whole_and_bounded(void **state)
{
    const char *top = getenv("TMPDIR");
    char folder[256], path[300];
    struct buf out;
    struct err e = {0};
    (void)state;
    snprintf(folder, sizeof folder, "%s/forms-XXXXXX", top ? top : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    assert_int_equal(form_read_file(path, &out, &e), TP_E_IO);
    assert_non_null(strstr(e.text, path));
    assert_int_equal(form_read_file(folder, &out, NULL), TP_E_IO);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("hello", file);
    fclose(file);
    assert_int_equal(form_read_file(path, &out, NULL), 0);
    assert_true(bytes_is(buf_view(&out), "hello"));
    buf_free(&out);
    assert_int_equal(truncate(path, FORM_MAX), 0);
    assert_int_equal(form_read_file(path, &out, NULL), 0);
    assert_int_equal(out.n, FORM_MAX);
    buf_free(&out);
    assert_int_equal(truncate(path, FORM_MAX + 1), 0);
    assert_int_equal(form_read_file(path, &out, NULL), TP_E_IO);
    assert_int_equal(form_read_file("/dev/zero", &out, NULL), TP_E_IO);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_comes_out),
        cmocka_unit_test(amounts_follow_the_currency),
        cmocka_unit_test(cashback_stands_behind_the_funder),
        cmocka_unit_test(a_share_of_no_offer_is_left_out),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(fields_are_quoted_and_defused),
        cmocka_unit_test(files_are_read_whole_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
