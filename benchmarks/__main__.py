"""`make bench`: prints the table, row by row; `make bench ARGS="one --quick"` picks rows and makes it short."""

import argparse
import os
import platform
import sqlite3
import sys
from pathlib import Path

from . import calls, millions, standing
from .bench import Bench

USUAL = (
    *(calls.one, calls.twenty, calls.hundred, calls.slow, calls.large),
    *(standing.start, standing.idle, standing.claims),
)
ROWS = {row.__name__: row for row in (*USUAL, millions.millions)}
HEAD = "| | measured | from - to | goal | |\n|---|---|---|---|---|"


def main():
    listing = "\n".join(f"  {name:<8} {row.__doc__}" for name, row in ROWS.items())
    parser = argparse.ArgumentParser(
        prog="make bench", epilog=f"rows:\n{listing}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="row", choices=[[], *ROWS], help="all but millions by default")
    parser.add_argument("--quick", action="store_true", help="one short round each: shows that it works, no figures")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of a row, of which the median counts")
    given = parser.parse_args()
    print(f"{machine()}\n\n{HEAD}", flush=True)
    with Bench(quick=given.quick, repeats=given.repeats) as bench:
        for row in map(ROWS.get, given.rows) if given.rows else USUAL:
            for line in row(bench):
                print(line, flush=True)


def machine():
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    model = cpu.partition(": ")[2] or platform.machine()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()}"
    return f"{os.cpu_count()} cores ({model}), {versions}; {os.getloadavg()[0]:.1f} processes busy before."


if __name__ == "__main__":
    sys.exit(main())
