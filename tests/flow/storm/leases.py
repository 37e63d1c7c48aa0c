"""What tills were leased, and what their records made of it, by the protocol's page alone."""
import bisect
import collections
import itertools

FOR_EVER = 1 << 62


class Lease:
    def __init__(self, world, s, row, backs, off):
        p = s.payload
        self.d, self.row = s.d, row
        self.till, self.epoch, self.number, self.begun, self.until = p[10], p[11], p[13], p[14], p[15]
        self.offer, self.uses, self.amount, self.coupons = world.offers[p[12]]["id"], p.get(16), p.get(17), p.get(18)
        self.returned = min((r for r in backs if r.by == self.till), key=lambda r: r.chain()[:2], default=None)
        self.off = [w for w in off if w.payload[10] == self.till]
        self.off_uses, self.off_amount = (sum(w.payload.get(key, 0) for w in self.off) for key in (12, 13))
        back = lambda key, off: max(self.returned.payload.get(key, 0) if self.returned else 0, off)
        self.back_uses, self.back_amount = back(11, self.off_uses), back(12, self.off_amount)
        self.left_uses = self.left_amount = 0
        self.kept_until = FOR_EVER

    def before_return(self, s):
        return not self.returned or s.chain()[:2] < self.returned.chain()[:2]

    def is_for(self, coupon):
        """Leases of coupons cover those, each other any."""
        if self.coupons is None:
            return True
        batch, first, last = self.coupons
        return coupon is not None and coupon[0] == batch and first <= coupon[1] <= last

    def fits(self, u):
        s = u.commit
        return (s.by == self.till and s.chain()[0] == self.epoch and self.begun <= s.time_ms < self.until and
                u.terms["id"] == self.offer and self.is_for(u.coupon) and self.before_return(s))

    def cover(self, named, voids):
        """Of the uses that name it, as many of the first as it reaches for count as granted. A void before the return gives its
        part back to it; what nobody took and nobody gave back is left."""
        self.left_uses = max(0, (self.uses or 0) - self.back_uses)
        self.left_amount = max(0, (self.amount or 0) - self.back_amount)
        room = True
        for u in sorted(named, key=lambda u: (u.commit.time_ms, u.commit.chain()[:2], u.commit.d, u.key[1])):
            keeps = not u.voided or (self.returned and not self.before_return(voids[u.commit.d]))
            if not self.fits(u) or not keeps:
                continue
            room = room and (self.uses is None or self.left_uses > 0) and (self.amount is None or self.left_amount >= u.worth)
            if room:
                self.left_uses -= self.uses is not None
                self.left_amount -= u.worth if self.amount is not None else 0
                if not u.voided:
                    u.number, u.granted = self.number, u.most


def read(world, database):
    """{number: Lease}."""
    given, backs, off = world.of("lease"), collections.defaultdict(list), collections.defaultdict(list)
    for r in world.of("lease-return"):
        backs[r.payload[10]].append(r)
    for w in world.of("write-off"):
        off[w.payload[11]].append(w)
    rows = {number: left for number, *left in database.all("SELECT number, left_uses, left_amount FROM lease")} if given else {}
    return {s.payload[13]: Lease(world, s, tuple(rows[s.payload[13]]), backs[s.d], off[s.d]) for s in given}


def moments(history):
    """(numbers of records, a moment before which the till had surely made none with a higher one): the line before the one that
    names it, for its authority is heard behind the program's back."""
    told = sorted((line["seq"], before["t"]) for before, line in zip(history, history[1:])
                  if line["k"] == "status" or (line["k"] == "back" and line.get("record")))
    return [seq for seq, _ in told], list(itertools.accumulate((t for _, t in told), max))


def keep(world):
    """Until when each lease was surely its till's: it had not begun to give it back, nor the office to give it up."""
    told = {till: moments(history) for till, history in world.histories.items()}
    for lease in world.leases.values():
        ends = [next(row["t"] for row in reversed(world.given_up) if row["till"] == lease.till and row["ms"] <= w.time_ms)
                for w in lease.off]
        if lease.returned:
            seqs, times = told[lease.till]
            before = bisect.bisect_left(seqs, lease.returned.chain()[1])
            ends.append(times[before - 1] if before else 0)
        lease.kept_until = min(ends, default=FOR_EVER)


def bound(world, uses, answered):
    """While coupons are one till's nobody else is granted one. One counter numbers leases and grants, so a grant with a higher
    number came later; `answered` says when its till had it."""
    own = collections.defaultdict(list)
    for lease in world.leases.values():
        if lease.coupons:
            own[lease.coupons[0]].append(lease)
    for u in uses:
        if not u.number or u.lease or not u.coupon or u.key[0] not in answered:
            continue
        for lease in own[u.coupon[0]]:
            if (lease.till != u.commit.by and lease.number < u.number and lease.is_for(u.coupon) and
                    answered[u.key[0]] < lease.kept_until):
                yield f"{u.commit.by} was granted {u.coupon} while it was {lease.till}'s by lease {lease.number}"


def given_up(world, uses):
    """What the office was told it gave up is in the books. Nothing of a lease that went back stays set apart. Of one that was
    given up never more uses are right than what stays of it: the others are conflicts or have lost."""
    kept, told = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    for lease in world.leases.values():
        kept[lease.till].update(leases=len(lease.off), uses=lease.off_uses, amount=lease.off_amount)
    for row in world.given_up:
        told[row["till"]].update(leases=row.get("leases", 0), uses=row.get("uses", 0),
                                 amount=int(row.get("amount", "0").replace(".", "")), unknown="leases" not in row)
    for till in kept.keys() | told.keys():
        for what in ("leases", "uses", "amount"):
            more = kept[till][what] - told[till][what]
            if more < 0 or (more > 0 and not told[till]["unknown"]):
                yield f"of {till} {told[till][what]} {what} were given up, and {kept[till][what]} are in the books"
    for lease in world.leases.values():
        if lease.returned and lease.row != (0, 0):
            yield f"lease {lease.number} of {lease.till} went back, all is told, and {lease.row} stay set apart"
    right = collections.Counter(u.lease for u in uses if u.lease and not u.voided and world.redemptions[u.key]["outcome"] == 0)
    for number, n in right.items():
        lease = world.leases[number]
        if lease.off and lease.uses is not None and n > lease.uses - lease.back_uses:
            yield (f"{n} uses of lease {number} of {lease.till} are right, and {lease.uses - lease.back_uses} of {lease.uses} "
                   "were not given up")
