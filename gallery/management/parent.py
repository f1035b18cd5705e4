"""Ending with the process that started us, however it ended."""

import os
import threading

STDIN = 0


def when_parent_goes(act):
    """Call `act`, in a thread, once standard input ends: the parent holds its other side and has gone."""

    def wait():
        while os.read(STDIN, 1024):  # not sys.stdin: its lock would be held while the interpreter ends
            pass
        act()

    threading.Thread(target=wait, daemon=True).start()


def add_argument(parser):
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
