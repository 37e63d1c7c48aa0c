#!/bin/bash
# A sale's receipt: shown, written with the sale's record, and checked with two public keys and nothing of the shop.
. "$(dirname "$0")/lib.sh"
shop
basket basket.json 20.00
ok coupon issue --shop shop --offer coffee --channel email --out coupon.txt

ok sale --shop shop --basket basket.json --scan coupon.txt --reference S-1
# Its receipt comes with a later sync, at the till's next sales.
for i in 2 3 4 5 6; do
    t receipt --shop shop --sale S-1 >/dev/null 2>&1 && break
    ok sale --shop shop --basket basket.json --reference "S-$i"
done
mkdir keys
ok receipt --shop shop --sale S-1 --out sale.cose --keys keys
has "the receipt" "$out" '^receipt +genuine$'
has "its place" "$out" '^place +leaf [0-9]+ of [0-9]+ in tillproof/[0-9a-f]{32}$'
ok receipt --shop shop --sale S-1 --json
place=$(printf '%s' "$out" | json "d['place'], d['size'], len(d['record'])")

# Somewhere else: the file and the two keys.
mkdir elsewhere
mv sale.cose keys/till.key keys/log.key elsewhere/
ok cose verify --key elsewhere/till.key --log elsewhere/log.key elsewhere/sale.cose --json
same "who checks it" "$(printf '%s' "$out" | json "d['signature'], d['kind'], d['receipts'], d['receipts_checked']")" "('genuine', 'commit', 1, True)"
same "the same place" "$(printf '%s' "$out" | json "d['place'], d['size'], 64")" "$place"
ok cose verify --key elsewhere/till.key elsewhere/sale.cose
has "without the log's key" "$out" '^receipt +1, not checked'
ok cose verify --key elsewhere/till.key --log elsewhere/log.key elsewhere/sale.cose
has "with it" "$out" '^receipt +genuine: leaf'

# Every byte of it counts: the record's, the receipt's, the keys.
python3 - <<'END'
raw = bytearray(open("elsewhere/sale.cose", "rb").read())
receipt = raw.index(b"\xd2\x84", 1)          # inside the unprotected header
mid = bytearray(raw); mid[receipt + 200] ^= 1
open("receipt.cose", "wb").write(mid)
last = bytearray(raw); last[-1] ^= 1
open("record.cose", "wb").write(last)
END
no 1 bad_receipt cose verify --key elsewhere/till.key --log elsewhere/log.key receipt.cose
no 1 bad_signature cose verify --key elsewhere/till.key --log elsewhere/log.key record.cose
no 1 bad_receipt cose verify --key elsewhere/till.key --log elsewhere/till.key elsewhere/sale.cose
no 1 bad_signature cose verify --key elsewhere/log.key --log elsewhere/log.key elsewhere/sale.cose
python3 - <<'END'
import sqlite3
db = sqlite3.connect("shop/tills/till1/till.db")
open("alone.cose", "wb").write(db.execute("SELECT raw FROM record ORDER BY n LIMIT 1").fetchone()[0])
END
no 1 no_receipt cose verify --key elsewhere/till.key --log elsewhere/log.key alone.cose

# What has none yet, or is not there.
ok sale --shop shop --basket basket.json --reference late
no 1 no_receipt receipt --shop shop --sale late
no 1 unknown_sale receipt --shop shop --sale nothing
no 3 no_shop receipt --shop shop --sale S-1 --till nobody
no 2 argument receipt --shop shop --sale S-1 --till ../till1
no 3 '(io|no_shop)' receipt --shop shop --sale S-1 --out nowhere/file

# A receipt that was changed on the till's own disk is not shown as one.
python3 - <<'END'
import sqlite3
db = sqlite3.connect("shop/tills/till1/till.db")
raw = bytearray(db.execute("SELECT raw FROM receipt ORDER BY n LIMIT 1").fetchone()[0])
raw[-1] ^= 1
db.execute("UPDATE receipt SET raw = ? WHERE n = (SELECT min(n) FROM receipt)", (bytes(raw),))
db.commit()
db.execute("VACUUM")
END
no 1 bad_receipt receipt --shop shop --sale S-1

# Nothing speaks against the log.
ok till evidence --shop shop --json
same "no evidence" "$out" "[]"

# A log that is shorter than the one before: its later checkpoints are gone.
python3 - <<'END'
import sqlite3
db = sqlite3.connect("shop/authority/authority.db")
db.execute("DELETE FROM checkpoint WHERE size > (SELECT min(size) FROM checkpoint)")
db.commit()
db.execute("VACUUM")
END
for i in 1 2 3 4 5 6; do
    ok sale --shop shop --basket basket.json --reference "after-$i"
    t till evidence --shop shop >/dev/null 2>&1 || break
done
mkdir evidence
no 1 log_forked till evidence --shop shop --out evidence
has "the evidence" "$(cat out.txt)" 'log_forked +[0-9a-f]{64}$'
ok cose verify --key elsewhere/log.key evidence/1-log_forked.cose --json
ok cose verify --key elsewhere/log.key evidence/1-seen-before.cose --json

# What a till decided alone: none, with its authority in the same process; all its decisions are listed.
ok till decisions --shop shop --json
same "alone" "$out" "[]"
ok till decisions --shop shop --all --json
same "all" "$(printf '%s' "$out" | json "d[0]['sale'], d[0]['by'], d[0]['alone'], d[0]['offer'], d[0]['batch'], d[0]['index'], d[0]['decision']")" \
    "('S-1', 'commit', 'no', 'coffee', '1', '0', 'applied')"
no 2 argument till decisions --shop shop --json --csv
no 2 argument till decisions --shop shop --from 2026-02-30
