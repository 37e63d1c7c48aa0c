#!/bin/bash
# A till is given up: what it signed from there on is kept, and counts when the merchant says so. A copied folder is found
# by the fork that it makes, or by being behind; both statements are shown, and the till begins anew.
. "$(dirname "$0")/lib.sh"
shop
ok coupon issue --shop shop --offer coffee --channel email --count 8 --out c
basket basket.json 20.00
coupon() {
    ls c/*.png | sed -n "$1p"
}
redemptions() {
    ok report redemptions --shop shop --json
    printf '%s' "$out" | json "[(r['outcome'], r['net']) for r in d['rows']]"
}

ok sale --shop shop --basket basket.json --scan "$(coupon 1)"
ok sale --shop shop --basket basket.json --scan "$(coupon 2)"
ok till disputed --shop shop --json
same "nothing is disputed" "$out" "[]"
ok till revoke --shop shop --till till1 --from-seq 2 --json
same "what was revoked" "$(printf '%s' "$out" | json "d['till'], d['state'], d['epoch'], d['from_seq']")" "('till1', 'revoked', 1, 2)"
same "the second does not count" "$(redemptions)" "[('applied', '18.00'), ('disputed', '0.00')]"
ok till disputed --shop shop --json
record=$(printf '%s' "$out" | json "d[0]['record']")
same "the list" "$(printf '%s' "$out" | json "[(r['till'], r['epoch'], r['seq'], r['kind'], r['due'], r['state']) for r in d]")" \
    "[('till1', 1, 2, 'commit', '18.00', 'disputed')]"

# It goes on selling, and nothing of it is lost: at the full price, and disputed.
ok sale --shop shop --basket basket.json --scan "$(coupon 3)" --json
same "why the coupon is refused" "$(printf '%s' "$out" | json "d['quote']['due'], d['reason'], [r['reason'] for r in d['quote']['refused']]")" \
    "('20.00', 'revoked', ['offline_denied'])"
ok till disputed --shop shop --csv
same "both are kept" "$(printf '%s\n' "$out" | grep -c '^till1,1,[23],commit,')" 2
ok till disputed --shop shop --accept "$record" --json
same "it counts" "$(redemptions)" "[('applied', '18.00'), ('applied', '18.00')]"
ok till disputed --shop shop --reject "$record"
has "the state" "$out" "^till1 .* rejected +$record"
same "the last word counts" "$(redemptions)" "[('applied', '18.00'), ('disputed', '0.00')]"
ok audit --shop shop

no 2 argument till disputed --shop shop --accept 12
no 2 argument till disputed --shop shop --accept "$(printf '%064d' 7)"
no 1 unknown_till till revoke --shop shop --till nobody
no 1 unknown_till till lose --shop shop --till till1 --epoch 7 --from-seq 1
no 2 argument till lose --shop shop --till till1 --epoch 7
no 2 argument till lose --shop shop

# It begins anew, with another key, and redeems again.
before=$(sha256sum <shop/tills/till1/till.key)
ok till enrol till1 --anew --shop shop
[ "$(sha256sum <shop/tills/till1/till.key)" != "$before" ] || fail "the old key goes on"
[ ! -e shop/tills/till1/till.key.next ] || fail "a key is left over"
ok sale --shop shop --basket basket.json --scan "$(coupon 4)" --json
same "the new epoch redeems" "$(printf '%s' "$out" | json "d['quote']['due']")" 18.00

# Two records at one place are both shown (how a copied folder makes them: tests/unit/truths/renewal.c).
ok till forks --shop shop --json
same "no fork" "$out" "[]"
ok till enrol till2 --shop shop
ok sale --shop shop --till till2 --basket basket.json
python3 - <<'END' || fail "the tables cannot be changed"
import sqlite3
db = sqlite3.connect("shop/authority/authority.db")
db.execute("INSERT INTO record (merchant, till, epoch, seq, d, prev) SELECT merchant, till, epoch, seq, zeroblob(32), prev FROM record WHERE till = 'till2'")
db.commit()
db.execute("VACUUM")
END
ok till forks --shop shop --json
same "the fork" "$(printf '%s' "$out" | json "[(r['till'], r['epoch'], r['seq']) for r in d], d[0]['prev'] == d[1]['prev'], d[0]['record'] != d[1]['record']")" \
    "([('till2', 1, 1), ('till2', 1, 1)], True, True)"
ok till forks --shop shop
has "for people" "$out" '^till2 +1 +1 '

# Yesterday's folder is behind, and signs nothing.
ok till enrol till3 --shop shop
cp -r shop/tills/till3 yesterday
ok sale --shop shop --till till3 --basket basket.json
mv shop/tills/till3 today
mv yesterday shop/tills/till3
no 3 behind sale --shop shop --till till3 --basket basket.json --scan "$(coupon 7)"
ok till enrol till3 --anew --shop shop
ok sale --shop shop --till till3 --basket basket.json --scan "$(coupon 7)" --json
same "it begins anew" "$(printf '%s' "$out" | json "d['quote']['due']")" 18.00
# and now the other one is the old copy
mv shop/tills/till3 anew
mv today shop/tills/till3
no 3 behind sale --shop shop --till till3 --basket basket.json --scan "$(coupon 8)"
