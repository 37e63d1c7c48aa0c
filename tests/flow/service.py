#!/usr/bin/env python3
"""tillproofd as a service: its man page says what its sources say, its unit is closed, and it tells the manager how it
stands."""
import re
import signal
import socket

from net import *

SOURCE = os.environ["SOURCE"]
MAN = f"{SOURCE}/packaging/man/tillproofd.8"
UNIT = f"{SOURCE}/packaging/systemd/tillproofd.service"
authority_certificate("ca")
server_certificate("server", "ca")
tillproof("shop", "init", "shop")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def section(name):
    return re.search(rf"^\.SH {name}\n(.*?)(?=^\.SH |\Z)", read(MAN), re.M | re.S)[1]


def man():
    keys = re.findall(r'(?:\.name = |NUMBER\()"([a-z_]+)"', read(f"{SOURCE}/plugin/daemon/config.c"))
    check("keys were found", len(keys) > 15 and len(set(keys)) == len(keys))
    same("every key is in the man page, and no other", sorted(re.findall(r"^\.TP\n\.B ([a-z_]+)$", section("FILE"), re.M)), sorted(keys))
    out, err = run("groff", "-man", "-ww", "-Tutf8", "-rLL=100n", MAN)
    same("groff has nothing to say", err, "")
    check("it reads well", "serves a shop's authority" in out.replace("\u2019", "'"))
    d = Daemon("shop")
    same("a figure that is not there", ask(connect(d.port), "GET", "/none")[0], 404)
    served = re.findall(r"^# TYPE (\S+) ", ask(connect(d.port), "GET", "/metrics")[2].decode(), re.M)
    same("every figure", sorted(re.findall(r"tillproofd_[a-z_]+", section("METRICS"))), sorted(served))
    out = run(os.environ["TILLPROOFD"], "--help")[0]
    for key in keys:
        check(f"--{key} is in the help", f"--{key.replace('_', '-')} " in out)
    d.stop()


def value(name):
    return re.findall(rf"^{name}=(.*)$", read(UNIT), re.M)


def unit():
    binary = os.path.abspath("tillproofd")
    os.symlink(os.environ["TILLPROOFD"], binary)
    with open("tillproofd.service", "w", encoding="utf-8") as f:
        f.write(read(UNIT).replace("/usr/bin/tillproofd", binary))
    _, err = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "./tillproofd.service")
    same("the unit is well formed", [line for line in err.splitlines() if "tillproofd.service" in line], [])
    out, _ = run("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", "./tillproofd.service")
    check(out.splitlines()[-1], re.search("Overall exposure level for tillproofd.service: [01]\\.[0-9]", out))
    d = Daemon("shop")
    worst = int(re.search(r"^tillproofd_worst_bytes (\d+)$", ask(connect(d.port), "GET", "/metrics")[2].decode(), re.M)[1])
    check("the unit's memory is enough at worst", worst <= int(value("MemoryMax")[0].rstrip("M")) << 20)
    check("its stop waits long enough", int(value("TimeoutStopSec")[0]) > 30)
    d.stop()


def manager():
    """A socket as the service manager has one."""
    path = os.path.abspath("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(PATIENCE)
        os.environ["NOTIFY_SOCKET"] = path
        os.environ["WATCHDOG_USEC"] = "30000000"
        d = Daemon("shop")
        del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]

        def said():
            """The next that is no sign of life."""
            while (text := s.recv(4096).decode()) == "WATCHDOG=1\n":
                pass
            return text

        same("ready when it listens", said(), "READY=1\n")
        same("a sign of life", s.recv(4096), b"WATCHDOG=1\n")
        d.p.send_signal(signal.SIGHUP)
        check("reloading, and since when", re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+\n", said()))
        same("and ready", said(), "READY=1\n")
        d.p.send_signal(signal.SIGTERM)
        same("stopping", said(), "STOPPING=1\n")
        d.p.communicate(timeout=PATIENCE)
        same("its exit", d.p.returncode, 0)


for test in (man, unit, manager):
    test()
