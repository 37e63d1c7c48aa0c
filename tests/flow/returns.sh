#!/bin/bash
# Each rule of returns through the plugin: 6 x 50.00, 10 percent from 300.00, and five come back.
. "$(dirname "$0")/lib.sh"
ok shop init shop
for rule in keep claw_back readjudicate; do
    offer "$rule" "o['needs'] = {'min_spend': '300.00'}" "o['returns'] = '$rule'"
    ok offer publish "$rule.json" --shop shop
    ok coupon issue --shop shop --offer "$rule" --channel email --count 2 --out "$rule"
done
basket basket.json 50.00
sed -i 's/"quantity":"1"/"quantity":"6"/' basket.json

# sold REFERENCE SCAN...: rings it up with these coupons; it must come to 270.00.
sold() {
    local reference=$1 scans=()
    shift
    for file in "$@"; do scans+=(--scan "$file"); done
    ok sale --shop shop --basket basket.json --reference "$reference" "${scans[@]}" --json
    same "$reference" "$(printf '%s' "$out" | json "d['quote']['due']")" "270.00"
}

# back REFERENCE QUANTITY AMOUNT
back() {
    ok refund --shop shop --sale "$1" --line "1:$2" --json
    same "$2 of $1" "$(printf '%s' "$out" | json "d['due']")" "$3"
}

for rule in keep:-225.00:-45.00 claw_back:-220.00:-50.00 readjudicate:-220.00:-50.00; do
    IFS=: read -r name five one <<<"$rule"
    coupons=("$name"/*)
    sold "$name" "${coupons[0]}"
    back "$name" 5 "$five"
    back "$name" 1 "$one"
    no 2 argument refund --shop shop --sale "$name" --line 1:0.001
done

# What the kept goods had become dearer by waits for the next return when the first is too small.
coupons=(claw_back/*)
sold small "${coupons[1]}"
back small 0.5 0.00
back small 5.5 -270.00

# Cashback that was promised is owed for what stays.
offer later "o['needs'] = {}" "o['gives'] = {'cashback_percent': '10'}" "o['revive'] = True"
ok offer publish later.json --shop shop
ok coupon issue --shop shop --offer later --channel app --out later.png
basket two.json 50.00
sed -i 's/"quantity":"1"/"quantity":"2"/' two.json
ok sale --shop shop --basket two.json --reference later --scan later.png
owed() {
    ok report redemptions --shop shop --json
    same "owed after $1" "$(printf '%s' "$out" | json "[(r['cashback'], r['outcome']) for r in d['rows'] if r['offer'] == 'later']")" "$2"
}
owed "the sale" "[('10.00', 'applied')]"
ok sale --shop shop --basket two.json --scan later.png --json
has "used" "$out" '"already_used"'
back later 1 -50.00
owed "one unit" "[('5.00', 'applied')]"
back later 1 -50.00
owed "both units" "[('0.00', 'applied')]"
# The offer says revive: its coupon is good again.
ok sale --shop shop --basket two.json --reference again --scan later.png
owed "another sale" "[('0.00', 'applied'), ('10.00', 'applied')]"
ok refund --shop shop --sale again --line 1:2
ok report redemptions --shop shop --json
same "discounts that came back" "$(printf '%s' "$out" | json "[r['returned'] for r in d['rows'] if r['offer'] == 'claw_back']")" "['30.00', '30.00']"

# Another till of the shop takes back what this one sold, this one the rest, and nobody a third part.
ok till enrol till2 --shop shop
ok sale --shop shop --basket two.json --reference elsewhere --json
id=$(printf '%s' "$out" | json "d['sale']")
ok refund --shop shop --till till2 --sale elsewhere --line 1 --json
same "at the other till" "$(printf '%s' "$out" | json "d['due']")" "-50.00"
no 2 argument refund --shop shop --till till2 --sale "$id" --line 1:1.001
back elsewhere 1 -50.00
no 2 argument refund --shop shop --till till2 --sale "$id" --line 1:0.001
no 1 unknown_sale refund --shop shop --till till2 --sale nothing --line 1

# A rule that is none is still refused, and nothing is published.
offer never "o['returns'] = 'never'"
no 1 bad_value offer publish never.json --shop shop
has "where" "$(cat err.txt)" '\$\.returns'
ok report roi --shop shop --json
same "all but the sale without an offer came back" "$(printf '%s' "$out" | json "[r['net'] for r in d['rows'] if r['channel'] == 'total']")" "['100.00']"
