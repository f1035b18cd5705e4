"""Ending with the process that started us, however it ended."""

import sys
import threading


def when_parent_goes(act):
    """Call `act`, in a thread, once standard input ends: the parent holds its other side and has gone."""

    def wait():
        sys.stdin.buffer.read()
        act()

    threading.Thread(target=wait, daemon=True).start()


def add_argument(parser):
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
