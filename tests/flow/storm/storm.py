#!/usr/bin/env python3
"""Many tills at once: real daemons, real databases, tills as processes, and everything that can happen to them. When it
is over every history is checked against the books, and the checker against histories and books that are not true.

    storm.py shop        two tillproofd and a till of the machine itself, on the files of one shop
    storm.py chain       two tillproofd on the PostgreSQL server that with_postgres runs beside it

STORM_SEED: which storm; TILLPROOF_SOAK: 1 is ten minutes, more is so many seconds. Prints the seed and the operations.
"""
import collections
import ctypes
import heapq
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from net import *
import books
import check as checker
import doctor
import link

soak = int(os.environ.get("TILLPROOF_SOAK") or 0)
SPAN = 600 if soak == 1 else soak or {"shop": 20, "chain": 40}[sys.argv[1]]  # seconds of storm
SEED = os.environ.get("STORM_SEED") or ("20261125" if not soak else os.urandom(4).hex())
TILLS, DAEMONS, CARDS = 6, 2, 8
COUPONS = {"once": 10 * SPAN, "twice": 4 * SPAN, "again": SPAN}
OWN = min(2 * SPAN, 1000)  # coupons of each till alone, as many as a lease may have
PAPERS = 4 * SPAN  # serials of GS1 coupons
SETTLE = 120  # seconds; nothing that works waits for it
AGAIN = "again"


def money(minor):
    return f"{minor // 100}.{minor % 100:02d}"


