#!/bin/bash
# Any COSE_Sign1 and any key form: genuine, changed, foreign.
. "$(dirname "$0")/lib.sh"
shop
ok coupon issue --shop shop --offer coffee --channel email
python3 - "$out" <<'END'
import sys
digits, raw = sys.argv[1].strip()[5:], b""
tails = {3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6}
for i in range(0, len(digits), 17):
    part = digits[i:i + 17]
    raw += int(part).to_bytes(7 if len(part) == 17 else tails[len(part)], "big")
open("coupon.cose", "wb").write(raw)
open("untagged.cose", "wb").write(raw[1:])
bad = bytearray(raw); bad[-1] ^= 1
open("changed.cose", "wb").write(bad)
open("cut.cose", "wb").write(raw[:-1])
END
ok cose verify --key shop/office/issuer.key coupon.cose --json
same "a coupon" "$(printf '%s' "$out" | json "d['signature'], d['alg'], d['kind'], d['claims']['batch'], d['claims']['index'], len(d['kid'])")" \
    "('genuine', -9, 'coupon', 1, 0, 16)"
ok cose verify --key shop/office/issuer.key untagged.cose
has "an untagged one" "$out" '^signature +genuine$'
no 1 bad_signature cose verify --key shop/office/issuer.key changed.cose
no 1 bad_signature cose verify --key shop/office/merchant.key coupon.cose
no 3 malformed cose verify --key shop/office/issuer.key cut.cose
no 3 malformed cose verify --key shop/office/issuer.key coffee.json
no '[13]' '(io|untrusted|malformed|bad_value)' cose verify --key coffee.json coupon.cose
no 3 io cose verify --key nothere coupon.cose
no 3 io cose verify --key shop/office/issuer.key nothere

# A statement, as the shop keeps it.
python3 - <<'END'
import sqlite3
db = sqlite3.connect("shop/authority/authority.db")
for n, (raw,) in enumerate(db.execute("SELECT raw FROM statement ORDER BY n")):
    open("statement%d.cose" % n, "wb").write(raw)
END
ok cose verify --key shop/office/root.key statement0.cose --json
same "the keyset" "$(printf '%s' "$out" | json "d['kind'], d['claims']['iss'], [k['purpose'] for k in d['claims']['keys']], d['claims']['keys'][0]['name']")" \
    "('keyset', 'root', ['root', 'merchant', 'issuer', 'grant', 'log', 'registrar'], 'root')"
ok cose verify --key shop/office/merchant.key statement1.cose --json
same "the policy" "$(printf '%s' "$out" | json "d['kind'], d['claims']['terms']['currency'], d['claims']['terms']['zone']")" \
    "('policy', 'EUR', 'Europe/Berlin')"
ok cose verify --key shop/office/merchant.key statement4.cose
has "the offer" "$out" '"id":"coffee"'

# RFC 9052's own example, appendix C.2.1: ES256, kid 11.
python3 - <<'END'
raw = ("d28443a10126a10442313154546869732069732074686520636f6e74656e742e"
       "58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36")
key = ("a501022001215820bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff"
       "22582020138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e")
full = bytearray.fromhex(key)
open("rfc.cose", "wb").write(bytes.fromhex(raw))
open("rfc.key", "wb").write(bytes.fromhex("a5010203262001") + full[5:])
END
if t cose verify --key rfc.key rfc.cose --json >out.txt 2>err.txt; then
    same "RFC 9052 C.2.1" "$(json "d['alg'], d['kid'], d['kind'], d['claims']" <out.txt)" "(-7, '3131', 'other', None)"
else
    fail "RFC 9052 C.2.1: $(cat err.txt)"
fi
