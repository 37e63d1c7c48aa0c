#!/bin/bash
# A till enrols by a code that is good once; a wrong one does not, and whoever guesses is stopped.
. "$(dirname "$0")/lib.sh"
shop
ok coupon issue --shop shop --offer coffee --channel email --count 4 --out c
basket basket.json 20.00
code_of() {
    printf '%s' "$out" | json "d['code']"
}

ok till invite --shop shop --till far --store mitte --json
code=$(code_of)
has "its form" "$code" '^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$'
! grep -raq -e "$code" -e "${code//-/}" shop || fail "the code is kept in the shop"
no 1 not_invited till join --shop shop --till other --code "$code"
no 1 not_invited till join --shop shop --till far --code 0000-0000-0000-0000
no 2 argument till join --shop shop --till far --code 0000
no 2 argument till join --shop shop --till far --code "${code}0"
no 2 argument till join --shop shop --till ../far --code "$code"
no 3 no_shop till join --shop shop --till far --code "$code" --anew
[ ! -e shop/tills/far ] || fail "a till was made without a code"
# As it is typed: small letters, no dashes.
out=$(tr -d - <<<"$code" | tr A-Z a-z | t till join --shop shop --till far --code - --json) || fail "the code is refused"
same "what was done" "$(printf '%s' "$out" | json "d['till'], d['store'], d['epoch']")" "('far', 'mitte', 1)"
same "the key is its owner's" "$(stat -c %a shop/tills/far/till.key shop/tills/far/till.db | tr '\n' ' ')" "600 600 "
printf '{"currency":"EUR","store":"mitte","lines":[{"line":1,"sku":"1","name":"Beans","category":"coffee","quantity":"1","unit_price":"20.00","tax_percent":"7"}]}\n' >mitte.json
ok sale --shop shop --till far --basket mitte.json --scan "$(ls c/*.png | head -1)" --json
same "it redeems" "$(printf '%s' "$out" | json "d['quote']['due']")" 18.00
no 3 exists till join --shop shop --till far --code "$code"

# The answer was lost, or the machine went off: the same key goes on. Another one comes too late.
mv shop/tills/far far
no 1 not_invited till join --shop shop --till far --code "$code"
rm -rf shop/tills/.join-far
cp -r far shop/tills/.join-far
ok till join --shop shop --till far --code "$code" --json
same "the same epoch" "$(printf '%s' "$out" | json "d['epoch']")" 1
rm -rf shop/tills/far
mv far shop/tills/far

# A till that was given up begins anew, with another key.
ok till revoke --shop shop --till far
before=$(sha256sum <shop/tills/far/till.key)
ok till invite --shop shop --till far --json
ok till join --shop shop --till far --code "$(code_of)" --anew --json
same "the next epoch" "$(printf '%s' "$out" | json "d['store'], d['epoch']")" "('mitte', 2)"
[ "$(sha256sum <shop/tills/far/till.key)" != "$before" ] || fail "the old key goes on"
[ ! -e shop/tills/far/till.key.next ] || fail "a key is left over"
ok sale --shop shop --till far --basket mitte.json --scan "$(ls c/*.png | sed -n 2p)" --json
same "it redeems again" "$(printf '%s' "$out" | json "d['quote']['due']")" 18.00

# A key that others may read, or that is a link, is not used.
chmod 640 shop/tills/far/till.key
no 3 untrusted sale --shop shop --till far --basket mitte.json
chmod 600 shop/tills/far/till.key
mv shop/tills/far/till.key k
ln -s ../../../k shop/tills/far/till.key
no 3 '(untrusted|io)' sale --shop shop --till far --basket mitte.json
rm shop/tills/far/till.key
mv k shop/tills/far/till.key

# Whoever guesses is stopped, for a while, also with the right code.
ok till invite --shop shop --till next --json
code=$(code_of)
for i in 1 2 3 4 5 6 7 8 9 10; do
    no 1 not_invited till join --shop shop --till next --code 1111-2222-3333-444$((i % 8))
done
no 1 throttled till join --shop shop --till next --code "$code"
ok till enrol next --shop shop
no 2 argument till invite --shop shop --till next --hours 0
no 2 argument till invite --shop shop --till ..
ok audit --shop shop
