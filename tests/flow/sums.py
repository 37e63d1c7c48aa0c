#!/usr/bin/env python3
"""Random sales: the columns of both reports add up to the sales, summed here from the sales' own JSON."""
import csv
import datetime
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from decimal import ROUND_HALF_UP, Decimal

tillproof = os.environ["TILLPROOF"]
dice = random.Random(20261122)
SALES = 40


def run(*words, data=None):
    done = subprocess.run([tillproof, *words], capture_output=True, text=True, input=data)
    if done.returncode or done.stderr:
        sys.exit(f"FAILED: {' '.join(words)}: {done.returncode}: {done.stderr}")
    return done.stdout


def check(what, got, wanted):
    if got != wanted:
        sys.exit(f"FAILED: {what}: got {got}, not {wanted}")


OFFERS = {
    "percent": {"gives": {"percent": "12.5"}, "fee": {"percent": "3", "fixed": "0.10"}},
    "amount": {"gives": {"amount": "3.33"}, "needs": {"min_spend": "5.00"}, "fee": {"percent": "0.7", "fixed": "0.00"}},
    "card": {"gives": {"percent": "3"}, "redeem": ["card"], "fee": {"percent": "1.25", "fixed": "0.01"}},
}


def publish():
    for name, terms in OFFERS.items():
        offer = {"id": name, "version": 1, "title": name, "currency": "EUR", "funder": "store", "redeem": ["coupon"],
                 "valid": {"from": "2020-01-01", "until": "2099-12-31"}, "limits": {"per_coupon": 1}, "returns": "keep"}
        offer.update(terms)
        with open(name + ".json", "w") as out:
            json.dump(offer, out)
    run("offer", "publish", *[name + ".json" for name in OFFERS], "--shop", "shop")


def basket():
    lines = [{"line": n + 1, "sku": str(n), "name": "Thing", "category": "c",
              "quantity": dice.choice(["1", "2", "3", "0.375"]),
              "unit_price": f"{dice.randrange(1, 3000) / 100:.2f}", "tax_percent": dice.choice(["7", "19", "0"])}
             for n in range(dice.randrange(1, 6))]
    with open("basket.json", "w") as out:
        json.dump({"currency": "EUR", "lines": lines}, out)


def sell(coupons):
    basket()
    words = ["sale", "--shop", "shop", "--basket", "basket.json", "--json"]
    for name in ("percent", "amount"):
        if coupons[name] and dice.random() < 0.6:
            words += ["--scan", coupons[name].pop()]
    if dice.random() < 0.5:
        words += ["--card", "tok_7"]
    return json.loads(run(*words))


def main():
    run("shop", "init", "shop")
    publish()
    coupons = {name: run("coupon", "issue", "--shop", "shop", "--offer", name, "--channel", channel,
                         "--campaign", "c", "--count", str(SALES)).split()
               for name, channel in (("percent", "email"), ("amount", "print"))}
    run("link", "--shop", "shop", "--card", "-", "--offer", "card", "--channel", "app", data="tok_7\n")
    sales = [sell(coupons) for _ in range(SALES)]

    for sale in sales:
        check("outcome", sale["outcome"], "committed")
        quote = sale["quote"]
        for column in ("gross", "discount", "net", "tax"):
            check("lines of " + column, sum(Decimal(line[column]) for line in quote["lines"]), Decimal(quote[column]))
    totals = {c: sum(Decimal(s["quote"][c]) for s in sales) for c in ("gross", "discount", "net")}
    applied = {}
    for sale in sales:
        for used in sale["quote"]["applied"]:
            discount, count = applied.get(used["offer"], (Decimal(0), 0))
            applied[used["offer"]] = (discount + Decimal(used["discount"]), count + 1)

    rows = list(csv.DictReader(io.StringIO(run("report", "roi", "--shop", "shop", "--csv"), newline="")))
    by_channel = {row["channel"]: row for row in rows}
    for column in ("gross", "discount", "net", "fee", "issued", "redeemed"):
        parts = sum(Decimal(row[column]) for row in rows if row["channel"] != "total")
        check("total of " + column, Decimal(by_channel["total"][column]), parts)
    for column, total in totals.items():
        check("sales' " + column, Decimal(by_channel["total"][column]), total)
    for offer, channel in (("percent", "email"), ("amount", "print"), ("card", "app")):
        discount, count = applied[offer]
        check(f"{channel} redeemed", int(by_channel[channel]["redeemed"]), count)
        check(f"{channel} discount", Decimal(by_channel[channel]["discount"]), discount)

    listed = json.loads(run("report", "redemptions", "--shop", "shop", "--json"))["rows"]
    check("redemptions", len(listed), sum(count for _, count in applied.values()))
    by_sale = {}
    for row in listed:
        fee = OFFERS[row["offer"]]["fee"]
        wanted = (Decimal(row["net"]) * Decimal(fee["percent"]) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        check("fee", Decimal(row["fee"]), wanted + Decimal(fee["fixed"]))
        sums = by_sale.setdefault(row["sale"], {c: Decimal(0) for c in totals})
        for column in totals:
            sums[column] += Decimal(row[column])
    for sale in sales:
        if sale["sale"] in by_sale:
            check("shares of " + sale["sale"], by_sale[sale["sale"]], {c: Decimal(sale["quote"][c]) for c in totals})
    check("fees", sum(Decimal(row["fee"]) for row in listed), Decimal(by_channel["total"]["fee"]))
    today, day = datetime.date.today(), datetime.timedelta(days=1)
    for first, last, wanted in ((today - day, today + day, str(totals["gross"])), (today - 9 * day, today - 8 * day, "0.00")):
        found = json.loads(run("report", "roi", "--shop", "shop", "--json", "--from", str(first), "--to", str(last)))
        check(f"from {first} to {last}", found["rows"][-1]["gross"], wanted)


folder = tempfile.mkdtemp(prefix="flow-", dir=os.environ.get("TMPDIR"))
try:
    os.chdir(folder)
    main()
finally:
    os.chdir("/")
    shutil.rmtree(folder)
