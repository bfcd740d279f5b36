"""Run one command that dies with its parent: `tether.py PARENT SIGNAL UID GID COMMAND…`.

A program of its own, not a hook between fork and exec: Python code there can deadlock in a process
with threads, and Temporal's client has some. `children.py` starts it; nothing imports it. It
gives up root by itself, because PostgreSQL's user may be unable to read this file.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, death_signal: int, uid: int, gid: int, command: list[str]) -> None:
    """Become `command`, which gets `death_signal` when `parent` dies; a uid of -1 stays as it is."""
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, which clears it; exec keeps it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit("the parent is gone already")
    os.execv(command[0], command)  # noqa: S606 - replaces this process


if __name__ == "__main__":
    PARENT, SIGNAL, UID, GID = map(int, sys.argv[1:5])
    main(PARENT, SIGNAL, UID, GID, sys.argv[5:])
