#!/bin/bash
# The whole loop, as the demo walks it: offer, coupon picture, linked card, sale, receipt, report; every amount.
. "$(dirname "$0")/lib.sh"

cp -r "$SOURCE/packaging" packaging
mkdir built
ln -s "$BUILD/ui" built/ui
ln -s "$BUILD/plugin" built/plugin
ln -s "$BUILD/bin" built/bin
packaging/walk built >walk.txt 2>&1 || fail "the walk stopped: $(tail -5 walk.txt)"
out=$(cat walk.txt)
has "the hold" "$out" '^TOTAL binding gross 36.04 discount 4.60 due 31.44$'
has "the coupon" "$out" '^  coffee10 applied -2.60$'
has "the card" "$out" '^  member2 applied -2.00$'
has "the record" "$out" '^COMMITTED pos-1 binding 1 redemptions 2 due 31.44$'
has "the coupon is used up" "$out" 'already_used'
has "the second sale" "$out" '^refused: the offer coffee10: already_used'
printf '%s\n' "$out" | grep -q WARNING && fail "the POS adds up to something else: $(grep WARNING walk.txt)"
printf '%s\n' "$out" | grep -q $'\033' && fail "colours in a pipe"

# 36.04 is shared 2.60 : 2.00 -> 20.37 and 15.67; fees are 3% of 17.77 + 0.10 and 1% of 13.67.
ok report roi --shop built/demo/shop --csv
same "roi" "$(printf '%s\n' "$out" | tr -d '\r')" "channel,campaign,issued,redeemed,gross,discount,net,fee
app,members,1,1,15.67,2.00,13.67,0.14
email,autumn,1,1,20.37,2.60,17.77,0.63
(none),,0,0,25.98,0.00,25.98,0.00
total,,2,2,62.02,4.60,57.42,0.77"
packaging/walk built >walk.txt 2>&1 || fail "the walk cannot be walked again: $(tail -5 walk.txt)"
