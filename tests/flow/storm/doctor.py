"""The checker can fail: after a good storm its world is made untrue in one thing at a time, and each time it must say so."""
import collections
import copy

import check
import leases
import shown


def clone(world):
    """A world whose lists, tables and lines can be changed; statements are shared, and stay as they are."""
    new = copy.copy(world)
    new.histories = {till: [dict(line) for line in history] for till, history in world.histories.items()}
    for name in ("statements", "named", "leaves", "checkpoints"):
        setattr(new, name, list(getattr(world, name)))
    new.filed = {till: list(filed) for till, filed in world.filed.items()}
    for name in ("offers", "redemptions"):
        setattr(new, name, {key: dict(row) for key, row in getattr(world, name).items()})
    new.leases = {number: copy.copy(lease) for number, lease in world.leases.items()}
    new.reversals, new.audit = dict(world.reversals), dict(world.audit)
    new.roi, new.conflicts, new.given_up = ([dict(row) for row in rows]
                                            for rows in (world.roi, world.conflicts, world.given_up))
    return new


def with_history(world, till, change):
    world.histories[till] = change(list(world.histories[till]))


def paid(world, **wanted):
    """A line that says that a sale was recorded, and its till."""
    for till, history in world.histories.items():
        for line in history:
            if line["k"] == "back" and line["op"] == "commit" and all(line.get(k) == v for k, v in wanted.items()):
                return till, line
    raise SystemExit(f"FAILED: the storm was too mild: no commit with {wanted}")


def first(world, good):
    for u in check.uses(world):
        row = world.redemptions[u.key]
        if good(u, row):
            return u, row
    raise SystemExit("FAILED: the storm was too mild for the checker's own test")


def lost_commit(world):
    d = bytes.fromhex(paid(world, kind="sale")[1]["record"])
    at = next(i for i, s in enumerate(world.statements) if s.d == d)
    del world.statements[at], world.named[at]


def twice_kept(world):
    d = bytes.fromhex(paid(world)[1]["record"])
    at = next(i for i, s in enumerate(world.statements) if s.d == d)
    world.statements.append(world.statements[at])
    world.named.append(d)


def never_told(world):
    till, line = paid(world)
    with_history(world, till, lambda lines: [x for x in lines if x.get("record") != line["record"]])


def other_amount(world):
    till, line = paid(world)
    line["net"] += 1


def void_unknown(world):
    till, ref = sorted(check.voided(world))[0]
    with_history(world, till, lambda lines: [x for x in lines if (x["op"], x["ref"]) != ("void", ref)])


def failed_call(world):
    line = {"k": "odd", "op": "hold", "ref": "x", "run": 1, "rc": "io", "why": "-", "t": 0}
    next(iter(world.histories.values())).append(line)


def unanswered(world):
    next(iter(world.histories.values())).append({"k": "call", "op": "commit", "ref": "x", "run": 1, "t": 0})


def not_drained(world):
    history = next(iter(world.histories.values()))
    [line for line in history if line["k"] == "status" and line["op"] == "rested"][-1]["queue"] = 1


def gap(world):
    """A record that nobody was told of, and its leaf: only the chain can miss it."""
    till = next(iter(world.histories))
    at = next(i for i, s in enumerate(world.statements)
              if s.by == till and s.kind == "reverse" and s.payload[10] == "void")
    d = world.statements[at].d
    del world.statements[at], world.named[at]
    world.leaves = [leaf for leaf in world.leaves if leaf[0] != d]


