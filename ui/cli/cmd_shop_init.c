#include "cli.h"
#include "office.h"

static const struct usage usage = {
    "shop init DIR [--currency EUR] [--timezone Europe/Berlin] [options]",
    "Makes a shop in DIR: keys for its office, its authority, its policy, the till 'till1', and the till\n"
    "'desk' that links cards. All of it, or nothing.",
    1, 1};

/* One of two words, or the first when none is given. CLI_GO or an exit status. */
static int choice(const char *option, const char *given, const char *first, const char *second,
                  bool *is_second)
{
    *is_second = given && strcmp(given, second) == 0;
    if (given && !*is_second && strcmp(given, first) != 0) {
        return cli_error(TP_E_ARGUMENT, "--%s is '%s' or '%s', not '%.40s'", option, first, second, given);
    }
    return CLI_GO;
}

static const char *last_part(const char *dir)
{
    const char *slash = strrchr(dir, '/');
    return slash && slash[1] ? slash + 1 : "Shop";
}

static int make(const struct office_plan *plan, bool json)
{
    struct err e = {0};
    if (office_make(plan, &e)) {
        return cli_fail(&e);
    }
    if (json) {
        printf("{\"currency\":\"%s\",\"timezone\":\"%s\",\"store\":\"%s\",\"tills\":[\"till1\",\"desk\"]}\n",
               plan->currency, plan->zone, plan->store);
        return CLI_DONE;
    }
    printf("The shop is ready in %s: currency %s, time zone %s, store %s, till till1.\n", plan->dir,
           plan->currency, plan->zone, plan->store);
    printf("Now move %s/office/root.key to a place that is not this machine, and keep it safe:\n"
           "it is needed only to change the shop's keys.\n",
           plan->dir);
    return CLI_DONE;
}

int cmd_shop_init(int argc, char **argv)
{
    struct office_plan plan = {.currency = "EUR", .zone = "Europe/Berlin", .store = "main"};
    const char *tax = NULL, *manufacturer = NULL;
    bool json = false, added = false, before = false;
    struct words rest = {0};
    const struct opt opts[] = {
        {"currency", OPT_TEXT, &plan.currency, "CODE", "its currency, by ISO 4217 (EUR)", 0},
        {"timezone", OPT_TEXT, &plan.zone, "ZONE", "where its days begin (Europe/Berlin)", 0},
        {"store", OPT_TEXT, &plan.store, "NAME", "the store that its first tills stand in (main)", 0},
        {"name", OPT_TEXT, &plan.merchant, "MERCHANT", "the merchant's name for people (the folder's)", 0},
        {"database", OPT_TEXT, &plan.database, "ADDRESS",
         "postgresql://[ROLE@]HOST/NAME: its authority is tillproofd's, on that server", 0},
        {"tax", OPT_TEXT, &tax, "included|added", "whether prices hold the tax (included)", 0},
        {"tax-manufacturer-coupons", OPT_TEXT, &manufacturer, "after|before",
         "tax after or before a manufacturer's discount (after)", 0},
        {"risk-coupon-cap", OPT_TEXT, &plan.risk_coupon_cap, "AMOUNT",
         "what a till without a line may give by one coupon of an offer of mode risk (0)", 0},
        {"risk-hour-cap", OPT_TEXT, &plan.risk_hour_cap, "AMOUNT", "and by all of them in an hour (0)", 0},
        {"json", OPT_FLAG, &json, NULL, "print what was made as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = choice("tax", tax, "included", "added", &added);
    }
    if (status == CLI_GO) {
        status = choice("tax-manufacturer-coupons", manufacturer, "after", "before", &before);
    }
    if (status == CLI_GO) {
        plan.dir = rest.v[0];
        plan.merchant = plan.merchant ? plan.merchant : last_part(plan.dir);
        plan.tax_included = !added;
        plan.manufacturer_before_tax = before;
        status = make(&plan, json);
    }
    words_free(&rest);
    return status;
}
