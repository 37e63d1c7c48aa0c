#!/bin/bash
# 32 threads, then 32 processes, as 32 tills of one shop, hold one single-use coupon: exactly one is granted; the
# others hear that it is held, since when and at which till, and after the winner's commit that it was used. Then an
# automatic offer for 5 sales: exactly 5 are granted.
. "$(dirname "$0")/lib.sh"
tills=32
for how in threads processes; do
    shop $how
    for n in $(seq $tills); do
        ok till enrol r$n --shop $how
    done
    ok coupon issue --shop $how --offer coffee --channel email
    timeout 200 "$RACES" $how "$PLUGIN" $how "$out" $tills || fail "$how"
    ok report roi --shop $how --json
    same "redeemed" "$(printf '%s' "$out" | json "[r['redeemed'] for r in d['rows'] if r['channel'] == 'email']")" "[1]"
done

for how in threads processes; do
    shop five-$how
    offer first5 'o["redeem"] = ["automatic"]; o["limits"] = {"total": 5}'
    ok offer publish first5.json --shop five-$how
    for n in $(seq 12); do
        ok till enrol r$n --shop five-$how
    done
    timeout 200 "$RACES" $how "$PLUGIN" five-$how - 12 5 || fail "five of 12 $how"
    ok report redemptions --shop five-$how --json
    same "granted" "$(printf '%s' "$out" | json 'len([r for r in d["rows"] if r["offer"] == "first5"])')" 5
done
