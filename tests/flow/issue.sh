#!/bin/bash
# Coupons in every form, each of which reads back as itself.
. "$(dirname "$0")/lib.sh"
shop

issue() {
    ok coupon issue --shop shop --offer coffee --channel print "$@"
}
digits_of() {
    ok coupon show "$1" --shop shop --json
    printf '%s' "$out" | json "d['digits']"
}

issue --out one.png
has "what was issued" "$out" 'issued 1 coupon of coffee in batch 1 for channel print: one.png'
same "a PNG" "$(head -c 4 one.png | tail -c 3)" PNG
issue --out one.svg --campaign "spring sale"
has "an SVG" "$(head -c 300 one.svg)" '<svg'
issue --out one.txt
issue
digits=$out
same "digits only" "$(printf '%s' "$digits" | tr -d 0-9 | wc -c)" 0
same "printed digits" "$(digits_of "$digits")" "$digits"
same "digits in a file" "$(digits_of one.txt)" "$(tr -d '\n' <one.txt)"
same "the batch of the third" "$(t coupon show one.txt --shop shop --json | json "(d['batch'], d['index'], d['redeemable'])")" "(3, 0, True)"
same "from standard input" "$(t coupon show - --shop shop --json <one.png | json "d['batch']")" 1
has "a picture in words" "$(t coupon show one.png --shop shop)" '^  redeemable now$'
has "without a shop" "$(t coupon show one.png)" 'could not be checked'

issue --count 25 --out many --campaign letter
same "files" "$(find many -name '5-*.png' | wc -l)" 25
same "index" "$(wc -l <many/index.csv)" 26
same "the last of them" "$(digits_of many/5-24.png)" "$(tail -1 many/index.csv | tr -d '\r' | cut -d, -f4)"
same "no temporary files" "$(find . -name '*.new-*' -o -name '*.try-*' | wc -l)" 0
issue --count 3 --out many --format svg
same "files of another form" "$(find many -name '6-*.svg' | wc -l)" 3
issue --count 1000
same "a thousand" "$(printf '%s\n' "$out" | sort -u | wc -l)" 1000
issue --count 2 --json
same "as JSON" "$(printf '%s' "$out" | json "[(c['batch'], c['index']) for c in d]")" "[(8, 0), (8, 1)]"

unchanged shop 1 unknown_offer coupon issue --shop shop --offer tea --channel print
unchanged shop 2 argument coupon issue --shop shop --offer coffee --channel print --count 0
unchanged shop 2 argument coupon issue --shop shop --offer coffee --channel print --count 1000001
unchanged shop 2 argument coupon issue --shop shop --offer coffee --channel print --count 2 --out two.png
unchanged shop 2 argument coupon issue --shop shop --offer coffee --channel ''
unchanged shop 2 argument coupon issue --shop shop --offer coffee --channel "$(printf 'x%.0s' {1..80})"
unchanged shop 2 argument coupon issue --shop shop --offer coffee
unchanged shop 3 io coupon issue --shop shop --offer coffee --channel print --out no/such/place.png
offer cardonly 'o["redeem"] = ["card"]'
ok offer publish cardonly.json --shop shop
unchanged shop 1 bad_value coupon issue --shop shop --offer cardonly --channel print

ok report roi --shop shop --json
same "issued" "$(printf '%s' "$out" | json "[(r['channel'], r['campaign'], r['issued']) for r in d['rows']]")" \
    "[('print', '', 1008), ('print', 'letter', 25), ('print', 'spring sale', 1), ('(none)', '', 0), ('total', '', 1034)]"
