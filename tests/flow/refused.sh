#!/bin/bash
# Bad input: each ends with one line, its reason and its exit status, and changes no file of the shop.
. "$(dirname "$0")/lib.sh"
shop
basket basket.json 12.99
ok coupon issue --shop shop --offer coffee --channel email --out c.png
ok sale --shop shop --basket basket.json --json

bad() {
    local status=$1 word=$2
    shift 2
    unchanged shop "$status" "$word" "$@"
}

# ---- offers
offer_is() {
    local word=$1
    shift
    offer broken "$@"
    bad 1 "$word" offer publish broken.json --shop shop
}
offer_is unknown_key 'o["gives"]["percnt"] = "1"'
has "the path" "$(cat err.txt)" 'gives\.percnt'
offer_is unknown_key 'o["colour"] = "red"'
offer_is bad_value 'o["gives"] = {"amount": "1.999"}'
offer_is bad_value 'o["gives"] = {"amount": "-1.00"}'
offer_is bad_value 'o["gives"] = {"amount": 1}'
offer_is bad_value 'o["gives"]["percent"] = "101"'
offer_is bad_value 'o["valid"]["from"] = "2026-02-30"'
offer_is bad_value 'o["valid"] = {"from": "2026-02-02", "until": "2026-02-01"}'
offer_is currency 'o["currency"] = "USD"'
printf '{"id":"x"' >broken.json
bad 1 bad_json offer publish broken.json --shop shop
head -c 300 /dev/urandom >broken.json
bad 1 'bad_json|bad_value' offer publish broken.json --shop shop
bad 3 io offer publish nothere.json --shop shop
offer good
bad 1 bad_json offer publish good.json broken.json --shop shop
offer coffee 'o["gives"]["percent"] = "11"'
bad 1 version_exists offer publish coffee.json --shop shop
bad 1 version_exists offer publish good.json coffee.json --shop shop
offer coffee
ok offer publish coffee.json --shop shop
has "the same again" "$out" '^already published: coffee version 1'
offer twin 'o["id"] = "good"; o["title"] = "other"'
bad 1 version_exists offer publish good.json twin.json --shop shop
ok offer publish good.json --shop shop

# ---- baskets
basket usd.json 12.99 USD
bad 1 currency sale --shop shop --basket usd.json
bad 1 currency sale --shop shop --basket usd.json --till never
[ ! -e shop/tills/never ] || fail "a till was made for a sale that was refused"
printf '{"currency":"EUR","lines":[{"line":1,"unit_price":"1.999"}]}' >b.json
bad 1 bad_value sale --shop shop --basket b.json
printf '{"currency":"EUR","lins":[]}' >b.json
bad 1 unknown_key sale --shop shop --basket b.json
printf 'no' >b.json
bad 1 bad_json sale --shop shop --basket b.json
sed 's/"lines"/"prices_include_tax":false,"lines"/' basket.json >b.json
bad 1 bad_value sale --shop shop --basket b.json
bad 3 io sale --shop shop --basket nothere.json
bad 2 argument sale --shop shop --basket basket.json --till ../till1
bad 2 argument sale --shop shop --basket basket.json --card 'two words'

# ---- pictures
python3 - <<'END'
import struct, zlib
def png(name, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + bytes(r) for r in rows))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
png("white.png", [[255] * 200 for _ in range(200)])
# EAN-13 of a product, 3 pixels a bar.
L = "0001101 0011001 0010011 0111101 0100011 0110001 0101111 0111011 0110111 0001011".split()
G = [c[::-1].translate(str.maketrans("01", "10")) for c in L]
R = [c.translate(str.maketrans("01", "10")) for c in L]
P = "LLLLLL LLGLGG LLGGLG LLGGGL LGLLGG LGGLLG LGGGLL LGLGLG LGLGGL LGGLGL".split()
code = "4006381333931"
bits = "101" + "".join((L if s == "L" else G)[int(c)] for c, s in zip(code[1:7], P[int(code[0])]))
bits += "01010" + "".join(R[int(c)] for c in code[7:]) + "101"
row = [255] * 40 + [0 if b == "1" else 255 for b in bits for _ in range(3)] + [255] * 40
png("ean.png", [[255] * len(row)] * 20 + [row] * 100 + [[255] * len(row)] * 20)
END
bad 1 no_code coupon show white.png --shop shop
bad 1 no_code coupon show white.png
bad 1 no_code sale --shop shop --basket basket.json --scan white.png
bad 1 unknown_code coupon show ean.png --shop shop
bad 1 unknown_code coupon show 4006381333931
bad 1 misread coupon show 807011234 --shop shop
head -c 100 c.png >cut.png
bad 1 bad_picture coupon show cut.png --shop shop
: >empty.png
bad 1 'unknown_code|no_code|bad_picture' coupon show empty.png --shop shop
bad 3 io coupon show nothere.png --shop shop
head -c 30000000 /dev/zero >large.png
bad 3 io coupon show large.png --shop shop

# ---- other shops, forged coupons
ok shop init other
ok offer publish coffee.json --shop other
ok coupon issue --shop other --offer coffee --channel email --out other.png
bad 1 unknown_coupon coupon show other.png --shop shop
ok coupon show other.png
ok coupon show c.png --shop shop --json
printf '%s' "$out" | json 'd["digits"]' >digits.txt
python3 - <<'END'
# One bit of each byte of the signature and of the payload, one at a time, written as raw COSE bytes.
digits = open("digits.txt").read().strip()[5:]
tails = {3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6}
raw, i = b"", 0
while i < len(digits):
    part = digits[i:i + 17]
    raw += int(part).to_bytes(7 if len(part) == 17 else tails[len(part)], "big")
    i += 17
open("raw.cose", "wb").write(raw)
for n, at in enumerate((len(raw) - 1, len(raw) - 30, len(raw) - 64, len(raw) - 70)):
    bad = bytearray(raw)
    bad[at] ^= 1
    open("flip%d.cose" % n, "wb").write(bad)
END
ok coupon show raw.cose --shop shop
for n in 0 1 2; do
    bad 1 bad_signature coupon show flip$n.cose --shop shop
done
bad 1 'bad_signature|misread' coupon show flip3.cose --shop shop
ok sale --shop shop --basket basket.json --scan flip0.cose --scan other.png --json
same "in a sale" "$(printf '%s' "$out" | json "[p['outcome'] for p in d['presented']], d['outcome']")" \
    "(['bad_signature', 'unknown_coupon'], 'committed')"

# ---- the rest
bad 1 unknown_offer link --shop shop --card tok --offer nothere --channel app
bad 2 argument link --shop shop --card 'two words' --offer coffee --channel app
bad 2 argument report roi --shop shop --from 2026-02-30
bad 2 argument report roi --shop shop --from 2026-02-02 --to 2026-02-01
bad 2 argument report roi --shop shop --csv --json
bad 2 argument report profit --shop shop
