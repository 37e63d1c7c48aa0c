"""What must be true after the storm. World is everything that is known: the tills' own histories, what they were told, and
the authority's books. findings() names whatever is not as it must be; an empty list is a good storm.

The rules are written here once more, from the protocol's page, and from nothing else: what the product made of the records
is compared with what this makes of them.
"""
import collections
import json
import os
import subprocess

import books
import leases
import shown
from shown import read_tokens
from won import FOR_EVER, grant_of, lines_of, settle, uses

LOGGED = {"policy", "keyset", "terminal", "ruling", "offer", "batch", "link", "commit", "reverse", "close", "lease",
          "lease-return", "write-off"}
RECORDS = {"commit", "reverse", "link", "close", "lease-return"}
AMOUNTS = ("gross", "discount", "net", "tax", "due")


def read_history(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def pending(history):
    """What was asked and not answered, because the till was killed: (op, ref), oldest first."""
    waiting = {}
    for line in history:
        key = (line["op"], line["ref"])
        if line["op"] in ("commit", "void", "close"):
            if line["k"] == "call":
                waiting[key] = True
            else:
                waiting.pop(key, None)
    return list(waiting)


def said(program, *words):
    """What a program of the build prints, whatever it thinks of it."""
    return subprocess.run([os.environ[program], *words], stdout=subprocess.PIPE, text=True, check=False).stdout


def minor(text):
    return int(text.replace(".", ""))


class World:
    def __init__(self, histories, journals, database, offers, hour_cap):
        self.histories, self.hour_cap = histories, hour_cap
        self.filed = {till: books.Sqlite(path).all("SELECT r.d, t.raw FROM record r LEFT JOIN receipt t ON t.n = r.n")
                      for till, path in journals.items()}
        self.offers = {}
        self.statements = [books.Statement(raw, received) for raw, received in
                           database.all("SELECT raw, received_ms FROM statement ORDER BY n")]
        self.named = [d for d, in database.all("SELECT d FROM statement ORDER BY n")]
        self.parts = {(bytes(d), which): bytes(content) for d, which, content in
                      database.all("SELECT d, which, content FROM part")}
        self.redemptions = {(bytes(d), place): {"outcome": outcome, "conflict": conflict} for d, place, outcome, conflict in
                            database.all("SELECT d, place, outcome, conflict FROM redemption")}
        self.reversals = {bytes(d): (outcome, conflict) for d, outcome, conflict in
                          database.all("SELECT d, outcome, conflict FROM reversal")}
        self.leaves = [(bytes(d), bytes(entry)) for d, entry in database.all("SELECT d, entry FROM leaf ORDER BY idx")]
        self.checkpoints = [bytes(raw) for raw, in database.all("SELECT raw FROM checkpoint ORDER BY size")]
        self.quarantined = [name for name, in database.all("SELECT name FROM till WHERE quarantined <> 0")]
        for s in self.statements:
            if s.kind == "offer":
                terms = s.payload[10]
                limits = offers[terms[2]]["limits"]
                self.offers[terms[1]] = {
                    "id": terms[2], "per_coupon": limits.get("per_coupon"), "per_customer": limits.get("per_customer"),
                    "total": limits.get("total"), "budget": minor(limits["budget"]) if "budget" in limits else None,
                    "alone": minor(offers[terms[2]].get("offline", {}).get("cap", "0.00")), "cap": terms.get(29),
                    "category": terms[12], "revive": terms[30]}
        self.leases = leases.read(self, database)
        self.customers = {}  # card handle: whose it is
        for s in self.statements:
            if s.kind == "link":
                _, cards, customer, _ = books.decode(self.parts[s.d, 2])
                self.customers.update((card, customer or card) for card in cards)

    def reports(self, shop):
        """What the product's own reports and its audit say, to be compared as well."""
        self.audit = json.loads(said("TILLPROOF", "audit", "--shop", shop, "--json"))
        self.roi = json.loads(said("TILLPROOF", "report", "roi", "--shop", shop, "--json"))["rows"]
        self.conflicts = json.loads(said("TILLPROOF", "report", "conflicts", "--shop", shop, "--json"))["rows"]
        self.receipts = said("STORM_RECEIPTS", shop)
        self.genuine = ""

    def prove(self, till, home):
        """One sale of a till, with its receipt, before strangers: they have two public keys and the file."""
        ref = next(line["ref"] for line in self.histories[till]
                   if line["k"] == "back" and line["op"] == "commit" and line["kind"] == "sale")
        os.makedirs(f"proof-{till}")
        place = f"proof-{till}"
        told = said("TILLPROOF", "receipt", "--shop", home, "--till", till, "--sale", ref, "--out", f"{place}/sale",
                    "--keys", place)
        told += said("TILLPROOF", "cose", "verify", "--key", f"{place}/till.key", "--log", f"{place}/log.key",
                     f"{place}/sale")
        if told.count("genuine") < 3:
            self.genuine = f"{ref} of {till}: {told}"

    def of(self, kind):
        return [s for s in self.statements if s.kind == kind]

    def mine(self, s):
        return s.by in self.histories


def hexadecimal(d):
    return d.hex()[:16]


# ---- what the tills know ----

def confirmed(world):
    """Records that a till was told are recorded: D: (till, line)."""
    told = {}
    for till, history in world.histories.items():
        for line in history:
            if line["k"] == "back" and line.get("record"):
                told[bytes.fromhex(line["record"])] = (till, line)
    return told


def voided(world):
    """(till, ref) of the recorded sales whose void was recorded; those whose answer was lost and found later, too."""
    gone = set()
    for till, history in world.histories.items():
        sold = {line["ref"] for line in history if line["k"] == "back" and line["op"] == "commit"}
        for line in history:
            done = line["k"] == "back" or (line["k"] == "found" and line["state"] == "voided")
            if line["op"] == "void" and done and line["ref"] in sold:
                gone.add((till, line["ref"]))
    return gone


def tills(world):
    """No call failed that should not; every till has brought everything, and nothing of it was refused."""
    for till, history in world.histories.items():
        for line in history:
            if line["k"] == "odd":
                yield f"{till}: {line['op']} of {line['ref']} in run {line['run']} failed: {line['rc']}: {line['why']}"
        last = [line for line in history if line["k"] == "status" and line["op"] == "rested"]
        if not last:
            yield f"{till} never brought its records"
        elif any(last[-1][what] for what in ("queue", "refused", "quarantined", "behind", "log")):
            yield f"{till} is not level with its authority: {last[-1]}"
        for op, ref in pending(history):
            yield f"{till}: nobody found out what became of {op} {ref}"


def sales(world):
    """Every record that a till was told of is in the books once, with the same sums; nothing else is."""
    held = collections.Counter(s.d for s in world.statements)
    by_d = {s.d: s for s in world.statements}
    told = confirmed(world)
    for d, (till, line) in told.items():
        s = by_d.get(d)
        if held[d] != 1:
            yield f"{till}: {line['op']} {line['ref']}, record {hexadecimal(d)}: {held[d]} times in the books"
        elif s.by != till or s.chain()[1] != line["seq"]:
            yield f"record {hexadecimal(d)} of {till} is another one's in the books"
        elif line["op"] == "commit":
            signed = [s.payload[14 + i] for i in range(5)]
            sign = -1 if s.kind == "reverse" else 1
            if signed != [sign * line[what] for what in AMOUNTS]:
                yield f"{till}: {line['ref']} was {[line[what] for what in AMOUNTS]}, and is {signed} in the books"
    for s in world.statements:
        silent = s.kind == "lease-return" or (s.kind == "reverse" and s.payload[10] == "void")
        if s.kind in RECORDS and world.mine(s) and s.d not in told and not silent:
            yield f"{s.kind} {hexadecimal(s.d)} is in the books, and {s.by} was never told so"
    once = collections.Counter(s.payload[10] for s in world.of("commit"))
    for sale, times in once.items():
        if times != 1:
            yield f"sale {sale.hex()} was recorded {times} times"
    yield from voids(world, told)


def voids(world, told):
    """Voids have no name that a till is told: they are those of the sales that it voided."""
    gone = voided(world)
    kept = collections.Counter(told[s.payload[11]][0:1] + (told[s.payload[11]][1]["ref"],) for s in world.of("reverse")
                               if s.payload[10] == "void" and s.payload[11] in told)
    for till, ref in gone - set(kept):
        yield f"the void of {till}'s {ref} is not in the books"
    for (till, ref), times in kept.items():
        if times != 1 or (till, ref) not in gone:
            yield f"{till}'s {ref} is voided {times} times in the books, and {int((till, ref) in gone)} by the till"


# ---- the chains and the log ----

def chains(world):
    """Each till's records, without a gap or a fork, each naming the one before."""
    first = {s.payload[10]: s.d for s in world.of("terminal") if s.payload[12] == 1}
    for till in world.histories:
        at, prev = 0, first[till]
        for s in sorted((s for s in world.statements if s.kind in RECORDS and s.by == till), key=lambda s: s.chain()[:2]):
            epoch, seq, before = s.chain()
            if (epoch, seq) != (1, at + 1):
                yield f"{till}: record {epoch}/{seq} follows 1/{at}"
            elif before != prev:
                yield f"{till}: record {seq} does not name the one before"
            at, prev = seq, s.d
        status = [line for line in world.histories[till] if line["k"] == "status"]
        if status and status[-1]["seq"] != at:
            yield f"{till} has signed {status[-1]['seq']} records, and {at} are in the books"
    for till in world.quarantined:
        yield f"{till} is quarantined"


def log(world):
    """Every kept statement is one leaf, as it was signed; every checkpoint, also those that tills saw, is of this log."""
    for s, name in zip(world.statements, world.named):
        if s.d != name:
            yield f"statement {hexadecimal(s.d)} is kept under another's name"
    by_d = {s.d: s for s in world.statements}
    placed = collections.Counter(d for d, _ in world.leaves)
    for s in world.statements:
        if s.kind in LOGGED and placed[s.d] != 1:
            yield f"{s.kind} {hexadecimal(s.d)} of {s.by} has {placed[s.d]} leaves"
    for i, (d, entry) in enumerate(world.leaves):
        if d not in by_d or by_d[d].entry != entry:
            yield f"leaf {i} is not a statement that is kept"
    signed = [(s.payload[10], s.payload[11]) for s in map(books.Statement, world.checkpoints)]
    seen = [(*s.payload[4], s) for s in world.statements if 4 in s.payload]
    root = books.roots([entry for _, entry in world.leaves], [size for size, _ in signed] + [size for size, _, _ in seen])
    for size, claimed in signed:
        if root.get(size) != claimed:
            yield f"the checkpoint of {size} leaves is not this log's"
    for size, claimed, s in seen:
        if size and root.get(size) != claimed:
            yield f"record {s.chain()[1]} of {s.by} saw a log of {size} leaves that is not this one"
    if signed and signed[-1][0] != len(world.leaves):
        yield f"{len(world.leaves) - signed[-1][0]} leaves are under no checkpoint"


def receipts(world):
    """Each till has filed a receipt of each of its records, and it leads to the root of a checkpoint."""
    by_d = {s.d: s for s in world.statements}
    said = {s.payload[10]: s.payload[11] for s in map(books.Statement, world.checkpoints)}
    for till, filed in world.filed.items():
        for d, raw in filed:
            if raw is None or d not in by_d:
                yield f"{till} has no receipt of its record {hexadecimal(d)}"
                continue
            protected, unprotected, _, _ = books.decode(raw)
            header = books.decode(protected)
            size, index, path = books.decode(unprotected[396][-1][0])
            entry = by_d[d].entry
            root = books.root_of(entry, index, size, path)
            if header[-65537] != size or header[15][2] != entry.hex() or root is None or root != said.get(size):
                yield f"the receipt of {till}'s record {hexadecimal(d)} does not lead to the log of {size} leaves"


# ---- who won what ----

WORDS = {0: "ok", 10: "already_used", 11: "limit_reached", 12: "budget_spent", 19: "not_linked", 31: "voided",
         33: "conflict"}


def outcomes(world):
    """What the books say of each redemption is what the records make; and no limit and no budget is passed by one that
    counts."""
    every = uses(world)
    wanted = settle(every)
    counted, surely = collections.Counter(), collections.Counter()
    for u in every:
        row = world.redemptions.get(u.key)
        if row is None:
            yield f"redemption {u.key[1]} of {hexadecimal(u.key[0])} is not in the tables"
            continue
        word, amount = wanted[u.key]
        got = WORDS.get(row["outcome"], str(row["outcome"]))
        if got != word or row["conflict"] != amount:
            yield (f"{u.terms['id']} {u.coupon or ''} in {hexadecimal(u.key[0])} of {u.commit.by} is {got} "
                   f"{row['conflict']}, and the records make {word} {amount}")
        if got in ("ok", "conflict") and not u.revived:
            takes = {("total", u.terms["id"], None): 1, ("budget", u.terms["id"], None): u.charge()}
            counted.update(takes)
            counted.update([("per_coupon", u.terms["id"], u.coupon)] * bool(u.coupon))
            counted.update([("per_customer", u.terms["id"], u.customer)] * bool(u.customer))
            surely.update(takes if u.number and (u.lease or u.in_time) else {})
    for lease in world.leases.values():  # what is still a till's is nobody else's
        surely["total", lease.offer, None] += lease.left_uses
        surely["budget", lease.offer, None] += lease.left_amount
    limits = {t["id"]: t for t in world.offers.values()}
    for sums, how in ((counted, "count without a conflict or within one"), (surely, "were granted and paid in time, or are leased")):
        for (what, offer, whose), n in sums.items():
            if limits[offer][what] is not None and n > limits[offer][what]:
                yield f"{offer}: {n} of {limits[offer][what]} {what} {whose or ''} {how}"
    yield from promises(world, every)


def promises(world, every):
    """A grant is a promise, and so is a lease: who pays in time is not told afterwards that somebody else had it, unless
    that one's record, made in time, came when its grant was over."""
    late = {u.terms["id"] for u in every if u.number and not u.lease and not u.in_time}
    for u in every:
        if u.number and (u.lease or u.in_time) and not u.voided and u.terms["id"] not in late:
            got = WORDS.get(world.redemptions.get(u.key, {}).get("outcome"))
            if got != "ok":
                yield f"{u.terms['id']} was granted to {u.commit.by} as {u.number}, paid in time, and is {got}"
        if u.lease and u.in_time and not u.number and not u.voided and not world.leases[u.lease].off:
            yield f"{u.terms['id']} was granted to {u.commit.by} out of lease {u.lease}, which does not cover it"
    for lease in world.leases.values():
        if lease.row != (lease.left_uses, lease.left_amount):
            yield (f"of lease {lease.number} of {lease.till} {lease.row} is left, and the records make "
                   f"{lease.left_uses}, {lease.left_amount}")


def revivals(world, every):
    """{(D, offer): when at the earliest all goods had come back}, of the uses that are none any more."""
    asked, back = {}, collections.defaultdict(list)
    for till, history in world.histories.items():
        for line in history:
            if line["k"] == "call" and line["op"] == "commit":
                asked.setdefault((till, line["ref"]), line["t"])
    told = confirmed(world)
    for s in world.of("reverse"):
        if s.payload[10] == "return" and s.d in told:
            wrong = bool(world.reversals.get(s.d, (0, 0))[0])
            back[s.payload[11]].append((wrong, asked[told[s.d][0], told[s.d][1]["ref"]]))
    for u in every:
        if u.revived:
            times = [at for _, at in back[u.key[0]]]
            # Where more came back than there was, some of it was not needed.
            yield (u.key[0], u.terms["id"]), (min if any(wrong for wrong, _ in back[u.key[0]]) else max)(times, default=0)


def claims(world):
    """What tills surely held, from the answer until it was given back, was used up or ran out: (from, until, uses)."""
    every = uses(world)
    received = {s.d: (s, grant_of(s)) for s in world.of("commit")}
    revived = dict(revivals(world, every))
    overspent = {(u.key[0], u.terms["id"]) for u in every if u.lease and not u.number}  # of leases that were given up
    # Whoever takes a sale over has not seen its coupons: which they are is known where it began.
    known = {(line["ref"], u[0]): u[1] for history in world.histories.values() for line in history
             if line["k"] == "back" and line["op"] == "hold" for u in line["uses"] if u[1] >= 0}
    for history in world.histories.values():
        open_claims = {}
        for line in history:
            ref, at = line["ref"], line["t"]
            if line["k"] == "call" and line["op"] in ("hold", "release", "void", "forget") and ref in open_claims:
                for begun, until, used in open_claims.pop(ref):
                    yield begun, min(until, at), used
            if line["k"] != "back":
                continue
            if line["op"] == "hold" and line["outcome"] == "binding":
                open_claims[ref] = [(at, at + 1000 * line["left"], (u[0], known.get((ref, u[0]), -1), *u[2:], line["card"]))
                                    for u in line["uses"]]
            elif line["op"] == "commit" and line["binding"] and ref in open_claims:
                d = bytes.fromhex(line["record"])
                s, grant = received.get(d, (None, None))
                if grant and s.received_ms < grant.time_ms + grant.payload[14]:
                    open_claims[ref] = [(begun, at if (d, used[0]) in overspent else revived.get((d, used[0]), FOR_EVER), used)
                                        for begun, _, used in open_claims[ref]]
        for held in open_claims.values():
            yield from held


def holds(world):
    """At no moment did tills hold more of anything than there is; what the office gave up of a lease its till may hold beside
    others."""
    limits = {t["id"]: t for t in world.offers.values()}
    off = collections.Counter()
    for lease in world.leases.values():
        off.update({("total", lease.offer): lease.off_uses, ("budget", lease.offer): lease.off_amount})
    events = collections.defaultdict(list)
    for begun, until, (offer, number, outcome, discount, cashback, card) in claims(world):
        if outcome != "applied" or until <= begun:
            continue
        keys = [(("per_coupon", offer, number), 1)] if number >= 0 else []
        keys += [(("total", offer, None), 1), (("budget", offer, None), discount + cashback)]
        if limits[offer]["per_customer"] is not None and card >= 0:
            keys += [(("per_customer", offer, 0 if card == 1 else card), 1)]  # the first two cards are one customer's
        for key, amount in keys:
            events[key] += [(begun, amount), (until, -amount)]
    for key, moves in events.items():
        limit, held = limits[key[1]][key[0]], 0
        for at, amount in sorted(moves):
            held += amount
            if limit is not None and held > limit + off[key[:2]]:
                yield f"{key[1]}: {held} of {limit} {key[0]} {key[2] if key[2] is not None else ''} were held at {at} us"
                break


def answered(world):
    """{D: when the till had the grant that this sale was paid with}."""
    last = shown.last_holds(world)
    return {d: last[till, line["ref"]]["t"] for d, (till, line) in confirmed(world).items()
            if line["op"] == "commit" and (till, line["ref"]) in last}


def bound(world):
    leases.keep(world)
    yield from leases.bound(world, uses(world), answered(world))


def given_up(world):
    yield from leases.given_up(world, uses(world))


def coupons(world):
    yield from shown.shown(world, confirmed(world), uses(world))


def codes(world):
    yield from shown.codes(world)


def alone(world):
    """Without an authority no till gives more by one coupon, or in an hour, than it may."""
    unheld = set()  # sales that were priced after a release: booked as conflicts, and no decision of a till alone
    for history in world.histories.values():
        for line in history:
            if line["k"] == "call" and line["op"] == "release":
                unheld.add(line["ref"])
            elif line["k"] == "back" and line["op"] == "hold":
                unheld.discard(line["ref"])
    told = confirmed(world)
    given = collections.defaultdict(list)
    for u in uses(world):
        if u.number is None and u.coupon and u.terms["alone"] and u.key[0] in told:
            till, line = told[u.key[0]]
            if line["ref"] not in unheld:
                given[till].append((u.commit.time_ms, u.worth))
                if u.worth > u.terms["alone"]:
                    yield f"{till} gave {u.worth} by one coupon, alone"
    for till, gifts in given.items():
        gifts.sort()
        for at, _ in gifts:
            most = sum(worth for when, worth in gifts if at <= when < at + 3600000)
            if most > world.hour_cap:
                yield f"{till} gave {most} in an hour, alone"


# ---- what came back, and what is reported ----

def returns(world):
    """More never comes back than was sold without a conflict; and no conflict without that."""
    commits = {s.d: s for s in world.of("commit")}
    order = lambda s: (s.payload[10] != "void", s.time_ms, s.by, s.chain()[:2])
    back, gone = collections.Counter(), set()
    for s in sorted(world.of("reverse"), key=order):
        d = s.payload[11]
        if d not in commits:
            yield f"a reverse of {s.by} names a sale that is not in the books"
            continue
        if s.payload[10] == "void":
            wrong = d in gone or s.by != commits[d].by
            gone.add(d)
        else:
            sold = {line[0]: line[4] for line in lines_of(world, d)}
            lines = {line[0]: line[4] for line in lines_of(world, s.d)}
            wrong = d in gone or any(back[d, n] + q > sold.get(n, 0) for n, q in lines.items())
            for n, q in lines.items():
                back[d, n] = min(back[d, n] + q, sold.get(n, 0))
        outcome, _ = world.reversals.get(s.d, (None, None))
        if outcome is None or bool(outcome) != wrong:
            yield f"a {s.payload[10]} of {s.by}: {'wrong' if wrong else 'right'}, and its outcome is {outcome}"


def reported(world):
    """The sums of the reports are the sums of the tills' own histories; each conflict has its row; the product's audit and
    receipts say yes."""
    gone = voided(world)
    told = confirmed(world)
    kinds = {s.d: s.kind for s in world.statements}
    sums = collections.Counter()
    for d, (till, line) in told.items():
        if line["op"] == "commit" and kinds.get(d) != "reverse" and (till, line["ref"]) not in gone:
            sums.update({what: line[what] for what in ("gross", "discount", "net")})
    for what in ("gross", "discount", "net"):
        rows = sum(minor(row[what]) for row in world.roi if row["channel"] not in ("total", "(returns)"))
        if rows != sums[what]:
            yield f"the report's {what} is {rows}, and that of the tills' sales {sums[what]}"
    booked = collections.Counter((WORDS.get(row["outcome"]), row["conflict"]) for row in world.redemptions.values())
    listed = collections.Counter((row["outcome"], minor(row["amount"])) for row in world.conflicts
                                 if row["of"] == "redemption")
    for (word, amount), times in booked.items():
        if word not in ("ok", "voided") and times != listed[word, amount]:
            yield f"{times} times {amount} {word} is booked, and {listed[word, amount]} times reported"
    if not world.audit["true"]:
        yield f"the audit: {world.audit['wrong']}"
    good = sum(s.kind in LOGGED for s in world.statements)
    if world.genuine:
        yield f"a till's receipt: {world.genuine}"
    if world.receipts.split() != [str(good), "receipts"]:
        yield f"of {good} receipts: {world.receipts}"


CHECKS = (tills, sales, chains, log, receipts, outcomes, holds, bound, given_up, coupons, codes, alone, returns, reported)


def findings(world):
    return [f"{check.__name__}: {text}" for check in CHECKS for text in check(world)]


def summary(world, faults):
    """For people: how much there was to check."""
    lines = [line for history in world.histories.values() for line in history]
    ops = collections.Counter(line["op"] for line in lines if line["k"] == "back")
    held = collections.Counter(line["outcome"] + (f" ({line['reason']})" if line["reason"] != "ok" else "")
                               for line in lines if line["k"] == "back" and line["op"] == "hold")
    words = collections.Counter(WORDS.get(row["outcome"], "?") for row in world.redemptions.values())
    refused = collections.Counter(u[2] for line in lines if line["k"] == "back" and line["op"] == "hold"
                                  for u in line["uses"] if u[2] != "applied")
    show = lambda counts: ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
    yield f"{sum(ops.values())} operations: {show(ops)}"
    yield f"holds: {show(held)}; refused: {show(refused)}"
    moved = sum(line.get("kind") == "moved" and line["op"] == "commit" for line in lines)
    yield (f"{sum(line['k'] == 'found' for line in lines)} answers lost in a kill and found again; "
           f"{moved} sales paid at another till than they began at")
    yield f"redemptions: {show(words)}; returns in conflict: {sum(bool(o) for o, _ in world.reversals.values())}"
    every = uses(world)
    sorts = collections.Counter()
    for u in every:
        sorts.update({"of one till's own coupons": u.terms["id"] == "own", "of GS1 coupons": u.gs1,
                      "by a lease alone": bool(u.lease and u.number and not u.in_time),
                      "revived by a return": bool(u.revived), "beyond a lease that was given up": bool(u.lease and not u.number)})
    typed = collections.Counter("mistyped" if line["code"] == shown.MISTYPED else "typed" for line in lines
                                if line["k"] == "back" and line["op"] == "hold" and line["code"] != -1)
    off = [lease for lease in world.leases.values() if lease.off]
    yield (f"redemptions {show(sorts)}; codes: {show(typed)}; {len(world.given_up)} times a till's leases were given up: "
           f"{len(off)} leases, {sum(lease.off_uses for lease in off)} uses")
    spent = collections.Counter("leased uses" if u.lease and u.number else "granted uses" if u.number else "uses without either"
                                for u in every)
    yield f"{show(spent)}; {len(world.leases)} leases, {len(world.of('lease-return'))} returned"
    yield (f"log: {len(world.leaves)} leaves, {len(world.checkpoints)} checkpoints, "
           f"{sum(raw is not None for filed in world.filed.values() for _, raw in filed)} receipts filed by tills")
    yield f"{sum(faults.values())} faults: {show(faults)}"
