"""What customers showed, read anew: coupons as digits, GS1 elements in their notations; and what codes stood for."""
import functools
import re

import books

CHUNK, BYTES = 17, 7  # digits, and the bytes that they stand for
TAILS = {3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6}
MISTYPED = -2


@functools.lru_cache(maxsize=None)
def coupon_of(raw):
    """What is used up by a coupon or an element: (batch, index), or (AI, whose offer, serial); None: by an element without a
    serial nothing is."""
    if raw[0] == 0xD2:
        return tuple(books.decode(books.decode(raw)[2])[-65537][1:])
    text = raw.decode("ascii")
    if text.startswith("255"):
        return ("255", text[3:16], text[16:]) if text[16:] else None
    check = re.fullmatch(r"8112[01](\d)(\d*)", text)
    funder, rest = check[2][:6 + int(check[1])], check[2][6 + int(check[1]):]
    code, length, serial = rest[:6], 6 + int(rest[6]), rest[7:]
    if len(serial) != length:
        raise ValueError(f"{text} is no element")
    return ("8112", funder + code, serial)


def bytes_of(digits):
    """The digits of the QR code without what tells that they are ours."""
    whole = len(digits) // CHUNK * CHUNK
    out = b"".join(int(digits[i:i + CHUNK]).to_bytes(BYTES, "big") for i in range(0, whole, CHUNK))
    return out + (int(digits[whole:]).to_bytes(TAILS[len(digits) - whole], "big") if digits[whole:] else b"")


def read(text):
    if text.startswith("80701"):
        return coupon_of(bytes_of(text[5:]))
    typed = re.search(r"\((\d+)\)(\d+)$", text) or re.search(r"(?:/|\?)(255|8112)[/=](\d+)$", text)
    return coupon_of((typed[1] + typed[2]).encode("ascii"))


def read_tokens(path):
    """{(offer, number): (text, what is used up by it)} of coupons and elements; of two notations the last text."""
    tokens = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            kind, offer, number, text = line.split()
            if kind != "card" and int(number) >= 0:
                used = read(text)
                if tokens.get((offer, int(number)), (None, used))[1] != used:
                    raise SystemExit(f"FAILED: {offer} {number} is another one in another notation")
                tokens[offer, int(number)] = text, used
    return tokens


def last_holds(world):
    """{(till, ref): the hold whose binding price was paid, the numbers of what was shown in it}."""
    last = {}
    for till, history in world.histories.items():
        for line in history:
            if line["k"] == "back" and line["op"] == "hold":
                last[till, line["ref"]] = line
    return last


def shown(world, told, uses):
    """Each coupon that a till was granted and that was paid stands in the books as the one that was shown: scanned, typed as
    a code, or in whatever notation."""
    kept = {(u.key[0], u.terms["id"]): u for u in uses}
    last = last_holds(world)
    for d, (till, line) in told.items():
        hold = last.get((till, line["ref"]))
        if line["op"] != "commit" or not line["binding"] or not hold or hold["kind"] != "sale":
            continue
        for offer, number, outcome, *_ in hold["uses"]:
            u = kept.get((d, offer))
            if outcome == "applied" and number >= 0 and offer != "person" and (
                    not u or u.coupon != world.tokens[offer, number][1]):
                yield (f"{till}: {line['ref']} was paid with {offer} {number}, and {u.coupon if u else 'nothing'} is in "
                       "the books")


def codes(world):
    """Tills that type what they are shown are never throttled, their codes are known, and others are not."""
    for till, history in world.histories.items():
        for line in history:
            if line["k"] != "back" or line["op"] != "hold":
                continue
            words = [(u[0], u[1], u[2]) for u in line["uses"]]
            if any(word == "throttled" for _, _, word in words):
                yield f"{till}: {line['ref']} was throttled"
            if line["code"] == -1 or line["outcome"] != "binding":
                continue
            unknown = any(word == "unknown_coupon" and not offer for offer, _, word in words)
            if unknown != (line["code"] == MISTYPED):
                yield (f"{till}: the code of {line['ref']} was {'mistyped' if line['code'] == MISTYPED else 'right'}, and is "
                       f"{'unknown' if unknown else 'known'}")
