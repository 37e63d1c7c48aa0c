#!/usr/bin/env python3
"""tillproofd by itself: what it answers, what it refuses, its limits, and how it starts and stops."""
import http.client
import os
import signal
import socket
import ssl

from net import *

authority_certificate("ca")
server_certificate("server", "ca")
tillproof("shop", "init", "shop")


def is_problem(body, word):
    return body[:2] == b"\x82\xf6" and word.encode() in body


def pages():
    d = Daemon("shop")
    c = connect(d.port)
    same("healthz", ask(c, "GET", "/healthz")[::2], (200, b"ok\n"))
    same("readyz, on the same connection", ask(c, "GET", "/readyz")[::2], (200, b"ready\n"))
    status, headers, body = ask(c, "POST", "/v1/statements", b"abc")
    same("no statement", (status, headers["Content-Type"]), (200, SEQUENCE))
    check("one problem", is_problem(body, "bad_statement"))
    same("still the same connection", ask(c, "GET", "/healthz")[0], 200)
    same("a cosignature is posted", ask(connect(d.port), "GET", "/v1/cosignatures")[1].get("Allow"), "POST")
    same("pages are read", ask(connect(d.port), "POST", "/healthz", b"x")[0], 405)
    same("another type", ask(connect(d.port), "POST", "/v1/statements", b"abc", "text/plain")[0], 415)
    same("no body", ask(connect(d.port), "POST", "/v1/statements", b"")[0], 415)
    same("no such page", ask(connect(d.port), "GET", "/v1/../shop.ini")[0], 404)
    text = ask(c, "GET", "/metrics")[2].decode()
    check("requests by status", 'tillproofd_requests_total{status="200"} 4\n' in text)
    check("the histogram's count", "tillproofd_statements_seconds_count 1\n" in text)
    check("the queue", "tillproofd_queue_depth 0\n" in text and "tillproofd_queue_limit 64\n" in text)
    log = d.stop()
    check("each refusal is one line", sum(line.startswith("<4>refused: ") for line in log) == 5)
    same("the last line", log[-1], "<6>stopped")


def cut(request):
    """Its status; 413 as well when the server closed before it had read all."""
    try:
        return request()
    except (OSError, http.client.HTTPException):
        return 413


def limits():
    d = Daemon("shop")
    same("a body above 4 MiB", cut(lambda: ask(connect(d.port), "POST", "/v1/statements", bytes(4 * 1024 * 1024 + 1))[0]), 413)
    same("a body of 4 MiB", ask(connect(d.port), "POST", "/v1/statements", bytes(4 * 1024 * 1024))[0], 200)
    c = connect(d.port)
    c.putrequest("GET", "/healthz")
    c.putheader("X", "y" * 8 * 1024)
    c.endheaders()
    check("headers above 8 KiB", cut(lambda: c.getresponse().status) in (400, 413))
    same("and goes on", ask(connect(d.port), "GET", "/healthz")[0], 200)
    d.stop()


