"""Servers whose place others take: Valkeys with sentinels, and PostgreSQL with a synchronous standby.

Valkeys know each other, and the sentinels know them, by the ports of the proxies: so clients that are sent to
a new primary come through the network that faults are done to.
"""

import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import trio
from attrs import define, field

from cardroom.local.servers import free_port
from cardroom.local.standby import PostgresPair, postgres_pair
from tests.chaos.process import RESTART_SECONDS, Process, running
from tests.chaos.servers import (
    POSTGRES,
    Ports,
    ServerFailed,
    Target,
    program_with_file,
    valkey_program,
    wait_for_port,
)

SERVICE: Final = "holdem"
_VALKEYS: Final = ("valkey-0", "valkey-1", "valkey-2")
_SENTINELS: Final = ("sentinel-0", "sentinel-1", "sentinel-2")
_DOWN_MS: Final = 2000
_LIMIT_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.1


class Database:
    """A primary and its standby, as faults find them: whichever is the primary now."""

    def __init__(self, pair: PostgresPair) -> None:
        self._pair = pair
        self._may_start = trio.Event()
        self._may_start.set()

    @property
    def pid(self) -> int | None:
        """The primary's postmaster, None while it does not run."""
        return self._pair.primary.pid if self._pair.primary.is_running else None

    def kill(self) -> None:
        """End the primary at once."""
        self._pair.primary.kill()

    def freeze(self) -> None:
        """Let the primary stand still."""
        self._pair.primary.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self._pair.primary.thaw()

    def hold(self) -> None:
        """Do not start the primary again."""
        self._may_start = trio.Event()

    def release(self) -> None:
        """Let it be started again."""
        self._may_start.set()

    async def fail_over(self) -> float:
        """Lose the primary for good, and make another standby; gives when the first one took its place."""
        self.hold()
        try:
            self.kill()
            await trio.to_thread.run_sync(self._pair.promote)
            promoted_at = time.monotonic()
            await trio.to_thread.run_sync(self._pair.add_standby)
        finally:
            self.release()
        return promoted_at

    async def do_without_standby(self, seconds: float) -> None:
        """Kill the standby, so that nothing can be committed, and start it again after a while."""
        standby = self._pair.standby
        assert standby is not None, "each fault leaves one"
        standby.kill()
        await trio.sleep(seconds)
        await trio.to_thread.run_sync(standby.start)

    async def keep_running(self) -> None:
        """Start the primary again whenever it has ended."""
        while True:
            await trio.sleep(RESTART_SECONDS)
            await self._may_start.wait()
            if self._may_start.is_set() and not self._pair.primary.is_running:
                await trio.to_thread.run_sync(self._pair.primary.start)


