/* Basket files, and the times in them. */
#include "unit/forms/read.h"

#include "forms/json.h"

#define LINE "{'line':1,'sku':'4006381333931','unit_price':'12.99'}"

static void a_whole_basket_is_read(void **state)
{
    struct shop s;
    struct basket_form f;
    (void)state;
    shop_begin(&s);
    assert_int_equal(
        read_basket(
            &s,
            "{'currency':'EUR','store':'mitte','time':'2026-11-22T10:00:00+01:00','prices_include_tax':false,"
            "'lines':[{'line':7,'sku':'4006381333931','name':'Espresso beans','category':'coffee',"
            "'quantity':'-0.335','unit_price':'12.99','tax_percent':'7.5'},"
            "{'line':2,'sku':'b','unit_price':'0'}],"
            "'tenders':[{'kind':'card','amount':'23.38'},{'kind':'gift_card','amount':'-1.00'}]}",
            &f),
        0);
    const struct line *line = f.basket.lines.v;
    assert_true(bytes_is(f.basket.currency, "EUR") && bytes_is(f.basket.store, "mitte"));
    assert_true(f.has_time && f.basket.time_ms == INT64_C(1795338000000) && f.offset_min == 60);
    assert_true(f.has_tax_included && !f.basket.tax_included);
    assert_int_equal(f.basket.lines.n, 2);
    assert_true(line->number == 7 && line->quantity == -335 && line->unit_price == 1299 && line->tax == 7500);
    assert_true(bytes_is(line->sku, "4006381333931") && bytes_is(line->name, "Espresso beans"));
    assert_true(bytes_is(line->category, "coffee"));
    assert_true(f.tenders.n == 2 && bytes_is(f.tenders.v[1].kind, "gift_card") &&
                f.tenders.v[1].amount == -100);
    shop_end(&s);
}

static void what_is_not_said_has_a_default(void **state)
{
    struct shop s;
    struct basket_form f;
    (void)state;
    shop_begin(&s);
    assert_int_equal(read_basket(&s, "{'currency':'EUR','lines':[" LINE "]}", &f), 0);
    assert_true(!f.has_time && f.basket.time_ms == NONE && f.offset_min == 0);
    assert_true(!f.has_tax_included && f.basket.tax_included);
    assert_true(!f.basket.store.p && f.tenders.n == 0);
    assert_true(f.basket.lines.v[0].quantity == 1000 && f.basket.lines.v[0].tax == 0);
    assert_true(f.basket.lines.v[0].name.n == 0 && f.basket.lines.v[0].category.n == 0);
    assert_int_equal(read_basket(&s, "{'currency':'JPY','lines':[]}", &f), 0);
    assert_int_equal(f.basket.lines.n, 0);
    shop_end(&s);
}

static const struct {
    const char *json;
    int code;
    const char *path;
} refusals[] = {
    {"[]", TP_BAD_VALUE, "$"},
    {"{'lines':[]}", TP_BAD_VALUE, "$.currency"},
    {"{'currency':'XXX','lines':[]}", TP_BAD_VALUE, "$.currency"},
    {"{'currency':'EUR'}", TP_BAD_VALUE, "$.lines"},
    {"{'currency':'EUR','lines':{}}", TP_BAD_VALUE, "$.lines"},
    {"{'currency':'EUR','lines':[],'total':1}", TP_UNKNOWN_KEY, "$.total"},
    {"{'currency':'EUR','lines':[],'store':''}", TP_BAD_VALUE, "$.store"},
    {"{'currency':'EUR','lines':[],'store':'abcdefghijabcdefghijabcdefghijabc'}", TP_BAD_VALUE, "$.store"},
    {"{'currency':'EUR','lines':[],'time':'2026-11-22 10:00'}", TP_BAD_VALUE, "$.time"},
    {"{'currency':'EUR','lines':[],'time':1795338000}", TP_BAD_VALUE, "$.time"},
    {"{'currency':'EUR','lines':[],'prices_include_tax':'yes'}", TP_BAD_VALUE, "$.prices_include_tax"},
    {"{'currency':'EUR','lines':[7]}", TP_BAD_VALUE, "$.lines[0]"},
    {"{'currency':'EUR','lines':[{}]}", TP_BAD_VALUE, "$.lines[0].line"},
    {"{'currency':'EUR','lines':[{'line':0}]}", TP_BAD_VALUE, "$.lines[0].line"},
    {"{'currency':'EUR','lines':[{'line':'1'}]}", TP_BAD_VALUE, "$.lines[0].line"},
    {"{'currency':'EUR','lines':[" LINE ",{'line':2}]}", TP_BAD_VALUE, "$.lines[1].sku"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':''}]}", TP_BAD_VALUE, "$.lines[0].sku"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':4006381333931}]}", TP_BAD_VALUE, "$.lines[0].sku"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a'}]}", TP_BAD_VALUE, "$.lines[0].unit_price"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':12.99}]}", TP_BAD_VALUE,
     "$.lines[0].unit_price"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':'-1'}]}", TP_BAD_VALUE,
     "$.lines[0].unit_price"},
    {"{'currency':'JPY','lines':[{'line':1,'sku':'a','unit_price':'1.5'}]}", TP_BAD_VALUE,
     "$.lines[0].unit_price"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':'1','quantity':2}]}", TP_BAD_VALUE,
     "$.lines[0].quantity"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':'1','quantity':'0.3355'}]}", TP_BAD_VALUE,
     "$.lines[0].quantity"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':'99999999999999'}]}", TP_AMOUNT_RANGE,
     "$.lines[0].unit_price"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':'1','tax_percent':'101'}]}", TP_BAD_VALUE,
     "$.lines[0].tax_percent"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':'1','name':7}]}", TP_BAD_VALUE,
     "$.lines[0].name"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':'1','category':'a\\nb'}]}", TP_BAD_VALUE,
     "$.lines[0].category"},
    {"{'currency':'EUR','lines':[{'line':1,'sku':'a','unit_price':'1','vat':'7'}]}", TP_UNKNOWN_KEY,
     "$.lines[0].vat"},
    {"{'currency':'EUR','lines':[" LINE "," LINE "]}", TP_BAD_VALUE, "$.lines[1].line"},
    {"{'currency':'EUR','lines':[],'tenders':{}}", TP_BAD_VALUE, "$.tenders"},
    {"{'currency':'EUR','lines':[],'tenders':[{'kind':'Card','amount':'1'}]}", TP_BAD_VALUE,
     "$.tenders[0].kind"},
    {"{'currency':'EUR','lines':[],'tenders':[{'kind':'card'}]}", TP_BAD_VALUE, "$.tenders[0].amount"},
    {"{'currency':'EUR','lines':[],'tenders':[{'kind':'card','amount':1}]}", TP_BAD_VALUE,
     "$.tenders[0].amount"},
    {"{'currency':'EUR','lines':[],'tenders':[{'kind':'card','amount':'1','pan':'4'}]}", TP_UNKNOWN_KEY,
     "$.tenders[0].pan"},
};

