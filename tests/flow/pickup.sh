#!/bin/bash
# A coupon on a screen that cannot be scanned: its code of nine digits is typed at the till, is good once as the
# coupon is, and cannot be guessed.
. "$(dirname "$0")/lib.sh"
shop
basket basket.json 20.00
ok coupon issue --shop shop --offer coffee --channel email --campaign may --count 4 --out c

sale() {
    ok sale --shop shop --basket basket.json --json "$@"
}
get() {
    printf '%s' "$out" | json "$1"
}

ok coupon pickup c/1-0.png --shop shop --json
code=$(get "d['code']")
[[ $code =~ ^[0-9]{9}$ ]] || fail "not a code: $code"
minutes=$(get "(__import__('datetime').datetime.fromisoformat(d['until']).timestamp() - __import__('time').time()) / 60")
[[ $minutes =~ ^(4\.[5-9]|5\.0) ]] || fail "good for $minutes minutes"

# Apart by spaces, as people read it out.
sale --scan "${code:0:3} ${code:3:3} ${code:6:3}"
same "the code" "$(get "d['presented'][0]['outcome'], d['binding'], d['quote']['discount'], d['quote']['due']")" \
    "('ok', True, '2.00', '18.00')"
sale --scan "$code"
same "it is used as the coupon is" "$(get "d['quote']['refused'][0]['offer'], d['quote']['refused'][0]['reason']")" \
    "('coffee', 'already_used')"
sale --scan c/1-0.png
same "and so is the coupon" "$(get "d['quote']['refused'][0]['reason']")" already_used
ok report redemptions --shop shop --json
same "the channel gets it, once" \
    "$(get "[(r['channel'], r['campaign'], r['outcome']) for r in d['rows']]")" "[('email', 'may', 'applied')]"

# The same by text, and in words.
ok coupon show c/1-1.png --shop shop --json
digits=$(get "d['digits']")
ok coupon pickup "$digits" --shop shop
has "in words" "$out" '^[0-9]{9}$'
has "until when" "$out" '^good until [0-9]{4}-[0-9]{2}-[0-9]{2}T'
code=$(head -1 <<<"$out")
ok sale --shop shop --basket basket.json --scan "$code"
has "in words" "$out" '^discount 2.00 EUR'

# What gets no code, and leaves no trace.
no 1 misread coupon pickup "${digits:0:100}" --shop shop
no 1 unknown_code coupon pickup 4006381333931 --shop shop
no 1 unknown_code coupon pickup 123456789 --shop shop
ok shop init other
offer tea
ok offer publish tea.json --shop other
ok coupon issue --shop other --offer tea --channel email --out t.png
no 1 unknown_coupon coupon pickup t.png --shop shop
no 2 argument coupon pickup c/1-2.png
no 3 no_shop coupon pickup c/1-2.png --shop nowhere

# Guessing ends after ten wrong codes, for the right ones too; a scan is not refused, and another till goes on.
ok coupon pickup c/1-2.png --shop shop --json
code=$(get "d['code']")
for i in 1 2 3 4 5 6 7 8 9 10; do
    sale --scan "$(printf '%09d' $(((10#$code + i * 1234567) % 1000000000)))"
    same "wrong code $i" "$(get "d['quote']['refused'][0]['reason'], d['quote']['due']")" "('unknown_coupon', '20.00')"
done
sale --scan "$code"
same "closed" "$(get "d['quote']['refused'][0]['reason'], d['outcome']")" "('throttled', 'committed')"
ok sale --shop shop --basket basket.json --scan "$code"
has "in words" "$out" '^refused: a code: throttled: '
sale --scan c/1-3.png
same "a scan goes on" "$(get "d['quote']['discount']")" 2.00
ok till enrol till2 --shop shop
sale --till till2 --scan "$code"
same "another till" "$(get "d['quote']['discount']")" 2.00
