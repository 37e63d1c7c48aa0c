#!/usr/bin/env python3
"""What tillproofd shows to others: the log's pages in C2SP's forms, statements by who asks, tokens, witnesses."""
import base64
import hashlib
import json
import os
import re
import sqlite3
import time

from cbor import decode, sequence
from net import *

DASH = "\u2014 "
authority_certificate("ca")
server_certificate("server", "ca")


def write(path, data):
    with open(path, "w", encoding="utf-8") as f:
        f.write(data if isinstance(data, str) else json.dumps(data))


def offer(name, funder):
    write(f"{name}.json", {"id": name, "version": 1, "title": "10% off", "currency": "EUR", "funder": funder, "redeem": ["coupon"],
                           "valid": {"from": "2020-01-01", "until": "2099-12-31"}, "needs": {"category": [name]},
                           "gives": {"percent": "10"}, "limits": {"per_coupon": 1}})
    tillproof("offer", "publish", f"{name}.json", "--shop", "shop")
    tillproof("coupon", "issue", "--shop", "shop", "--offer", name, "--channel", "email", "--out", f"{name}.txt")


def sell(*names):
    write("basket.json", {"currency": "EUR", "lines": [
        {"line": i + 1, "sku": f"{i}", "name": n, "category": n, "quantity": "1", "unit_price": "12.99", "tax_percent": "7"}
        for i, n in enumerate(names)]})
    scans = [word for n in names if os.path.exists(f"{n}.txt") for word in ("--scan", f"{n}.txt")]
    return json.loads(tillproof("sale", "--shop", "shop", "--basket", "basket.json", "--json", *scans)[0])["sale"]


def make_shop():
    tillproof("shop", "init", "shop")
    offer("coffee", "roaster")
    offer("tea", "importer")
    same("two offers in one sale", len(sell("coffee", "tea")), 32)
    refunded = sell("bread")
    tillproof("refund", "--shop", "shop", "--sale", refunded, "--line", "1")


def token(role, *words):
    """The token and its id."""
    made = json.loads(tillproof("token", "issue", "--shop", "shop", "--role", role, "--json", *words)[0])
    return made["token"], made["id"]


def get(d, path, bearer=None, method="GET", body=None):
    c = connect(d.port)
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    c.request(method, path, body, headers)
    answer = c.getresponse()
    got = answer.status, dict(answer.getheaders()), answer.read()
    c.close()
    return got


def settle(d, bearer=None):
    """The checkpoint over all that was accepted."""
    db = sqlite3.connect("shop/authority/authority.db")
    kept = db.execute("SELECT count(*) FROM statement").fetchone()[0]
    db.close()
    for _ in range(600):
        status, _, note = get(d, "/checkpoint", bearer)
        if status == 200 and int(note.decode().split("\n")[1]) == kept:
            return note.decode()
        time.sleep(0.05)
    raise SystemExit("FAILED: the log never came to rest")


def kind_of(sign1):
    return decode(sign1[0])[16].rsplit(".", 1)[1]


def head(kind, n):
    if n < 24:
        return bytes([kind << 5 | n])
    size = next(s for s in (0, 1, 2, 3) if n < 1 << (8 << s))
    return bytes([kind << 5 | 24 + size]) + n.to_bytes(1 << size, "big")


def entry_of(sign1):
    """The log's entry: the envelope with an empty unprotected header, hashed."""
    body = b"\xd2\x84" + b"".join((head(2, len(sign1[0])), sign1[0], b"\xa0", head(2, len(sign1[2])), sign1[2],
                                   head(2, len(sign1[3])), sign1[3]))
    return hashlib.sha256(body).digest()


# ---- the tree, from tiles alone ----

def root_of(hashes):
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\1" + root_of(hashes[:k]) + root_of(hashes[k:])).digest()


