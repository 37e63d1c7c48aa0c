"""What an authority keeps, read as bytes: a decoder, hashes and a Merkle tree of the checker's own, so that nothing of the
product is asked whether the product is right."""
import hashlib
import os
import re
import sqlite3
import subprocess

from cbor import decode, head


def sha256(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


class Statement:
    def __init__(self, raw, received_ms=0):
        protected, _, payload, signature = decode(raw)
        header = decode(protected)
        self.received_ms = received_ms
        self.kind = header[16].rsplit(".", 1)[1]
        self.by = header[15][1]
        self.payload = decode(payload)
        self.time_ms = self.payload[3]
        wrapped = [head(2, len(x)) + x for x in (protected, payload, signature)]
        self.d = sha256(b"\x84\x6aSignature1", wrapped[0], b"\x40", wrapped[1])
        self.entry = sha256(b"\xd2\x84", wrapped[0], b"\xa0", wrapped[1], wrapped[2])

    def chain(self):
        """epoch, seq, prev of a record."""
        return self.payload[5], self.payload[6], self.payload[7]


def roots(entries, sizes):
    """The roots of RFC 9162 over the first n entries, for each n of sizes."""
    wanted, found, peaks = set(sizes), {}, []  # peaks: [height, hash] from the largest complete tree on
    for n, entry in enumerate(entries, 1):
        peaks.append((0, sha256(b"\0", entry)))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (height, right), (_, left) = peaks.pop(), peaks.pop()
            peaks.append((height + 1, sha256(b"\1", left, right)))
        if n in wanted:
            root = peaks[-1][1]
            for _, left in reversed(peaks[:-1]):
                root = sha256(b"\1", left, root)
            found[n] = root
    return found


def root_of(entry, index, size, path):
    """The root that an inclusion proof gives (RFC 9162, section 2.1.3.2), or None where it is none."""
    at, last, root = index, size - 1, sha256(b"\0", entry)
    for node in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            root = sha256(b"\1", node, root)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            root = sha256(b"\1", root, node)
        at, last = at >> 1, last >> 1
    return root if last == 0 and 0 <= index < size else None


class Sqlite:
    def __init__(self, path):
        self.db = sqlite3.connect(path)

    def all(self, query):
        return self.db.execute(query).fetchall()

    def one(self, query):
        return self.all(query)[0][0]


ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


def value(text, kind):
    """A value as COPY writes it: bytes, a text or a number."""
    if text == "\\N":
        return None
    text = re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), text)
    if kind in ("BLOB", None) and text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    return int(text) if kind == "INTEGER" or (kind is None and text.lstrip("-").isdigit()) else text


class Postgres:
    """By psql alone, as anybody may look."""

    def __init__(self, address):
        self.address = address

    def ask(self, words):
        env = {**os.environ, "PGOPTIONS": "-c search_path=tillproof", "PGCONNECT_TIMEOUT": "5"}
        return subprocess.run(["psql", "-X", "-q", "-At", "-c", words, self.address], capture_output=True, text=True,
                              check=False, env=env)

    def up(self):
        return self.ask("SELECT 1").returncode == 0

    def all(self, query, kinds=None):
        got = self.ask(f"COPY ({query}) TO STDOUT")
        if got.returncode:
            raise SystemExit(f"FAILED: psql: {got.stderr}")
        rows = (line.split("\t") for line in got.stdout.split("\n")[:-1])
        return [tuple(value(text, kinds[i] if kinds else None) for i, text in enumerate(row)) for row in rows]

    def one(self, query):
        return self.all(query)[0][0]
