#!/bin/bash
# A new shop: whole or not at all, keys that only their owner reads, options that are refused.
. "$(dirname "$0")/lib.sh"

ok shop init shop --currency EUR --timezone Europe/Berlin --store mitte --tax added --name "A shop"
has "root key" "$out" 'move shop/office/root.key'
for file in shop.ini office/root.key office/merchant.key office/issuer.key authority/authority.db authority/grant.key authority/log.key \
    authority/card.key tills/till1/till.key tills/till1/till.db tills/desk/till.key; do
    [ -f "shop/$file" ] || fail "there is no shop/$file"
done
for file in $(find shop -name '*.key'); do
    same "mode of $file" "$(stat -c %a "$file")" 600
done
same "mode of the folder" "$(stat -c %a shop)" 700

before=$(ls -A)
unchanged shop 3 exists shop init shop
touch file
no 3 exists shop init file
no 2 argument shop init new --currency XYZ
no 2 argument shop init new --currency eur
no 2 argument shop init new --timezone Europe/Nowhere
no 2 argument shop init new --timezone ../../etc/passwd
no 2 argument shop init new --timezone ''
no 2 argument shop init new --store '../x'
no 2 argument shop init new --tax maybe
no 2 argument shop init new --tax-manufacturer-coupons never
no 2 argument shop init new --name ''
no 2 argument shop init new --risk-coupon-cap 5.001
no 2 argument shop init new --risk-hour-cap=-1.00
no 2 argument shop init new --currency JPY --risk-hour-cap 0.5
no 3 io shop init no/such/folder/shop
rm -f file out.txt err.txt
same "what lies beside the shop" "$(ls -A)" "$(printf '%s\n' "$before" | grep -v err.txt)"

ok shop init risky --risk-coupon-cap 5.00 --risk-hour-cap 50
python3 -c '
import sqlite3, sys
rows = sqlite3.connect("risky/authority/authority.db").execute("SELECT raw FROM statement ORDER BY n LIMIT 2")
sys.stdout.buffer.write(list(rows)[1][0])' >policy.cose || fail "no policy in risky"
ok cose verify --key risky/office/merchant.key policy.cose --json
printf '%s' "$out" | python3 -c '
import json, sys
terms = json.load(sys.stdin)["claims"]["terms"]
assert (terms["risk_coupon_cap"], terms["risk_hour_cap"]) == (500, 5000), terms' || fail "the caps of risky"

mkdir empty
ok shop init empty/
[ -f empty/shop.ini ] || fail "an empty folder was not taken"
for zone in America/St_Johns Pacific/Apia Africa/Casablanca Asia/Kathmandu UTC; do
    dir=zone-${zone//\//-}
    ok shop init "$dir" --timezone "$zone" --currency JPY
    # The policy's steps against Python's own reading of the zone, hour by hour.
    python3 - "$dir" <<'END' >policy.cose || fail "no policy in $dir"
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1] + "/authority/authority.db").execute("SELECT raw FROM statement ORDER BY n LIMIT 2")
sys.stdout.buffer.write(list(rows)[1][0])
END
    ok cose verify --key "$dir/office/merchant.key" policy.cose --json
    printf '%s' "$out" | python3 -c '
import bisect, datetime, json, sys, zoneinfo
terms = json.load(sys.stdin)["claims"]["terms"]
starts = [s["from_ms"] for s in terms["zone_steps"]]
assert starts == sorted(set(starts)), starts
zone = zoneinfo.ZoneInfo(terms["zone"])
now = datetime.datetime.now(datetime.timezone.utc)
t = datetime.datetime(now.year - 1, 1, 1, tzinfo=datetime.timezone.utc)
while t.year < now.year + 11:
    ms = int(t.timestamp() * 1000)
    step = terms["zone_steps"][max(0, bisect.bisect_right(starts, ms) - 1)]
    offset = t.astimezone(zone).utcoffset().total_seconds() / 60
    assert step["offset_min"] == offset, (t, step, offset)
    t += datetime.timedelta(hours=1)' || fail "the steps of $zone"
done

# The root key is needed no more, wherever it is.
mv shop/office/root.key .
offer coffee
ok offer publish coffee.json --shop shop
same "tills" "$(ls -A shop/tills | tr '\n' ' ')" "desk till1 "
ok till enrol till2 --shop shop --store nord
unchanged shop 3 exists till enrol till2 --shop shop
unchanged shop 2 argument till enrol '../till3' --shop shop
unchanged shop 2 argument till enrol .hidden --shop shop
ok till enrol till2 --shop shop --anew
same "tills" "$(ls -A shop/tills | tr '\n' ' ')" "desk till1 till2 "
basket basket.json 10.00
ok sale --shop shop --basket basket.json --till till2 --json
same "a till of the second epoch" "$(printf '%s' "$out" | json "d['outcome']")" committed
