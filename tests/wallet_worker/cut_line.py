"""A line to PostgreSQL that breaks at a COMMIT: before the server has it, or after the server has done it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trio
from attrs import define, evolve, field

from cardroom.service.settings import PostgresSettings

_COMMIT = b"COMMIT;"
_SOCKET = ".s.PGSQL.5432"


class Cut(Enum):
    """When the line breaks."""

    NEVER = auto()
    BEFORE_COMMIT = auto()
    AFTER_COMMIT = auto()


@define
class CutLine:
    """Carries bytes both ways. Armed, it breaks once, at the next COMMIT, and is whole again afterwards."""

    server: str
    cut: Cut = Cut.NEVER
    breaks: int = field(default=0)

    async def lay(self, client: trio.SocketStream) -> None:
        """Carry one connection until one side ends, or the line breaks."""
        is_broken = trio.Event()
        async with client, await trio.open_unix_socket(self.server) as server:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_carry_answers, server, client, is_broken)
                    await self._carry_questions(client, server, is_broken)
                    nursery.cancel_scope.cancel()

    async def _carry_questions(
        self, client: trio.SocketStream, server: trio.SocketStream, is_broken: trio.Event
    ) -> None:
        async for data in client:
            if self.cut is Cut.NEVER or _COMMIT not in data:
                await server.send_all(data)
                continue
            cut, self.cut, self.breaks = self.cut, Cut.NEVER, self.breaks + 1
            is_broken.set()
            if cut is Cut.AFTER_COMMIT:
                await server.send_all(data)
                await trio.sleep(0.2)  # the server commits; what it answers goes nowhere
            return


async def _carry_answers(server: trio.SocketStream, client: trio.SocketStream, is_broken: trio.Event) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        async for data in server:
            if not is_broken.is_set():
                await client.send_all(data)


@asynccontextmanager
async def open_cut_line(
    settings: PostgresSettings, folder: Path
) -> AsyncIterator[tuple[CutLine, PostgresSettings]]:
    """Give the line, and settings that reach the same database through it."""
    parts = urlsplit(settings.dsn)
    (real,) = parse_qs(parts.query)["host"]
    line = CutLine(f"{real}/{_SOCKET}")
    async with trio.open_nursery() as nursery:
        listener = trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM)
        await listener.bind(str(folder / _SOCKET))
        listener.listen(16)
        await nursery.start(trio.serve_listeners, line.lay, [trio.SocketListener(listener)])
        dsn = parts._replace(query=f"host={folder}").geturl()
        yield line, evolve(settings, dsn=dsn)
        nursery.cancel_scope.cancel()
