#!/usr/bin/env python3
"""A chain's authority: tillproofd on PostgreSQL. The same sales as on a shop's file, the same reports; two daemons on one
database, one of which is killed; a server that crashes; a role that may only read. Run beside a server (with_postgres)."""
import concurrent.futures
import json
import os
import shutil
import signal

from net import *

OWNER = os.environ["TILLPROOF_TEST_STORE"]
KEEPER = int(os.environ["TILLPROOF_TEST_STORE_KEEPER"])
OWN = ("sale", "winner", "time", "card", "reference")  # what differs from shop to shop


def write(path, data):
    with open(path, "w", encoding="utf-8") as f:
        f.write(data if isinstance(data, str) else json.dumps(data))


def address(role):
    return OWNER.replace("/test?", "/chains?").replace("user=owner", f"user={role}")


SERVER = address("daemon")


def offer(name, **more):
    write(f"{name}.json", {"id": name, "version": 1, "title": name, "currency": "EUR", "funder": "store",
                           "redeem": ["coupon", "card"], "valid": {"from": "2020-01-01", "until": "2099-12-31"}, **more})
    return f"{name}.json"


def make_shop(name, *options):
    """NAME is the authority's and the office's; NAME-away has the tills, which reach it through a daemon."""
    tillproof("shop", "init", name, "--name", "Chain", *options)
    for path in ("coffee.json", "few.json"):
        tillproof("offer", "publish", path, "--shop", name)
    tillproof("coupon", "issue", "--shop", name, "--offer", "coffee", "--channel", "email", "--campaign", "autumn",
              "--count", "3", "--out", f"{name}-coffee")
    tillproof("coupon", "issue", "--shop", name, "--offer", "few", "--channel", "app", "--count", "3", "--out", f"{name}-few")
    os.makedirs(f"{name}-away/tills")
    for till in ("a", "b"):
        tillproof("till", "enrol", till, "--shop", name)
        shutil.move(f"{name}/tills/{till}", f"{name}-away/tills/{till}")
    shutil.copy("ca.ca.pem", f"{name}-away/ca.pem")


def point(name, port):
    with open(f"{name}/shop.ini", encoding="utf-8") as f:
        kept = "".join(line for line in f if not line.startswith("store = "))
    write(f"{name}-away/shop.ini", kept.replace("home = local", f"home = https\nurl = https://127.0.0.1:{port}\nca = ca.pem"))


def coupon(name, kind, n):
    return f"{name}-{kind}/" + sorted(os.listdir(f"{name}-{kind}"))[n]


def sale(name, till, basket, *words):
    out, _ = tillproof("sale", "--shop", f"{name}-away", "--till", till, "--basket", f"{basket}.json", "--json", *words)
    done = json.loads(out)
    same(f"{name}: recorded", done["outcome"], "committed")
    return done


def story(name):
    """Coupons used and used again, a card, a limit that is reached, goods back at the other till. What tills were told."""
    told = []
    tillproof("link", "--shop", name, "--card", "PAR-1", "--offer", "coffee", "--channel", "wallet")
    first = sale(name, "a", "two", "--scan", coupon(name, "coffee", 0), "--reference", f"{name}-1")
    told.append(first["quote"])
    told.append(sale(name, "b", "one", "--scan", coupon(name, "coffee", 0))["quote"])
    told.append(sale(name, "b", "one", "--card", "PAR-1")["quote"])
    for i in range(3):
        told.append(sale(name, "ab"[i % 2], "one", "--scan", coupon(name, "few", i))["quote"])
    told.append(sale(name, "a", "one")["quote"])
    tillproof("refund", "--shop", f"{name}-away", "--till", "b", "--sale", f"{name}-1", "--line", "1")
    return told


def without_own(value):
    if isinstance(value, dict):
        return {k: without_own(v) for k, v in value.items() if k not in OWN}
    return [without_own(v) for v in value] if isinstance(value, list) else value


def reports(name):
    found = {}
    for what in ("redemptions", "roi", "conflicts"):
        rows = without_own(json.loads(tillproof("report", what, "--shop", name, "--json")[0]))
        rows["rows"].sort(key=json.dumps)
        found[what] = rows
    return found


def the_same_as_a_file():
    told, found = {}, {}
    for name in ("file", "chain"):
        d = Daemon(name)
        point(name, d.port)
        told[name] = story(name)
        log = "\n".join(d.stop())
        check("no address in the log", "postgresql" not in log and "host=" not in log)
        found[name] = reports(name)
    same("what tills were told", told["chain"], told["file"])
    same("what the reports say", found["chain"], found["file"])
    check("there is something in them", len(found["chain"]["redemptions"]["rows"]) >= 4 and "limit_reached" in str(told))


def merchants_do_not_meet():
    """A second merchant in the same database starts from nothing, and changes nothing of the first."""
    before = reports("chain")
    d = Daemon("other")
    point("other", d.port)
    same("nothing is sold", reports("other")["redemptions"]["rows"], [])
    sale("other", "a", "two", "--scan", coupon("other", "coffee", 0))
    err = tillproof("coupon", "show", coupon("chain", "coffee", 1), "--shop", "other", status=1)[1]
    check(err, "unknown_coupon" in err)
    d.stop()
    same("one redemption", len(reports("other")["redemptions"]["rows"]), 1)
    same("the first merchant's are as they were", reports("chain"), before)


def sold(name):
    rows = json.loads(tillproof("report", "roi", "--shop", name, "--json")[0])["rows"]
    return round(sum(float(r["gross"]) for r in rows if r["channel"] not in ("total", "(returns)")), 2)


