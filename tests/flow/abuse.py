#!/usr/bin/env python3
"""What is sent to tillproofd to hurt it is refused, and cheaply: no statement of it reaches a worker. What a till sent
and somebody sends again changes nothing. Nothing secret stands in the log."""
import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import sys
import threading
import time

from net import *

LINES = [{"line": 1, "sku": "1", "name": "Beans", "category": "coffee", "quantity": "1", "unit_price": "12.99", "tax_percent": "7"}]
CARD = "4929fictional0017"


def write(path, data):
    with open(path, "w", encoding="utf-8") as f:
        f.write(data if isinstance(data, str) else json.dumps(data))


def make_shop():
    authority_certificate("ca")
    server_certificate("server", "ca")
    tillproof("shop", "init", "shop")
    write("coffee.json", {"id": "coffee", "version": 1, "title": "10% off", "currency": "EUR", "funder": "store", "redeem": ["coupon", "card"],
                          "valid": {"from": "2020-01-01", "until": "2099-12-31"}, "needs": {"category": ["coffee"]}, "gives": {"percent": "10"},
                          "limits": {"per_coupon": 1}})
    tillproof("offer", "publish", "coffee.json", "--shop", "shop")
    for i in range(4):
        tillproof("coupon", "issue", "--shop", "shop", "--offer", "coffee", "--channel", "email", "--out", f"{i}.txt")
    write("basket.json", {"currency": "EUR", "lines": LINES})


def away(name, port):
    os.makedirs(f"{name}/tills", exist_ok=True)
    shutil.copy("ca.ca.pem", f"{name}/ca.pem")
    with open("shop/shop.ini", encoding="utf-8") as f:
        write(f"{name}/shop.ini", f.read().replace("home = local", f"home = https\nurl = https://127.0.0.1:{port}\nca = ca.pem"))


def enrol(till, folder):
    tillproof("till", "enrol", till, "--shop", "shop")
    os.makedirs(f"{folder}/tills", exist_ok=True)
    shutil.move(f"shop/tills/{till}", f"{folder}/tills/{till}")


def sale(folder, till, *words):
    return json.loads(tillproof("sale", "--shop", folder, "--till", till, "--basket", "basket.json", "--json", *words)[0])


def figure(d, name):
    text = ask(connect(d.port), "GET", "/metrics")[2].decode()
    return sum(float(line.split()[1]) for line in text.splitlines() if re.match(rf"{name}(\{{| )", line))


def talk(d, *pieces, wait=0.0):
    """What comes back until the server closes, or says nothing more for a moment."""
    with trust("ca").wrap_socket(socket.create_connection(("127.0.0.1", d.port), PATIENCE), server_hostname="127.0.0.1") as s:
        got = b""
        try:
            for piece in pieces:
                s.sendall(piece)
                time.sleep(wait)
            s.settimeout(1)
            while more := s.recv(65536):
                got += more
        except OSError:
            pass
        return got