def log_pages():
    d = Daemon("shop", "server", "--log", "public")
    note = settle(d)
    lines = note.split("\n")
    origin, size = lines[0], int(lines[1])
    check("an origin", re.match("^tillproof/[0-9a-f]{32}$", origin))
    check("leaves", 9 < size < 256)
    status, headers, body = get(d, f"/tile/0/000.p/{size}")
    same("the tile", (status, headers["Content-Type"], len(body)), (200, "application/octet-stream", 32 * size))
    same("for ever", headers["Cache-Control"], "public, max-age=31536000, immutable")
    leaves = [body[i:i + 32] for i in range(0, len(body), 32)]
    same("its root is the checkpoint's", base64.b64encode(root_of(leaves)).decode(), lines[2])
    same("a narrower one is its beginning", get(d, f"/tile/0/000.p/{size - 3}")[2], body[:32 * (size - 3)])
    bundle = get(d, f"/tile/entries/000.p/{size}")[2]
    entries = [bundle[i + 2:i + 34] for i in range(0, len(bundle), 34)]
    same("entries of 32 bytes", (len(entries), bundle[:2]), (size, b"\0\x20"))
    same("whose hashes are the leaves", [hashlib.sha256(b"\0" + e).digest() for e in entries], leaves)
    status, headers, body = get(d, "/checkpoint")
    same("asked each time", (headers["Cache-Control"], headers["Content-Type"]), ("no-cache", "text/plain; charset=utf-8"))
    same("by size", get(d, f"/checkpoint?size={size}")[2], body)
    proof = get(d, "/v1/consistency?from=3")[2].decode()
    check("a proof before the checkpoint", proof.startswith("old 3\n") and proof.endswith("\n\n" + note))
    same("from nothing it is empty", get(d, "/v1/consistency?from=0")[2].decode(), "old 0\n\n" + note)
    status, headers, body = get(d, "/v1/checkpoints")
    shown = sequence(body)
    sizes = [int(i[1].decode().split("\n")[1]) for i in shown]
    same("each checkpoint", (status, headers["Content-Type"], sizes == sorted(set(sizes)), sizes[-1], shown[-1][1]), (200, SEQUENCE, True, size, note.encode()))
    check("a proof of each but the first", len(sizes) > 3 and not shown[0][2] and all(i[2] for i in shown[1:]))
    same("as they are asked for", sequence(get(d, f"/v1/checkpoints?from={sizes[0]}&limit=2")[2]), shown[1:3])
    same("from any size", [len(i[2]) > 0 for i in sequence(get(d, f"/v1/checkpoints?from={sizes[1] - 1}&limit=1")[2])], [True])
    same("no more", get(d, f"/v1/checkpoints?from={size}")[::2], (200, b""))
    status, headers, body = get(d, "/v1/keyset")
    same("one keyset", ([kind_of(s) for s in sequence(body)], headers["Content-Type"]), (["keyset"], SEQUENCE))
    # RFC 9110, 9.3.2: the same headers, no body.
    same("HEAD", get(d, "/checkpoint", method="HEAD")[::2], (200, b""))
    for path, status in ((f"/tile/0/000.p/{size + 1}", 404), ("/tile/0/000", 404), ("/tile/0/001.p/1", 404), ("/tile/8/000.p/1", 404),
                         ("/tile/00/000.p/1", 404), ("/tile/0/000.p/01", 404), ("/tile/0/000.p/0", 404), ("/tile/0/0.p/1", 404),
                         ("/tile/0/x000/000.p/1", 404), ("/tile/1/000.p/1", 404), ("/tile/", 404), ("/tile/entries/", 404),
                         ("/tile/0/000.p/1/", 404), ("/tile/../checkpoint", 404), ("/tile//0/000.p/1", 404), ("/tile/0/%3000.p/1", 404),
                         ("/tile/0/000.p/1?x=1", 404), ("/tile/0/" + "x999/" * 40 + "000", 404), ("/tile/" + "0" * 300, 400),
                         ("/tile/0/x999/x999/x999/x999/x999/999", 404),
                         ("/checkpoint/", 404), ("/checkpoint?size=2", 404), ("/checkpoint?size=0", 400), ("/checkpoint?size=-1", 400),
                         ("/checkpoint?size=01", 400), ("/checkpoint?size=1&size=1", 400), ("/checkpoint?sizes=1", 400),
                         ("/checkpoint?size=99999999999999999999", 400), ("/checkpoint?witnessed=1", 404), ("/checkpoint?size", 400),
                         (f"/checkpoint?size={size}&witnessed=1", 400), ("/v1/consistency?from=999", 400), ("/v1/keyset?x=1", 400),
                         ("/v1/checkpoints?limit=0", 400), ("/v1/checkpoints?limit=257", 400), ("/v1/checkpoints?from=-1", 400),
                         ("/v1/checkpoints?from=9223372036854775807", 400), ("/v1/checkpoints/", 404), ("/v1/receipts", 401),
                         ("/v1/keysets", 404)):
        same(path, get(d, path)[0], status)
    same("pages are read", get(d, "/checkpoint", method="POST", body=b"x")[0], 405)
    same("cosignatures are posted", get(d, "/v1/cosignatures")[1].get("Allow"), "POST")
    status, headers, body = get(d, "/v1/statements")
    same("the log is open, statements are not", (status, headers["WWW-Authenticate"]), (401, 'Bearer realm="tillproof"'))
    check("and why", b"unknown_token" in body)
    d.stop()


