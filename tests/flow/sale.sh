#!/bin/bash
# A sale through the plugin: amounts, refusals that do not stop it, training, a till made on the way, one
# reference for one sale.
. "$(dirname "$0")/lib.sh"
shop
basket basket.json 12.99
ok coupon issue --shop shop --offer coffee --channel email --out c.png

sale() {
    ok sale --shop shop --basket basket.json --json "$@"
}
get() {
    printf '%s' "$out" | json "$1"
}

sale --scan c.png --training
same "training" "$(get "(d['outcome'], d['quote']['due'])")" "('committed', '11.69')"
sale --scan c.png
same "the coupon was not used by training" "$(get "d['binding'], d['quote']['discount']")" "(True, '1.30')"
same "applied" "$(get "d['quote']['applied']")" "[{'offer': 'coffee', 'discount': '1.30', 'funder': 'store'}]"
same "lines" "$(get "d['quote']['lines'][0]")" \
    "{'line': 1, 'gross': '12.99', 'discount': '1.30', 'net': '11.69', 'tax': '0.76', 'offers': {'coffee': '1.30'}}"
sale --scan c.png
same "used up" "$(get "d['quote']['refused'][0]['reason'], d['quote']['due'], d['outcome']")" \
    "('already_used', '12.99', 'committed')"

ok coupon issue --shop shop --offer coffee --channel email --count 2 --out two
sale --scan two/2-0.png --scan two/2-1.png
same "two of one offer" "$(get "[p['outcome'] for p in d['presented']]")" "['ok', 'duplicate']"
ok sale --shop shop --basket basket.json --scan two/2-0.png
has "in plain words" "$out" '^refused: .*coffee.*: already_used: '

sale --scan 4006381333931
same "a product's code" "$(get "d['presented'][0]['outcome'], d['outcome']")" "('product', 'committed')"
sale --scan 80701123
same "a bad reading" "$(get "d['presented'][0]['outcome']")" misread

sale --reference order-7
first=$(get "d['sale']")
sale --reference order-7
same "one reference, one sale" "$(get "d['sale']")" "$first"

out=$(t sale --shop shop --basket basket.json --till till9 --json 2>err.txt) || fail "a new till: $(cat err.txt)"
has "the note of enrolment" "$(cat err.txt)" 'enrolling the till .till9'
same "a new till" "$(get "d['outcome']")" committed
sale --till till9
same "the till is known now" "$(get "d['outcome']")" committed

ok link --shop shop --card tok_1 --offer coffee --channel app
sale --card tok_1
same "a card's offer" "$(get "d['quote']['due'], d['presented']")" "('11.69', [{'card': True, 'outcome': 'ok'}])"
out=$(printf 'tok_1\n' | t sale --shop shop --basket basket.json --card - --json) || fail "a card from standard input"
same "a card from standard input" "$(get "d['quote']['due']")" 11.69
sale --card tok_2
same "a card that is not joined" "$(get "d['quote']['due']")" 12.99

# Two tenders, and the change: one sale.
printf '{"currency":"EUR","lines":[{"line":1,"sku":"1","name":"B","category":"x","quantity":"3","unit_price":"3.33","tax_percent":"19"}],"tenders":[{"kind":"voucher","amount":"5.00"},{"kind":"cash","amount":"4.99"}]}' >basket.json
sale
same "split tender" "$(get "d['quote']['due']")" 9.99

ok report redemptions --shop shop --json
same "redemptions" "$(get "[(r['offer'], r['channel'], r['net'], r['outcome']) for r in d['rows']]")" \
    "[('coffee', 'email', '11.69', 'applied'), ('coffee', 'email', '11.69', 'applied'), ('coffee', 'app', '11.69', 'applied'), ('coffee', 'app', '11.69', 'applied')]"
ok report redemptions --shop shop --json --from 2001-01-01 --to 2001-12-31
same "another year" "$(get "d['rows']")" "[]"
