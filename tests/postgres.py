"""Runs the tests that touch the database on PostgreSQL: TEST_DATABASE_URL, or a private server made and ended here.

`make bench` measures on such a server too.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

# Safe to lose: the whole cluster goes when the tests end.
OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


def server_programs():
    """The folder of initdb and pg_ctl, the newest where there are several; None without a server."""
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[4]))
    found = [Path(on_path).resolve()] if on_path else debian
    return found[-1].parent if found else None


def server_account():
    """How to start the server's programs: initdb refuses root, so root lends it the account that Debian made."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def private_server(programs, options=OPTIONS):
    """A fresh cluster that listens on a unix socket only; yields its address."""
    account = server_account()
    # /tmp, because the name of a unix socket has room for about 100 characters.
    with tempfile.TemporaryDirectory(prefix="studio-pg-", dir="/tmp") as folder:
        if account:
            os.chown(folder, account["user"], account["group"])

        def run(program, *arguments):
            command = [programs / program, "-D", f"{folder}/data", *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **account)

        run("initdb", "--username=studio", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        try:
            run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", f"-k {folder} -h '' {options}", "start")
            yield f"postgres://studio@{quote(folder, safe='')}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


def run_pytest(address, arguments):
    print("\nThe tests that touch the database, on PostgreSQL:", flush=True)
    command = [sys.executable, "-m", "pytest", "--touching-database", *arguments]
    return subprocess.run(command, env=os.environ | {"DATABASE_URL": address}).returncode


def main(arguments):
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    if address := os.environ.get("TEST_DATABASE_URL"):
        return run_pytest(address, arguments)
    if programs := server_programs():
        with private_server(programs) as address:
            return run_pytest(address, arguments)
    print("\n*** NOT TESTED ON POSTGRESQL: no server programs here, and TEST_DATABASE_URL names none. ***", flush=True)
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
