#!/usr/bin/env python3
"""tillproofd's limits: how often anybody may ask, how much may be in flight; its configuration taken anew under load; its
figures in a form that a strict reader takes."""
import os
import re
import signal
import socket
import sqlite3
import threading
import time

from net import *

MIB = 1024 * 1024
authority_certificate("ca")
server_certificate("server", "ca")
tillproof("shop", "init", "shop")


def head(kind, n):
    """The head of a CBOR item."""
    if n < 24:
        return bytes([kind << 5 | n])
    return bytes([kind << 5 | 24, n]) if n < 256 else bytes([kind << 5 | 25]) + n.to_bytes(2, "big")


def statement(kid, kind="commit", payload=b"\xa0"):
    """What looks like a statement of that key, signed by nobody."""
    typ = f"application/vnd.tillproof.{kind}".encode()
    header = b"\xa4\x01\x28\x04\x48" + kid + b"\x0f\xa1\x01\x61x\x10" + head(3, len(typ)) + typ
    return b"\xd2\x84" + head(2, len(header)) + header + b"\xa0" + head(2, len(payload)) + payload + b"\x58\x40" + bytes(64)


def post(d, body, headers=None):
    c = connect(d.port)
    c.request("POST", "/v1/statements", body, {"Content-Type": SEQUENCE, **(headers or {})})
    answer = c.getresponse()
    got = answer.status, dict(answer.getheaders()), answer.read()
    c.close()
    return got


def get(d, path, bearer=None):
    c = connect(d.port)
    c.request("GET", path, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})
    answer = c.getresponse()
    got = answer.status, dict(answer.getheaders()), answer.read()
    c.close()
    return got


def figure(d, name):
    text = get(d, "/metrics")[2].decode()
    return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])


def throttled(what, answer):
    status, headers, body = answer
    same(f"{what}: too many", (status, body[:2], b"throttled" in body, headers["Connection"]), (429, b"\x82\xf6", True, "close"))
    check(f"{what}: when to come again", 1 <= int(headers["Retry-After"]) <= 60)


def rates():
    d = Daemon("shop", "server", "--address-rate", "1", "--address-burst", "5")
    same("a burst", [get(d, "/healthz")[0] for _ in range(5)], [200] * 5)
    throttled("an address", get(d, "/healthz"))
    throttled("its statements, too", post(d, b"abc"))
    same("those who watch see it", figure(d, 'tillproofd_throttled_total{by="address"}'), 2)
    same("no statement was looked at", figure(d, "tillproofd_statements_seconds_count"), 0)
    time.sleep(1.1)
    same("in time", get(d, "/healthz")[0], 200)
    d.stop()
    d = Daemon("shop", "server", "--till-rate", "1", "--till-burst", "3", "--codes", "4")
    same("a till's burst", [post(d, statement(b"till-one"))[0] for _ in range(3)], [200] * 3)
    throttled("a till", post(d, statement(b"till-one") * 9))
    same("another till", post(d, statement(b"till-two"))[0], 200)
    same("one that cannot be read", post(d, b"abc")[0], 200)
    codes = lambda n: statement(b"till%04d" % n, "hold", b"\xa1\x11\x83" + 3 * b"\x69123456789")
    same("three codes", post(d, codes(1))[0], 200)
    throttled("six, by several tills", post(d, codes(2)))
    throttled("enrolments are guesses, too", post(d, statement(b"till0004", "enrol") * 2))
    same("without a code", post(d, statement(b"till0003", "hold"))[0], 200)
    same("counted", [figure(d, f'tillproofd_throttled_total{{by="{by}"}}') for by in ("address", "till", "code", "token")], [0, 1, 2, 0])
    d.stop()
    good = run(os.environ["TILLPROOF"], "token", "issue", "--shop", "shop", "--role", "merchant")[0].strip()
    d = Daemon("shop", "server", "--wrong-tokens", "3")
    same("right ones do not count", [get(d, "/v1/keyset", good)[0] for _ in range(5)], [200] * 5)
    same("wrong ones", [get(d, "/v1/keyset", "tpt_" + "%064x" % i)[0] for i in range(3)], [401] * 3)
    throttled("guessing", get(d, "/v1/keyset", "tpt_" + "f" * 64))
    throttled("a right one from there, too: it could be a guess", get(d, "/v1/keyset", good))
    same("nobody's", get(d, "/v1/keyset")[0], 401)
    d.stop()
    d = Daemon("shop", "server", "--address-rate", "0", "--till-rate", "0", "--codes", "0")
    same("no limits", {post(d, codes(1))[0] for _ in range(30)}, {200})
    d.stop()


