#!/bin/bash
# Several processes on one shop at once: tills ring, the office issues coupons and publishes offers, reports are read.
# Nothing fails, no coupon is used twice, and the sums agree.
. "$(dirname "$0")/lib.sh"
shop
ok coupon issue --shop shop --offer coffee --channel email
shared=$out
for till in a b; do
    ok till enrol $till --shop shop
done
rounds=12

ring() {
    local till=$1
    for n in $(seq $rounds); do
        printf 'item 1 Beans coffee 1 10.00 7\nscan %s\npay cash all\n' "$shared"
    done | "$SAMPLE_POS" --plugin "$PLUGIN" --shop shop --till "$till" --prefix "$till" --journal "$till.journal" \
        >"$till.txt" 2>&1 || echo "till $till ended with $?" >>failures
    [ "$(grep -c '^COMMITTED' "$till.txt")" -eq $rounds ] || echo "till $till: $(grep -v PRICE "$till.txt" | tail -5)" >>failures
}
issue() {
    for n in $(seq $rounds); do
        t coupon issue --shop shop --offer coffee --channel print --count 3 >>issued.txt 2>>failures
        offer "offer$1-$n"
        t offer publish "offer$1-$n.json" --shop shop >>published.txt 2>>failures
    done
}
read_reports() {
    for n in $(seq $rounds); do
        t report roi --shop shop --json >roi.json 2>>failures
        json "[float(r['gross']) - float(r['discount']) - float(r['net']) for r in d['rows']]" <roi.json |
            grep -qvE '^\[(-?[0-9.e-]+(, )?)*\]$' && echo "a report that is none" >>failures
    done
}
: >failures
ring a &
ring b &
issue 1 &
issue 2 &
read_reports &
wait
[ ! -s failures ] || fail "$(head -5 failures)"
same "coupons issued at once are all different" "$(sort -u issued.txt | wc -l)" $((rounds * 6))
ok report redemptions --shop shop --json
same "the shared coupon was used once" \
    "$(printf '%s' "$out" | json "sum(r['outcome'] == 'applied' for r in d['rows'])")" 1
ok report roi --shop shop --json
same "sales" "$(printf '%s' "$out" | json "[(r['gross'], r['redeemed']) for r in d['rows'] if r['channel'] == 'total']")" \
    "[('$((rounds * 2 * 10)).00', 1)]"
same "issued" "$(printf '%s' "$out" | json "[r['issued'] for r in d['rows'] if r['channel'] == 'print']")" "[$((rounds * 6))]"