def read_all(d, bearer, limit):
    """Every page of the statements, by their Link."""
    path, items = f"/v1/statements?limit={limit}", []
    while path:
        status, headers, body = get(d, path, bearer)
        same(path, (status, headers["Content-Type"], headers["Cache-Control"]), (200, SEQUENCE, "no-cache"))
        items += sequence(body)
        link = re.match(r'^<(/v1/statements\?from=\d+&limit=\d+)>; rel="next"$', headers.get("Link", ""))
        path = link[1] if link else None
    return items


def kinds_of(items):
    return [kind_of(i[1] if isinstance(i[1][0], bytes) else i[1][0]) for i in items]


def roles():
    merchant, auditor, released = token("merchant")[0], token("auditor")[0], token("auditor", "--parts", "lines")[0]
    roaster, stranger = token("funder", "--funder", "roaster")[0], token("funder", "--funder", "nobody")[0]
    d = Daemon("shop")
    same("nobody sees the log", get(d, "/checkpoint")[0], 401)
    note = settle(d, auditor)
    size = int(note.split("\n")[1])
    same("a private cache alone", get(d, "/tile/0/000.p/1", roaster)[1]["Cache-Control"], "private, max-age=31536000, immutable")
    everything = read_all(d, merchant, 5)
    same("all leaves", [i[0] for i in everything], list(range(size)))
    same("in one page, too", read_all(d, merchant, 1000), everything)
    bundle = get(d, f"/tile/entries/000.p/{size}", auditor)[2]
    plain = read_all(d, auditor, 7)
    same("entries are of these statements", [entry_of(i[1]) for i in plain], [bundle[i + 2:i + 34] for i in range(0, len(bundle), 34)])
    same("the same for the auditor", kinds_of(plain), kinds_of(everything))
    commits = [i for i in everything if kinds_of([i]) == ["commit"]]
    check("with their parts", commits and all(len(i[1]) == 3 and isinstance(i[1][1], bytes) and isinstance(i[1][2], bytes) for i in commits))
    check("without them", all(isinstance(i[1][0], bytes) for i in plain))
    lines = [i for i in read_all(d, released, 7) if kinds_of([i]) == ["commit"]]
    same("the baskets that the merchant releases", [(i[1][1], i[1][2]) for i in lines], [(i[1][1], None) for i in commits])
    theirs = read_all(d, roaster, 2)
    same("a funder's", sorted(kinds_of(theirs)), ["batch", "commit", "offer"])
    check("no parts", all(isinstance(i[1][0], bytes) for i in theirs))
    check("and nobody else's", b"coffee" in theirs[0][1][2] and b"tea" not in theirs[0][1][2])
    same("a funder of nothing", read_all(d, stranger, 1000), [])
    for path, status in (("/v1/statements?limit=0", 400), ("/v1/statements?limit=1001", 400), ("/v1/statements?from=x", 400),
                         ("/v1/statements/", 404)):
        same(path, get(d, path, merchant)[0], status)
    same("beyond the end", get(d, f"/v1/statements?from={size}", merchant)[::2], (200, b""))
    given = sequence(get(d, "/v1/receipts", auditor)[2])
    same("receipts of the leaves", [i[0] for i in given], list(range(size)))
    same("of some", sequence(get(d, f"/v1/receipts?from=2&limit=3&size={size}", roaster)[2]), given[2:5])
    same("beyond the end", get(d, f"/v1/receipts?from={size}", auditor)[::2], (200, b""))
    for query, status in (("size=1", 404), (f"size={size + 1}", 404), ("size=0", 400), ("limit=257", 400), ("from=-1", 400), ("index=1", 400)):
        same(f"receipts, {query}", get(d, f"/v1/receipts?{query}", auditor)[0], status)
    same("far beyond it", get(d, "/v1/statements?from=9223372036854775807", merchant)[::2], (200, b""))
    d.stop()


