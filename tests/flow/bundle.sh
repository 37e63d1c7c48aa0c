#!/bin/bash
# A bundle is the shop's whole book in one file; the audit names the first false thing in one that was doctored.
. "$(dirname "$0")/lib.sh"

# doctored PATTERN OP [N...]: after that operation on a true bundle the audit ends with 1 and one line: the pattern.
doctored() {
    local wanted=$1
    shift
    "$DOCTOR" "$1" true.tpb bad.tpb shop "${@:2}" || fail "doctor $*"
    no 1 corrupt audit bad.tpb
    grep -qxE -- "tillproof: corrupt: $wanted" err.txt || fail "doctor $*: no '$wanted' in: $(cat err.txt)"
}

shop
basket basket.json 30.00
ok coupon issue --shop shop --offer coffee --channel email --out c.png
ok sale --shop shop --basket basket.json --scan c.png --reference S-1
ok link --shop shop --card 4000 --customer 'Bob Miller' --offer coffee --channel app
ok sale --shop shop --basket basket.json --card 4000 --reference S-2
ok sale --shop shop --basket basket.json --reference S-3
ok refund --shop shop --sale S-3 --line 1

# ---- true ones ----

ok export bundle --shop shop --out true.tpb
same "its mode" "$(stat -c %a true.tpb)" 600
same "nothing is left beside it" "$(ls | grep -c 'true.tpb')" 1
ok audit true.tpb
has "statements" "$out" '^statements +11, each signed .* 5 records, 0 closes$'
has "the log" "$out" '^log +11 leaves under [0-9]+ checkpoints; 0 wait$'
has "receipts" "$out" '^receipts +2, each of this log$'
has "the tables" "$out" '^tables +what reports read is what the records make$'
has "the till" "$out" '^till1 +epoch 1: 4 records, closed up to seq 0$'
has "the keeper" "$out" '^self-kept: proves nothing against the keeper$'
has "the root key" "$out" '^root key +[0-9a-f]{16}\.\.\., on its own word: .*--root$'
[ -z "$(ls "${TMPDIR:-/tmp}" | grep tillproof-audit)" ] || fail "the audit left its copy"
before=$(sum_of shop)
ok export bundle --shop shop --out again.tpb --json
same "JSON" "$(printf '%s' "$out" | json "d['leaves'], d['waiting'], d['receipts'], d['parts']")" "(11, 0, 2, True)"
cmp true.tpb again.tpb || fail "the same shop, another bundle"
same "the shop after that" "$(sum_of shop)" "$before"

openssl pkey -in shop/office/root.key -pubout -out root.pem 2>/dev/null
openssl pkey -in shop/office/merchant.key -pubout -out other.pem 2>/dev/null
ok audit true.tpb --root root.pem
has "anchored" "$out" '^root key +[0-9a-f]{16}\.\.\., as named$'
ok audit true.tpb --root root.pem --json
same "JSON" "$(printf '%s' "$out" | json "d['true'], d['anchored'], d['withheld'], d['receipts'], d['wrong'], len(d['tills'])")" "(True, True, False, 2, None, 2)"
no 1 corrupt audit true.tpb --root other.pem
has "another root" "$(cat err.txt)" 'leaf 0 \(keyset by root\): the keyset is not signed by the root key that was expected'
no 1 corrupt audit --shop shop --root other.pem

ok export bundle --shop shop --out bare.tpb --without-parts
for word in Beans coffee-beans 'Bob Miller' S-2; do
    ! grep -qa -- "$word" bare.tpb || fail "'$word' is in a bundle without parts"
done
grep -qa 'Bob Miller' true.tpb || fail "the customer is not in a bundle with parts"
ok audit bare.tpb
has "no tables" "$out" '^tables +not made: parts are withheld$'
has "the till" "$out" '^till1 +epoch 1: 4 records'

# The doctor's hands are clean: without an operation, and with all signatures made anew, it is still true.
for how in 0 1; do
    "$DOCTOR" nothing true.tpb same.tpb shop $how || fail "doctor"
    ok audit same.tpb
done
cmp <("$DOCTOR" nothing true.tpb /dev/stdout shop) true.tpb || fail "the doctor changes what it should not"

# ---- doctored: leaves 6, 8 and 9 are till1's sales, 7 the desk's link, 10 the refund ----

