#!/bin/bash
# A shop whose books are on a PostgreSQL server: audited, exported and erased in as on a file. Run by with_postgres.
. "$(dirname "$0")/lib.sh"

ok store migrate "$TILLPROOF_TEST_STORE"
ok shop init shop --database "$TILLPROOF_TEST_STORE"
offer coffee
ok offer publish coffee.json --shop shop
ok coupon issue --shop shop --offer coffee --channel email --out c.png
ok link --shop shop --card 4000 --customer 'Robin Winterbourne' --offer coffee --channel app
ok link --shop shop --card 5000 --offer coffee --channel app
ok audit --shop shop
has "statements" "$out" '^statements +8, each signed .* 2 records, 0 closes$'
has "the tables" "$out" '^tables +what reports read is what the records make$'
has "the desk" "$out" '^desk +epoch 1: 2 records, closed up to seq 0$'
ok export bundle --shop shop --out true.tpb
cp true.tpb first.tpb
ok export bundle --shop shop --out true.tpb
cmp true.tpb first.tpb || fail "the same books, another bundle"
ok audit true.tpb
grep -qa 'Robin Winterbourne' true.tpb || fail "the customer is not in the bundle"
t report roi --shop shop >before.roi
ok erase --shop shop --customer 'Robin Winterbourne'
t report roi --shop shop | cmp - before.roi || fail "the report is another one now"
no 1 unknown_person erase --shop shop --customer 'Robin Winterbourne'
ok audit --shop shop
has "erased" "$out" "^erased +1 persons' parts$"
ok export bundle --shop shop --out true.tpb
! grep -qa 'Robin Winterbourne' true.tpb || fail "the customer is still in the bundle"
ok audit true.tpb
