"""What tills were leased, and what their records made of it, by the protocol's page alone."""


class Lease:
    def __init__(self, world, s, row):
        p = s.payload
        self.d, self.row = s.d, row
        self.till, self.epoch, self.number, self.begun, self.until = p[10], p[11], p[13], p[14], p[15]
        self.offer, self.uses, self.amount = world.offers[p[12]]["id"], p.get(16), p.get(17)
        backs = sorted((r for r in world.of("lease-return") if r.payload[10] == s.d and r.by == self.till),
                       key=lambda r: r.chain()[:2])
        self.returned = backs[0] if backs else None
        off = [w for w in world.of("write-off") if w.payload[11] == s.d and w.payload[10] == self.till]
        back = lambda key: max(self.returned.payload.get(key, 0) if self.returned else 0,
                               sum(w.payload.get(key + 1, 0) for w in off))
        self.back_uses, self.back_amount = back(11), back(12)
        self.left_uses = self.left_amount = 0

    def before_return(self, s):
        return not self.returned or s.chain()[:2] < self.returned.chain()[:2]

    def fits(self, u):
        s = u.commit
        return (s.by == self.till and s.chain()[0] == self.epoch and self.begun <= s.time_ms < self.until and
                u.terms["id"] == self.offer and self.before_return(s))

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
    """{number: Lease}. Leases of coupons are none of the storm's."""
    given = world.of("lease")
    rows = {number: left for number, *left in database.all("SELECT number, left_uses, left_amount FROM lease")} if given else {}
    return {s.payload[13]: Lease(world, s, tuple(rows[s.payload[13]])) for s in given}
