#!/usr/bin/env python3
"""The audit of an authority over HTTPS: true pages, a witness, tokens, and pages that are false."""
import base64
import hashlib
import json
import shutil
import sqlite3

from net import *

DASH = "\u2014 "
authority_certificate("ca")
authority_certificate("other")
server_certificate("server", "ca")


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def make_shop():
    tillproof("shop", "init", "shop")
    write("coffee.json", json.dumps({
        "id": "coffee", "version": 1, "title": "10% off", "currency": "EUR", "funder": "roaster", "redeem": ["coupon", "card"],
        "valid": {"from": "2020-01-01", "until": "2099-12-31"}, "needs": {"category": ["coffee"]}, "gives": {"percent": "10"}}))
    tillproof("offer", "publish", "coffee.json", "--shop", "shop")
    shutil.copytree("shop", "fork")  # the same keys, and from here on another log
    with open("coffee.json", encoding="utf-8") as f:
        write("tea.json", f.read().replace('"id": "coffee"', '"id": "tea"'))
    tillproof("offer", "publish", "tea.json", "--shop", "fork")
    tillproof("link", "--shop", "fork", "--card", "4001", "--offer", "tea", "--channel", "web")
    tillproof("shop", "init", "stranger")
    tillproof("link", "--shop", "shop", "--card", "4000", "--customer", "customer 1042", "--offer", "coffee", "--channel", "app")
    write("basket.json", json.dumps({"currency": "EUR", "lines": [
        {"line": 1, "sku": "1", "name": "Beans", "category": "coffee", "quantity": "1", "unit_price": "12.99", "tax_percent": "7"}]}))
    for n in ("1", "2"):
        tillproof("sale", "--shop", "shop", "--basket", "basket.json", "--card", "4000", "--reference", f"S-{n}")
    tillproof("refund", "--shop", "shop", "--sale", "S-1", "--line", "1")
    tillproof("erase", "--shop", "shop", "--sale", "S-2")
    tillproof("export", "bundle", "--shop", "shop", "--out", "books.tpb")  # and all is under a checkpoint


def token(role, *words):
    write(f"{role}.token", json.loads(tillproof("token", "issue", "--shop", "shop", "--role", role, "--json", *words)[0])["token"] + "\n")
    return f"{role}.token"


def audit(d, *words, status=0, ca="ca"):
    return tillproof("audit", f"https://127.0.0.1:{d.port}/", "--ca", f"{ca}.ca.pem", *words, status=status)


def true_pages():
    auditor, merchant, funder = token("auditor"), token("merchant"), token("funder", "--funder", "roaster")
    run("openssl", "pkey", "-in", "shop/office/root.key", "-pubout", "-out", "root.pem")
    run("openssl", "pkey", "-in", "shop/office/merchant.key", "-pubout", "-out", "office.pem")
    d = Daemon("shop")
    said = audit(d, "--token", auditor)[0]
    bundle = json.loads(tillproof("audit", "books.tpb", "--json")[0])
    leaves, checkpoints = bundle["leaves"], bundle["checkpoints"]
    check("more than one checkpoint", checkpoints > 2)
    for line in (rf"statements +{leaves}, each signed .*", rf"log +{leaves} leaves under {checkpoints} checkpoints; 0 wait",
                 rf"receipts +{leaves}, each of this log; asked for {leaves} of {leaves} leaves",
                 "tables +not made: they are not shown", "till1 +epoch 1: 3 records, closed up to seq 0", "erased +1 persons' parts",
                 "root key +[0-9a-f]{16}\\.\\.\\., on its own word: .*", "self-kept: proves nothing against the keeper"):
        check(f"'{line}' in {said}", re.search(f"^{line}$", said, re.M))
    for words in ((merchant,), (auditor, "--root", "root.pem"), (merchant, "--root", "root.pem")):
        found = json.loads(audit(d, "--json", "--token", *words)[0])
        same("as JSON", (found["true"], found["leaves"], found["wrong"], found["anchored"]), (True, leaves, None, len(words) > 1))
    check("another root", "leaf 0 (keyset by root): the keyset is not signed by the root" in audit(d, "--token", auditor, "--root", "office.pem", status=1)[1])
    said = audit(d, status=1)[1]
    check(f"no token: {said}", "without a token" in said)
    check("a funder sees some alone", re.search(r"corrupt: leaf \d+ is missing|corrupt: leaf \d+ is not shown", audit(d, "--token", funder, status=1)[1]))
    check("another CA", "certificate is refused" in audit(d, "--token", auditor, ca="other", status=1)[1])
    audit(d, "--token", "nowhere.token", status=3)
    audit(d, "--token", auditor, "--witness", "nonsense", status=1)
    write("bad.token", "\n")
    audit(d, "--token", "bad.token", status=2)
    tillproof("audit", f"https://127.0.0.1:{d.port}", status=2)
    tillproof("audit", "books.tpb", "--ca", "ca.ca.pem", status=2)
    tillproof("audit", "books.tpb", "--all-receipts", status=2)
    d.stop()
    check("nobody there", "offline" in audit(d, "--token", auditor, status=1)[1])


