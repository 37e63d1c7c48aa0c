# For the scripts of this folder: . "$(dirname "$0")/lib.sh". Sets up a temporary folder, which is the working
# directory and is removed at the end. The programs come as TILLPROOF, PLUGIN, SAMPLE_POS, SOURCE and BUILD.
set -u
: "${TILLPROOF:?is the tillproof command}" "${PLUGIN:?is the plugin}" "${SAMPLE_POS:?is the sample POS}"
: "${SOURCE:?is the source tree}" "${BUILD:?is the build folder}"
work=$(mktemp -d "${TMPDIR:-/tmp}/flow-XXXXXX") || exit 1
trap 'chmod -R u+rwX "$work" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# same WHAT GOT WANTED
same() {
    [ "$2" = "$3" ] || fail "$1: got '$2', not '$3'"
}

# has WHAT TEXT PATTERN: the text has a line that matches.
has() {
    printf '%s\n' "$2" | grep -qE -- "$3" || fail "$1: no line matches '$3' in: $2"
}

t() {
    "$TILLPROOF" "$@"
}

# ok COMMAND...: runs tillproof, which must succeed and say nothing on standard error; its output in $out.
ok() {
    out=$(t "$@" 2>err.txt)
    local status=$?
    [ $status -eq 0 ] || fail "tillproof $*: exit $status: $(cat err.txt)"
    [ ! -s err.txt ] || fail "tillproof $*: says $(cat err.txt)"
}

# no STATUS WORD COMMAND...: tillproof must end with that status, and say one line with that word on standard error.
no() {
    local status=$1 word=$2 got
    shift 2
    t "$@" >out.txt 2>err.txt </dev/null
    got=$?
    [[ $got == $status ]] || fail "tillproof $*: exit $got, not $status: $(cat err.txt)"
    [ "$(wc -l <err.txt)" -eq 1 ] || fail "tillproof $*: not one line: $(cat err.txt)"
    grep -qE "^tillproof: $word: .{10,}" err.txt || fail "tillproof $*: no '$word' in: $(cat err.txt)"
}

# sum_of DIR: a checksum over the names and contents of every file in it.
sum_of() {
    (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
}

# unchanged DIR STATUS WORD COMMAND...: like no, and nothing in DIR has changed.
unchanged() {
    local dir=$1 before
    shift
    before=$(sum_of "$dir")
    no "$@"
    same "files after: $*" "$(sum_of "$dir")" "$before"
}

# json EXPRESSION: evaluates Python over the JSON document `d` on standard input and prints the result.
json() {
    python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# offer ID MORE...: writes ID.json, an offer of 10% for coupons and cards; MORE are Python statements about `o`.
offer() {
    python3 - "$@" <<'END'
import json, sys
o = {"id": sys.argv[1], "version": 1, "title": "10% off", "currency": "EUR", "funder": "store",
     "redeem": ["coupon", "card"], "valid": {"from": "2020-01-01", "until": "2099-12-31"},
     "needs": {"category": ["coffee"]}, "gives": {"percent": "10"}, "limits": {"per_coupon": 1},
     "returns": "keep", "fee": {"percent": "3", "fixed": "0.10"}}
for line in sys.argv[2:]:
    exec(line)
json.dump(o, open(sys.argv[1] + ".json", "w"))
END
}

# basket FILE PRICE [CURRENCY]: one line of coffee.
basket() {
    printf '{"currency":"%s","lines":[{"line":1,"sku":"1","name":"Beans","category":"coffee","quantity":"1","unit_price":"%s","tax_percent":"7"}]}\n' \
        "${3:-EUR}" "$2" >"$1"
}

# shop [DIR]: a shop with the offer coffee published.
shop() {
    ok shop init "${1:-shop}"
    offer coffee
    ok offer publish coffee.json --shop "${1:-shop}"
}
