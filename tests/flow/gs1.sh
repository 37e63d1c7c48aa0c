#!/bin/bash
# GS1 coupons: an offer that stands for one, the ways in which a till hears of it, a serial used once, and what is
# refused; then 16 threads that hold one serial at the same moment.
. "$(dirname "$0")/lib.sh"
shop
offer paper 'o["gs1"] = "8112123456123456"' 'o["limits"] = {}' 'o["redeem"] = ["coupon"]'
offer mail 'o["gs1"] = "8110123456654321"' 'o["gives"] = {"amount": "0.75"}'
offer gcn 'o["gs1"] = "2559501101530003"' 'o["gives"] = {"amount": "0.50"}'
ok offer publish paper.json mail.json gcn.json --shop shop
offer wrong 'o["gs1"] = "2559501101530004"'
unchanged shop 1 bad_value offer publish wrong.json --shop shop
has "the place" "$(cat err.txt)" '\$\.gs1: '
offer wrong 'o["gs1"] = "8112123456123456"' 'o["redeem"] = ["card"]'
unchanged shop 1 bad_value offer publish wrong.json --shop shop
basket basket.json 10.00

sale() {
    ok sale --shop shop --basket basket.json --json "$@"
}
get() {
    printf '%s' "$out" | json "$1"
}
heard="d['presented'][0]['outcome'], d['quote']['due']"

# DataBar Expanded, as a scanner sends it: prefix, FNC1 between the elements.
sale --scan $']e08112001234561234560000001\x1d8200x'
same "with FNC1" "$(get "$heard")" "('ok', '9.00')"
same "the offer" "$(get "d['quote']['applied']")" "[{'offer': 'paper', 'discount': '1.00', 'funder': 'store'}]"
sale --scan '(8112)001234561234560000001'
same "the same serial, typed" "$(get "d['quote']['refused'][0]['reason'], d['quote']['due']")" "('already_used', '10.00')"
printf ']Q38112001234561234560000002\r\n' >scan.txt
sale --scan scan.txt --training
same "training" "$(get "$heard")" "('ok', '9.00')"
sale --scan scan.txt
same "another serial" "$(get "$heard")" "('ok', '9.00')"
sale --scan 'https://id.gs1.org/01/09506000134352?8112=001234561234560000003'
same "a Digital Link" "$(get "$heard")" "('ok', '9.00')"
sale --scan 'https://id.gs1.org/255/95011015300037'
same "a GCN" "$(get "$heard")" "('ok', '9.50')"
sale --scan ']C125595011015300037'
same "the GCN again" "$(get "d['quote']['refused'][0]['reason']")" already_used

# Without a serial it is good for every customer, and once in a basket.
for n in 1 2; do
    sale --scan ']e08110012345665432111110123' --scan '8110012345665432111110123'
    same "no serial" "$(get "[p['outcome'] for p in d['presented']], d['quote']['due']")" "(['ok', 'duplicate'], '9.25')"
done

sale --scan ']e0811200123456123456000000'
same "cut" "$(get "$heard")" "('misread', '10.00')"
sale --scan '(255)95011015300047'
same "a wrong check digit" "$(get "$heard")" "('misread', '10.00')"
sale --scan '(8112)001234561234570000001'
same "nobody's offer" "$(get "$heard")" "('unknown_offer', '10.00')"

ok report redemptions --shop shop --json
same "the report" "$(get "[(r['offer'], r['channel'], r['outcome']) for r in d['rows']].count(('paper', 'gs1', 'applied'))")" 3
ok report roi --shop shop --json
same "the channel" "$(get "[r['redeemed'] for r in d['rows'] if r['channel'] == 'gs1']")" "[6]"

tills=16
for n in $(seq $tills); do
    ok till enrol r$n --shop shop
done
timeout 200 "$RACES" threads "$PLUGIN" shop '(8112)001234561234561234567890' $tills 2>err.txt && fail "a coupon cut short raced"
timeout 200 "$RACES" threads "$PLUGIN" shop '(8112)001234561234560000009' $tills || fail "the race"
ok report roi --shop shop --json
same "one more" "$(get "[r['redeemed'] for r in d['rows'] if r['channel'] == 'gs1']")" "[7]"