root='give the root that the checkpoint of [0-9]+ leaves signed'
doctored 'leaf 3 is missing from the log' drop 3
doctored 'the checkpoint of 7 leaves stands behind 6: a leaf before it is missing' drop 6
doctored 'the checkpoint of 7 leaves stands behind 6: a leaf before it is missing' drop-and-renumber 6
doctored 'leaf 6 \(commit 1/1 of till1\): commit statement: its signature does not check out' amount 6
doctored 'leaf 6 \(commit 1/1 of till1\): commit statement: no key of its purpose is known by its kid' sign-as-stranger 6
doctored "leaf 6 does not $root" sign-again 6
doctored 'leaf 8 \(commit 1/2 of till1\) and the record beside it do not follow one another' sign-again-and-log 6
doctored 'leaf 6 \(commit 1/1 of till1\): a part is not the one that was signed' change-part 6
doctored 'leaf 6 \(commit 1/1 of till1\): the statement came without its lines' drop-lines 6
doctored "leaf 6 \\(commit 1/1 of till1\\): its person's part is missing, and was not erased" drop-person 6
doctored "leaf 7 \\(link 1/1 of desk\\): its person's part is missing, and was not erased" drop-person 7
doctored 'leaf 6: a part is withheld, and the bundle says that none is' claim-withheld 6
doctored 'leaf 11 \(keyset by root\): keyset 1 after keyset 1: keysets never go back' roll-back 5
doctored "leaves 0 to 5 do not $root" swap 4 6
doctored 'leaf 6 is missing from the log' swap-whole 6 8
doctored 'leaf 11 \(commit 1/1 of till1\) was there before' repeat 6 11
"$DOCTOR" close true.tpb closed.tpb shop 5 0 || fail "doctor close"
ok audit closed.tpb
has "a true close" "$out" '^till1 +epoch 1: 5 records, closed up to seq 4$'
doctored 'close 1/5 of till1: its total in EUR is not that of its records' close 5 1

# ---- checkpoints, receipts, figures, and the file ----

doctored 'two trees of one size: the log signed another root for 7 leaves' second-tree 1
doctored 'the checkpoint of 7 leaves is there twice' twice 1
doctored 'the log shrinks: a checkpoint of 7 leaves follows one of 8' shrink 2
doctored 'the checkpoint of 6 leaves: no log key signed it' foreign-checkpoint
doctored 'the proof that the log of 7 leaves continues that of 6 does not check out' broken-proof 1
doctored 'the receipt of leaf 7 is of another tree of 11 leaves' other-receipt
doctored 'the receipt of leaf 6: no log key signed that for its statement' misplaced-receipt
doctored 'table row sale [0-9a-f]{16}/till1/main is not what the signed records make' change-figure
doctored 'table row .* is not what the signed records make' drop-figure
doctored 'item 2 of the bundle is not in its order' out-of-order
doctored 'the bundle has not as many items of a kind as its end says' wrong-end 1

size=$(stat -c %s true.tpb)
broken() {
    no 1 corrupt audit bad.tpb
    has "$1" "$(cat err.txt)" "$2"
}
for at in 0 1 40 $((size / 2)) $((size - 1)); do
    head -c "$at" true.tpb >bad.tpb
    broken "cut at $at" 'does not begin as a bundle does|behind leaf -?[0-9]+: it is cut off within item [0-9]+|behind leaf -?[0-9]+: item [0-9]+ is none of a bundle|the bundle is cut off'
done
head -c $((size - 44)) true.tpb >bad.tpb # between two items: without the end
broken "without its end" 'behind leaf 10: (the bundle is cut off|it is cut off within item [0-9]+)'
(cat true.tpb && printf x) >bad.tpb
broken "garbage behind it" 'bytes stand behind the end of the bundle'
cat true.tpb true.tpb >bad.tpb
broken "twice" 'bytes stand behind the end of the bundle'
: >bad.tpb
broken "nothing" 'does not begin as a bundle does'
head -c 100000 /dev/urandom >bad.tpb
broken "noise" 'does not begin as a bundle does'

no 3 io audit nowhere.tpb
no 3 io audit true.tpb --root nowhere.pem
no 2 argument audit true.tpb --shop shop
no 2 argument export bundle --shop shop
no 3 no_shop export bundle --shop nowhere --out x.tpb
no 3 io export bundle --shop shop --out nowhere/x.tpb
