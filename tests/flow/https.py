#!/usr/bin/env python3
"""A till on another machine: whole sales through the plugin over HTTPS to a real tillproofd, and what happens without it."""
import concurrent.futures
import http.server
import json
import os
import re
import shutil
import signal
import sqlite3
import ssl
import sys
import threading
import time

from net import *

sys.path.insert(0, os.path.join(os.environ["SOURCE"], "tests/hosts/python"))
from tillproof import SCAN, Error, Line, Plugin, Tender

LINES = [{"line": 1, "sku": "1", "name": "Beans", "category": "coffee", "quantity": "1", "unit_price": "12.99",
          "tax_percent": "7"}]


def write(path, data):
    with open(path, "w", encoding="utf-8") as f:
        f.write(data if isinstance(data, str) else json.dumps(data))


def make_shop():
    authority_certificate("ca")
    authority_certificate("other")
    server_certificate("server", "ca")
    tillproof("shop", "init", "shop")
    write("coffee.json", {"id": "coffee", "version": 1, "title": "10% off", "currency": "EUR", "funder": "store",
                          "redeem": ["coupon", "card"], "valid": {"from": "2020-01-01", "until": "2099-12-31"},
                          "needs": {"category": ["coffee"]}, "gives": {"percent": "10"}, "limits": {"per_coupon": 1}})
    tillproof("offer", "publish", "coffee.json", "--shop", "shop")
    tillproof("coupon", "issue", "--shop", "shop", "--offer", "coffee", "--channel", "email", "--count", "4", "--out", "coupons")
    for i in range(4):
        tillproof("coupon", "issue", "--shop", "shop", "--offer", "coffee", "--channel", "email", "--out", f"{i}.txt")
    write("basket.json", {"currency": "EUR", "lines": LINES})


def move_till(name, ca="ca"):
    """As the README says: the till's folder goes to the other machine, and is left nowhere else."""
    os.makedirs("away/tills", exist_ok=True)
    tillproof("till", "enrol", name, "--shop", "shop")
    shutil.move(f"shop/tills/{name}", f"away/tills/{name}")
    shutil.copy(f"{ca}.ca.pem", "away/ca.pem")


def point(port, ca="ca"):
    """away/shop.ini names that authority."""
    with open("shop/shop.ini", encoding="utf-8") as f:
        text = f.read()
    shutil.copy(f"{ca}.ca.pem", "away/ca.pem")
    write("away/shop.ini", text.replace("home = local", f"home = https\nurl = https://127.0.0.1:{port}\nca = ca.pem"))


def sale(n, *words, till="far"):
    out, _ = tillproof("sale", "--shop", "away", "--till", till, "--basket", "basket.json", "--json",
                       "--scan", next(iter(sorted(f"coupons/{f}" for f in os.listdir("coupons"))[n:])), *words)
    return json.loads(out)


def alone(n):
    """A sale that nobody is there for: held until its deadline, recorded, not sent. Why it was not held."""
    plugin = Plugin(os.environ["PLUGIN"])
    till = plugin.open("away", "far")
    s = till.sale(f"alone-{n}", "EUR")
    s.lines_set([Line(number=1, quantity=1000, unit_price=1299, tax=7000, sku=b"1", name=b"Beans", category=b"coffee")])
    with open(f"{n}.txt", "rb") as f:
        same("a good coupon", plugin.name(s.present(SCAN, f.read().strip()).outcome), "ok")
    quote = s.hold(600)
    same("not bound", plugin.name(quote.outcome), "provisional")
    done = s.commit(f"R-{n}", [Tender(amount=quote.due, kind=b"cash")])
    same("recorded", plugin.name(done.outcome), "committed")
    same("unsent", till.status().queue > 0, True)
    try:
        till.close(500)
        check("it was sent", False)
    except Error as e:
        check(e, "timeout" in str(e))
    return plugin.name(quote.reason)


def rows():
    out, _ = tillproof("report", "redemptions", "--shop", "shop", "--json")
    return [(r["till"], r["net"], r["outcome"]) for r in json.loads(out)["rows"]]


def gross():
    out, _ = tillproof("report", "roi", "--shop", "shop", "--json")
    return sum(float(r["gross"]) for r in json.loads(out)["rows"] if r["channel"] not in ("total", "(returns)"))


