"""Processes to look into: one that is busy, one that sleeps, one that is no Python."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

_LOOKED_INTO = """\
import ctypes
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
"""
"""Lets any process of this user look into this one, where the system asks for that (PR_SET_PTRACER)."""
_BUSY = """\
def work():
    return sum(number * number for number in range(1000))

def spin():
    while True:
        work()

print("ready", flush=True)
spin()
"""
_ASLEEP = 'import time\nprint("ready", flush=True)\ntime.sleep(60)\n'


@contextmanager
def running(*command: str) -> Iterator[int]:
    """Run a command that says when it is ready; gives its process id, and ends it."""
    with Popen(command, stdout=PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process.pid
        finally:
            process.kill()


def busy_python() -> tuple[str, ...]:
    """Give the command of a Python process that never rests: ``spin`` calls ``work``."""
    return (sys.executable, "-c", _LOOKED_INTO + _BUSY)


def sleeping_python() -> tuple[str, ...]:
    """Give the command of a Python process that sleeps."""
    return (sys.executable, "-c", _LOOKED_INTO + _ASLEEP)


def no_python() -> tuple[str, ...]:
    """Give the command of another process."""
    return ("sh", "-c", "echo ready; exec sleep 60")
