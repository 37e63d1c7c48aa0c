#!/bin/bash
# The sale inside every Python of this machine, and Python's own OpenSSL and SQLite beside it.
. "$SOURCE/tests/hosts/guest/host.sh"
export PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore::DeprecationWarning
tried=
for python in /usr/bin/python3 "$(command -v python3)"; do
    [ -x "$python" ] || continue
    real=$("$python" -c 'import sys; print(sys.executable)') || continue
    "$real" -c 'import ctypes, ssl, sqlite3' 2>/dev/null || continue
    [[ " $tried " != *" $real "* ]] || continue
    tried+=" $real"
    for program in sale own; do
        rm -rf shop coffee.json
        host_shop
        host_sale "$real $program.py" "$real" "$here/python/$program.py" "$PLUGIN" shop "$coupon"
    done
done
[ -n "$tried" ] || skip "no python3 with ctypes, ssl and sqlite3"
echo "sold in:$tried"