def whole_sale():
    d = Daemon("shop")
    point(d.port)
    s = sale(0)
    same("held and recorded", (s["outcome"], s["binding"], s["quote"]["due"]), ("committed", True, "11.69"))
    s = sale(0)
    same("used up", (s["quote"]["refused"][0]["reason"], s["quote"]["due"]), ("already_used", "12.99"))
    tillproof("refund", "--shop", "away", "--till", "far", "--sale", s["sale"], "--line", "1")
    same("the authority has them", rows(), [("far", "11.69", "applied")])
    log = "\n".join(d.stop())
    check("no secret in the log", s["sale"] not in log and "coffee" not in log)


def without_it():
    """Recorded in the till, and sent when the authority is back."""
    d = Daemon("shop")
    port = d.port
    d.stop()
    point(port)
    same("not held", alone(0), "offline")
    before, sold = len(rows()), gross()
    d = Daemon("shop", "server", "--listen", f"127.0.0.1:{port}")
    sale(2)
    same("both came", round(gross() - sold, 2), 25.98)
    same("alone it was denied", len(rows()), before + 1)
    d.stop()


def untrusted():
    """A wrong CA, an expired certificate: no statement leaves the till."""
    server_certificate("old", "ca", days="-1")
    before, sold = rows(), gross()
    for certificate, ca in (("server", "other"), ("old", "ca")):
        d = Daemon("shop", certificate)
        point(d.port, ca)
        same(f"{certificate} under {ca}", alone(1 if ca == "other" else 2), "offline")
        d.stop()
        same("nothing came", (rows(), gross()), (before, sold))
    d = Daemon("shop")
    point(d.port)
    sale(3)
    same("all three came once the right one answered", round(gross() - sold, 2), 38.97)
    d.stop()


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps what a till posts, and answers nothing that it could use."""
    protocol_version = "HTTP/1.1"
    bodies = []

    def do_POST(self):
        Recorder.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


def recorded():
    """The first message of a till: its signed sync."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("server.pem", "server.key")
    server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    point(server.server_port)
    same("busy is offline", alone(3), "offline")
    server.shutdown()
    server.server_close()
    commits = [b for b in Recorder.bodies if b"vnd.tillproof.commit" in b]
    check("the till sent its record, too", commits)
    return commits[-1]


def figure(d, name):
    text = ask(connect(d.port), "GET", "/metrics")[2].decode()
    return int(re.search(rf"^tillproofd_{name} (\d+)$", text, re.M)[1])