POST = b"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor-seq\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def framing():
    """RFC 9112, 6 and 11.2: what could be taken for one request or for two is neither handled nor followed by another."""
    d = Daemon("shop")
    shapes = {
        "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc",
        "one length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
        "a length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "chunks twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "no coding": POST + b"Transfer-Encoding: identity\r\n\r\n",
        "a vertical tab": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "a sign": POST + b"Content-Length: +3\r\n\r\nabc",
        "below zero": POST + b"Content-Length: -3\r\n\r\nabc",
        "hexadecimal": POST + b"Content-Length: 0x3\r\n\r\nabc",
        "a blank before the colon": POST + b"Content-Length : 3\r\n\r\nabc",
        "a folded length": POST + b"Content-Length:\r\n 3\r\n 0\r\n\r\nabc",
        "a folded name": POST + b" Content-Length: 3\r\n\r\nabc",
        "a body of a page": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 37\r\n\r\n",
        "chunks of a page": b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a chunk of no size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        "a chunk below zero": POST + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        "a chunk too long for its size": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        "a chunk beyond 64 bits": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "a chunk beyond the limit": POST + b"Transfer-Encoding: chunked\r\n\r\n7fffffff\r\nabc\r\n0\r\n\r\n",
        "a NUL in a name": POST + b"X\x00: 3\r\nContent-Length: 3\r\n\r\nabc",
        "no request": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "no version": b"GET /healthz\r\n\r\n",
        "a method of nobody": b"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "a long line": b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "many headers": b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
        "4 GiB": POST + b"Content-Length: 4294967296\r\n\r\nabc",
        "more than 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\nabc",
    }
    for name, shape in shapes.items():
        got = talk(d, shape + NEXT)
        check(f"{name}: {got!r}", got.count(b"HTTP/1.1 ") <= 1 and not got.startswith(b"HTTP/1.1 200") and b"ok\n" not in got)
    same("no statement was handled", [figure(d, f"tillproofd_{n}") for n in ("statements_seconds_count", "statements_total", "received_bytes_total")],
         [0, 0, 0])
    same("nothing is held of them", figure(d, "tillproofd_held_bytes") < 4096, True)
    # What is allowed goes on as ever: chunks, and requests one behind another on one connection.
    got = talk(d, POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + NEXT + POST + b"Content-Length: 3\r\n\r\nabc" + NEXT)
    same("four answers", (got.count(b"HTTP/1.1 200 "), got.count(b"bad_statement"), got.count(b"\r\n\r\nok\n")), (4, 2, 2))
    d.stop()