# Limits and budgets are such that they are reached while the storm lasts.
OFFERS = {
    "once": {"redeem": ["coupon"], "gives": {"percent": "10"}, "limits": {"per_coupon": 1},
             "offline": {"mode": "risk", "cap": "4.00", "bears": "issuer"}},
    "twice": {"redeem": ["coupon"], "gives": {"amount": "1.50"}, "limits": {"per_coupon": 2, "total": 5 * SPAN}},
    "purse": {"redeem": ["automatic"], "gives": {"percent": "5"}, "needs": {"min_spend": "15.00"},
              "limits": {"budget": money(2000 * SPAN)}},
    "lend": {"redeem": ["automatic"], "gives": {"amount": "0.40"}, "needs": {"category": ["tea"]},
             "limits": {"total": 3 * SPAN, "budget": money(100 * SPAN)},
             "offline": {"mode": "lease", "lease": {"uses": 8, "amount": "4.00", "hours": 1}}},
    "person": {"redeem": ["card"], "gives": {"percent": "3"}, "limits": {"per_customer": 1 + SPAN // 8}},
    # Of which each till has some that are for it alone.
    "own": {"redeem": ["coupon"], "gives": {"amount": "0.70"}, "limits": {"per_coupon": 1},
            "offline": {"mode": "lease", "lease": {"uses": 4, "hours": 1}}},
    # Good again when all tea has come back: fewer than there are coupons.
    "again": {"redeem": ["coupon"], "gives": {"amount": "0.60"}, "needs": {"category": ["tea"]}, "revive": True,
              "limits": {"per_coupon": 1, "total": SPAN // 2}},
    "paper": {"redeem": ["coupon"], "gives": {"amount": "0.50"}, "limits": {"per_coupon": 1}, "gs1": "8112123456123456"},
    "number": {"redeem": ["coupon"], "gives": {"amount": "0.30"}, "limits": {"per_coupon": 1}, "gs1": "2559501101530003"},
}
PAPER, NUMBER = "00123456123456", "9501101530003"  # the elements' data up to the serial
NOTATIONS = {"paper": ("(8112)" + PAPER + "0{:06}", "https://id.gs1.org/01/09506000134352?8112=" + PAPER + "0{:06}"),
             "number": ("(255)" + NUMBER + "{:04}", "https://id.gs1.org/255/" + NUMBER + "{:04}")}


def together():
    """A child of this process ends with it, whatever ends it."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def now():
    """By the clock of the histories."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def until(what, ready, seconds=SETTLE):
    """Waits for a condition, within bounds."""
    end = time.monotonic() + seconds
    while not (found := ready()):
        if time.monotonic() > end:
            raise SystemExit(f"FAILED: {what}: not within {seconds} s")
        time.sleep(0.02)
    return found


class Process:
    p = None
    ended = True  # by the storm itself

    def start(self, words, **more):
        self.p = subprocess.Popen(words, preexec_fn=together, **more)
        self.ended = self.p.killed = False

    def alive(self):
        return self.p is not None and self.p.poll() is None

    def kill(self):
        """At once, in whatever state it is."""
        self.ended = True
        if self.alive():
            self.p.killed = True
            self.p.kill()
            self.p.wait()

    def signal(self, number):
        if self.alive():
            self.p.send_signal(number)


class Tillproofd(Process):
    def __init__(self, number, home):
        self.number, self.home, self.starts, self.port = number, home, 0, None

    def up(self):
        self.starts += 1
        log = f"daemon-{self.number}-{self.starts}.log"
        with open(log, "wb") as out:
            self.start([os.environ["TILLPROOFD"], "--shop", self.home, "--listen", "127.0.0.1:0", "--certificate",
                        "server.pem", "--key", "server.key"], stderr=out)

        def listening():
            if not self.alive():
                with open(log, encoding="utf-8") as said:
                    raise SystemExit(f"FAILED: tillproofd ended: {said.read()}")
            with open(log, encoding="utf-8") as said:
                return re.search(r"^<6>listening on 127\.0\.0\.1 port (\d+)$", said.read(), re.M)
        self.port = int(until("a daemon listens", listening)[1])

    def end(self):
        """As systemd stops it: what it took it finishes, and it ends with 0. A function that says whether it has ended."""
        self.ended, p = True, self.p
        p.send_signal(signal.SIGTERM)

        def gone():
            if p.poll() is None:
                return False
            check(f"tillproofd ends with {p.returncode}", p.returncode == 0 or p.killed)
            return True
        return gone


class Till(Process):
    def __init__(self, number, home):
        self.number, self.name, self.home, self.run, self.history = number, f"s{number}", home, 0, f"s{number}.history"

    def go(self, mode, start):
        self.run += 1
        pending = checker.pending(checker.read_history(self.history))
        self.start([os.environ["STORM_POS"], os.environ["PLUGIN"], self.home, self.name, self.history, SEED, str(self.run),
                    str(TILLS), str(start), str(SPAN * 1000000), "tokens", mode, *(w for p in pending for w in p)],
                   stdin=subprocess.PIPE)

    def leave(self):
        self.p.stdin.close()

    def journal(self):
        return f"{self.home}/tills/{self.name}/till.db"

    def leased(self):
        """It has coupons of its own."""
        heard = [books.Statement(raw) for raw, in books.Sqlite(self.journal()).all("SELECT raw FROM public")]
        return any(s.kind == "lease" and 18 in s.payload for s in heard)

    def level(self):
        """The authority has all of its records, and each has come back with its receipt."""
        missing = "SELECT (SELECT count(*) FROM record) - (SELECT count(*) FROM receipt)"
        return books.Sqlite(self.journal()).one(missing) == 0


class Shop:
    """A shop's own files, which two daemons serve, and one till of this machine opens by itself."""
    away = TILLS - 1  # tills that come over a link

    def make(self):
        tillproof("shop", "init", "shop", "--risk-coupon-cap", "5.00", "--risk-hour-cap", "60.00")

    faults = {}
    up = True  # whether its database is

    def database(self):
        return books.Sqlite("shop/authority/authority.db")

    def revive(self):
        pass


class Chain(Shop):
    """A PostgreSQL server. It is crashed as `pg_ctl stop -m immediate` does it, and loses single connections."""
    away = TILLS
    faults = {"kill_database": (8, 0, 3), "lose_session": (8, 0, 0)}

    def __init__(self):
        self.owner = os.environ["TILLPROOF_TEST_STORE"]
        self.keeper = int(os.environ["TILLPROOF_TEST_STORE_KEEPER"])

    def make(self):
        check("a role for the daemons", books.Postgres(self.owner).ask("CREATE ROLE tillproof_service LOGIN").returncode == 0)
        tillproof("store", "migrate", self.owner)
        tillproof("shop", "init", "shop", "--risk-coupon-cap", "5.00", "--risk-hour-cap", "60.00", "--database",
                  self.owner.replace("user=owner", "user=tillproof_service"))

    def database(self):
        return books.Postgres(self.owner)

    def kill(self):
        self.up = False
        os.kill(self.keeper, signal.SIGUSR2)

    def revive(self):
        if not self.up:
            until("the server has ended", lambda: not self.database().up())
            os.kill(self.keeper, signal.SIGUSR2)
            until("the server answers", self.database().up)
            self.up = True

    def lose(self, dice):
        self.database().ask("SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE usename = "
                            f"'tillproof_service' ORDER BY pid OFFSET {dice.randrange(4)} LIMIT 1) one")


# What may happen, how often beside the others, and for how many seconds.
FAULTS = {
    "kill_daemon": (10, 0.1, 3), "stop_daemon": (8, 0.3, 4), "lose_till": (9, 0.6, 3), "end_daemon": (5, 0, 1), "kill_daemons": (3, 0.5, 4),
    "kill_till": (14, 0, 1), "stop_till": (10, 0.2, 3), "cut": (10, 0, 0), "refuse": (6, 0.3, 4), "up": (6, 0.3, 5),
    "down": (6, 0.3, 5), "both": (6, 0.3, 5), "slow": (6, 1, 5), "lose": (8, 0.3, 3)}
if SPAN >= 300:  # longer than a grant lives
    FAULTS |= {"stop_till_long": (1, 125, 150), "refuse_long": (1, 125, 150)}


def plan(dice, home):
    """The faults of a seed, each as (second, what, whom, for how long). What is hit is not hit again meanwhile."""
    sorts = {**FAULTS, **home.faults}
    faults, busy, at = [], {}, 1.0
    while (at := at + dice.expovariate(2)) < SPAN - 2:
        what = dice.choices(list(sorts), [s[0] for s in sorts.values()])[0]
        whom = dice.randrange(DAEMONS if "daemon" in what else TILLS if "till" in what else home.away)
        length = dice.uniform(*sorts[what][1:])
        things = [("daemon", i) for i in range(DAEMONS)] if what == "kill_daemons" else [
            ("database", 0) if what in home.faults else
            ("daemon" if "daemon" in what else "till" if "till" in what else "link", whom)]
        things += [("link", whom)] * (what == "lose_till")
        if at + length < SPAN and all(busy.get(thing, 0) < at for thing in things):
            faults.append((round(at, 2), what, whom, round(length, 2)))
            busy.update((thing, at + length + 0.2) for thing in things)
    return faults


class Storm:
    def __init__(self, home):
        self.home = home
        self.dice = random.Random(SEED)
        self.counts = collections.Counter()
        self.given_up = []  # what the office was told of each write-off
        self.code = None  # that is being made
        self.code_due = 0

    def prepare(self):
        authority_certificate("ca")
        server_certificate("server", "ca")
        self.home.make()
        os.mkdir("moved")
        for name, terms in OFFERS.items():
            offer = {"id": name, "version": 1, "title": name, "currency": "EUR", "funder": "store", "returns": "keep",
                     "valid": {"from": "2020-01-01", "until": "2099-12-31"}, **terms}
            with open(f"{name}.json", "w", encoding="ascii") as out:
                json.dump(offer, out)
        tillproof("offer", "publish", *(f"{name}.json" for name in OFFERS), "--shop", "shop")
        self.net = link.Net(self.home.away)
        self.daemons = [Tillproofd(i, "shop") for i in range(DAEMONS)]
        self.tills = []
        for i in range(TILLS):
            tillproof("till", "enrol", f"s{i}", "--shop", "shop")
            self.tills.append(Till(i, self.move(i) if i < self.home.away else "shop"))
        self.issue()
        self.listen()

    def issue(self):
        """All that customers may show: lines KIND OFFER NUMBER TEXT."""
        with open("tokens", "w", encoding="ascii") as out:
            for kind, offer, first, count, *more in (
                    *((name, name, 0, count) for name, count in COUPONS.items()),
                    *((f"own{i}", "own", i * OWN, OWN, "--till", f"s{i}") for i in range(TILLS))):
                issued, _ = tillproof("coupon", "issue", "--shop", "shop", "--offer", offer, "--channel", "email",
                                      "--count", str(count), *more)
                out.writelines(f"{kind} {offer} {first + i} {digits}\n" for i, digits in enumerate(issued.split()))
            for i in range(PAPERS):  # every fourth another sort, and everything in two notations
                offer = "paper" if i % 4 else "number"
                out.writelines(f"paper {offer} {i} {form.format(i)}\n" for form in NOTATIONS[offer])
            out.write(f"paper number -1 (255){NUMBER}\n")  # no serial: good for everybody
            for i in range(CARDS):
                # The first two cards are one customer's; the last one nobody knows.
                out.write(f"card - {i} tok_{i}\n")
                if i < CARDS - 1:
                    tillproof("link", "--shop", "shop", "--card", f"tok_{i}", "--offer", "person", "--channel", "app",
                              *(("--customer", "ann") if i < 2 else ()))
        self.tokens = checker.read_tokens("tokens")

    def move(self, i):
        """A till on another machine: its folder, the CA, and where the authority is: behind its link."""
        os.makedirs(f"away-{i}/tills")
        shutil.move(f"shop/tills/s{i}", f"away-{i}/tills/s{i}")
        shutil.copy("ca.ca.pem", f"away-{i}/ca.pem")
        with open("shop/shop.ini", encoding="utf-8") as f:
            text = re.sub(r"(?ms)^home = .*?(?=^\[|\Z)",
                          f"home = https\nurl = https://127.0.0.1:{self.net.links[i].port}\nca = ca.pem\n", f.read())
        with open(f"away-{i}/shop.ini", "w", encoding="utf-8") as f:
            f.write(text)
        return f"away-{i}"

    def listen(self):
        """Daemons that are down come up: where there is a database that lets them."""
        for d in self.daemons if self.home.up else ():
            if not d.alive():
                d.up()
        self.net.ports = [d.port for d in self.daemons]

    # What happens, and how it is over again: a function to call then, or None. It may say AGAIN.
    def fault(self, what, whom):
        daemon, till = self.daemons[whom % DAEMONS], self.tills[whom]
        if what == "kill_daemon":
            daemon.kill()
            return self.listen
        if what == "end_daemon":
            if not daemon.alive():  # killed, and its database is not there yet to let it come up
                return None
            gone = daemon.end()
            return lambda: self.listen() if gone() else AGAIN
        if what == "kill_daemons":
            for d in self.daemons:
                d.kill()
            return self.listen
        if what == "kill_database":
            self.home.kill()
            return self.revive
        if what == "lose_session":
            self.home.lose(self.dice)
            return None
        if what == "lose_till":
            return self.lose(till, whom, self.dice.random() < 0.4)
        if what == "kill_till":
            till.kill()
            return lambda: till.go("storm", self.start)
        if what in ("stop_daemon", "stop_till", "stop_till_long"):
            stopped = daemon if what == "stop_daemon" else till
            stopped.signal(signal.SIGSTOP)
            return lambda: stopped.signal(signal.SIGCONT)
        if what == "cut":
            self.net.cut(whom)
            return None
        self.net.set(whom, what.removesuffix("_long"))
        return lambda: self.net.set(whom, link.GOOD)

    def lose(self, till, whom, dead):
        """Nobody hears of a till any more, and its leases are given up; it may be selling all the same. It comes back."""
        away = whom < self.home.away
        if away:
            self.net.set(whom, link.REFUSE)
        if dead or not away:
            till.kill()
        over = self.write_off(till)

        def back():
            if over() == AGAIN:
                return AGAIN
            if dead or not away:
                till.go("storm", self.start)
            if away:
                self.net.set(whom, link.GOOD)
            return None
        return back

    def write_off(self, till):
        """A function that says whether the office has been answered."""
        asked = {"till": till.name, "t": now(), "ms": int(time.time() * 1000)}
        p = subprocess.Popen([os.environ["TILLPROOF"], "lease", "write-off", "--shop", "shop", "--till", till.name, "--json"],
                             preexec_fn=together, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def over():
            if p.poll() is None:
                return AGAIN
            out, err = p.communicate()
            # Where the database went away some of it may be done, and nobody knows how much.
            check(f"lease write-off: {p.returncode}: {err}", p.returncode == 0 or (p.returncode == 3 and self.home.faults))
            self.given_up.append({**asked, **(json.loads(out) if p.returncode == 0 else {})})
            return None
        return over

    def pick_up(self):
        """Somebody's screen cannot be scanned: one after the other, coupons that are shown about now are given a code."""
        if self.code and self.code[0].poll() is None:
            return
        if self.code:
            p, number, made = self.code
            out, err = p.communicate()
            check(f"coupon pickup: {p.returncode}: {err}", p.returncode == 0 or (p.returncode == 3 and self.home.faults))
            if p.returncode == 0:
                with open("codes", "a", encoding="ascii") as f:
                    f.write(f"once {number} {json.loads(out)['code']} {made}\n")
            self.code = None
        elif now() > self.code_due:
            count = COUPONS["once"]
            number = (min(count * (now() - self.start) // (SPAN * 1000000), count - 1) + self.dice.randrange(6)) % count
            self.code_due = now() + 700000
            self.code = (subprocess.Popen([os.environ["TILLPROOF"], "coupon", "pickup", self.tokens["once", number][0], "--shop",
                                           "shop", "--json"], preexec_fn=together, stdout=subprocess.PIPE,
                                          stderr=subprocess.PIPE, text=True), number, now())

    def prelude(self):
        """What is in every storm, whatever it does. Two tills without an authority redeem one coupon, take goods of that sale
        back, void another one, and redeem two coupons of their own. One of the two counts as lost meanwhile, so that a third
        redeems what was its own; and that one redeems a coupon again whose goods came back, and types codes."""
        self.start = now()
        for _ in range(9):  # each has heard its authority, and with the next sync of what it was leased
            for till in self.tills:
                till.go("drain", self.start)
            for till in self.tills:
                same(f"{till.name} hears its authority", till.p.wait(SETTLE), 0)
            if all(till.leased() for till in self.tills):
                break
        for i in range(2):
            self.net.set(i, link.REFUSE)
        for till in self.tills[:2]:
            till.go("alone", self.start)
        for till in self.tills[:2]:
            same(f"{till.name} sells alone", till.p.wait(SETTLE), 0)
        over = self.write_off(self.tills[1])
        until("leases are given up", lambda: over() != AGAIN)
        while not os.path.exists("codes"):
            self.pick_up()
            time.sleep(0.02)
        self.tills[2].go("asked", self.start)
        same("a till sells what needs an authority", self.tills[2].p.wait(SETTLE), 0)
        for i in range(2):
            self.net.set(i, link.GOOD)

    def revive(self):
        self.home.revive()
        self.listen()

    def rage(self):
        self.start = now()
        begun, todo = time.monotonic(), []
        for n, (at, what, whom, length) in enumerate(plan(self.dice, self.home)):
            heapq.heappush(todo, (at, n, what, whom, length))
        for till in self.tills:
            till.go("storm", self.start)
        while todo or time.monotonic() - begun < SPAN:
            at, n, what, whom, length = todo[0] if todo else (SPAN, 0, None, 0, 0)
            if (wait := begun + at - time.monotonic()) > 0:
                time.sleep(min(wait, 0.2))
                self.watch()
                self.pick_up()
                continue
            if not todo:
                break
            heapq.heappop(todo)
            if callable(what):
                if what() == AGAIN:
                    check("what was begun is not over", at < SPAN + SETTLE)
                    heapq.heappush(todo, (at + 0.2, n, what, None, 0))
                continue
            self.counts[what] += 1
            if over := self.fault(what, whom):
                heapq.heappush(todo, (at + length, n + 1000000, over, None, 0))

    def watch(self):
        """Tills that died in the midst of a commit come back. Whoever ends otherwise is a finding of its own."""
        for p in (*self.tills, *self.daemons):
            if p.ended or p.alive():
                continue
            if p in self.daemons or p.p.returncode != -signal.SIGKILL:
                raise SystemExit(f"FAILED: {type(p).__name__} {p.number} ended by itself: {p.p.returncode}")
            self.counts["death_in_commit"] += 1
            p.go("storm", self.start)

    def calm(self):
        """Everything is good again; tills end their day, and bring their records."""
        self.home.revive()
        if self.code:
            self.code[0].wait(SETTLE)
        for i in range(self.home.away):
            self.net.set(i, link.GOOD)
        for p in (*self.daemons, *self.tills):
            p.signal(signal.SIGCONT)
        self.listen()
        for till in self.tills:
            till.leave()
        for till in self.tills:
            check(f"{till.name} ends", till.p.wait(SETTLE) in (0, -signal.SIGKILL))  # by itself, or in its last commit
        for till in self.tills:
            till.go("rest", self.start)
        for till in self.tills:
            until(f"{till.name} has its receipts", till.level)
            till.leave()
            same(f"{till.name} brings its records", till.p.wait(SETTLE), 0)

    def end(self):
        for gone in [d.end() for d in self.daemons]:
            until("a daemon ends", gone)
        self.net.close()


def main():
    home = {"shop": Shop, "chain": Chain}[sys.argv[1]]()
    storm = Storm(home)
    print(f"storm {sys.argv[1]}: seed {SEED}, {SPAN} s, {TILLS} tills, {DAEMONS} daemons", flush=True)
    storm.prepare()
    storm.prelude()
    storm.rage()
    storm.calm()
    storm.end()
    world = checker.World({t.name: checker.read_history(t.history) for t in storm.tills},
                          {t.name: t.journal() for t in storm.tills}, home.database(), OFFERS, 6000)
    world.tokens, world.given_up = storm.tokens, storm.given_up
    world.reports("shop")
    for till in storm.tills:
        world.prove(till.name, till.home)
    found = checker.findings(world)
    print("\n".join(checker.summary(world, storm.counts)), flush=True)
    try:
        check("\nFAILED: ".join(found[:40]), not found)
        doctor.run(world)
    except SystemExit:
        keep = os.environ.get("STORM_KEEP")
        if keep:
            with open("given_up", "w", encoding="ascii") as f:
                json.dump(storm.given_up, f)
            shutil.copytree(work, keep, dirs_exist_ok=True)
        raise


main()