def smuggling():
    """Two lengths, and a length beside chunks, are not taken for two requests (RFC 9112, 6.3)."""
    d = Daemon("shop")
    for extra in (b"Content-Length: 3\r\nContent-Length: 4\r\n", b"Content-Length: +3\r\n", b"Content-Length: -3\r\n",
                  b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"):
        with trust("ca").wrap_socket(socket.create_connection(("127.0.0.1", d.port), PATIENCE),
                                     server_hostname="127.0.0.1") as s:
            s.sendall(b"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor-seq\r\n" + extra +
                      b"\r\n" + (b"3\r\nabc\r\n0\r\n\r\n" if b"chunked" in extra else b"abc") +
                      b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            try:
                while more := s.recv(65536):
                    got += more
            except OSError:
                pass
            check(f"{extra}: {got}", got == b"" or (got.startswith(b"HTTP/1.1 400 ") and got.count(b"HTTP/1.1") == 1))
    d.stop()


def slow():
    """One byte a second is not a request in time; nor is a handshake that never comes."""
    d = Daemon("shop", "server", "--timeout", "1")
    silent = socket.create_connection(("127.0.0.1", d.port), PATIENCE)
    same("a client that says nothing", silent.recv(1), b"")
    with trust("ca").wrap_socket(socket.create_connection(("127.0.0.1", d.port), PATIENCE),
                                 server_hostname="127.0.0.1") as s:
        s.settimeout(0.2)
        ended = False
        for byte in b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 100:
            try:
                s.send(bytes([byte]))
                ended = s.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        check("a client that sends on and on", ended)
    check("both counted", b"tillproofd_late_total 2\n" in ask(connect(d.port), "GET", "/metrics")[2])
    d.stop()


def crowd():
    """The third connection waits until one of two ends."""
    d = Daemon("shop", "server", "--connections", "2", "--address-connections", "0")
    first, second = connect(d.port), connect(d.port)
    same("first", ask(first, "GET", "/healthz")[0], 200)
    same("second", ask(second, "GET", "/healthz")[0], 200)
    third = socket.create_connection(("127.0.0.1", d.port), PATIENCE)
    third.settimeout(0.5)
    try:
        trust("ca").wrap_socket(third, server_hostname="127.0.0.1")
        check("a third connection was served beside two", False)
    except TimeoutError:
        pass
    first.close()
    same("the next one in turn", ask(connect(d.port), "GET", "/healthz")[0], 200)
    d.stop()


def tls():
    d = Daemon("shop")
    try:
        trust("ca", ssl.TLSVersion.TLSv1_2).wrap_socket(socket.create_connection(("127.0.0.1", d.port), PATIENCE),
                                                        server_hostname="127.0.0.1")
        check("TLS 1.2 was taken", False)
    except ssl.SSLError as e:
        check(f"refused by the protocol's version: {e}", "version" in str(e).lower())
    plain = http.client.HTTPConnection("127.0.0.1", d.port, timeout=PATIENCE)
    try:
        plain.request("GET", "/healthz")
        check("HTTP without TLS was answered", plain.getresponse().read() is None)
    except (ConnectionError, http.client.HTTPException):
        pass
    before = ssl.get_server_certificate(("127.0.0.1", d.port))
    server_certificate("server", "ca")
    d.p.send_signal(signal.SIGHUP)
    same("the signal was taken", d.p.stderr.readline(), "<6>configuration and certificate were taken anew\n")
    check("a new certificate", ssl.get_server_certificate(("127.0.0.1", d.port)) != before)
    with open("server.pem", "w", encoding="ascii") as f:
        f.write("nothing")
    d.p.send_signal(signal.SIGHUP)
    check("the old one stays", d.p.stderr.readline().startswith("<3>the old configuration and certificate stay: "))
    same("and is served", ask(connect(d.port), "GET", "/healthz")[0], 200)
    server_certificate("server", "ca")
    d.stop()


def start():
    daemon = os.environ["TILLPROOFD"]
    with open("good.ini", "w", encoding="ascii") as f:
        f.write("[server]\nlisten = 127.0.0.1:0\nshop = nowhere\ncertificate = server.pem\nkey = server.key\nworkers = 4\n")
    for words, status, said in (
            ((), 2, "say which shop"), (("--shop",), 2, "--NAME VALUE"), (("--colour", "red"), 2, "no key"),
            (("--shop", "shop", "--workers", "0"), 2, "1 to 64"), (("--shop", "shop", "--listen", "here:1"), 2, "numeric"),
            (("--shop", "shop", "--listen", "[::1:1"), 2, "numeric"), (("--config", "none.ini"), 3, "cannot be read"),
            (("--config", "good.ini"), 3, "there is no shop.ini"), (("--shop", "shop"), 3, "certificate"),
            (("--shop", "shop", "--certificate", "server.pem", "--key", "ca.ca.key"), 3, "key")):
        err = run(daemon, *words, status=status)[1]
        check(f"{words}: {err}", said in err and err.startswith("tillproofd: ") and err.count("\n") == 1)
    for text in ("[server]\nport = 1\n", "[client]\nlisten = 127.0.0.1:1\n", "[server]\ntimeout = soon\n", "[server]\nlisten\n"):
        with open("bad.ini", "w", encoding="ascii") as f:
            f.write(text)
        check(text, "bad.ini, line 2" in run(daemon, "--config", "bad.ini", status=2)[1])
    d = Daemon("shop")
    err = run(daemon, "--shop", "shop", "--listen", f"127.0.0.1:{d.port}", "--certificate", "server.pem", "--key", "server.key",
              status=3)[1]
    check(err, "listened on" in err)
    d.stop()
    check("the help", "usage: tillproofd" in run(daemon, "--help")[0])


for test in (pages, limits, smuggling, slow, crowd, tls, start):
    test()
