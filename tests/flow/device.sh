#!/bin/bash
# device list and device watch: what a till's devices.ini names, states and scans as lines, and hostile bytes.
. "$(dirname "$0")/lib.sh"
shop
mkfifo scans
ini=shop/tills/till1/devices.ini

ok device list --shop shop
same "without devices.ini" "$(wc -l <<<"$out")" 1
printf '[devices]\npath = %s/scans\npath = %s/nothing\n' "$work" "$work" >$ini
ok device list --shop shop
has "the scanner" "$out" "^ +1  device_ready +virtual  virtual scanner  $work/scans"
has "the one that is not there" "$out" "^ +2  device_failed .*$work/nothing +it cannot be opened: "
ok device list --shop shop --json
same "as JSON" "$(json '[(i["device"], i["state"]) for i in d]' <<<"$out")" "[(1, 'device_ready'), (2, 'device_failed')]"

# A writer waits for the reader, so it may be first.
timeout 60 printf '%s\n' ']E04006381333931' $'\e[31m%s\\' >scans 2>/dev/null &
ok device watch --shop shop --count 2 --seconds 30
wait
has "its state" "$out" "^device 1 device_ready: virtual scanner, $work/scans$"
has "an article" "$out" '^scan 1 \]E0 4006381333931$'
has "what a terminal would obey" "$out" '^scan 1 \\x1b\[31m%s\\x5c$'
timeout 60 printf ']Q1a"b\n\377\n' >scans 2>/dev/null &
ok device watch --shop shop --count 2 --seconds 30 --json
wait
same "scans as JSON" "$(grep '"scan"' <<<"$out" | python3 -c '
import json, sys
print([(d["symbology"], bytes.fromhex(d["hex"]), d.get("text")) for d in map(json.loads, sys.stdin)])')" \
    "[(']Q1', b'a\"b', 'a\"b'), ('', b'\\xff', None)]"
printf '4006381333931' >codes
ok device watch --path "$work/codes" --count 1 --seconds 30
has "a file, beside the USB of this machine" "$out" '^scan [0-9]+ 4006381333931$'

# Told to end, it gives the devices back and is done.
"$TILLPROOF" device watch --shop shop --seconds 60 >watched.txt 2>&1 &
watch=$!
for _ in $(seq 200); do
    grep -q 'device_ready' watched.txt && break
    sleep 0.05
done
grep -q 'device_ready' watched.txt || fail "it watches nothing"
kill -TERM $watch
wait $watch || fail "a stop is exit $?"

no 3 timeout device watch --shop shop --count 1 --seconds 1
no 2 argument device watch --count many
no 2 argument device watch --seconds 99999999
no 2 argument device list --till till1
no 2 argument device list --path ''
no 2 argument device list --path "/$(printf '%0108d' 0)"
no 2 argument device list --shop shop --till '../till1'
no 1 unknown_till device list --shop shop --till till9
no 3 no_shop device list --shop nowhere
no 2 argument device
has "the verbs of device" "$(cat err.txt)" 'device list, device watch'
printf '[devices]\nusb = perhaps\n' >$ini
no 1 bad_value device list --shop shop
has "the line" "$(cat err.txt)" 'devices.ini, line 2: usb is yes or no'
basket b.json 10.00
no 3 corrupt sale --shop shop --basket b.json
has "the line, from the plugin" "$(cat err.txt)" 'devices.ini, line 2: usb is yes or no'
rm $ini
ok sale --shop shop --basket b.json