def late_reverses():
    """A reverse that came before its commit is shown to its funder with the commit."""
    done = sell_again = json.loads(tillproof("report", "redemptions", "--shop", "shop", "--json")[0])["rows"]
    check("there is a sale to take back", done and sell_again)
    roaster = token("funder", "--funder", "roaster")[0]
    tillproof("refund", "--shop", "shop", "--sale", done[0]["sale"], "--line", "1")
    d = Daemon("shop")
    settle(d, roaster)
    same("the return, too", sorted(kinds_of(read_all(d, roaster, 1))), ["batch", "commit", "offer", "reverse"])
    d.stop()


def tokens():
    d = Daemon("shop", "server", "--wrong-tokens", "20")
    good, name = token("auditor", "--until", "2099-12-31", "--label", "Audit & Co")
    old, _ = token("auditor", "--until", "2020-01-01")
    same("good", get(d, "/v1/statements", good)[0], 200)
    for bearer, word in ((old, "expired"), (good[:-1] + ("0" if good[-1] != "0" else "1"), "unknown_token"), ("tpt_", "unknown_token"),
                         (good[4:], "unknown_token"), (good + "0", "unknown_token"), (good[:40] + "z" + good[41:], "unknown_token"), ("x" * 200, "unknown_token")):
        status, headers, body = get(d, "/v1/statements", bearer)
        same(f"{word}: {bearer}", (status, word.encode() in body, headers["WWW-Authenticate"]), (401, True, 'Bearer realm="tillproof"'))
        check("nothing that was sent comes back", bearer.encode() not in body)
    c = connect(d.port)
    c.request("GET", "/v1/statements", headers={"Authorization": "Basic eDp5"})
    same("another scheme", c.getresponse().status, 400)
    listed = json.loads(tillproof("token", "list", "--shop", "shop", "--json")[0])
    mine = [t for t in listed if t["id"] == name]
    same("listed", (len(mine), mine[0]["role"], mine[0]["label"], mine[0]["revoked"]), (1, "auditor", "Audit & Co", ""))
    check("no token in the list or the books", good not in json.dumps(listed))
    for folder, _, files in os.walk("shop"):
        for f in files:
            with open(os.path.join(folder, f), "rb") as content:
                data = content.read()
                check(f"no token in {f}", good[4:].encode() not in data and bytes.fromhex(good[4:]) not in data)
    tillproof("token", "revoke", name, "--shop", "shop")
    status, _, body = get(d, "/v1/statements", good)
    same("revoked at once", (status, b"revoked" in body), (401, True))
    check("no such token", "unknown_token" in tillproof("token", "revoke", "123456789abc", "--shop", "shop", status=1)[1])
    for words in (("--role", "king"), ("--role", "funder"), ("--role", "auditor", "--funder", "x"), ("--role", "merchant", "--parts", "all"),
                  ("--role", "auditor", "--parts", "none"), ("--role", "auditor", "--until", "soon"), ("--role", "auditor", "--label", "a\nb")):
        tillproof("token", "issue", "--shop", "shop", *words, status=2)
    check("no token in the log", good[4:] not in "\n".join(d.stop()))


# ---- witnesses ----

def witness(name):
    """A key, and how C2SP writes it."""
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", f"{name}.pem")
    with open(f"{name}.pem", "rb") as f:
        public = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], stdin=f, capture_output=True, check=True).stdout[-32:]
    key = hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    content = base64.b64encode(b"\x04" + public).decode()
    return f"{name}+{key.hex()}+{content}", key


def cosign(name, key, note, when):
    """The line by which this witness says that it saw the checkpoint."""
    text = note[:note.index("\n\n") + 1]
    write("tbs", f"cosignature/v1\ntime {when}\n{text}")
    run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", f"{name}.pem", "-in", "tbs", "-out", "signature")
    with open("signature", "rb") as f:
        content = key + when.to_bytes(8, "big") + f.read()
    return f"{DASH}{name} {base64.b64encode(content).decode()}\n"


