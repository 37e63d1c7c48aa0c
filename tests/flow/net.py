"""For the tests of tillproofd and of the way to it: certificates, daemons, requests. Loopback alone.

Works in a temporary folder that is removed at the end. The programs come as TILLPROOF, TILLPROOFD and SOURCE.
"""
import atexit
import http.client
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile

work = tempfile.mkdtemp(prefix="flow-", dir=os.environ.get("TMPDIR"))
atexit.register(shutil.rmtree, work, True)
os.chdir(work)
SEQUENCE = "application/cbor-seq"
PATIENCE = 30  # seconds; nothing that works waits for it


def same(what, got, wanted):
    if got != wanted:
        raise SystemExit(f"FAILED: {what}: got {got!r}, not {wanted!r}")


def check(what, good):
    if not good:
        raise SystemExit(f"FAILED: {what}")


def run(*words, status=0, text=None):
    """A command that must end with that status; what it printed, and what it said on standard error."""
    p = subprocess.run(words, capture_output=True, text=True, input=text or "", timeout=PATIENCE, check=False)
    if p.returncode != status:
        raise SystemExit(f"FAILED: {' '.join(words)}: exit {p.returncode}: {p.stderr}")
    return p.stdout, p.stderr


def tillproof(*words, status=0):
    return run(os.environ["TILLPROOF"], *words, status=status)


def authority_certificate(name):
    """A CA of its own: NAME.ca.pem and NAME.ca.key."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", f"/CN={name}", "-keyout", f"{name}.ca.key", "-out", f"{name}.ca.pem")


def server_certificate(name, ca, host="IP:127.0.0.1", days="2"):
    """NAME.pem and NAME.key, signed by the CA. days below zero: it has expired."""
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
        "-keyout", f"{name}.key", "-out", f"{name}.csr")
    with open(f"{name}.ext", "w", encoding="ascii") as f:
        f.write(f"subjectAltName={host}\n")
    run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.ca.pem", "-CAkey", f"{ca}.ca.key", "-set_serial", "7",
        "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem")


class Daemon:
    """tillproofd on a free port."""

    def __init__(self, shop, certificate="server", *options):
        self.p = subprocess.Popen(
            [os.environ["TILLPROOFD"], "--shop", shop, "--listen", "127.0.0.1:0", "--certificate",
             f"{certificate}.pem", "--key", f"{certificate}.key", *options], stderr=subprocess.PIPE, text=True)
        atexit.register(self.p.kill)
        line = self.p.stderr.readline()
        found = re.match(r"<6>listening on 127\.0\.0\.1 port (\d+)$", line)
        if not found:
            raise SystemExit(f"FAILED: tillproofd says {line!r}")
        self.port = int(found[1])

    def stop(self):
        """Ends it as systemd would; the lines that it logged since it listened."""
        self.p.send_signal(signal.SIGTERM)
        _, said = self.p.communicate(timeout=PATIENCE)
        same("tillproofd's exit", self.p.returncode, 0)
        return said.splitlines()


def trust(ca, most=None):
    c = ssl.create_default_context(cafile=f"{ca}.ca.pem")
    if most:
        c.maximum_version = most
    return c


def connect(port, ca="ca"):
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=trust(ca))


def ask(connection, method, path, body=None, kind=SEQUENCE):
    """Status, headers and body of one request."""
    connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()
