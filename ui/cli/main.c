/* The tillproof command: a table of verbs, one file each. */
#include "cli.h"

#include "store/postgres/postgres.h"

#include <signal.h>
#include <stdlib.h>

static const struct verb {
    const char *first, *second; /* second may be NULL */
    int (*run)(int argc, char **argv);
    const char *about;
} verbs[] = {
    {"shop", "init", cmd_shop_init, "make a shop: its keys, its policy, its first till"},
    {"till", "enrol", cmd_till_enrol, "give a till its key and its place in the shop"},
    {"till", "invite", cmd_till_invite, "make a code with which a till enrols, once"},
    {"till", "join", cmd_till_join, "enrol a till by such a code, on any machine"},
    {"till", "revoke", cmd_till_revoke, "give a till's key up from a record on"},
    {"till", "lose", cmd_till_lose, "the same for a till whose disk is lost"},
    {"till", "disputed", cmd_till_disputed, "what was signed beyond that: list, accept, reject"},
    {"till", "forks", cmd_till_forks, "records in which a till contradicts itself"},
    {"keys", "rotate", cmd_keys_rotate, "replace one of the shop's keys"},
    {"offer", "publish", cmd_offer_publish, "check offers and publish them"},
    {"policy", "set", cmd_policy_set, "change the shop's policy: what tills may do without a line, and more"},
    {"policy", "show", cmd_policy_show, "the policy in force, or the one that a till goes by"},
    {"coupon", "issue", cmd_coupon_issue, "issue coupons as QR codes for a channel"},
    {"coupon", "show", cmd_coupon_show, "decode a coupon's picture or text, check it, explain it"},
    {"coupon", "pickup", cmd_coupon_pickup, "give a coupon nine digits to type, for five minutes"},
    {"quote", NULL, cmd_quote, "price a basket with offers, without any shop"},
    {"sale", NULL, cmd_sale, "ring up a basket through the plugin"},
    {"refund", NULL, cmd_refund, "take goods of a recorded sale back"},
    {"receipt", NULL, cmd_receipt, "that a sale's record is in the log, for anybody to check"},
    {"link", NULL, cmd_link, "join a card token to offers"},
    {"lease", "list", cmd_lease_list, "what tills may spend without a line, and who bears the rest"},
    {"lease", "write-off", cmd_lease_write_off, "give up what a till will not give back"},
    {"report", NULL, cmd_report, "redemptions, and what each channel earned"},
    {"till", "decisions", cmd_till_decisions, "what a till decided without its authority, and why"},
    {"till", "evidence", cmd_till_evidence, "what its authority signed and should not have"},
    {"audit", NULL, cmd_audit, "check the shop's books: signatures, log, chains, closes, tables"},
    {"erase", NULL, cmd_erase, "erase a customer, a card or the person of a sale from what is kept"},
    {"export", "bundle", cmd_export_bundle,
     "write the log and its evidence into one file that anybody can audit"},
    {"log", "key", cmd_log_key, "the log's key, as a witness is told it"},
    {"log", "cosign", cmd_log_cosign, "take what witnesses say of a checkpoint"},
    {"token", "issue", cmd_token_issue, "let somebody read over HTTPS: merchant, funder, auditor"},
    {"token", "list", cmd_token_list, "who was let"},
    {"token", "revoke", cmd_token_revoke, "and is not any more"},
    {"cose", "verify", cmd_cose_verify, "check any COSE_Sign1 and print its claims"},
    {"device", "list", cmd_device_list, "a till's scanners, and how each stands"},
    {"device", "watch", cmd_device_watch, "print what scanners read as it comes"},
    {"store", "migrate", cmd_store_migrate, "make or bring forward the tables on a database server"},
    {"bench", NULL, cmd_bench, "measure this machine: a sale's steps, or prices a second"},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void help(void)
{
    puts("usage: tillproof VERB ...\n\nverbs:");
    for (size_t i = 0; i < VERBS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%s%s", verbs[i].first, verbs[i].second ? " " : "",
                 verbs[i].second ? verbs[i].second : "");
        printf("  %-16s %s\n", name, verbs[i].about);
    }
    puts("\nEvery verb takes --help. Exit status: 0 done, 1 refused, 2 misuse, 3 a fault.");
}

/* "shop init, till enrol, ...": those that begin with `first`, or all. */
static void list(const char *first, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < VERBS && n < size; i++) {
        if (!first || strcmp(first, verbs[i].first) == 0) {
            int more = snprintf(out + n, size - n, "%s%s%s%s", n ? ", " : "", verbs[i].first,
                                verbs[i].second ? " " : "", verbs[i].second ? verbs[i].second : "");
            n += more > 0 ? (size_t)more : 0;
        }
    }
}

static int unknown(const char *first, const char *second)
{
    char names[150] = "", some[200] = "";
    list(NULL, names, sizeof names);
    list(first, some, sizeof some);
    if (some[0]) {
        return cli_error(TP_E_ARGUMENT, "'%.20s %.20s' is not a verb; there is: %s", first,
                         second ? second : "", some);
    }
    char *last = strrchr(names, ',');
    return cli_error(TP_E_ARGUMENT,
                     "'%.20s' is not a verb; there are: %.*s, ...; tillproof --help lists them all", first,
                     (int)(last ? last - names : 0), names);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        return unknown("", NULL);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help();
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("tillproof 1.0.0");
        return CLI_DONE;
    }
    for (size_t i = 0; i < VERBS; i++) {
        const struct verb *v = &verbs[i];
        if (strcmp(argv[1], v->first) == 0 && (!v->second || (argc > 2 && strcmp(argv[2], v->second) == 0))) {
            int skip = v->second ? 2 : 1;
            return v->run(argc - skip, argv + skip);
        }
    }
    return unknown(argv[1], argc > 2 ? argv[2] : NULL);
}

int main(int argc, char **argv)
{
    store_postgres();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* a parent may have it ignored; then a child could not be waited for */
    struct err e = {0};
    int status = run(argc, argv);
    if (cli_flush(&e) && status == CLI_DONE) {
        status = cli_fail(&e);
    }
    return status;
}
