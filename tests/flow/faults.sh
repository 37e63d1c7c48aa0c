#!/bin/bash
# A shop that is missing, read-only, of a newer version, damaged, or in use: one line each, and nothing changes.
. "$(dirname "$0")/lib.sh"
shop
basket basket.json 12.99
ok coupon issue --shop shop --offer coffee --channel email --out c.png
ok sale --shop shop --basket basket.json --json

verbs() {
    "$@" offer publish coffee.json --shop "$dir"
    "$@" coupon issue --shop "$dir" --offer coffee --channel email
    "$@" coupon show c.png --shop "$dir"
    "$@" sale --shop "$dir" --basket basket.json
    "$@" link --shop "$dir" --card tok --offer coffee --channel app
    "$@" report roi --shop "$dir"
    "$@" till enrol till5 --shop "$dir"
}

# ---- missing
dir=nowhere
verbs no 3 no_shop
mkdir empty
dir=empty
verbs unchanged empty 3 no_shop

# ---- newer
cp -r shop newer
sed -i 's/^version = .*/version = 99/' newer/shop.ini
dir=newer
verbs unchanged newer 3 newer_version

# ---- damaged
cp -r shop damaged
echo nonsense >damaged/shop.ini
dir=damaged
verbs unchanged damaged '[13]' '(bad_value|corrupt|no_shop)'
cp -r shop cut
head -c 1000 cut/authority/authority.db >cut/x && cat cut/x >cut/authority/authority.db && rm cut/x
unchanged cut 3 '(corrupt|io|newer_version)' report roi --shop cut
cp -r shop open
chmod 644 open/office/merchant.key
offer fresh
unchanged open 3 untrusted offer publish fresh.json --shop open

# ---- read-only: as somebody whom root's rights do not help
mkdir tmp
chmod 755 "$work"
chmod 777 tmp
cp -r shop readonly
offer fresh
readonly_run() {
    local status
    if [ "$(id -u)" = 0 ]; then
        TMPDIR=$work/tmp setpriv --reuid=65534 --regid=65534 --clear-groups "$TILLPROOF" "$@"
    else
        TMPDIR=$work/tmp "$TILLPROOF" "$@"
    fi
}
[ "$(id -u)" = 0 ] && chown -R 65534:65534 readonly
find readonly -type d -exec chmod 500 {} +
find readonly -type f -exec chmod 400 {} +
before=$(sum_of readonly)
readonly_no() {
    readonly_run "$@" >out.txt 2>err.txt </dev/null
    same "exit of $*" $? 3
    same "lines of $*" "$(wc -l <err.txt)" 1
    has "$*" "$(cat err.txt)" '^tillproof: read_only: .*'
    same "files after $*" "$(sum_of readonly)" "$before"
}
# The programs may lie in a folder that only root enters.
if readonly_run --version >out.txt 2>&1; then
    readonly_no offer publish fresh.json --shop readonly
    readonly_no coupon issue --shop readonly --offer coffee --channel email
    readonly_no till enrol till5 --shop readonly
    readonly_no sale --shop readonly --basket basket.json
    readonly_no link --shop readonly --card tok --offer coffee --channel app
    mkdir locked
    [ "$(id -u)" = 0 ] && chown 65534:65534 locked
    chmod 500 locked
    readonly_run shop init locked/shop >out.txt 2>err.txt
    same "init in a locked folder" "$?: $(cut -d: -f2 err.txt)" "3:  read_only"
else
    echo "not tried: the built programs cannot be run by another user here"
fi

# ---- a till that another process has open
mkfifo commands
"$SAMPLE_POS" --plugin "$PLUGIN" --shop shop <commands >pos.txt 2>&1 &
pos=$!
exec 3>commands
echo "item 1 Beans coffee 1 12.99 7" >&3
for _ in $(seq 100); do
    grep -q '^PRICE' pos.txt && break
    sleep 0.1
done
grep -q '^PRICE' pos.txt || fail "the POS did not open its till: $(cat pos.txt)"
sleep 0.5
# The till at work syncs by itself now and then: of a few tries one falls between.
quietly() {
    for _ in 1 2 3 4; do
        (unchanged "$@") 2>/dev/null && return
    done
    unchanged "$@"
}
quietly shop 3 till_busy sale --shop shop --basket basket.json
quietly shop 3 till_busy till enrol till1 --shop shop --anew
ok sale --shop shop --basket basket.json --till desk
exec 3>&-
wait $pos || fail "the POS ended with $?: $(cat pos.txt)"
ok sale --shop shop --basket basket.json

# ---- standard output that cannot be written
if [ -e /dev/full ]; then
    t report roi --shop shop >/dev/full 2>err.txt
    same "a full disk behind standard output" "$?: $(cut -d: -f2 err.txt)" "3:  io"
fi