def sloth():
    """Headers and bodies that come a byte at a time are not waited for longer than a whole one."""
    d = Daemon("shop", "server", "--timeout", "1")
    began = time.monotonic()
    drops = [lambda: talk(d, *[bytes([b]) for b in NEXT[:-4] + b"\r\nX: " + b"y" * 200], wait=0.1),
             lambda: talk(d, POST + b"Content-Length: 4000\r\n\r\n", *[b"a"] * 200, wait=0.1),
             lambda: talk(d, POST + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\na\r\n"] * 200, wait=0.1)]
    threads = [threading.Thread(target=t) for t in drops]
    for t in threads:
        t.start()
    same("others are served meanwhile", ask(connect(d.port), "GET", "/healthz")[0], 200)
    for t in threads:
        t.join()
    check("long before they would have ended", time.monotonic() - began < 15)
    same("each counted", figure(d, "tillproofd_late_total"), 3)
    same("no statement", figure(d, "tillproofd_statements_seconds_count"), 0)
    d.stop()


def strangers():
    """TLS 1.2, no TLS, a client that knows another authority."""
    authority_certificate("other")
    d = Daemon("shop")
    for context in (trust("ca", ssl.TLSVersion.TLSv1_2), trust("other")):
        try:
            context.wrap_socket(socket.create_connection(("127.0.0.1", d.port), PATIENCE), server_hostname="127.0.0.1").recv(1)
            check("was taken", False)
        except (ssl.SSLError, OSError):
            pass
    with socket.create_connection(("127.0.0.1", d.port), PATIENCE) as s:
        s.sendall(NEXT)
        check("no answer without TLS", b"HTTP" not in s.recv(100))
    same("no request", figure(d, "tillproofd_statements_seconds_count"), 0)
    d.stop()


def message(raw, *parts):
    """[statement, lines, person]"""
    size = lambda b: b"\x58" + bytes([len(b)]) if len(b) < 256 else b"\x59" + len(b).to_bytes(2, "big")
    return b"\x83" + raw + b"".join(size(p) + p for p in parts)


def records():
    """The sales that the authority has."""
    db = sqlite3.connect("shop/authority/authority.db")
    rows = db.execute("SELECT s.raw, l.content, p.content FROM statement s JOIN part l ON l.d = s.d AND l.which = 1 "
                      "JOIN part p ON p.d = s.d AND p.which = 2 ORDER BY s.n").fetchall()
    db.close()
    return [message(*row) for row in rows]


def books():
    db = sqlite3.connect("shop/authority/authority.db")
    counts = [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("statement", "sale", "redemption", "record", "outcome", "part")]
    db.close()
    return counts


def replay():
    """Somebody who has a till's message sends it again: the same answer, and the books as they were."""
    d = Daemon("shop")
    enrol("far", "away")
    away("away", d.port)
    sale("away", "far", "--scan", "0.txt")
    sent = records()[-1]
    before = books()
    answers = {ask(connect(d.port), "POST", "/v1/statements", sent)[2] for _ in range(5)}
    same("one answer", (len(answers), b"registered" in next(iter(answers))), (1, True))
    same("many at once", ask(connect(d.port), "POST", "/v1/statements", sent * 100)[2], next(iter(answers)) * 100)
    same("nothing more", books(), before)
    changed = sent[:-1] + bytes([sent[-1] ^ 1])
    check("a part that is not its own", b"bad_statement" in ask(connect(d.port), "POST", "/v1/statements", changed)[2])
    same("nothing of it", books(), before)
    d.stop()


def refused():
    """What is refused is counted by its reason, and nothing else is."""
    d = Daemon("shop", "server", "--till-rate", "1", "--till-burst", "3")
    reasons = lambda: dict(re.findall(r'^tillproofd_refused_total\{reason="([a-z_]+)"\} (\d+)$', ask(connect(d.port), "GET", "/metrics")[2].decode(), re.M))
    send = lambda body: ask(connect(d.port), "POST", "/v1/statements", body)[2]
    sent = records()[-1]
    check("a true one", b"registered" in send(sent))
    same("nothing is refused yet", reasons(), {})
    at = sent.index(b"\x58\x40") + 2  # the signature
    forged = sent[:at + 40] + bytes([sent[at + 40] ^ 1]) + sent[at + 41:]
    check("a forged one", b"bad_signature" in send(forged))
    same("is counted", reasons(), {"bad_signature": "1"})
    check("each of a message", send(forged * 2 + sent + b"abc").count(b"bad_signature") == 2)
    same("and what is no statement", reasons(), {"bad_signature": "3", "bad_statement": "1"})
    check("too many of them", b"throttled" in send(forged))
    same("whole requests, too", reasons(), {"bad_signature": "3", "bad_statement": "1", "throttled": "1"})
    d.stop()


def logs():
    """journald's form, and nothing of anybody in it."""
    d = Daemon("shop", "server", "--till-burst", "2", "--till-rate", "1", "--wrong-tokens", "1")
    enrol("near", "shore")
    away("shore", d.port)
    tillproof("link", "--shop", "shop", "--card", CARD, "--offer", "coffee", "--channel", "app", "--customer", "Customer 81931")
    sale("shore", "near", "--card", CARD)
    sold = sale("shore", "near", "--card", CARD, "--scan", "0.txt")
    token = "tpt_" + "5eed" * 16
    for _ in range(2):
        c = connect(d.port)
        c.request("GET", f"/v1/statements?from={CARD}", headers={"Authorization": f"Bearer {token}"})
        c.getresponse().read()
    talk(d, POST + b"Content-Length: 3\r\nX-Card: " + CARD.encode() + b"\r\nContent-Length: 4\r\n\r\nabc")
    ask(connect(d.port), "GET", f"/{CARD}")
    ask(connect(d.port), "POST", "/v1/statements", CARD.encode(), f"text/{CARD}")
    said = d.stop()
    check("it said something", len(said) > 4)
    with open("0.txt", encoding="ascii") as f:
        coupon = f.read().strip()
    for line in said:
        check(f"{line!r}: journald's form", re.fullmatch(r"<[3-6]>[\x20-\x7e]{1,500}", line))
        for secret in (CARD, CARD.encode().hex(), "81931", coupon, token, token[4:], sold["sale"], "5eed5eed"):
            check(f"{line!r} has no {secret}", secret not in line)


make_shop()
for test in (framing, sloth, strangers, replay, refused, logs):
    test()
