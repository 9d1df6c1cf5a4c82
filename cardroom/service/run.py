"""How a process runs: command line, settings, signals, systemd's notifications, exit code."""

import argparse
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import trio

from cardroom.service.admins import read_entries
from cardroom.service.settings import BadSettings, load_settings

T = TypeVar("T")

EXIT_CONFIGURATION: Final = 78
"""Exit code for settings that cannot be used (EX_CONFIG): starting again does not help."""


def parse_command_line(name: str) -> argparse.ArgumentParser:
    """Give the command line that every process shares: ``--config FILE [--check]``."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    parser.add_argument("--config", type=Path, required=True, help="settings of this process (TOML)")
    parser.add_argument("--check", action="store_true", help="validate the settings and exit")
    return parser


def read_settings_or_exit(kind: type[T], path: Path) -> T:
    """Load settings; on a fault say which and exit with ``EXIT_CONFIGURATION``."""
    try:
        return load_settings(kind, path)
    except BadSettings as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(EXIT_CONFIGURATION)


def check_admins_or_exit(file: Path) -> None:
    """Read a file of administrators; on a fault say which and exit with ``EXIT_CONFIGURATION``."""
    try:
        read_entries(file, datetime.now(UTC))
    except BadSettings as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(EXIT_CONFIGURATION)


def run_until_signalled(serve: Callable[[trio.Event], Awaitable[None]]) -> None:
    """Run ``serve(stopping)`` on a Trio loop; SIGTERM or SIGINT sets ``stopping``, once.

    ``serve`` ends in its own order, with its own limits. A second signal cancels what is left.
    """

    async def main() -> None:
        stopping = trio.Event()
        async with trio.open_nursery() as nursery:
            await nursery.start(_watch_signals, stopping, nursery.cancel_scope)
            await serve(stopping)
            nursery.cancel_scope.cancel()

    try:
        trio.run(main, strict_exception_groups=True)
    finally:
        end_without_tidying()


def end_without_tidying() -> None:
    """Leave to the system what the process has in memory; nothing but its end should come after this.

    Else the interpreter goes through all modules at its end: a third of a second of a core, while whoever
    stops the process waits, and kills it.
    """
    gc.freeze()


async def _watch_signals(
    stopping: trio.Event,
    all_of_it: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            if stopping.is_set():
                all_of_it.cancel()
            notify_supervisor("STOPPING=1")
            stopping.set()


def notify_supervisor(state: str) -> None:
    """Tell systemd (``READY=1``, ``STOPPING=1``) where it listens; does nothing elsewhere."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifier:
        notifier.settimeout(1.0)
        notifier.sendto(state.encode(), address)
