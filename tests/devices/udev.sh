#!/bin/bash
# Usage: udev.sh RULES: the rules as built. Every vendor of the list is named once, what nobody reads is left
# alone, and a list that is not one makes no rules.
set -u
cd "$(dirname "$0")/../.."
rules=$1 list=drivers/quirks/devices.list make=packaging/udev/make-rules

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
[ -s "$rules" ] || fail "$rules is not there"
"$make" >"$work/now" || fail "the rules cannot be made"
cmp -s "$rules" "$work/now" || fail "$rules are not those of the list"

vendors=$(grep -oE '^[0-9a-f]{4}:' "$list" | tr -d : | sort -u)
[ -n "$vendors" ] || fail "the list has no vendor"
for vendor in $vendors; do
    [ "$(grep -c "^ATTR{idVendor}==\"$vendor\", " "$rules")" -eq 1 ] || fail "vendor $vendor has not one rule"
done
[ "$(grep -c '^ATTR' "$rules")" -eq "$(wc -l <<<"$vendors")" ] || fail "there are rules of no vendor"
grep -E '^[0-9a-f]{4}:[0-9a-f]{4} +other ' "$list" | while IFS=': ' read -r vendor product _; do
    grep -qE "^ATTR\\{idVendor\\}==\"$vendor\", ATTR\\{idProduct\\}!=\"([0-9a-f]{4}\\|)*$product[|\"]" "$rules" ||
        fail "$vendor:$product is not left out"
done || exit 1
[ -z "$(grep -vE '^#|^(ACTION|SUBSYSTEM|ENV\{DEVTYPE\})[!=]="[a-z_]+", GOTO="tillproof_end"$|^LABEL="tillproof_end"$|^ATTR\{idVendor\}=="[0-9a-f]{4}", (ATTR\{idProduct\}!="[0-9a-f|]+", )?MODE="0660", GROUP="plugdev", TAG\+="uaccess"$' "$rules")" ] ||
    fail "a line is not one of udev's"

# bad WORD TEXT: no rules, one line that says why.
bad() {
    printf "$2" >"$work/list"
    "$make" "$work/list" >"$work/out" 2>"$work/err" && fail "made rules of: $2"
    [ ! -s "$work/out" ] || fail "half of the rules were made of: $2"
    [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "$1" "$work/err" || fail "says: $(cat "$work/err")"
}
bad "no device" '# nothing\n'
bad "line 2" '0c2e:* hid_scanner "One"\n0c2e hid_scanner "Two"\n'
bad "line 1" '0c2g:0001 hid_scanner "One"\n'
bad "line 1" '0c2e:0001", RUN+="x hid_scanner "One"\n'
bad "line 1" '0c2e:0001 hid_scanner\n'
"$make" "$work/none" >/dev/null 2>"$work/err" && fail "made rules of no list"
grep -q 'cannot be read' "$work/err" || fail "says: $(cat "$work/err")"
exit 0