def knock(d, source):
    """A connection from that address of this machine; None: it was refused."""
    try:
        s = socket.create_connection(("127.0.0.1", d.port), PATIENCE, (source, 0))
        return trust("ca").wrap_socket(s, server_hostname="127.0.0.1")
    except OSError:
        return None


def seen(d, name, source="127.0.0.3"):
    """A figure, read from an address that the test does not count."""
    c = http.client.HTTPSConnection("127.0.0.1", d.port, timeout=PATIENCE, context=trust("ca"), source_address=(source, 0))
    c.request("GET", "/metrics")
    text = c.getresponse().read().decode()
    c.close()
    return float(re.search(rf"^{name} (\S+)$", text, re.M)[1])


def soon(d, name, wanted):
    """A figure becomes that before long."""
    for _ in range(500):
        if seen(d, name) == wanted:
            return
        time.sleep(0.01)
    same(name, seen(d, name), wanted)


def addresses():
    """An address that holds all the connections it may have shuts nobody else out."""
    write_config(connections=8, address_connections=2)
    d = Daemon("shop", "server", "--config", "d.ini")
    held = [knock(d, "127.0.0.1") for _ in range(2)]
    check("as many as it may have", all(held))
    same("no third", knock(d, "127.0.0.1"), None)
    other = knock(d, "127.0.0.2")
    check("another is served", other)
    hello = ssl.MemoryBIO()
    try:
        trust("ca").wrap_bio(ssl.MemoryBIO(), hello, server_hostname="127.0.0.1").do_handshake()
    except ssl.SSLWantReadError:
        hello = hello.read()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", d.port), PATIENCE) as s:
            try:
                s.sendall(hello)
                check("no handshake", s.recv(1) == b"")
            except ConnectionError:
                pass
    same("each counted", seen(d, "tillproofd_crowded_total"), 21)
    same("none is taken", seen(d, "tillproofd_connections_total"), 2 + 1 + 2)
    held.pop().close()
    soon(d, "tillproofd_connections", 3)  # one held, the other address, and this look
    held.append(knock(d, "127.0.0.1"))
    check("it may come again", held[-1])
    same("once", knock(d, "127.0.0.1"), None)
    other.close()

    def hup(**keys):
        write_config(**keys)
        d.p.send_signal(signal.SIGHUP)
        while (line := d.p.stderr.readline()) != "<6>configuration and certificate were taken anew\n":
            check(f"{line!r}: one line for many", re.fullmatch(r"<4>refused: \d+ connections of addresses that have too many\n", line))

    hup(connections=8, address_connections=3)
    held.append(knock(d, "127.0.0.1"))
    check("SIGHUP allows a third", held[-1])
    same("no fourth", knock(d, "127.0.0.1"), None)
    hup(connections=8, address_connections=1)
    held[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    check("those that stand go on", held[0].recv(12) == b"HTTP/1.1 200")
    hup(connections=7)
    same("half of all unless told", seen(d, "tillproofd_address_connections_limit"), 4)
    hup(connections=8, address_connections=0)
    held += [knock(d, "127.0.0.1") for _ in range(4)]
    check("0: as many as there are", all(held) and len(held) == 7)
    for s in held:
        s.close()
    d.stop()


def memory_of(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(rf"^{name}:\s+(\d+) kB$", f.read(), re.M)[1]) * 1024


def flood():
    """Many bodies that come almost whole, and then no further: 224 MiB, where 16 may be in flight."""
    d = Daemon("shop", "server", "--memory", "16", "--connections", "200")
    with open(f"/proc/{d.p.pid}/maps", encoding="ascii") as f:
        sanitized = re.search("lib[at]san", f.read())
    same("a small one", post(d, statement(b"till-one"))[0], 200)
    before, open_ones = memory_of(d.p.pid, "VmHWM"), []
    part = bytes(MIB // 2)

    def fill():
        s = trust("ca").wrap_socket(socket.create_connection(("127.0.0.1", d.port), PATIENCE), server_hostname="127.0.0.1")
        open_ones.append(s)
        try:
            s.sendall(b"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor-seq\r\nContent-Length: 4194304\r\n\r\n")
            for _ in range(7):
                s.sendall(part)
        except OSError:
            pass

    threads = [threading.Thread(target=fill) for _ in range(64)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for _ in range(600):  # what the kernel has taken is still read
        if figure(d, "tillproofd_shed_total") >= 64 - 5:
            break
        time.sleep(0.02)
    check("most were refused", figure(d, "tillproofd_shed_total") >= 64 - 5)
    check("within the limit", figure(d, "tillproofd_held_bytes") <= figure(d, "tillproofd_held_bytes_limit") == 16 * MIB)
    same("a small one among them", post(d, statement(b"till-one"))[0], 200)
    same("and one that is long", post(d, statement(b"till-one") * 400)[0], 200)
    check("and told as 503", figure(d, 'tillproofd_requests_total{status="503"}') >= 64 - 5)
    grown = memory_of(d.p.pid, "VmHWM") - before
    most = 16 * MIB + 66 * 96 * 1024 + 4 * MIB  # `memory`, what TLS takes of each connection, and one round of reading
    check(f"memory stays bounded: it grew by {grown / MIB:.1f} MiB", sanitized or grown < most)
    for s in open_ones:
        s.close()
    for _ in range(200):
        if figure(d, "tillproofd_held_bytes") < 64 * 1024:
            break
        time.sleep(0.05)
    check("all of it is given back", figure(d, "tillproofd_held_bytes") < 64 * 1024)
    check("said once for many", sum("too much is in flight" in line for line in d.stop()) > 0)


def policy_statement():
    """One that the authority has: to hear of it again it must write."""
    db = sqlite3.connect("shop/authority/authority.db")
    raw = db.execute("SELECT raw FROM statement WHERE kind = 0").fetchone()[0]
    db.close()
    return raw


def write_config(**keys):
    with open("d.ini", "w", encoding="ascii") as f:
        f.write("[server]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()))


def reload():
    """While a request waits for the disk; a bad file changes nothing."""
    base = {"queue": 7, "connections": 50, "till_burst": 2000}
    write_config(**base)
    d = Daemon("shop", "server", "--config", "d.ini")
    same("the file's", figure(d, "tillproofd_queue_limit"), 7)
    db = sqlite3.connect("shop/authority/authority.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    answers, kept = [], connect(d.port)
    same("a connection that stands", ask(kept, "GET", "/healthz")[0], 200)
    waiting = threading.Thread(target=lambda: answers.append(post(d, policy_statement())))
    waiting.start()
    while figure(d, "tillproofd_working") < 1:
        time.sleep(0.01)

    def hup(*said):
        d.p.send_signal(signal.SIGHUP)
        for wanted in said:
            line = d.p.stderr.readline()
            check(f"{line!r} says {wanted!r}", re.match(wanted, line))

    write_config(**{**base, "queue": 9, "connections": 60, "memory": 20, "workers": 5, "listen": "127.0.0.1:1", "shop": "other", "till_rate": 1,
                    "till_burst": 2, "log": "public"})
    hup("<4>listen is taken by a start alone", "<4>shop is taken by a start alone", "<4>workers is taken by a start alone", "<6>configuration and certificate were taken anew")
    same("taken at once", [figure(d, f"tillproofd_{n}") for n in ("queue_limit", "connections_limit", "held_bytes_limit")], [9, 60, 20 * MIB])
    for text, why in (("queue = many\n", "line 2: queue must be"), ("colour = red\n", "line 2: 'colour'"), ("witness = x\n", "line 2: witness"),
                      ("certificate = none.pem\n", "the certificate")):
        with open("d.ini", "w", encoding="ascii") as f:
            f.write("[server]\n" + text)
        hup(f"<3>the old configuration and certificate stay: .*{why}")
    same("nothing of them", [figure(d, f"tillproofd_{n}") for n in ("queue_limit", "connections_limit")], [9, 60])
    same("the request still waits", answers, [])
    db.execute("ROLLBACK")
    db.close()
    waiting.join()
    same("and is answered", (answers[0][0], b"registered" in answers[0][2]), (200, True))
    same("on the same connection", ask(kept, "GET", "/healthz")[0], 200)
    same("the log is open now", get(d, "/v1/keyset")[0], 200)
    same("a till's new limit", [post(d, statement(b"till-one"))[0] for _ in range(3)], [200, 200, 429])
    os.remove("d.ini")
    hup("<4>refused: status 429", "<3>the old configuration and certificate stay: d.ini cannot be read")
    same("it is served on", get(d, "/healthz")[0], 200)
    d.stop()


def reload_certificate():
    """A certificate that does not fit its key leaves the old one and the old limits."""
    write_config(queue=3)
    d = Daemon("shop", "server", "--config", "d.ini")
    server_certificate("fresh", "ca")
    os.rename("server.pem", "kept.pem")
    os.rename("fresh.pem", "server.pem")
    write_config(queue=4)
    d.p.send_signal(signal.SIGHUP)
    check("refused", d.p.stderr.readline().startswith("<3>the old configuration and certificate stay: "))
    same("with its limits", figure(d, "tillproofd_queue_limit"), 3)
    os.rename("kept.pem", "server.pem")
    d.p.send_signal(signal.SIGHUP)
    same("taken", d.p.stderr.readline(), "<6>configuration and certificate were taken anew\n")
    same("with its limits", figure(d, "tillproofd_queue_limit"), 4)
    d.stop()


NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'({NAME})(\{{{NAME}="[^"\\\n]*"(?:,{NAME}="[^"\\\n]*")*\}})? (-?[0-9]+(?:\.[0-9]+)?)')


def parse(text):
    """Prometheus' text format 0.0.4, strictly: each family has its HELP and TYPE once, before its samples, which stand
    together, each once; counters end with _total; a histogram's buckets grow to +Inf, which is its count."""
    check("ends with a line's end", text.endswith("\n"))
    families, samples, current = {}, {}, None
    for line in text[:-1].split("\n"):
        if found := re.fullmatch(rf"# HELP ({NAME}) ([^\\]+)", line):
            check(f"{line}: once", found[1] not in families)
            families[found[1]], current = None, found[1]
        elif found := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line):
            check(f"{line}: after its HELP", found[1] == current and families[current] is None)
            families[current] = found[2]
        else:
            found = SAMPLE.fullmatch(line)
            check(f"{line!r} is a sample", found)
            ends = ("_bucket", "_sum", "_count") if families[current] == "histogram" else ("",)
            check(f"{line}: stands with its family", found[1] in [current + e for e in ends])
            check(f"{line}: once", (found[1], found[2]) not in samples)
            samples[found[1], found[2]] = float(found[3])
    for name, kind in families.items():
        check(f"{name}: a type", kind)
        check(f"{name}: a counter's name", (kind == "counter") == name.endswith("_total"))
        if kind == "histogram":
            buckets = [(float(label[5:-2]), v) for (n, label), v in samples.items() if n == f"{name}_bucket"]
            check(f"{name}: in order", buckets == sorted(buckets) and [v for _, v in buckets] == sorted(v for _, v in buckets))
            same(f"{name}: all", (buckets[-1][0], buckets[-1][1]), (float("inf"), samples[f"{name}_count", None]))
            check(f"{name}: a sum", samples[f"{name}_sum", None] >= 0)
    return families, samples


def figures():
    d = Daemon("shop", "server", "--log", "public", "--till-rate", "1", "--till-burst", "1")
    post(d, policy_statement())
    post(d, statement(b"till-one", "hold") + statement(b"till-one"))
    post(d, statement(b"till-one"))
    get(d, "/checkpoint")
    get(d, "/none")
    families, samples = parse(get(d, "/metrics")[2].decode())
    check("many", len(families) > 25)
    same("by kind", [samples["tillproofd_statements_total", f'{{kind="{k}"}}'] for k in ("policy", "hold", "commit")], [1, 1, 1])
    same("429", samples["tillproofd_requests_total", '{status="429"}'], 1)
    same("404", samples["tillproofd_requests_total", '{status="404"}'], 1)
    same("pages", samples["tillproofd_pages_seconds_count", None], 1)
    for name in ("conflicts", "queue_depth", "log_waiting", "log_lag_seconds", "held_bytes", "worst_bytes"):
        check(name, ("tillproofd_" + name, None) in samples)
    d.stop()


for test in (rates, addresses, flood, reload, reload_certificate, figures):
    test()
