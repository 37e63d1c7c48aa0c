#include "cli.h"
#include "office.h"

static const struct usage usage = {"erase --shop DIR --customer NAME | --card TOKEN | --sale ID [--json]",
                                   "Erases a person from what the shop's authority keeps: the person parts "
                                   "of links, sales and refunds, and what the\n"
                                   "tables had from them. Figures stay as they are; what the person had used "
                                   "up of a limit for each customer is\n"
                                   "forgotten. --card - reads the token from standard input. --sale takes "
                                   "the host's reference or the sale's id.\n"
                                   "A till's own journal keeps its copy of what it recorded.",
                                   0, 0};

enum { TOKEN_LINE_MAX = 256 };

struct options {
    const char *dir, *customer, *card, *sale;
    bool json;
};

static int read_token(char line[TOKEN_LINE_MAX], struct err *e)
{
    bool got = fgets(line, TOKEN_LINE_MAX, stdin) != NULL;
    size_t n = got ? strcspn(line, "\r\n") : 0;
    if (n == 0 || n == TOKEN_LINE_MAX - 1) {
        return err_set(e, TP_E_ARGUMENT, "there is no card token on standard input");
    }
    line[n] = 0;
    return 0;
}

static void tell(const struct options *o, const struct erase_result *n)
{
    long long links = n->links, commits = n->commits, reverses = n->reverses;
    if (o->json) {
        printf("{\"links\":%lld,\"sales\":%lld,\"reverses\":%lld}\n", links, commits, reverses);
    } else if (links + commits + reverses == 0) {
        puts("The person of that sale was erased before.");
    } else {
        printf(
            "Erased the person of %lld links, %lld sales, and %lld refunds and voids; %lld parts so far.\n",
            links, commits, reverses, (long long)n->total);
    }
}

static int run(const struct options *o)
{
    char token[TOKEN_LINE_MAX] = "";
    struct erase_request who = {ERASE_CUSTOMER, bytes_str(o->customer)};
    struct erase_result result = {0};
    struct office office;
    struct err e = {0};
    int rc = 0;
    if (o->card) {
        rc = strcmp(o->card, "-") == 0 ? read_token(token, &e) : 0;
        who = (struct erase_request){ERASE_CARD, bytes_str(token[0] ? token : o->card)};
    } else if (o->sale) {
        who = (struct erase_request){ERASE_SALE, bytes_str(o->sale)};
    }
    rc = rc ? rc : office_open(o->dir, OFFICE_WRITE, &office, &e);
    if (rc == 0) {
        rc = office_erase(&office, &who, &result, &e);
        office_close(&office);
    }
    explicit_bzero(token, sizeof token);
    if (rc) {
        return cli_fail(&e);
    }
    tell(o, &result);
    return CLI_DONE;
}

int cmd_erase(int argc, char **argv)
{
    struct options o = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"customer", OPT_TEXT, &o.customer, "NAME",
         "as links and sales name the customer; the customer's cards, too", 0},
        {"card", OPT_TEXT, &o.card, "TOKEN", "a card's token, or - for standard input", 0},
        {"sale", OPT_TEXT, &o.sale, "ID", "one sale, with its refunds", 0},
        {"json", OPT_FLAG, &o.json, NULL, "print what was erased as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    const char *name = o.customer ? o.customer : o.card ? o.card : o.sale;
    if (status == CLI_GO && (!!o.customer + !!o.card + !!o.sale != 1 || !name[0])) {
        status = cli_error(TP_E_ARGUMENT, "name a customer, a card or a sale; see tillproof erase --help");
    }
    if (status == CLI_GO) {
        status = run(&o);
    }
    words_free(&rest);
    return status;
}
