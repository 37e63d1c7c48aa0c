#!/bin/bash
# The audit says that true books are true, changes nothing, and names the first false thing in doctored ones.
. "$(dirname "$0")/lib.sh"

# sql DIR TEXT: on the shop's database, which nobody has open. VACUUM, for pages that another program changed are
# refused before anybody looks at what is in them; those that it wrote all anew say nothing of themselves.
sql() {
    python3 - "$1/authority/authority.db" "$2" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
rows = db.executescript(sys.argv[2])
db.commit()
db.execute("VACUUM")
END
}

# doctored SQL PATTERN: a copy of the shop with that done to it is found out, with these words.
doctored() {
    rm -rf bad
    cp -r shop bad
    sql bad "$1"
    no 1 corrupt audit --shop bad
    grep -qE -- "$2" err.txt || fail "no '$2' in: $(cat err.txt)"
}

shop
basket basket.json 30.00
ok coupon issue --shop shop --offer coffee --channel email --out c.png
ok sale --shop shop --basket basket.json --scan c.png --reference S-1
ok link --shop shop --card 4000 --offer coffee --channel app
ok sale --shop shop --basket basket.json --card 4000 --reference S-2
ok sale --shop shop --basket basket.json --reference S-3
ok refund --shop shop --sale S-3 --line 1

before=$(sum_of shop)
ok audit --shop shop
has "statements" "$out" '^statements +[0-9]+, each signed .* 5 records, 0 closes'
has "the log" "$out" '^log +[0-9]+ leaves under [0-9]+ checkpoints'
has "the till" "$out" '^till1 +epoch 1: 4 records, closed up to seq 0$'
has "the keeper" "$out" '^self-kept: proves nothing against the keeper$'
ok audit --shop shop --json
same "JSON" "$(printf '%s' "$out" | json "d['true'], d['records'], d['wrong'], d['witnessed'], d['tills'][1]['proved']")" "(True, 5, None, 0, 4)"
same "the shop after audits" "$(sum_of shop)" "$before"
[ -z "$(ls "${TMPDIR:-/tmp}" | grep tillproof-audit)" ] || fail "the audit left its copy"

doctored "DELETE FROM leaf WHERE idx = 2" "leaf 2 is missing from the log"
doctored "DELETE FROM checkpoint; DELETE FROM node" "node 0/0|leaf 0 is under no checkpoint"
doctored "UPDATE sale SET net = net - 100 WHERE seq = 1" "table row sale [0-9a-f]{16}.* is not what the signed records make"
doctored "UPDATE redemption SET channel = 'other'" "table row redemption"
doctored "DELETE FROM reversal" "table row reversal"
doctored "UPDATE link SET channel = 'other'" "table row link [0-9a-f]{16}/"
doctored "UPDATE statement SET raw = CAST(substr(raw, 1, length(raw) - 1) || CASE WHEN substr(raw, -1) = x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE kind = 9" \
    "statement [0-9]+ \(commit 1/1 of till1\): .*signature does not check out"
doctored "UPDATE statement SET raw = (SELECT raw FROM statement s WHERE s.kind = 9 AND s.n > statement.n ORDER BY n LIMIT 1) WHERE n = (SELECT min(n) FROM statement WHERE kind = 9)" \
    "statement [0-9]+ \(commit 1/2 of till1\) is kept under another statement's name"
doctored "DELETE FROM statement WHERE n = (SELECT min(n) FROM statement WHERE kind = 9)" "leaf [0-9]+: its statement is not kept"
doctored "DELETE FROM part WHERE which = 1" "came without its lines"

# The keeper takes the log back to its first checkpoint, without a trace in it; but the till had seen more, and said so.
doctored "CREATE TEMP TABLE cut AS SELECT min(size) AS n FROM checkpoint;
    INSERT INTO leaf_queue (merchant, d) SELECT merchant, d FROM leaf WHERE idx >= (SELECT n FROM cut) ORDER BY idx;
    DELETE FROM leaf WHERE idx >= (SELECT n FROM cut); DELETE FROM node WHERE ((idx + 1) << level) > (SELECT n FROM cut);
    DELETE FROM checkpoint WHERE size > (SELECT n FROM cut);" "record 1/[0-9] of (desk|till1) saw a log of [0-9]+ leaves that is not this one"

doctored "DELETE FROM part WHERE which = 2 AND d = (SELECT d FROM statement WHERE kind = 10)" \
    "statement [0-9]+ \(reverse 1/4 of till1\): its person's part is missing, and was not erased"

# A shop from before there was a log: it sells on, and a record that is gone from its chain leaves a gap.
rm shop/authority/log.key
ok sale --shop shop --basket basket.json --reference S-4
ok sale --shop shop --basket basket.json --reference S-5
ok audit --shop shop
has "waiting" "$out" '^log .*; [1-9] wait'
rm -rf bad
cp -r shop bad
sql bad "CREATE TEMP TABLE gone AS SELECT d FROM record WHERE till = 'till1' AND seq = 5;
    DELETE FROM part WHERE d IN gone; DELETE FROM sale_reference WHERE d IN gone; DELETE FROM visit WHERE d IN gone; DELETE FROM leaf_queue WHERE d IN gone; DELETE FROM sale WHERE d IN gone;
    DELETE FROM record WHERE d IN gone; DELETE FROM statement WHERE d IN gone;"
no 1 corrupt audit --shop bad
grep -q "till1, epoch 1: not provable beyond seq 4: record 5 is missing" err.txt || fail "the gap: $(cat err.txt)"
grep -q "^till1 .*; not provable beyond seq 4" out.txt || fail "the gap: $(cat out.txt)"
ok export bundle --shop bad --out gap.tpb
no 1 corrupt audit gap.tpb
grep -q "till1, epoch 1: not provable beyond seq 4: record 5 is missing" err.txt || fail "the gap in a bundle: $(cat err.txt)"
grep -qE "^log .*; [1-9] wait" out.txt || fail "what waits in a bundle: $(cat out.txt)"

no 3 no_shop audit --shop nowhere
no 2 argument audit
