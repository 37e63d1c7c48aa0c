"""Who won what is claimed more than once, from the set of records alone, by the protocol's page: each redemption with its
grant, its lease and what came back of it, and the contests for what its offer limits."""
import collections
import functools

import books
import shown
from leases import FOR_EVER


class Use:
    """One redemption of one commit."""

    def __init__(self, world, s, place, gone, grant):
        ref, self.version, coupon, card, number, _, discount, cashback = s.payload[21][place]
        self.key, self.terms, self.commit = (s.d, place), world.offers[ref], s
        self.worth, self.voided = discount + cashback, s.d in gone
        self.coupon = shown.coupon_of(coupon) if coupon else None
        self.gs1 = coupon is not None and coupon[0] != 0xD2
        handle = None if card is None else books.decode(world.parts[s.d, 2])[1][card]
        self.linked = handle is None or handle in world.customers
        self.customer = world.customers.get(handle, handle)
        self.back, self.revived = 0, False
        self.granted, self.number, self.in_time = 0, None, False
        verdict = next((v for v in grant.payload[16] if v[8] == number and number is not None), None) if grant else None
        if verdict and verdict[0] == ref and verdict[5] == "ok" and self.is_granted(grant, verdict, card):
            self.granted, self.number = verdict[10] + verdict[11], number
            self.in_time = s.received_ms < grant.time_ms + grant.payload[14]
        self.lease = number if number in world.leases else None
        if self.lease:  # until it is known what the lease covers
            self.most = self.granted if self.number else min(self.worth, self.terms["cap"] or self.worth)
            self.granted, self.number = 0, None

    def is_granted(self, grant, verdict, card):
        """The verdict is on what was redeemed. One on a GS1 coupon names its offer alone; its serial stands beside it."""
        if self.gs1:
            serials = dict(grant.payload.get(19, []))
            return verdict[2] is None and verdict[4] is None and (
                self.coupon is None or serials.get(verdict[8]) == self.coupon[2])
        return verdict[2:4] == list(self.coupon) if self.coupon else verdict[4] == card

    def charge(self):
        """What it takes of a budget."""
        return min(self.worth, self.granted) if self.number else self.worth

    def rank(self):
        s = self.commit
        return (self.number is None, self.number or 0, s.time_ms, s.by, *s.chain()[:2], s.d.hex(), self.key[1])


@functools.lru_cache(maxsize=None)
def parsed(raw):
    return books.Statement(raw)


def grant_of(s):
    """The grant that a commit embeds, if it was made before that grant's end."""
    if 22 not in s.payload:
        return None
    grant = parsed(s.payload[22])
    good = grant.payload[11] == s.by and grant.payload[12] == s.payload[10]
    return grant if good and s.time_ms < grant.time_ms + grant.payload[14] else None


def unheld(world, s, of_it):
    """Without a grant or a lease a coupon counts up to its offer's cap; where nobody held the sale, within what its till says
    that the hour had left."""
    left = s.payload[25][0] if 25 in s.payload else FOR_EVER
    for u in of_it:
        if u.coupon and not u.gs1 and not u.number and not u.lease:
            u.granted = min(u.terms["alone"], left)
            left -= min(u.worth, u.granted)


def uses(world):
    gone = {s.payload[11]: s for s in world.of("reverse") if s.payload[10] == "void"}
    every, by_commit = [], {}
    for s in world.of("commit"):
        grant = grant_of(s)
        by_commit[s.d] = [Use(world, s, place, gone, grant) for place in range(len(s.payload[21]))]
        unheld(world, s, by_commit[s.d])
        every += by_commit[s.d]
    named = collections.defaultdict(list)
    for u in every:
        named[u.lease].append(u)
    for lease in world.leases.values():
        lease.cover(named[lease.number], gone)
    came_back(world, by_commit)
    return every


def lines_of(world, d):
    return books.decode(world.parts[d, 1])[1][5]


def came_back(world, by_commit):
    """What returns took of each redemption, and whether all goods came back that its offer could be given for."""
    back, shares = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    for s in world.of("reverse"):
        if s.payload[10] == "return":
            back[s.payload[11]].update({line[0]: line[4] for line in lines_of(world, s.d)})
            for place, discount, cashback in s.payload[20]:
                shares[s.payload[11]][place] += discount + cashback
    for d in back.keys() & by_commit.keys():
        for u in by_commit[d]:
            u.back = min(shares[d][u.key[1]], u.worth)
            sold = {line[0]: line[4] for line in lines_of(world, d) if line[4] > 0 and
                    (not u.terms["category"] or line[3] in u.terms["category"])}
            u.revived = u.terms["revive"] and not u.voided and bool(sold) and all(
                back[d][n] >= quantity for n, quantity in sold.items())


def settle(all_uses):
    """The contests: {key: (outcome word, amount in conflict)} of every use, from the set of records alone."""
    outcome = {}
    counts = collections.Counter()
    broke = set()  # offers whose budget could not pay for somebody: nobody behind wins
    for u in sorted(all_uses, key=Use.rank):
        t, why = u.terms, None
        if u.voided:
            outcome[u.key] = ("voided", 0)
            continue
        if not u.linked and not u.number:
            outcome[u.key] = ("not_linked", u.worth - u.back)
            continue
        beyond, excess = u.worth > u.granted, max(0, u.worth - u.back - u.granted)
        if u.revived:
            outcome[u.key] = ("conflict", excess) if beyond else ("ok", 0)
            continue
        for word, key, limit in (("already_used", ("coupon", u.coupon), t["per_coupon"] if u.coupon else None),
                                 ("limit_reached", ("customer", t["id"], u.customer), t["per_customer"]),
                                 ("limit_reached", ("total", t["id"]), t["total"])):
            if limit is not None and not why:
                why = word if counts[key] >= limit else None
                counts[key] += not why
        if t["budget"] is not None and not why:
            if t["id"] in broke or counts["spent", t["id"]] + u.charge() > t["budget"]:
                broke.add(t["id"])
                why = "budget_spent"
            else:
                counts["spent", t["id"]] += u.charge()
        outcome[u.key] = (why, u.worth - u.back) if why else ("conflict", excess) if beyond else ("ok", 0)
    return outcome
