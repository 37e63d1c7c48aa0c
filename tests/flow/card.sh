#!/bin/bash
# A card's token reaches no file: neither as it is, nor in hexadecimal or base64, in any file of the shop or the POS.
. "$(dirname "$0")/lib.sh"
shop
token=tok_secret_8342917
basket basket.json 30.00
printf '%s\n' $token | t link --shop shop --card - --offer coffee --channel app --customer anna >out.txt || fail "link"
printf '%s\n' $token | t sale --shop shop --basket basket.json --card - --json >sale.json || fail "sale"
same "the card's offer" "$(json "d['quote']['discount']" <sale.json)" 3.00
ok link --shop shop --card $token --offer coffee --channel app --remove
printf 'item 1 Beans coffee 1 30.00 7\ncard %s\ntotal\npay card all\nreceipt\n' $token |
    "$SAMPLE_POS" --plugin "$PLUGIN" --shop shop --journal pos.journal >pos.txt || fail "the POS: $(cat pos.txt)"
has "the card was taken, and is joined no longer" "$(cat pos.txt)" 'discount 0.00 due 30.00'
has "the POS paid" "$(cat pos.txt)" '^COMMITTED'

hex=$(printf %s $token | od -An -tx1 | tr -d ' \n')
base64=$(printf %s $token | base64 | cut -c1-20)
for needle in $token "$hex" "$base64"; do
    found=$(grep -rliaF -- "$needle" . | head -1)
    [ -z "$found" ] || fail "the token is in $found"
done
# The files are read while a till has them open, too: the write-ahead log and the shared memory are then there.
mkfifo commands
"$SAMPLE_POS" --plugin "$PLUGIN" --shop shop --journal pos.journal <commands >pos.txt 2>&1 &
pos=$!
exec 3>commands
printf 'item 1 Beans coffee 1 30.00 7\ncard %s\ntotal\n' $token >&3
for _ in $(seq 100); do
    grep -q '^TOTAL' pos.txt && break
    sleep 0.1
done
ls shop/tills/till1/*-wal >/dev/null 2>&1 || fail "there is no write-ahead log to look into"
found=$(grep -rlaF -- $token shop pos.journal pos.txt | head -1)
[ -z "$found" ] || fail "while open the token is in $found"
exec 3>&-
wait $pos