@define
class ReplicatedServers:
    """Servers in groups."""

    folder: Path
    logs: Path
    ports: dict[str, int] = field(factory=lambda: {name: free_port() for name in _VALKEYS})
    _sentinel_ports: dict[str, int] = field(factory=lambda: {name: free_port() for name in _SENTINELS})
    _processes: dict[str, Process] = field(factory=dict)
    _proxies: Ports = field(factory=dict)
    database: Database | None = None

    async def prepare(self, stack: AsyncExitStack) -> None:
        """Start PostgreSQL: only then its ports are known."""
        (self.folder / POSTGRES).mkdir(parents=True, exist_ok=True)
        pair = await stack.enter_async_context(_open_pair(self.folder / POSTGRES))
        self.ports |= {f"{POSTGRES}-{number}": port for number, port in enumerate(pair.ports)}
        self.database = await stack.enter_async_context(_kept_running(pair))

    def redis_settings(self, ports: Ports) -> dict[str, Any]:
        sentinels = [f"127.0.0.1:{port}" for port in self._sentinel_ports.values()]
        return {"sentinels": sentinels, "service": SERVICE, "replicas": 1}

    def dsn(self, ports: Ports) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for name, port in ports.items() if name.startswith(POSTGRES))
        return f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"

    async def start(self, stack: AsyncExitStack, proxies: Ports) -> dict[str, Process]:
        self._proxies = proxies
        servers = [self._server(number, name) for number, name in enumerate(_VALKEYS)]
        sentinels = [self._sentinel(name) for name in _SENTINELS]
        started = await stack.enter_async_context(running(*servers))
        for name in _VALKEYS:
            await wait_for_port(self.ports[name])
        watchers = await stack.enter_async_context(running(*sentinels))
        for port in self._sentinel_ports.values():
            await wait_for_port(port)
        self._processes = {process.name: process for process in (*started, *watchers)}
        await self.wait_until_whole()
        return self._processes

    def target(self, kind: str) -> Target:
        if kind == POSTGRES:
            assert self.database is not None, "it was prepared"
            return self.database
        return self._processes[self.primary()]

    def primary(self) -> str:
        """Name the Valkey that most sentinels call the primary."""
        named = [port for port in map(_named_by, self._sentinel_ports.values()) if port is not None]
        if not named:
            raise ServerFailed("no sentinel names a primary")
        port = max(named, key=named.count)
        return next(name for name in _VALKEYS if self._proxies[name] == port)

    def replicas(self) -> Sequence[Process]:
        """Give the Valkeys that are not the primary."""
        primary = self.primary()
        return [self._processes[name] for name in _VALKEYS if name != primary]

    def switch(self) -> None:
        """Order the sentinels to make another Valkey the primary."""
        _ask(next(iter(self._sentinel_ports.values())), f"SENTINEL FAILOVER {SERVICE}")

    async def wait_for_other_primary(self, old: str) -> None:
        """Wait until the sentinels name another primary than the old one."""
        with trio.fail_after(_LIMIT_SECONDS):
            while await trio.to_thread.run_sync(self.primary) == old:  # noqa: ASYNC110 (no event tells)
                await trio.sleep(_PAUSE_SECONDS)

    async def wait_until_whole(self) -> None:
        """Wait until all replicas follow the primary, and the sentinels know it."""
        with trio.fail_after(_LIMIT_SECONDS):
            while not await trio.to_thread.run_sync(self._is_whole):  # noqa: ASYNC110 (no event tells)
                await trio.sleep(_PAUSE_SECONDS)

    def _is_whole(self) -> bool:
        replication = _ask(self.ports[self.primary()], "INFO replication")
        followers = len(_VALKEYS) - 1
        known = (f"slaves={followers},sentinels={len(_SENTINELS)}", f"name={SERVICE},status=ok")
        told = [_ask(port, "INFO sentinel") for port in self._sentinel_ports.values()]
        follow = replication.count("state=online") == followers and "role:master" in replication
        return follow and all(word in text for text in told for word in known)

    def _server(self, number: int, name: str) -> Any:
        more = {
            "replica-announce-ip": "127.0.0.1",
            "replica-announce-port": str(self._proxies[name]),
            "min-replicas-to-write": "1",
            "min-replicas-max-lag": "3",
            "repl-diskless-sync-delay": "0",
            "repl-ping-replica-period": "1",
        }
        if number:
            more["replicaof"] = f"127.0.0.1 {self._proxies[_VALKEYS[0]]}"
        return valkey_program(name, self.folder / name, self.ports[name], self.logs, more)

    def _sentinel(self, name: str) -> Any:
        port, folder = self._sentinel_ports[name], self.folder / name
        settings: Mapping[str, str] = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": str(folder),
            "sentinel": f"monitor {SERVICE} 127.0.0.1 {self._proxies[_VALKEYS[0]]} 2",
            f"sentinel down-after-milliseconds {SERVICE}": str(_DOWN_MS),
            f"sentinel failover-timeout {SERVICE}": "5000",
            f"sentinel parallel-syncs {SERVICE}": "2",
        }
        return program_with_file(name, folder, settings, self.logs, "--sentinel")


@asynccontextmanager
async def _open_pair(folder: Path) -> AsyncIterator[PostgresPair]:
    manager = postgres_pair(folder)
    pair = await trio.to_thread.run_sync(manager.__enter__)
    try:
        yield pair
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(manager.__exit__, None, None, None)


@asynccontextmanager
async def _kept_running(pair: PostgresPair) -> AsyncIterator[Database]:
    database = Database(pair)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.keep_running)
        yield database
        nursery.cancel_scope.cancel()


def _named_by(sentinel: int) -> int | None:
    lines = _ask(sentinel, f"SENTINEL get-master-addr-by-name {SERVICE}").split("\r\n")
    return int(lines[4]) if len(lines) > 4 and lines[4].isdigit() else None


def _ask(port: int, command: str) -> str:
    """Send one command whose answer fits into one packet; nothing when there is no answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(16384).decode()
    except OSError:
        return ""
