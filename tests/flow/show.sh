#!/bin/bash
# What people show: pictures are searched in another process, and standard error stays the command's own. The pictures
# here are sound coupons of a shop that is no more, in which the DataBar decoder of zbar 0.23.92 stumbles over bars that
# are none, and says so on standard error.
. "$(dirname "$0")/lib.sh"
shop
basket basket.json 12.99
pictures=$SOURCE/tests/flow/pictures

for picture in "$pictures"/databar-*.png; do
    ok coupon show "$picture" --json
    same "a coupon of no shop" "$(printf '%s' "$out" | json "(d['kind'], d['signature'])")" "('coupon', 'unchecked')"
    digits=$(printf '%s' "$out" | json "d['digits']")
    unchanged shop 1 unknown_coupon coupon show "$picture" --shop shop
    ok sale --shop shop --basket basket.json --scan "$picture"
done

# ---- without the helper a picture cannot be searched, and the rest goes on
mkdir -p half/ui half/plugin
cp "$TILLPROOF" half/ui/tillproof
TILLPROOF=half/ui/tillproof
no 3 io coupon show "$pictures/databar-1.png"
ok coupon show "$digits"

# ---- a helper that is none: it dies before it answers
printf '#!/bin/sh\nexit 0\n' >half/plugin/tillproof-helper
chmod +x half/plugin/tillproof-helper
no 3 io coupon show "$pictures/databar-1.png"
