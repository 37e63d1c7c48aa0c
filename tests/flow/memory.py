#!/usr/bin/env python3
"""The memory of an audit does not grow with the log: the peak for four times as many statements is the same, but for
what a database's caches and a deeper tree need."""
import os
import subprocess
import sys
import tempfile

SMALL, LARGE, BOUND = 2500, 10000, 6 << 20  # the small one fills the database's cache already


def peak_of(command):
    """Peak resident bytes of a command that must succeed; its output."""
    done = subprocess.run([os.environ["GROWN"], "peak", *command], capture_output=True, text=True, check=True)
    return int(done.stderr) * 1024, done.stdout


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = folder
        peaks = []
        for n in (SMALL, LARGE):
            bundle, root = os.path.join(folder, f"{n}.tpb"), os.path.join(folder, f"{n}.pem")
            subprocess.run([os.environ["GROWN"], str(n), bundle, root], check=True, capture_output=True)
            peak, text = peak_of([os.environ["TILLPROOF"], "audit", bundle, "--root", root])
            assert f"{n + 3} leaves under" in text and f"{n} records" in text, text
            peaks.append(peak)
            print(f"{n} sales: {os.path.getsize(bundle) >> 10} KiB of bundle, {peak >> 10} KiB at the peak")
            last = os.path.getsize(bundle)
        assert last > 3 * BOUND, "too little to tell whether it was held in memory"
        assert peaks[1] - peaks[0] < BOUND, f"the peak grew by {peaks[1] - peaks[0]} bytes"


if __name__ == "__main__":
    sys.exit(main())
