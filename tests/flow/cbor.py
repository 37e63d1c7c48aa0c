"""A reader of CBOR of the tests' own, so that nothing of the product is asked whether the product is right."""
HEAD_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}


def head(major, n):
    """The first bytes of a CBOR item."""
    if n < 24:
        return bytes([major << 5 | n])
    size = next(s for s in (1, 2, 4, 8) if n < 1 << 8 * s)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + n.to_bytes(size, "big")


def item(data, at=0):
    """One CBOR item and where the next begins."""
    major, n = data[at] >> 5, data[at] & 31
    at += 1
    if n in HEAD_BYTES:
        size = HEAD_BYTES[n]
        n = int.from_bytes(data[at:at + size], "big")
        at += size
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        if len(data) < at + n:
            raise ValueError("cut off")
        content = bytes(data[at:at + n])
        return (content if major == 2 else content.decode()), at + n
    if major == 4:
        values = []
        for _ in range(n):
            value, at = item(data, at)
            values.append(value)
        return values, at
    if major == 5:
        pairs = {}
        for _ in range(n):
            key, at = item(data, at)
            pairs[key], at = item(data, at)
        return pairs, at
    if major == 6:
        value, at = item(data, at)
        return value, at
    return {20: False, 21: True, 22: None}[n], at


def decode(data):
    value, at = item(data)
    if at != len(data):
        raise ValueError("more than one item")
    return value


def sequence(data):
    """The items of a CBOR sequence."""
    at, items = 0, []
    while at < len(data):
        one, at = item(data, at)
        items.append(one)
    return items
