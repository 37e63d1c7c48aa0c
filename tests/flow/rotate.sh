#!/bin/bash
# Each of the shop's keys is replaced, while a till is in use: what was signed before stays good, and the keyset never goes
# back.
. "$(dirname "$0")/lib.sh"
shop
ok coupon issue --shop shop --offer coffee --channel email --count 12 --out c
basket basket.json 20.00
i=0
sold() {
    i=$((i + 1))
    ok sale --shop shop --basket basket.json --scan "$(ls "$1"/*.png | sed -n ${i}p)" --json
    same "a coupon after $2" "$(printf '%s' "$out" | json "d['quote']['due'], d['binding']")" "('18.00', True)"
}
sold c nothing
number=1
for purpose in merchant issuer grant log registrar; do
    before=$(cat shop/*/$purpose.key | sha256sum)
    number=$((number + 1))
    ok keys rotate --shop shop --purpose $purpose --json
    same "the keyset" "$(printf '%s' "$out" | json "d['purpose'], d['keyset']")" "('$purpose', $number)"
    [ "$(cat shop/*/$purpose.key | sha256sum)" != "$before" ] || fail "the $purpose key is the old one"
    same "its mode" "$(stat -c %a shop/*/$purpose.key)" 600
    [ -z "$(find shop -name '*.next')" ] || fail "a key is left over"
    sold c "another $purpose key"
done
# All of them sign: an offer, coupons, a till by a code, an audit of a log under two keys.
offer tea
ok offer publish tea.json --shop shop
ok coupon issue --shop shop --offer tea --channel email --out tea.png
ok sale --shop shop --basket basket.json --scan tea.png --json
same "a new coupon" "$(printf '%s' "$out" | json "d['quote']['due']")" 18.00
ok till invite --shop shop --till far --json
ok till join --shop shop --till far --code "$(printf '%s' "$out" | json "d['code']")"
ok sale --shop shop --till far --basket basket.json
ok audit --shop shop
has "the log is whole" "$out" "proves nothing against the keeper"

# Interrupted after the keyset was published: the new key is put in its place.
ok keys rotate --shop shop --purpose grant --at-once
cp shop/office/issuer.key old.key
ok keys rotate --shop shop --purpose issuer --json
number=$(printf '%s' "$out" | json "d['keyset']")
mv shop/office/issuer.key shop/office/issuer.key.next
mv old.key shop/office/issuer.key
no 1 bad_signature coupon pickup "$(ls c/*.png | sed -n 11p)" --shop shop
ok keys rotate --shop shop --purpose issuer --json
same "no further keyset" "$(printf '%s' "$out" | json "d['keyset']")" "$number"
ok coupon pickup "$(ls c/*.png | sed -n 11p)" --shop shop
sold c "the interrupted one"

unchanged shop 2 argument keys rotate --shop shop --purpose root
unchanged shop 2 argument keys rotate --shop shop --purpose till
no 2 argument keys rotate --shop shop
mv shop/office/root.key away.key
unchanged shop 3 io keys rotate --shop shop --purpose merchant
ok offer publish tea.json --shop shop
