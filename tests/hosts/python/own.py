"""Python's own OpenSSL (hashlib, hmac, ssl) and SQLite (sqlite3) before, between, during and after the calls of a
sale, in one process: python3 own.py PLUGIN SHOP COUPON"""

import hashlib
import hmac
import os
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading

import sale
from tillproof import Error, Plugin

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
JEFE = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"  # RFC 4231, test case 2
E_FORKED = -16


def digests():
    assert hashlib.sha256(b"abc").hexdigest() == ABC
    assert hmac.digest(b"Jefe", b"what do ya want for nothing?", "sha256").hex() == JEFE
    assert hashlib.pbkdf2_hmac("sha256", b"passwd", b"salt", 1, 16).hex() == "55ac046e56e3089fec1691c22544b605"


def handshake():
    """TLS through memory; anonymous ECDH needs no certificate."""
    sides = []
    for protocol in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER):
        context = ssl.SSLContext(protocol)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
        to, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        sides.append((context.wrap_bio(to, out, server_side=protocol == ssl.PROTOCOL_TLS_SERVER), to, out))
    done = set()
    while len(done) < 2:
        for i, (side, _, out) in enumerate(sides):
            try:
                side.do_handshake()
                done.add(i)
            except ssl.SSLWantReadError:
                pass
            sides[1 - i][1].write(out.read())
    sides[0][0].write(b"over the line")
    sides[1][1].write(sides[0][2].read())
    assert sides[1][0].read() == b"over the line"


class Store:
    """A database of the host's own; every use of it adds a row and looks at all of them."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("CREATE TABLE sale(due INTEGER)")
        self.rows = 0

    def use(self):
        with self.db:
            self.db.execute("INSERT INTO sale VALUES (7)")
        self.rows += 1
        assert self.db.execute("SELECT count(*), sum(due) FROM sale").fetchone() == (self.rows, 7 * self.rows)


class Between:
    """The plugin's library, with work of the host's own before and after every call."""

    def __init__(self, library, work):
        self.library, self.work, self.calls = library, work, 0

    def __getattr__(self, name):
        function = getattr(self.library, name)

        def call(*arguments):
            self.work()
            result = function(*arguments)
            self.work()
            self.calls += 1
            return result

        return call


def child_is_turned_away(plugin, shop):
    till = plugin.open(shop)
    child = os.fork()
    if child == 0:
        code = 0
        try:
            till.status()
        except Error as e:
            code = e.code
        os._exit(0 if code == E_FORKED else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert subprocess.run(["/bin/echo", "from a child"], capture_output=True, check=True).stdout == b"from a child\n"
    till.close()


def main(path, shop, coupon):
    with tempfile.TemporaryDirectory() as folder:
        store, other = Store(folder + "/own.db"), Store(folder + "/other.db")

        def work():
            digests()
            handshake()
            store.use()

        stop, failed = threading.Event(), []

        def work_on():
            try:
                while not stop.is_set():
                    digests()
                    other.use()
            except Exception as e:  # told by the main thread
                failed.append(e)

        work()
        plugin = Plugin(path)
        plugin.library = Between(plugin.library, work)
        thread = threading.Thread(target=work_on, daemon=True)
        thread.start()
        sale.ring(plugin, shop, coupon)
        stop.set()
        thread.join()
        work()
        assert not failed, failed
        assert plugin.library.calls > 20 and store.rows > 40 and other.rows > 0
        child_is_turned_away(Plugin(path), shop)
        work()


if __name__ == "__main__":
    main(*sys.argv[1:])
