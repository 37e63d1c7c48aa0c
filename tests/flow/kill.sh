#!/bin/bash
# The POS is killed between tender and commit, and between commit and its own note of it: after the next start
# there is exactly one sale, and the coupon is used exactly once.
. "$(dirname "$0")/lib.sh"
shop

pos() {
    "$SAMPLE_POS" --plugin "$PLUGIN" --shop shop --journal pos.journal "$@"
}
sales() {
    ok report redemptions --shop shop --json
    printf '%s' "$out" | json "[(r['net'], r['outcome']) for r in d['rows']]"
}

round=0
wanted=
for moment in after-tender after-commit; do
    round=$((round + 1))
    ok coupon issue --shop shop --offer coffee --channel email
    digits=$out
    printf 'item 1 Beans coffee 2 10.00 7\nscan %s\ntotal\npay cash 5.00\npay card all\n' "$digits" >commands
    # The first tender is only a part: with after-tender the program dies there already.
    pos --die $moment <commands >pos.txt 2>&1
    same "$moment: exit" $? 137
    has "$moment: it died there" "$(cat pos.txt)" "^DYING $moment"
    if [ $moment = after-tender ]; then
        same "$moment: nothing is recorded yet" "$(sales)" "[]"
        ok coupon show "$digits" --shop shop --json
        same "$moment: the coupon is held" "$(printf '%s' "$out" | json "d['reason']")" held
        # The same program finds its sale by its own reference; the rest of the money comes, and it is one sale.
        printf 'recover\npay card all\nreceipt\n' | pos >pos.txt 2>&1 || fail "$moment: recover: $(cat pos.txt)"
        has "$moment: held again for the same sale" "$(cat pos.txt)" '^TOTAL binding .*due 18.00'
    else
        printf 'recover\nreceipt\n' | pos >pos.txt 2>&1 || fail "$moment: recover: $(cat pos.txt)"
        has "$moment: it was there" "$(cat pos.txt)" '^RECOVER it was recorded before'
    fi
    has "$moment: the receipt" "$(cat pos.txt)" '^Total  18.00 EUR'
    wanted="${wanted:+$wanted, }('18.00', 'applied')"
    same "$moment: one sale more" "$(sales)" "[$wanted]"
    printf 'recover\n' | pos >pos.txt 2>&1
    has "$moment: nothing is left" "$(cat pos.txt)" '^RECOVER nothing to settle'
done
ok report roi --shop shop --json
same "the sum" "$(printf '%s' "$out" | json "[(r['gross'], r['redeemed']) for r in d['rows'] if r['channel'] == 'total']")" \
    "[('40.00', 2)]"

# A void after the commit gives the coupon back; the sale counts no longer.
ok coupon issue --shop shop --offer coffee --channel email
digits=$out
printf 'item 1 Beans coffee 1 10.00 7\nscan %s\npay cash all\nvoid\n' "$digits" | pos >pos.txt 2>&1 ||
    fail "void: $(cat pos.txt)"
has "void" "$(cat pos.txt)" '^VOIDED'
ok coupon show "$digits" --shop shop --json
same "the coupon after a void" "$(printf '%s' "$out" | json "d['reason']")" ok
ok report roi --shop shop --json
same "the sum after a void" "$(printf '%s' "$out" | json "[(r['gross'], r['redeemed']) for r in d['rows'] if r['channel'] == 'total']")" \
    "[('40.00', 2)]"
same "the void is listed" "$(sales)" "[$wanted, ('0.00', 'voided')]"
