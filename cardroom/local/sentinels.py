"""A Valkey primary with replicas, watched by three sentinels which put a replica in its place when it fails.

For proofs of fail-over: any of the servers may be killed, frozen and started again meanwhile.
"""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import define

from cardroom.local.servers import ServerFailed, free_port, start_valkey, stop_process
from cardroom.service.settings import RedisSettings

SERVICE: Final = "holdem"

_SENTINELS: Final = 3
_READY_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.05


@define(eq=False)
class GroupMember:
    """One server of a group, running or not."""

    name: str
    port: int
    folder: Path
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop its clock (SIGSTOP): connections stand, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self.process.send_signal(signal.SIGCONT)

    @property
    def is_running(self) -> bool:
        """Say whether the process is there, frozen or not."""
        return self.process.poll() is None


@define(eq=False)
class ValkeyGroup:
    """A running group; ``servers`` hold data, any of them may be the primary, ``sentinels`` say which."""

    servers: list[GroupMember]
    sentinels: list[GroupMember]
    min_replicas: int
    down_ms: int

    @property
    def settings(self) -> RedisSettings:
        """How a process of ours reaches whoever is the primary."""
        return RedisSettings(
            sentinels=tuple(f"127.0.0.1:{one.port}" for one in self.sentinels),
            service=SERVICE,
            replicas=self.min_replicas,
        )

    def primary(self) -> GroupMember:
        """Give the server that most sentinels name; raises ``ServerFailed`` when none answers."""
        names = [port for port in map(_named_by, self.sentinels) if port is not None]
        if not names:
            raise ServerFailed("no sentinel names a primary")
        port = max(names, key=names.count)
        return next(one for one in self.servers if one.port == port)

    def start(self, member: GroupMember) -> None:
        """Start a member that was killed; a server begins as a replica of the present primary."""
        if member in self.sentinels:
            member.process = start_valkey(member.folder, member.port, {}, file=member.folder / "file.conf")
            return
        primary = self.primary()
        options = _server_options(self.min_replicas)
        if primary is not member:
            options["replicaof"] = f"127.0.0.1 {primary.port}"
        member.process = start_valkey(member.folder, member.port, options)

    def wait_until_whole(self, seconds: float = _READY_SECONDS) -> None:
        """Wait until all servers run, all replicas follow the primary, and the sentinels know all of it."""
        deadline = time.monotonic() + seconds
        while not self._is_whole():
            if time.monotonic() > deadline:
                raise ServerFailed("the group did not come together in time")
            time.sleep(_PAUSE_SECONDS)

    def wait_for_new_primary(self, old: GroupMember, seconds: float = _READY_SECONDS) -> GroupMember:
        """Wait until another server than ``old`` is the primary, and says so itself."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            primary = self.primary()
            if primary is not old and "role:master" in _ask(primary.port, "INFO replication"):
                return primary
            time.sleep(_PAUSE_SECONDS)
        raise ServerFailed("no replica took the primary's place in time")

    def _is_whole(self) -> bool:
        followers = len(self.servers) - 1
        replication = _ask(self.primary().port, "INFO replication")
        at_work = replication.count("state=online") == followers and "role:master" in replication
        known = (f"slaves={followers},sentinels={len(self.sentinels)}", f"name={SERVICE},status=ok")
        told = [_ask(one.port, "INFO sentinel") for one in self.sentinels]
        return at_work and all(word in text for text in told for word in known)


@contextmanager
def valkey_group(
    folder: Path, *, replicas: int = 2, min_replicas: int = 1, down_ms: int = 1000
) -> Iterator[ValkeyGroup]:
    """Run a primary, ``replicas`` of it and three sentinels on loopback; stops all at the end.

    A primary with fewer than ``min_replicas`` replicas refuses to write (0: never). After ``down_ms``
    without an answer the sentinels put a replica in the primary's place.
    """
    group = ValkeyGroup([], [], min_replicas, down_ms)
    try:
        for number in range(replicas + 1):
            group.servers.append(_start_server(folder, number, group))
        for number in range(_SENTINELS):
            group.sentinels.append(_start_sentinel(folder, number, group))
        group.wait_until_whole()
        yield group
    finally:
        for member in (*group.sentinels, *group.servers):
            stop_process(member.process)


def _start_server(folder: Path, number: int, group: ValkeyGroup) -> GroupMember:
    name, port = f"valkey-{number}", free_port()
    options = _server_options(group.min_replicas)
    if group.servers:
        options["replicaof"] = f"127.0.0.1 {group.servers[0].port}"
    return GroupMember(name, port, folder / name, start_valkey(folder / name, port, options))


def _server_options(min_replicas: int) -> dict[str, str]:
    return {
        "min-replicas-to-write": str(min_replicas),
        "min-replicas-max-lag": "3",
        "repl-diskless-sync-delay": "0",
        "repl-ping-replica-period": "1",
    }


def _start_sentinel(folder: Path, number: int, group: ValkeyGroup) -> GroupMember:
    name, port = f"sentinel-{number}", free_port()
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    file = place / "file.conf"
    file.write_text(
        "bind 127.0.0.1\n"
        f"port {port}\n"
        f"dir {place.resolve()}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {group.servers[0].port} 2\n"
        f"sentinel down-after-milliseconds {SERVICE} {group.down_ms}\n"
        f"sentinel failover-timeout {SERVICE} {max(3000, 3 * group.down_ms)}\n"
        f"sentinel parallel-syncs {SERVICE} 2\n",
        encoding="utf-8",
    )
    return GroupMember(name, port, place, start_valkey(place, port, {}, file=file))


def _named_by(sentinel: GroupMember) -> int | None:
    """Ask one sentinel for the primary's port; None when it does not answer."""
    lines = _ask(sentinel.port, f"SENTINEL get-master-addr-by-name {SERVICE}").split("\r\n")
    return int(lines[4]) if len(lines) > 4 and lines[4].isdigit() else None


def _ask(port: int, command: str) -> str:
    """Send one command whose answer fits into one packet; nothing when there is no answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(16384).decode()
    except OSError:
        return ""
