#!/bin/bash
# A person is erased: gone from the authority's files, figures stay, and the books are as whole as before.
. "$(dirname "$0")/lib.sh"

# traces WORD...: none of them is in the authority's database, its log, or what lies in between.
traces() {
    local word file
    for word; do
        for file in shop/authority/authority.db*; do
            ! grep -qaF -- "$word" "$file" || fail "'$word' is still in $file"
        done
    done
}

shop
basket basket.json 30.00
ok coupon issue --shop shop --offer coffee --channel email --out c.png
ok link --shop shop --card 4000123412341234 --customer 'customer 1042' --offer coffee --channel app
ok link --shop shop --card 5000123412341234 --customer 'Sasha Quill' --offer coffee --channel app
ok sale --shop shop --basket basket.json --card 4000123412341234 --reference SALE-1042
ok sale --shop shop --basket basket.json --card 5000123412341234 --reference SASHA-1
ok sale --shop shop --basket basket.json --scan c.png --reference OTHER-1
ok refund --shop shop --sale SALE-1042 --line 1
grep -qa 'customer 1042' shop/authority/authority.db* || fail "the name is nowhere to begin with"
for report in roi redemptions conflicts; do
    t report $report --shop shop >"before.$report"
done

unchanged shop 1 unknown_person erase --shop shop --customer 'Nobody Else'
unchanged shop 1 unknown_person erase --shop shop --card 4999
unchanged shop 1 unknown_sale erase --shop shop --sale NOSALE
no 2 argument erase --shop shop
no 2 argument erase --shop shop --customer A --card B
no 2 argument erase --shop shop --customer ''
no 2 argument erase --shop shop --card -
no 3 no_shop erase --shop nowhere --customer A

ok erase --shop shop --customer 'customer 1042' --json
same "what went" "$(printf '%s' "$out" | json "d['links'], d['sales'], d['reverses']")" "(1, 1, 1)"
traces 'customer 1042' SALE-1042 4000123412341234
grep -qa 'Sasha Quill' shop/authority/authority.db || fail "somebody else went, too"
for report in roi redemptions conflicts; do
    t report $report --shop shop | cmp - "before.$report" || fail "the report $report is another one now"
done
no 1 unknown_person erase --shop shop --customer 'customer 1042'
ok audit --shop shop
has "erased" "$out" "^erased +3 persons' parts$"
has "the tables" "$out" '^tables +what reports read is what the records make$'

# The card is linked to nothing now; the coupon is as used as before; the sale is known by its id alone.
ok sale --shop shop --basket basket.json --card 4000123412341234 --reference SALE-1043 --json
same "no discount" "$(printf '%s' "$out" | json "d['quote']['discount']")" 0.00
printf '4000123412341234\n' | t erase --shop shop --card - >out.txt 2>err.txt || fail "by the card: $(cat err.txt)"
has "by the card" "$(cat out.txt)" '^Erased the person of 0 links, 1 sales, and 0 refunds and voids; 4 parts so far\.$'
traces SALE-1043
ok erase --shop shop --sale SASHA-1
has "by the sale" "$out" '^Erased the person of 0 links, 1 sales, '
no 1 unknown_sale erase --shop shop --sale SASHA-1
traces SASHA-1
ok audit --shop shop

# A bundle says what was erased, and by whom; a doctor who erases by himself is found out.
ok export bundle --shop shop --out true.tpb
ok audit true.tpb
has "erased in a bundle" "$out" "^erased +5 persons' parts$"
grep -qa 'Sasha Quill' true.tpb || fail "her link is not in the bundle"
! grep -qa 'customer 1042' true.tpb || fail "he is in the bundle"
ok export bundle --shop shop --out bare.tpb --without-parts
ok audit bare.tpb
has "erased in a bundle without parts" "$out" "^erased +5 persons' parts$"
doctored() {
    "$DOCTOR" "$2" "$1" bad.tpb shop "$3" || fail "doctor"
    no 1 corrupt audit bad.tpb
    grep -qxE -- "tillproof: corrupt: $4" err.txt || fail "doctor $2: $(cat err.txt)"
}
ok sale --shop shop --basket basket.json --reference LAST-1
ok export bundle --shop shop --out last.tpb
last=$(t audit last.tpb --json | json "d['leaves'] - 1")
doctored last.tpb claim-erased "$last" "leaf $last: its person's part was erased, and no erasure counts it"
link=$(for i in 5 6 7 8 9; do "$DOCTOR" claim-erased true.tpb bad.tpb shop $i 2>/dev/null && t audit bad.tpb 2>&1 >/dev/null | grep -q 'the erasure counts 5 parts, and 6 are gone' && echo $i; done | head -1)
[ -n "$link" ] || fail "nobody misses a part that the erasure does not count"
doctored true.tpb drop-person "$link" "leaf $link \\(.*\\): its person's part is missing, and was not erased"