def no_leaf(world):
    world.leaves.pop(len(world.leaves) // 2)


def other_leaf(world):
    at = len(world.leaves) // 2
    world.leaves[at] = (world.leaves[at][0], bytes(32))


def other_checkpoint(world):
    at = world.leaves[-1]
    world.leaves[-1], world.leaves[-2] = world.leaves[-2], at


def double_use(world):
    """A coupon that two sales used, and no conflict."""
    _, row = first(world, lambda u, row: row["outcome"] == 10)
    row.update(outcome=0, conflict=0)


def needless_conflict(world):
    u, row = first(world, lambda u, row: u.coupon and u.number and row["outcome"] == 0)
    row.update(outcome=10, conflict=u.worth)


def over_budget(world):
    next(t for t in world.offers.values() if t["budget"])["budget"] = 0


def over_total(world):
    next(t for t in world.offers.values() if t["total"])["total"] = 0


def over_customer(world):
    next(t for t in world.offers.values() if t["per_customer"])["per_customer"] = 0


def lease_left(world):
    lease = next(iter(world.leases.values()))
    lease.row = (lease.row[0] + 1, lease.row[1])


def over_leased(world):
    """A till was leased more than there is."""
    next(iter(world.leases.values())).uses += 1000000


def other_coupons(world):
    """A lease was for coupons that are none of those for which it was spent."""
    u, _ = first(world, lambda u, row: u.number and u.lease and world.leases[u.lease].coupons)
    batch, begun, end = world.leases[u.lease].coupons
    world.leases[u.lease].coupons = [batch + 1, begun, end]


def leased_elsewhere(world):
    """Nobody gave up or gave back the lease whose coupon another till was granted."""
    for row in world.given_up:
        row["t"] = leases.FOR_EVER
    for lease in world.leases.values():
        lease.returned = None


def overspent_silently(world):
    u, row = first(world, lambda u, row: u.lease and not u.number and not u.voided and row["outcome"])
    row.update(outcome=0, conflict=0)


def kept_apart(world):
    """Something of a lease that its till has returned is nobody's."""
    lease = next(lease for lease in world.leases.values() if lease.returned)
    lease.row = (1, 0)


def write_off_lost(world):
    next(row for row in world.given_up if row.get("uses"))["uses"] += 1


def write_off_untold(world):
    till = next(row for row in world.given_up if row.get("uses"))["till"]
    world.given_up = [row for row in world.given_up if row["till"] != till]


def held(world, good):
    """A hold's answer, in which something may be changed."""
    for history in world.histories.values():
        for line in history:
            if line["k"] == "back" and line["op"] == "hold" and good(line):
                line["uses"] = [list(u) for u in line["uses"]]
                return line
    raise SystemExit("FAILED: the storm was too mild: no such hold")


def other_shown(world):
    """A coupon was shown, and another one stands in the books."""
    till, paid_for = next((till, line) for till, line in check.confirmed(world).values()
                          if line["op"] == "commit" and line["binding"] and line["kind"] == "sale" and
                          any(u[0] == "once" and u[2] == "applied" for u in line["uses"]))
    at = max(i for i, line in enumerate(world.histories[till])
             if line["k"] == "back" and line["op"] == "hold" and line["ref"] == paid_for["ref"])
    line = world.histories[till][at]
    line["uses"] = [[u[0], u[1] + 1, *u[2:]] if u[0] == "once" else u for u in line["uses"]]


def throttled(world):
    held(world, lambda line: line["uses"])["uses"][0][2] = "throttled"


def code_forgotten(world):
    line = held(world, lambda line: line["code"] >= 0 and line["outcome"] == "binding")
    line["uses"].append(["", line["code"], "unknown_coupon", 0, 0])


def code_guessed(world):
    line = held(world, lambda line: line["code"] == shown.MISTYPED and line["outcome"] == "binding")
    line["uses"] = [u for u in line["uses"] if u[0]]


def serial_twice(world):
    """Two sales used one serial, and both were right."""
    one, _ = first(world, lambda u, row: u.gs1 and u.coupon and u.number and row["outcome"] == 0)
    two, _ = first(world, lambda u, row: u.gs1 and u.coupon and u.number and row["outcome"] == 0 and
                   u.terms is one.terms and u.coupon != one.coupon)
    at = world.statements.index(two.commit)
    new = copy.copy(two.commit)
    new.payload = dict(new.payload)
    new.payload[21] = [list(r) for r in new.payload[21]]
    new.payload[21][two.key[1]][2] = one.commit.payload[21][one.key[1]][2]
    world.statements[at] = new


def never_came_back(world):
    """A coupon was used again, and nothing of the sale before it had come back."""
    every = check.uses(world)
    used = collections.Counter(u.coupon for u in every if not u.voided)
    d = next(u.key[0] for u in every if u.revived and used[u.coupon] > 1)
    world.statements = [s for s in world.statements if s.kind != "reverse" or s.payload[11] != d]


def stays_used(world):
    """The offer never said that a return makes its coupon good again."""
    next(t for t in world.offers.values() if t["revive"])["revive"] = False


def both_hold(world):
    """Two tills were told at the same time that the same coupon is theirs."""
    a, b = list(world.histories)[:2]
    held = [line for line in world.histories[a] if line["k"] == "back" and line["op"] == "hold" and
            line["outcome"] == "binding" and any(u[0] == "once" and u[2] == "applied" for u in line["uses"])][0]
    world.histories[b].insert(0, {**held, "ref": "other", "t": held["t"] - 1})


def too_much_alone(world):
    world.hour_cap = 1


def return_unseen(world):
    d = next(s.d for s in world.of("reverse") if s.payload[10] == "return")
    world.reversals[d] = (33, 1) if not world.reversals[d][0] else (0, 0)


def report_off(world):
    world.roi[0]["gross"] = "999999.99"


def conflict_unreported(world):
    world.conflicts.remove(next(row for row in world.conflicts if row["of"] == "redemption"))


def audit_no(world):
    world.audit["true"] = False


def receipt_missing(world):
    world.receipts = "1 receipts\n"


def not_filed(world):
    filed = next(iter(world.filed.values()))
    filed[0] = (filed[0][0], None)


def other_receipt(world):
    """A good receipt, of another record."""
    filed = next(iter(world.filed.values()))
    filed[0] = (filed[0][0], filed[1][1])


def later_tree(world):
    """The log's key signs another tree of a size that receipts are for."""
    world.checkpoints = []


def not_genuine(world):
    world.genuine = "x"


# What is done, and who must find it.
CASES = (
    (lost_commit, check.sales), (twice_kept, check.sales), (never_told, check.sales), (other_amount, check.sales),
    (void_unknown, check.sales), (failed_call, check.tills), (unanswered, check.tills), (not_drained, check.tills),
    (gap, check.chains), (no_leaf, check.log), (other_leaf, check.log), (other_checkpoint, check.log),
    (double_use, check.outcomes), (needless_conflict, check.outcomes), (over_budget, check.outcomes),
    (over_budget, check.holds), (over_total, check.outcomes), (over_total, check.holds), (over_customer, check.outcomes),
    (over_customer, check.holds), (lease_left, check.outcomes), (over_leased, check.outcomes),
    (other_coupons, check.outcomes), (leased_elsewhere, check.bound), (overspent_silently, check.given_up),
    (overspent_silently, check.outcomes), (kept_apart, check.given_up), (write_off_lost, check.given_up), (write_off_untold, check.given_up),
    (other_shown, check.coupons), (throttled, check.codes), (code_forgotten, check.codes), (code_guessed, check.codes),
    (serial_twice, check.outcomes), (serial_twice, check.coupons), (never_came_back, check.outcomes),
    (stays_used, check.outcomes), (stays_used, check.holds), (both_hold, check.holds), (too_much_alone, check.alone), (return_unseen, check.returns),
    (report_off, check.reported), (conflict_unreported, check.reported), (audit_no, check.reported),
    (receipt_missing, check.reported), (not_genuine, check.reported), (not_filed, check.receipts),
    (other_receipt, check.receipts), (later_tree, check.receipts))


def run(world):
    for case, by in CASES:
        untrue = clone(world)
        case(untrue)
        if not list(by(untrue)):
            raise SystemExit(f"FAILED: {by.__name__} of the checker does not see {case.__name__}")
    print(f"{len(CASES)} untruths, each found")
