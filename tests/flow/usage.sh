#!/bin/bash
# Help, misuse, and what scripts rely on: exit statuses, JSON that is JSON, CSV by RFC 4180.
. "$(dirname "$0")/lib.sh"
shop

for verb in "shop init" "till enrol" "till invite" "till join" "till revoke" "till lose" "till disputed" "till forks" "keys rotate" "offer publish" "coupon issue" "coupon show" "coupon pickup" "lease list" "lease write-off" quote sale link report audit erase "export bundle" "log key" "log cosign" "token issue" "token list" "token revoke" "cose verify" "device list" "device watch"; do
    ok $verb --help
    has "help of $verb" "$out" "^usage: tillproof $verb"
    ok --help
    has "the list" "$out" "^  $verb "
    no 2 argument $verb --nonsense
    has "what to do" "$(cat err.txt)" '--help'
    no 2 argument $verb -x
done
no 2 argument
no 2 argument nonsense
has "the verbs" "$(cat err.txt)" 'shop init, till enrol, till invite'
no 2 argument coupon
has "the verbs of coupon" "$(cat err.txt)" 'coupon issue, coupon show, coupon pickup'
no 2 argument shop
no 2 argument shop init
no 2 argument shop init a b
no 2 argument coupon issue --shop shop --offer coffee --channel
no 2 argument coupon issue --shop shop --offer --channel x
no 2 argument coupon issue --shop shop --offer coffee --channel x --count many
no 2 argument coupon issue --shop shop --offer coffee --channel x --json=yes
no 2 argument offer publish --shop shop
no 2 argument offer publish coffee.json
no 2 argument sale --shop shop
no 2 argument lease list
no 2 argument lease list --shop shop --csv --json
no 1 unknown_till lease list --shop shop --till nobody
no 2 argument lease write-off --shop shop
no 1 unknown_till lease write-off --shop shop --till nobody
no 2 argument lease write-off --shop shop --lease 77
no 3 no_shop lease list --shop nowhere
ok shop init --currency=USD -- --odd
[ -f ./--odd/shop.ini ] || fail "words after -- are no options"

for command in "shop init jshop --json" "till enrol t7 --shop shop --json" "offer publish coffee.json --shop shop --json" \
    "coupon issue --shop shop --offer coffee --channel x --json" "report roi --shop shop --json" \
    "lease list --shop shop --json" "lease write-off --shop shop --till till1 --json" "report redemptions --shop shop --json" "link --shop shop --card tok --offer coffee --channel x --json"; do
    ok $command
    printf '%s' "$out" | json '"json"' >/dev/null || fail "no JSON: $command: $out"
done

# What a spreadsheet would take for a formula, and what CSV must quote.
ok coupon issue --shop shop --offer coffee --channel '=1+1' --campaign 'a,"b'
ok report roi --shop shop --csv
has "a formula is defused" "$out" "^'=1\\+1,\"a,\"\"b\",1,0,"
printf '%s\n' "$out" | python3 -c '
import csv, sys
rows = list(csv.reader(sys.stdin))
assert all(len(r) == 8 for r in rows), rows
assert rows[0][0] == "channel" and rows[-1][0] == "total", rows'
same "columns stand under each other" "$(t report roi --shop shop | head -3 | awk '{print length}' | sort -u | wc -l)" 1