def two_daemons():
    """Each till sells through its own daemon; one daemon is killed in the middle, and its till goes on through the other.
    Then the database server crashes and comes back. Every sale that was recorded is in the books once."""
    before = sold("chain")
    daemons = [Daemon("chain"), Daemon("chain")]
    shutil.copytree("chain-away", "second-away")
    shutil.rmtree("second-away/tills/a")
    point("chain", daemons[0].port)
    shutil.copy("chain-away/shop.ini", "first.ini")
    point("chain", daemons[1].port)
    shutil.move("chain-away/shop.ini", "second-away/shop.ini")
    shutil.move("first.ini", "chain-away/shop.ini")

    def sell(name, till, count):
        for _ in range(count):
            sale(name, till, "one")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(sell, "chain", "a", 1), pool.submit(sell, "second", "b", 4)]
        busy[0].result()
        daemons[0].p.send_signal(signal.SIGKILL)
        daemons[0].p.wait(PATIENCE)
        shutil.copy("second-away/shop.ini", "chain-away/shop.ini")
        busy.append(pool.submit(sell, "chain", "a", 2))
        for b in busy:
            b.result()
    os.kill(KEEPER, signal.SIGUSR1)
    sell("chain", "a", 1)
    sell("second", "b", 1)
    daemons[1].stop()
    same("each sale is in the books once", round(sold("chain") - before, 2), round(9 * 12.99, 2))


def a_role_that_reads():
    """The report's role reads, of a shop whose authority is elsewhere, too; and nothing more can be done with it."""
    shutil.copytree("chain", "readers")
    with open("readers/shop.ini", encoding="utf-8") as f:
        text = f.read()
    write("readers/shop.ini", text.replace(SERVER, address("reader")))
    same("the same figures", reports("readers"), reports("chain"))
    err = tillproof("offer", "publish", offer("new", gives={"percent": "1"}), "--shop", "readers", status=3)[1]
    check(err, err.startswith("tillproof: read_only: "))
    err = tillproof("store", "migrate", address("daemon"), status=0)[0]
    check(err, err.startswith("The tables are of version "))
    write("readers/shop.ini", text.replace(SERVER, address("reader")).replace(
        "home = local", "home = https\nurl = https://127.0.0.1:1\nca = ca.pem"))
    same("away, too", reports("readers"), reports("chain"))
    write("readers/shop.ini", text.replace(SERVER, "mysql://x/y"))
    check("another kind", "shop.ini" in tillproof("report", "roi", "--shop", "readers", status=1)[1])


def another_role():
    """A daemon of the readers' directory, whose shop.ini names a role that reads, has a role of its own."""
    words = [os.environ["TILLPROOFD"], "--shop", "readers", "--listen", "127.0.0.1:0", "--certificate", "server.pem", "--key", "server.key"]
    with open("chain/shop.ini", encoding="utf-8") as f:
        write("readers/shop.ini", f.read().replace(SERVER, address("reader")))
    err = run(*words, "--store", address("nobody"), status=3)[1]
    check(f"{err}: no address", "authority's database" in err and "postgresql" not in err and "host=" not in err)
    before = sold("chain")
    write("d.ini", f"[server]\nshop = readers\nstore = {SERVER}\n")
    d = Daemon("readers", "server", "--config", "d.ini")
    point("chain", d.port)
    sale("chain", "a", "one")
    same("it is the same authority", round(sold("chain") - before, 2), 12.99)
    write("d.ini", f"[server]\nshop = readers\nstore = {address('reader')}\n")
    d.p.send_signal(signal.SIGHUP)
    same("a start alone takes it", d.p.stderr.readline(), "<4>store is taken by a start alone, and stays\n")
    sale("chain", "a", "one")
    check("no address in the log", "postgresql" not in "\n".join(d.stop()))
    err = run(*[w.replace("readers", "file") for w in words], "--store", SERVER, status=2)[1]
    check(err, "names a database server" in err)


def a_till_does_not_open_it():
    """The plugin brings no libpq into a host: a till reaches the database through tillproofd alone."""
    shutil.copytree("chain-away/tills/a", "chain/tills/a")
    err = tillproof("sale", "--shop", "chain", "--till", "a", "--basket", "one.json", status=3)[1]
    check(err, "only tillproofd and the tillproof command" in err)


authority_certificate("ca")
server_certificate("server", "ca")
offer("coffee", needs={"category": ["coffee"]}, gives={"percent": "10"}, limits={"per_coupon": 1}, returns="claw_back")
offer("few", gives={"amount": "2.00"}, limits={"per_coupon": 1, "total": 2})
LINE = {"line": 1, "sku": "1", "name": "Beans", "category": "coffee", "quantity": "1", "unit_price": "12.99", "tax_percent": "7"}
write("one.json", {"currency": "EUR", "lines": [LINE]})
write("two.json", {"currency": "EUR", "lines": [{**LINE, "quantity": "2"}, {**LINE, "line": 2, "sku": "2", "category": "tea"}]})
run("psql", "-q", "-d", OWNER, "-v", "database=chains", "-f", os.path.join(os.environ["SOURCE"], "packaging/postgres/roles.sql"))
run("psql", "-q", "-d", OWNER, "-c", "CREATE ROLE keeper LOGIN IN ROLE tillproof_owner; CREATE ROLE daemon LOGIN IN ROLE "
    "tillproof_service; CREATE ROLE reader LOGIN IN ROLE tillproof_report")
tillproof("store", "migrate", address("keeper"))
make_shop("file")
make_shop("chain", "--database", SERVER)
make_shop("other", "--database", SERVER)
for test in (the_same_as_a_file, merchants_do_not_meet, a_role_that_reads, another_role, a_till_does_not_open_it, two_daemons):
    test()