def witnessed():
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", "witness.pem")
    with open("witness.pem", "rb") as f:
        public = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], stdin=f, capture_output=True, check=True).stdout[-32:]
    name = "one.example"
    key = hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    vkey = "+".join((name, key.hex(), base64.b64encode(b"\x04" + public).decode()))
    d = Daemon("shop", "server", "--log", "public", "--witness", vkey)
    note = ask(connect(d.port), "GET", "/checkpoint")[2].decode()
    write("tbs", f"cosignature/v1\ntime 1700000000\n{note[:note.index(chr(10) * 2) + 1]}")
    run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", "witness.pem", "-in", "tbs", "-out", "signature")
    with open("signature", "rb") as f:
        line = f"{DASH}{name} {base64.b64encode(key + (1700000000).to_bytes(8, 'big') + f.read()).decode()}\n"
    same("taken", ask(connect(d.port), "POST", "/v1/cosignatures", line.encode(), "text/plain")[0], 200)
    check("not one that I trust", "self-kept" in audit(d, "--token", "auditor.token")[0])
    size = int(note.split("\n")[1])
    said = audit(d, "--token", "auditor.token", "--witness", vkey)[0]
    check(f"witnessed in {said}", re.search(rf"^witnessed +up to leaf {size}$", said, re.M) and "self-kept" not in said)
    d.stop()
    tillproof("export", "bundle", "--shop", "shop", "--out", "books.tpb")
    check("in the bundle, too", re.search(rf"^witnessed +up to leaf {size}$", tillproof("audit", "books.tpb", "--witness", vkey)[0], re.M))
    check("self-kept otherwise", "self-kept" in tillproof("audit", "books.tpb")[0])


def large():
    """Of a long log some receipts are asked for, or all."""
    tillproof("shop", "init", "large")
    with open("coffee.json", encoding="utf-8") as f:
        terms = json.load(f)
    names = [f"o{i}.json" for i in range(130)]
    for name in names:
        write(name, json.dumps({**terms, "id": name[:-5]}))
    tillproof("offer", "publish", *names, "--shop", "large")
    tillproof("export", "bundle", "--shop", "large", "--out", "large.tpb")
    write("large.token", json.loads(tillproof("token", "issue", "--shop", "large", "--role", "auditor", "--json")[0])["token"])
    d = Daemon("large")
    same("some", [json.loads(audit(d, "--token", "large.token", "--json")[0])[n] for n in ("true", "asked", "receipts")], [True, 128, 128])
    found = json.loads(audit(d, "--token", "large.token", "--all-receipts", "--json")[0])
    same("all", (found["true"], found["asked"] == found["leaves"] > 130), (True, True))
    d.stop()