static void each_refusal_names_its_path(void **state)
{
    struct shop s;
    struct basket_form f, before;
    (void)state;
    shop_begin(&s);
    memset(&f, 0x5A, sizeof f);
    memcpy(&before, &f, sizeof f);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        expect_refused(&s, read_basket(&s, refusals[i].json, &f), refusals[i].code, refusals[i].path);
        assert_memory_equal(&f, &before, sizeof f);
    }
    shop_end(&s);
}

static void lines_and_tenders_are_counted(void **state)
{
    struct shop s;
    struct basket_form f;
    struct buf b;
    (void)state;
    shop_begin(&s);
    for (size_t n = MAX_LINES; n <= MAX_LINES + 1; n++) {
        buf_init(&b, FORM_MAX);
        buf_puts(&b, "{\"currency\":\"EUR\",\"lines\":[");
        for (size_t i = 0; i < n; i++) {
            buf_printf(&b,
                       "%s{\"line\":%zu,\"sku\":\"a\",\"name\":\"a\",\"category\":\"c\",\"quantity\":\"1\","
                       "\"unit_price\":\"1.00\",\"tax_percent\":\"7\"}",
                       i ? "," : "", i + 1);
        }
        buf_puts(&b, "]}");
        s.e = (struct err){0};
        int rc = form_basket(buf_view(&b), &s.arena, &f, &s.e);
        if (n == MAX_LINES) {
            assert_int_equal(rc, 0);
            assert_int_equal(f.basket.lines.n, MAX_LINES);
        } else {
            expect_refused(&s, rc, TP_BAD_VALUE, "$.lines");
        }
        buf_free(&b);
    }
    shop_end(&s);
}

static void times_are_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        int64_t ms, offset;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2026-11-22T10:00:00+01:00", INT64_C(1795338000000), 60},
        {"2026-11-22t09:00:00z", INT64_C(1795338000000), 0},
        {"2026-11-22T03:30:00-05:30", INT64_C(1795338000000), -330},
        {"2026-11-22T09:00:00.25Z", INT64_C(1795338000250), 0},
        {"2026-11-22T09:00:00.123999999Z", INT64_C(1795338000123), 0},
        {"2026-11-22T09:00:00-00:00", INT64_C(1795338000000), 0},
        {"9999-12-31T23:59:59Z", TIME_MAX - 1000, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = 1, offset = 1;
        assert_true(time_parse(bytes_str(rows[i].text), &ms, &offset));
        assert_int_equal(ms, rows[i].ms);
        assert_int_equal(offset, rows[i].offset);
    }
}

static void other_texts_are_no_times(void **state)
{
    static const char *const texts[] = {"",
                                        "2026-11-22",
                                        "2026-11-22T10:00:00",
                                        "2026-11-22T10:00:00+0100",
                                        "2026-11-22T10:00:00+01",
                                        "2026-02-30T10:00:00Z",
                                        "2026-11-22T24:00:00Z",
                                        "2026-11-22T10:60:00Z",
                                        "2026-11-22T10:00:60Z",
                                        "2026-11-22T10:00:00.Z",
                                        "2026-11-22T10:00:00+24:00",
                                        "2026-11-22T10:00:00+01:60",
                                        "2026-11-22T10:00:00Zx",
                                        "2026-11-22T10:00:00+01:000",
                                        "2026-11-22 10:00:00Z",
                                        "1969-12-31T23:59:59Z",
                                        "1970-01-01T00:00:00+01:00",
                                        "9999-12-31T23:59:59-01:00",
                                        "2026-11-22T10-00:00Z",
                                        "2026-11-22T1o:00:00Z"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ms = 1, offset = 1;
        assert_false(time_parse(bytes_str(texts[i]), &ms, &offset));
        assert_true(ms == 1 && offset == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_basket_is_read),      cmocka_unit_test(what_is_not_said_has_a_default),
        cmocka_unit_test(each_refusal_names_its_path), cmocka_unit_test(lines_and_tenders_are_counted),
        cmocka_unit_test(times_are_rfc_3339),          cmocka_unit_test(other_texts_are_no_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
