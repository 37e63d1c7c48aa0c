# For ../python, ../java and ../node: . "$SOURCE/tests/hosts/guest/host.sh". A shop with one offer and coupons, what
# the sale of every host must print, and what the shop's report must hold after it.
. "$SOURCE/tests/flow/lib.sh"
here=$SOURCE/tests/hosts

# skip WHY: what the machine lacks; ctest counts it as skipped.
skip() {
    echo "skipped: $*"
    exit 77
}

# host_shop: a shop in ./shop; $coupon holds a coupon's digits, $spare those of another.
host_shop() {
    shop
    ok coupon issue --shop shop --offer coffee --channel email
    coupon=$out
    ok coupon issue --shop shop --offer coffee --channel email
    spare=$out
}

# Two packets of beans at 12.99 and 7%, one tea at 4.50 and 19%; 10% off the beans.
sale_lines() {
    cat <<'END'
present ok coffee
quote provisional due 2788
hold binding gross 3048 discount 260 due 2788 tax 225
line 1 net 2338 tax 153
line 2 net 450 tax 72
share line 1 offer 0 discount 260
offer coffee applied 260
tax 7000 153 of 2338
tax 19000 72 of 450
commit committed 2788 redemptions 1
text has 10% off
status till1 online refused 0
closed
END
}

# host_sale NAME COMMAND...: the sale, as every host must print it, with nothing on standard error; then the report.
host_sale() {
    local name=$1
    shift
    "$@" >said.txt 2>err.txt || fail "$name: exit $?: $(cat said.txt err.txt)"
    [ ! -s err.txt ] || fail "$name says: $(cat err.txt)"
    diff <(sale_lines) said.txt >diff.txt || fail "$name prints something else: $(cat diff.txt)"
    ok report redemptions --shop shop --json
    same "$name: redemptions" \
        "$(printf '%s' "$out" | json "[(r['offer'], r['channel'], r['discount'], r['outcome']) for r in d['rows']]")" \
        "[('coffee', 'email', '2.60', 'applied')]"
}
