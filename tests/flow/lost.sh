#!/bin/bash
# A till's disk is lost: it is declared so, what it was leased is given up and can be used by others, and it begins anew
# under its name, in a new epoch. A disk that turns up again is behind.
. "$(dirname "$0")/lib.sh"
shop
offer leased "o['redeem'] = ['coupon']; o['limits'] = {'per_coupon': 1, 'total': 4}" \
    "o['offline'] = {'mode': 'lease', 'lease': {'uses': 2, 'hours': 24}}"
ok offer publish leased.json --shop shop
ok coupon issue --shop shop --offer leased --channel email --count 6 --out c
basket basket.json 20.00
sell() {
    ok sale --shop shop --till "$1" --basket basket.json --scan "$(ls c/*.png | sed -n "$2p")" --json
    printf '%s' "$out" | json "d['quote']['discount']"
}
left() {
    python3 -c "import sqlite3
db = sqlite3.connect('shop/authority/authority.db')
print(*db.execute(\"SELECT coalesce(sum(left_uses), 0) FROM lease WHERE till = 'till1'\").fetchone())"
}

same "it redeems" "$(sell till1 1)" 2.00
for i in 1 2 3 4 5; do # its next sync asks for a lease
    [ "$(left)" = 0 ] || break
    ok sale --shop shop --basket basket.json
done
leased=$(left)
[ "$leased" -ge 1 ] || fail "nothing was leased"
ok sale --shop shop --basket basket.json
cp -r shop/tills/till1 found
seq=$(python3 -c "import sqlite3; print(*sqlite3.connect('shop/authority/authority.db').execute(\"SELECT head_seq FROM till WHERE name = 'till1'\").fetchone())")
rm -rf shop/tills/till1

ok till lose --shop shop --till till1 --json
same "what was done" "$(printf '%s' "$out" | json "d['till'], d['state'], d['epoch'], d['from_seq'], d['leases'] >= 1")" \
    "('till1', 'lost', 1, $((seq + 1)), True)"
same "nothing is left of its leases" "$(left)" 0
ok till disputed --shop shop --json
same "what was known before counts" "$out" "[]"
ok till lose --shop shop --till till1
has "said twice it is the same" "$out" "^Leases given up: 0"

ok till invite --shop shop --till till1 --json
ok till join --shop shop --till till1 --code "$(printf '%s' "$out" | json "d['code']")" --json
same "a new epoch" "$(printf '%s' "$out" | json "d['epoch']")" 2
same "it redeems again" "$(sell till1 2)" 2.00
same "others have what it did not use" "$(sell desk 3)" 2.00

# The disk turns up: it is behind, and what it signs is disputed at most.
mv shop/tills/till1 now
mv found shop/tills/till1
t sale --shop shop --basket basket.json --scan "$(ls c/*.png | sed -n 5p)" --json >out.txt 2>err.txt
grep -q '"discount":"0.00"' out.txt || grep -qE '^tillproof: behind: ' err.txt || fail "a lost till redeems: $(cat out.txt err.txt)"
rm -rf shop/tills/till1
mv now shop/tills/till1
ok sale --shop shop --basket basket.json
ok audit --shop shop