def gap():
    """A record that the authority never had, of a till whose next one it has: nothing is false, and not all can be proved."""
    shutil.copytree("shop", "gap")
    os.rename("gap/authority/log.key", "log.key")  # so that both wait for their leaves
    for n in ("3", "4"):
        tillproof("sale", "--shop", "gap", "--basket", "basket.json", "--reference", f"S-{n}")
    db = sqlite3.connect("gap/authority/authority.db")
    db.execute("CREATE TEMP TABLE gone AS SELECT d FROM record WHERE till = 'till1' AND seq = 4")
    for table in ("part", "sale_reference", "visit", "leaf_queue", "sale", "record", "statement"):
        db.execute(f"DELETE FROM {table} WHERE d IN gone")
    db.commit()
    db.execute("VACUUM")
    db.close()
    os.rename("log.key", "gap/authority/log.key")
    tillproof("export", "bundle", "--shop", "gap", "--out", "gap.tpb")
    d = Daemon("gap")
    out, err = audit(d, "--token", "auditor.token", status=1)
    check(f"what is missing: {err}", "till1, epoch 1: not provable beyond seq 3: record 4 is missing" in err)
    check(f"and beside its till: {out}", re.search("^till1 .*; not provable beyond seq 3$", out, re.M))
    d.stop()


FORK = "ATTACH 'fork/authority/authority.db' AS fork; CREATE TEMP TABLE other AS SELECT b.* FROM checkpoint a JOIN fork.checkpoint b " \
       "USING (size) WHERE a.root <> b.root ORDER BY size LIMIT 1;"
STRANGER = "another key signs"
LAST = "DELETE FROM checkpoint WHERE size < (SELECT max(size) FROM checkpoint);"


def false_pages():
    for sql, word in (
            # Two trees of one size, each signed by the log.
            (FORK + "UPDATE checkpoint SET (root, raw, note) = (SELECT root, raw, note FROM other) WHERE size = (SELECT size FROM other)",
             r"leaf \d+ does not give the root that the checkpoint of \d+ leaves signed"),
            ("UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND idx = 2",
             r"the proof that the log of \d+ leaves continues that of \d+ does not check out"),
            (LAST + "UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND idx = 1", "the receipt of leaf 0: no log key signed that for its statement"),
            (STRANGER, "the receipt of leaf 0: no log key signed that for its statement"),
            ("UPDATE statement SET raw = CAST(substr(raw, 1, length(raw) - 1) || x'00' AS BLOB) WHERE kind = 9 AND n = (SELECT min(n) FROM "
             "statement WHERE kind = 9)", r"leaf \d+ \(commit 1/1 of till1\): .*its signature does not check out"),
            ("DELETE FROM leaf WHERE idx = 4", "leaf 4 is missing from the log"),
            ("UPDATE node SET hash = zeroblob(32) WHERE level = 0 AND idx = 3", r"tile/0/000\.p/\d+ is not what the statements make it"),
            ("UPDATE leaf SET entry = zeroblob(32) WHERE idx = 3", r"tile/entries/000\.p/\d+ is not what the statements make it"),
            ("UPDATE part SET content = zeroblob(length(content)) WHERE which = 1", r"leaf \d+ \(commit 1/1 of till1\): a part is not the one that was signed"),
            ("CREATE TEMP TABLE two AS SELECT idx, d, entry FROM leaf WHERE idx IN (2, 3); DELETE FROM leaf WHERE idx IN (2, 3);"
             "INSERT INTO leaf SELECT (SELECT merchant FROM leaf LIMIT 1), 5 - idx, d, entry FROM two",
             r"leaves 0 to \d+ do not give the root that the checkpoint of \d+ leaves signed")):
        shutil.rmtree("bad", True)
        shutil.copytree("shop", "bad")
        db = sqlite3.connect("bad/authority/authority.db")
        if sql == STRANGER:
            shutil.copy("stranger/authority/log.key", "bad/authority/log.key")
        else:
            db.executescript(sql)
        db.commit()
        db.execute("VACUUM")  # another program's pages have no checksums; all of them are written anew
        db.close()
        d = Daemon("bad")
        said = audit(d, "--token", "merchant.token", status=1)[1]
        check(f"'{word}' in {said}", re.match(f"^tillproof: corrupt: {word}$", said.strip()))
        d.stop()


make_shop()
true_pages()
false_pages()
gap()
large()
witnessed()
