#!/usr/bin/env python3
"""Leases: a till whose line is cut redeems what it was given beforehand and not once more; what came of it afterwards; and
what a lost till, or a copied one, costs whom."""
import ctypes
import json
import os
import shutil
import sys
import time

from net import *

sys.path.insert(0, os.path.join(os.environ["SOURCE"], "tests/hosts/python"))
from tillproof import SCAN, Line, Plugin, Tender

USES = 3
SIZEOF_DAY = 13  # TILLPROOF_SIZEOF_DAY
OFFER = {"id": "coffee", "version": 1, "title": "10% off", "currency": "EUR", "redeem": ["coupon"],
         "valid": {"from": "2020-01-01", "until": "2099-12-31"}, "gives": {"percent": "10"}, "limits": {"total": 40},
         "offline": {"mode": "lease", "bears": "issuer", "lease": {"uses": USES, "hours": 48}}}
plugin = Plugin(os.environ["PLUGIN"])
issued = 0


def write(path, data):
    with open(path, "w", encoding="utf-8") as f:
        f.write(data if isinstance(data, str) else json.dumps(data))


def data(*words):
    return json.loads(tillproof(*words, "--shop", "shop", "--json")[0])


def coupon(*words):
    global issued
    issued += 1
    tillproof("coupon", "issue", "--shop", "shop", "--offer", "coffee", "--channel", "email", "--out", f"{issued}.txt", *words)
    with open(f"{issued}.txt", "rb") as f:
        return f.read().strip()


def make_shop():
    authority_certificate("ca")
    server_certificate("server", "ca")
    tillproof("shop", "init", "shop")
    write("coffee.json", OFFER)
    tillproof("offer", "publish", "coffee.json", "--shop", "shop")


def move_till(name):
    os.makedirs(f"{name}/tills")
    tillproof("till", "enrol", name, "--shop", "shop")
    shutil.move(f"shop/tills/{name}", f"{name}/tills/{name}")
    shutil.copy("ca.ca.pem", f"{name}/ca.pem")


def point(name, port):
    with open("shop/shop.ini", encoding="utf-8") as f:
        text = f.read()
    write(f"{name}/shop.ini", text.replace("home = local", f"home = https\nurl = https://127.0.0.1:{port}\nca = ca.pem"))


def ring(till, number, code, deadline=15000):
    """What is due, and why the offer was not given."""
    s = till.sale(f"sale-{number}", "EUR")
    s.lines_set([Line(number=1, quantity=1000, unit_price=1000, tax=7000, sku=b"1", name=b"Beans", category=b"coffee")])
    s.present(SCAN, code)
    quote = s.hold(deadline)
    why = [plugin.name(s.offer(i).outcome) for i in range(quote.offers)]
    s.commit(f"R-{number}", [Tender(amount=quote.due, kind=b"cash")])
    return quote.due, why


def close_day(till):
    day = ctypes.create_string_buffer(plugin.library.tillproof_sizeof(SIZEOF_DAY))
    day[:4] = len(day).to_bytes(4, sys.byteorder)
    plugin.call("day_close", till.handle, day)


def sent(till):
    """Waits until the till has told everything."""
    for _ in range(PATIENCE * 20):
        if till.status().queue == 0:
            return
        time.sleep(0.05)
    raise SystemExit("FAILED: the till does not deliver")


def leases(*words):
    return [(r["till"], r["left_uses"], r["uses"], r["state"], r["bears"]) for r in data("lease", "list", *words)["rows"]]


def without_a_line():
    d = Daemon("shop")
    point("far", d.port)
    till = plugin.open("far", "far")
    codes = [coupon() for _ in range(USES + 2)]
    same("with a line", ring(till, 0, codes[0]), (900, ["applied"]))
    same("it was leased", leases(), [("far", "3", "3", "live", "issuer")])
    d.stop()
    for i in range(1, USES + 1):
        same(f"alone, {i}", ring(till, i, codes[i], 300), (900, ["applied"]))
    same("alone, and once more", ring(till, 9, codes[USES + 1], 300), (1000, ["offline_denied"]))
    same("nobody heard it", leases(), [("far", "3", "3", "live", "issuer")])
    d = Daemon("shop", "server", "--listen", f"127.0.0.1:{d.port}")
    sent(till)
    same("no conflict", data("report", "conflicts")["rows"], [])
    same("what was not given is good", ring(till, 10, codes[USES + 1]), (900, ["applied"]))
    close_day(till)
    till.close(10000)
    same("the day is over, and nothing else is spent", [l for l in leases() if l[3] != "live"], [])
    d.stop()
    tillproof("audit", "--shop", "shop")


