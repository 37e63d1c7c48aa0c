#!/bin/bash
# A whole sale under valgrind: every command of a shop's day, and the sample POS with the plugin inside. An invalid
# access, a jump on unset memory, or a byte that is lost at the end fails. Exit 77 (skipped) without valgrind.
command -v valgrind >/dev/null || exit 77
. "$(dirname "$0")/lib.sh"

memcheck() {
    valgrind --quiet --tool=memcheck --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --error-exitcode=99 --num-callers=30 "$@"
}

# ---- it can fail: a program that reads beyond its memory
cat >wrong.c <<'END'
#include <stdlib.h>
int main(void)
{
    volatile char *p = malloc(4);
    return p[4] == 'x';
}
END
gcc -O0 -g wrong.c -o wrong || fail "the wrong program cannot be built"
memcheck ./wrong 2>wrong.txt
same "a program that reads beyond its memory" "$?" 99

t() {
    memcheck "$TILLPROOF" "$@"
}
shop
basket basket.json 12.99
ok coupon issue --shop shop --offer coffee --channel email --campaign autumn --out c.png
# Not the picture: valgrind 3.19 knows no pidfd_open, without which the helper is not started. AddressSanitizer sees that.
ok coupon issue --shop shop --offer coffee --channel email --campaign autumn
digits=$out
ok coupon show "$digits" --shop shop
ok link --shop shop --card tok_1 --offer coffee --channel app
ok sale --shop shop --basket basket.json --scan "$digits" --json
has "the coupon's discount" "$out" '"1\.30"'
no 1 unknown_offer coupon issue --shop shop --offer tea --channel email
ok quote --offers coffee.json --basket basket.json --coupon coffee
ok report redemptions --shop shop
ok report roi --shop shop --json

ok refund --help

# ---- the plugin inside a host, with a card
printf '%s\n' 'item 1 Beans coffee 1 12.99 7' 'card tok_1' 'total' 'pay card all' 'receipt' 'quit' >commands
memcheck "$SAMPLE_POS" --plugin "$PLUGIN" --shop shop <commands >pos.txt 2>err.txt || fail "the POS: $? $(cat pos.txt err.txt)"
[ ! -s err.txt ] || fail "the POS: $(cat err.txt)"