def witnesses():
    (one, one_id), (two, two_id), (none, none_id) = witness("one.example"), witness("two.example"), witness("none.example")
    d = Daemon("shop", "server", "--log", "public", "--witness", one, "--witness", two)
    note = settle(d)
    size = int(note.split("\n")[1])
    line = cosign("one.example", one_id, note, 1700000000)
    other = note.replace(f"\n{size}\n", f"\n{size + 1}\n")
    post = lambda body, path="/v1/cosignatures": get(d, path, None, "POST", body.encode())
    forged = cosign("two.example", two_id, other, 1700000000)
    for body, path, status, word in (
            ("nothing\n", "", 400, "malformed"), (note, "", 400, "malformed"), ("", "", 400, "malformed"),
            (cosign("none.example", none_id, note, 1700000000), "", 403, "untrusted"), (forged, "", 403, "bad_signature"),
            (line + forged, "", 403, "bad_signature"), (line, f"?size={size + 1}", 404, "stale"), (line, "?size=x", 400, "bad_value"),
            (note.replace(note.split("\n")[2], base64.b64encode(bytes(32)).decode()) + line, "", 409, "conflict"),
            (other + line, "", 404, "stale"), (line.replace("one.example", "two.example"), "", 403, "bad_signature"),
            (line[:-10] + "\n", "", 400, "malformed"), ("x" * 20000, "", 400, "bad_value")):
        got, _, answer = post(body, "/v1/cosignatures" + path)
        same(f"{body[:60]!r} {path}: {answer}", (got, word.encode() in answer), (status, True))
    same("nothing was taken", get(d, "/checkpoint")[2].decode(), note)
    same("one line", post(line)[::2], (200, b"1\n"))
    same("once", post(line)[::2], (200, b"0\n"))
    same("beside the log's own", get(d, "/checkpoint")[2].decode(), note + line)
    later = cosign("one.example", one_id, note, 1700000009)
    second = cosign("two.example", two_id, note, 1700000001)
    same("a whole note", post(note + later + second)[::2], (200, b"2\n"))
    same("the later one stands", get(d, "/checkpoint")[2].decode(), note + later + second)
    same("an earlier one changes nothing", post(line)[::2], (200, b"0\n"))
    tillproof("token", "issue", "--shop", "shop", "--role", "merchant")
    sell("bread")
    moved = settle(d)
    check("the log went on", moved.split("\n")[1] != str(size))
    same("the last that was witnessed", get(d, "/checkpoint?witnessed=1")[2].decode(), note + later + second)
    write("note.txt", moved + cosign("none.example", none_id, moved, 1700000010))
    check("not a stranger's", "untrusted" in tillproof("log", "cosign", "note.txt", "--shop", "shop", status=3)[1])
    same("by hand", tillproof("log", "cosign", "note.txt", "--shop", "shop", "--witness", none)[0], "1 cosignatures were taken.\n")
    same("and served", get(d, "/checkpoint?witnessed=1")[2].decode().split("\n")[1], moved.split("\n")[1])
    text = get(d, "/metrics")[2].decode()
    check("counted", "tillproofd_cosignatures_total 3\n" in text)
    check("told as a fault", any(line.startswith("<3>a witness was shown another log") for line in d.stop()))
    key = tillproof("log", "key", "--shop", "shop")[0].strip()
    name, number, rest = key.split("+", 2)
    public = base64.b64decode(rest)
    same("the log's key", (name, public[0], number), (note.split("\n")[0], 1, hashlib.sha256(name.encode() + b"\n" + public).digest()[:4].hex()))
    d = Daemon("shop", "server", "--witness", one)
    same("closed, a witness needs a token", post(line)[0], 401)
    funder = token("funder", "--funder", "roaster")[0]
    status, _, answer = get(d, "/v1/cosignatures", funder, "POST", line.encode())
    same("and not a funder's", (status, b"not_permitted" in answer), (403, True))
    d.stop()
    check("a bad key is refused", "witness must be" in run(os.environ["TILLPROOFD"], "--shop", "shop", "--witness", one[:-4], status=2)[1])


make_shop()
for test in (log_pages, roles, late_reverses, tokens, witnesses):
    test()