def a_lost_till():
    d = Daemon("shop")
    port = d.port
    move_till("lost")
    point("lost", port)
    till = plugin.open("lost", "lost")
    ring(till, 20, coupon())
    till.close(10000)
    d.stop()
    shutil.rmtree("lost")
    same("it had a lease", leases("--till", "lost"), [("lost", "3", "3", "live", "issuer")])
    listed = data("lease", "list", "--till", "lost")
    same("outstanding", (listed["leases"], listed["uses"], listed["borne_by"]), (1, 3, {"merchant": 0, "issuer": 1}))
    number = listed["rows"][0]["lease"]
    check("the number is no other till's", "another till's" in tillproof(
        "lease", "write-off", "--shop", "shop", "--till", "far", "--lease", str(number), status=2)[1])
    same("given up", data("lease", "write-off", "--till", "lost"), {"leases": 1, "uses": 3, "amount": "0.00"})
    same("it keeps nothing", leases("--till", "lost"), [])
    same("and there is nothing more", data("lease", "write-off", "--lease", str(number))["leases"], 0)
    tillproof("audit", "--shop", "shop")


def a_copied_till():
    """Two copies spend one lease: what goes beyond it is a conflict, and the offer says who bears it."""
    d = Daemon("shop")
    move_till("twin")
    point("twin", d.port)
    till = plugin.open("twin", "twin")
    codes = [coupon() for _ in range(5)]
    ring(till, 30, codes[0])
    till.close(10000)
    d.stop()
    shutil.copytree("twin", "copy")
    for place, mine in (("twin", codes[1:3]), ("copy", codes[3:5])):
        till = plugin.open(place, "twin")
        for i, code in enumerate(mine):
            same(f"{place} {i}", ring(till, f"{place}-{i}", code, 300), (900, ["applied"]))
        try:
            till.close(0)
        except Exception as e:  # not sent yet
            check(e, "timeout" in str(e))
    d = Daemon("shop", "server", "--listen", f"127.0.0.1:{d.port}")
    for place in ("twin", "copy"):
        till = plugin.open(place, "twin")
        sent(till)
        till.close(10000)
    d.stop()
    rows = data("report", "conflicts")["rows"]
    same("one use too many", [(r["till"], r["offer"], r["outcome"], r["amount"], r["bears"]) for r in rows],
         [("twin", "coffee", "conflict", "1.00", "issuer")])


def bound_coupons():
    """Coupons for one till: no other redeems them while it has them."""
    d = Daemon("shop")
    port = d.port
    move_till("own")
    point("own", port)
    code = coupon("--till", "own")
    till = plugin.open("own", "own")
    same("its own", ring(till, 40, coupon()), (900, ["applied"]))
    same("listed", [r["coupons"].split(":")[1] for r in data("lease", "list", "--till", "own")["rows"] if r["coupons"]], ["0-0"])
    write("basket.json", {"currency": "EUR", "lines": [{"line": 1, "sku": "1", "name": "Beans", "category": "coffee", "quantity": "1",
                                                        "unit_price": "10.00", "tax_percent": "7"}]})
    out, _ = tillproof("sale", "--shop", "shop", "--till", "till1", "--basket", "basket.json", "--json", "--scan", code.decode())
    same("another till", json.loads(out)["quote"]["refused"][0]["reason"], "held")
    d.stop()
    same("alone", ring(till, 41, code, 300), (900, ["applied"]))
    till.close(0) if till.status().queue == 0 else None
    err = tillproof("coupon", "issue", "--shop", "shop", "--offer", "coffee", "--channel", "x", "--till", "nobody", status=1)[1]
    check("a till that is none", "unknown_till" in err)


make_shop()
move_till("far")
for test in (without_a_line, a_lost_till, a_copied_till, bound_coupons):
    test()
