#!/bin/bash
# What was given twice is told: both sales, the amount, and who bears it.
. "$(dirname "$0")/lib.sh"
shop
cat >risky.json <<'END'
{"id": "risky", "version": 1, "title": "10% at a risk", "currency": "EUR", "redeem": ["coupon"],
 "valid": {"from": "2020-01-01", "until": "2090-12-31"}, "gives": {"percent": "10"},
 "limits": {"per_coupon": 2}, "offline": {"mode": "risk", "cap": "5.00", "bears": "issuer"}}
END
ok offer publish risky.json --shop shop
ok coupon issue --shop shop --offer risky --channel email --out c.png
basket basket.json 20.00
get() {
    printf '%s' "$out" | json "$1"
}

ok report conflicts --shop shop --json
same "none yet" "$(get "d['report'], d['rows']")" "('conflicts', [])"
ok report conflicts --shop shop
for i in 1 2; do
    ok sale --shop shop --basket basket.json --scan c.png --json
    same "sale $i" "$(get "d['quote']['discount']")" 2.00
done
# A coupon for two uses becomes one for one: what the second use then is, told by the tables.
python3 - <<'END' || fail "the tables cannot be changed"
import sqlite3
db = sqlite3.connect("shop/authority/authority.db")
n = db.execute("UPDATE redemption SET outcome = 10, conflict = discount, stage = 1, slot = NULL WHERE rank = (SELECT max(rank) FROM redemption)").rowcount
db.commit()
db.execute("VACUUM")
assert n == 1, n
END
ok report redemptions --shop shop --json
sales=$(get "[r['sale'] for r in d['rows']]")
ok report conflicts --shop shop --json
same "both sales" "$(get "[d['rows'][0]['won_sale'], d['rows'][0]['sale']]")" "$sales"
same "the row" "$(get "[(r['offer'], r['outcome'], r['amount'], r['bears'], r['till'], r['won_till']) for r in d['rows']]")" \
    "[('risky', 'already_used', '2.00', 'issuer', 'till1', 'till1')]"
ok report conflicts --shop shop --csv
has "its header" "$out" '^time,till,sale,offer,outcome,amount,bears,won_time,won_till,won_sale'
has "its row" "$out" ',already_used,2\.00,issuer,'
ok report conflicts --shop shop --to 2020-01-01 --json
same "outside the range" "$(get "d['rows']")" "[]"

# Goods that came back though nothing of them was left, told by the tables: the refund, and the sale that it is of.
ok sale --shop shop --basket basket.json --reference again --json
of=$(get "d['sale']")
ok refund --shop shop --sale again --line 1 --json
refund=$(get "d['refund']")
python3 - <<'END' || fail "the tables cannot be changed"
import sqlite3
db = sqlite3.connect("shop/authority/authority.db")
n = db.execute("UPDATE reversal SET outcome = 33, conflict = due").rowcount
db.commit()
db.execute("VACUUM")
assert n == 1, n
END
ok report conflicts --shop shop --json
same "the return" "$(get "[(r['sale'], r['won_sale'], r['offer'], r['outcome'], r['amount'], r['bears'], r['of']) for r in d['rows']][1:]")" \
    "[('$refund', '$of', '', 'conflict', '20.00', 'merchant', 'return')]"
ok report conflicts --shop shop --csv
has "its row" "$out" ",$refund,,conflict,20\\.00,merchant,.*,$of,return"
no 2 argument report conflict --shop shop
no 2 argument report conflicts --shop shop --csv --json
no 3 no_shop report conflicts --shop nowhere