def busy():
    """A writer that waits for the disk, one place in the queue: the rest is told when to come again, at once. Then a stop:
    what was taken is answered, and stands in the shop."""
    message = recorded()
    d = Daemon("shop", "server", "--workers", "1", "--queue", "1")
    db = sqlite3.connect("shop/authority/authority.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(lambda: ask(connect(d.port), "POST", "/v1/statements", message)) for _ in range(6)]
        until = time.monotonic() + PATIENCE
        while figure(d, "working") + figure(d, "queue_depth") + sum(c.done() for c in calls) < 6 and time.monotonic() < until:
            time.sleep(0.02)
        refused = [c.result() for c in calls if c.done()]
        # One waits; one is handled, or two, if the second was there before the first had begun.
        kept = 6 - len(refused)
        check("two or three are with the daemon", kept in (2, 3))
        same("the rest is refused", [r[0] for r in refused], [503] * len(refused))
        check("and told when to come again", all(r[1].get("Retry-After") == "1" for r in refused))
        d.p.send_signal(signal.SIGTERM)
        check("it says that it stops", re.match(f"<6>stopping: {kept} requests", next(
            line for line in d.p.stderr if line.startswith("<6>"))))
        db.execute("ROLLBACK")
        db.close()
        taken = [c.result() for c in calls if c.result()[0] != 503]
    same("they are answered", [t[0] for t in taken], [200] * kept)
    check("and alike", all(t[2] == taken[0][2] for t in taken))
    check("registered", b"registered" in taken[0][2])
    same("tillproofd ends", d.p.wait(PATIENCE), 0)


def message(raw, *parts):
    """[statement, lines, person]"""
    size = lambda b: b"\x58" + bytes([len(b)]) if len(b) < 256 else b"\x59" + len(b).to_bytes(2, "big")
    return b"\x83" + raw + b"".join(size(p) + p for p in parts)


def contradiction():
    """A till that was copied: both sell, so that two records stand at one place. Both are kept, and it redeems no more."""
    d = Daemon("shop")
    enrolled = "twin"
    move_till(enrolled)
    point(d.port)
    sale(0, till=enrolled)
    shutil.copytree("away", "copy")
    with open("copy/shop.ini", encoding="utf-8") as f:
        text = f.read()
    write("copy/shop.ini", text.replace(f":{d.port}", ":1"))
    plugin = Plugin(os.environ["PLUGIN"])
    line = Line(number=1, quantity=1000, unit_price=1299, tax=7000, sku=b"1", name=b"Beans", category=b"coffee")
    copy = plugin.open("copy", enrolled)
    s = copy.sale("copied", "EUR")
    s.lines_set([line])
    s.commit("R-1", [Tender(amount=1299, kind=b"cash")])
    try:
        copy.close(200)
    except Error:
        pass
    db = sqlite3.connect("copy/tills/twin/till.db")
    unsent = db.execute("SELECT raw, lines, person FROM record WHERE answer IS NULL").fetchall()
    db.close()
    same("one that nobody has seen", len(unsent), 1)
    till = plugin.open("away", enrolled)
    first = till.sale("first", "EUR")
    first.lines_set([line])
    first.hold(5000)
    first.commit("R-2", [Tender(amount=1299, kind=b"cash")])
    for _ in range(500):
        if till.status().queue == 0:
            break
        time.sleep(0.02)
    same("the first is there", till.status().queue, 0)
    check("kept, too", b"registered" in ask(connect(d.port), "POST", "/v1/statements", message(*unsent[0]))[2])
    db = sqlite3.connect("shop/authority/authority.db")
    same("quarantined", db.execute("SELECT quarantined FROM till WHERE name = 'twin'").fetchone(), (1,))
    same("evidence", db.execute("SELECT count(*) FROM (SELECT seq FROM record WHERE till = 'twin' GROUP BY seq HAVING count(*) = 2)").fetchone(), (1,))
    db.close()
    second = till.sale("second", "EUR")
    second.lines_set([line])
    same("no grant", plugin.name(second.hold(5000).reason), "quarantined")
    same("others go on", ask(connect(d.port), "GET", "/readyz")[0], 200)
    try:
        till.close(200)
    except Error:
        pass
    d.stop()


def commands():
    """What belongs to the authority's machine says so."""
    err = tillproof("report", "redemptions", "--shop", "away", status=3)[1]
    check(err, "on another machine: https://127.0.0.1:" in err)
    check("no office", "where its keys are" in tillproof("till", "enrol", "next", "--shop", "away", status=3)[1])


def joined():
    """A till enrols from the other machine by a code, which is good once; then it sells there."""
    d = Daemon("shop")
    point(d.port)
    code = json.loads(tillproof("till", "invite", "--shop", "shop", "--till", "third", "--json")[0])["code"]
    check("a wrong code", "not_invited" in tillproof("till", "join", "--shop", "away", "--till", "third", "--code",
                                                     "0000-0000-0000-0000", status=1)[1])
    got = json.loads(tillproof("till", "join", "--shop", "away", "--till", "third", "--code", code, "--json")[0])
    same("enrolled", got, {"till": "third", "store": "main", "epoch": 1})
    same("it sells", sale(0, till="third")["outcome"], "committed")
    for purpose in ("grant", "log", "registrar"):
        tillproof("keys", "rotate", "--shop", "shop", "--purpose", purpose, "--at-once")
        same(f"another {purpose} key under a daemon that runs", sale(0, till="third")["quote"]["refused"][0]["reason"],
             "already_used")
    shutil.rmtree("away/tills/third")
    check("once", "not_invited" in tillproof("till", "join", "--shop", "away", "--till", "third", "--code", code, status=1)[1])
    log = "\n".join(d.stop())
    check("no code in the log", code not in log)
    check("offline", "offline" in tillproof("till", "join", "--shop", "away", "--till", "third", "--code", code, status=1)[1])


make_shop()
move_till("far")
for test in (whole_sale, without_it, untrusted, busy, contradiction, commands, joined):
    test()
