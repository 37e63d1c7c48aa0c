#!/usr/bin/env python3
"""Two tillproofd on one shop, on SQLite or on the PostgreSQL server of TILLPROOF_TEST_STORE: one of them writes the log; when
it is killed or stands still, the other goes on within seconds, and there is one log: no leaf twice, none missing, no
checkpoint beside another."""
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import threading
import time

from net import *

LINES = [{"line": 1, "sku": "1", "name": "Beans", "category": "coffee", "quantity": "1", "unit_price": "12.99", "tax_percent": "7"}]
SERVER = os.environ.get("TILLPROOF_TEST_STORE")
SECONDS = 20  # within which whoever is left must have written everything; the turn ends after two


def make_shop():
    authority_certificate("ca")
    server_certificate("server", "ca")
    if SERVER:
        tillproof("store", "migrate", SERVER)
    tillproof("shop", "init", "shop", *(("--database", SERVER) if SERVER else ()))
    tillproof("till", "enrol", "far", "--shop", "shop")
    os.makedirs("away/tills")
    shutil.move("shop/tills/far", "away/tills/far")
    shutil.copy("ca.ca.pem", "away/ca.pem")
    with open("basket.json", "w", encoding="utf-8") as f:
        json.dump({"currency": "EUR", "lines": LINES}, f)


def point(port):
    with open("shop/shop.ini", encoding="utf-8") as f:
        text = f.read()
    with open("away/new.ini", "w", encoding="utf-8") as f:
        f.write(re.sub("^store = .*\n", "", text, flags=re.M).replace("home = local", f"home = https\nurl = https://127.0.0.1:{port}\nca = ca.pem"))
    os.replace("away/new.ini", "away/shop.ini")


def sell(n):
    for _ in range(n):
        tillproof("sale", "--shop", "away", "--till", "far", "--basket", "basket.json")


def rows(query):
    """Of one column, bytes in hexadecimal."""
    if SERVER:
        query = re.sub(r"hex\((\w+)\)", r"encode(\1, 'hex')", query)
        return run("psql", "-X", "-Atqc", "SET search_path = tillproof", "-c", query, SERVER)[0].split()
    db = sqlite3.connect("shop/authority/authority.db", timeout=PATIENCE)
    found = [str(row[0]) for row in db.execute(query)]
    db.close()
    return found


def books(*queries):
    return [int(rows(q)[0]) for q in queries]


def root_of(hashes):
    """RFC 9162, 2.1.1."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\1" + root_of(hashes[:k]) + root_of(hashes[k:])).digest()


def placed(d):
    text = ask(connect(d.port), "GET", "/metrics")[2].decode()
    return int(next(line for line in text.splitlines() if line.startswith("tillproofd_log_leaves_total ")).split()[1])


def settle(what):
    """All that was accepted has its leaf."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        kept, leaves = books("SELECT count(*) FROM statement", "SELECT count(*) FROM leaf")
        if kept == leaves:
            return leaves
        time.sleep(0.05)
    raise SystemExit(f"FAILED: {what}: {kept} accepted, {leaves} in the log")


def whole(what):
    """One log: the tree is made anew under every checkpoint."""
    leaves = settle(what)
    same(f"{what}: each once", books("SELECT count(DISTINCT d) FROM leaf", "SELECT max(idx) + 1 FROM leaf"), [leaves, leaves])
    same(f"{what}: the last checkpoint", books("SELECT max(size) FROM checkpoint"), [leaves])
    entries = [bytes.fromhex(e) for e in rows("SELECT hex(entry) FROM leaf ORDER BY idx")]
    hashes = [hashlib.sha256(b"\0" + e).digest() for e in entries]
    roots = rows("SELECT hex(root) FROM checkpoint ORDER BY size")
    same(f"{what}: every checkpoint is of this log", [r.lower() for r in roots],
         [root_of(hashes[:int(n)]).hex() for n in rows("SELECT size FROM checkpoint ORDER BY size")])
    if not SERVER:
        tillproof("audit", "--shop", "shop")
    return leaves


def killed():
    """Sales go on at the second daemon while the first, which has the turn, is killed."""
    a, b = Daemon("shop"), Daemon("shop")
    point(a.port)
    sell(2)
    settle("both")
    same("all by one of them", [placed(a), placed(b)].count(0), 1)
    first, second = (a, b) if placed(a) else (b, a)
    point(second.port)
    busy = threading.Thread(target=sell, args=(8,))
    busy.start()
    before = books("SELECT count(*) FROM leaf")[0]
    until = time.monotonic() + SECONDS
    while books("SELECT count(*) FROM leaf")[0] == before and time.monotonic() < until:
        time.sleep(0.005)
    first.p.kill()
    first.p.wait()
    busy.join()
    leaves = whole("after a kill")
    check("the second wrote the rest", placed(second) > 0)
    check("sales went on", leaves >= before + 8)
    same("it stops in order", second.stop()[-1], "<6>stopped")
    check("its turn is over", books("SELECT until_ms FROM sequencer")[0] == 0)


def paused():
    """One that was stopped in the midst of its turn and goes on later finds that it lost it."""
    a, b = Daemon("shop"), Daemon("shop")
    point(a.port)
    sell(1)
    settle("before the pause")
    first, second = (a, b) if placed(a) else (b, a)
    point(second.port)
    first.p.send_signal(signal.SIGSTOP)
    sell(2)
    whole("while one sleeps")
    first.p.send_signal(signal.SIGCONT)
    sell(2)
    whole("after it woke")
    for d in (a, b):
        d.stop()


make_shop()
for test in (killed, paused):
    test()
