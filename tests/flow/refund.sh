#!/bin/bash
# Goods come back in parts, never more than were sold, and the authority takes the records.
. "$(dirname "$0")/lib.sh"
shop
basket basket.json 30.00
sed -i 's/"quantity":"1"/"quantity":"2"/; s/"30.00"/"15.00"/' basket.json
ok coupon issue --shop shop --offer coffee --channel email --out c.png
ok sale --shop shop --basket basket.json --scan c.png --reference S-1 --json
id=$(printf '%s' "$out" | json "d['sale']")
same "sold" "$(printf '%s' "$out" | json "d['quote']['due']")" "27.00"

ok refund --shop shop --sale "$id" --line 1:0.5 --reference R-1 --json
same "half a unit" "$(printf '%s' "$out" | json "d['due'], d['outcome']")" "('-6.75', 'committed')"
ok refund --shop shop --sale "$id" --line 1:0.5 --reference R-1 --json
same "the same refund" "$(printf '%s' "$out" | json "d['due']")" "-6.75"
no 2 argument refund --shop shop --sale "$id" --line 1:1.501
no 2 argument refund --shop shop --sale "$id" --line 2
no 2 argument refund --shop shop --sale "$id" --line 1:0
no 2 argument refund --shop shop --sale "$id" --line x
no 1 unknown_sale refund --shop shop --sale nothing --line 1
ok refund --shop shop --sale S-1 --line 1:1.5
has "the rest" "$out" "due -20.25 EUR, committed"
no 2 argument refund --shop shop --sale "$id" --line 1:0.001
ok report roi --shop shop --json
same "what is left of the sale" "$(printf '%s' "$out" | json "[(r['gross'], r['net']) for r in d['rows'] if r['channel'] in ('(returns)', 'total')]")" \
    "[('-30.00', '-27.00'), ('0.00', '0.00')]"
