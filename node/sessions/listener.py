"""The door: accepts players' sockets and serves each in a task of its own."""

import errno
import socket

import trio

from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.service.settings import Bind
from node.sessions.handshake import serve_line
from node.sessions.line import Line
from node.sessions.session import SessionServices
from node.sessions.sockets import Sockets, SocketWire
from node.tables.throttle import Throttle

_BACKLOG = 4096
_SOCKETS_PER_CONNECTION = 2
_WAIT_FOR_DESCRIPTORS_SECONDS = 0.1
_PASSING = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
    | {errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENETDOWN, errno.EHOSTDOWN}
    | {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.ENONET}
)
"""Nothing is wrong with the door: descriptors or memory are short, or the newcomer's network failed."""


def open_listener(bind: Bind) -> socket.socket:
    """Open the listening socket; raises ``OSError`` when the port is taken."""
    listener = socket.create_server((bind.host, bind.port), backlog=_BACKLOG)
    listener.setblocking(False)
    return listener


class Listener:
    """Accepts until cancelled, not faster than tables bear; the others wait in the system's queue.

    Sockets without a seat in the house (limit x 2) are closed at once.
    """

    def __init__(self, listener: socket.socket, services: SessionServices, log: Log) -> None:
        self._listener = listener
        self._services = services
        self._log = log
        self._open = 0
        self._sockets = Sockets()
        limits = services.limits
        self._pace = Throttle(limits.handshakes_per_second, limits.handshake_burst, trio.current_time())

    async def run(self, stopping: trio.Event) -> None:
        """Accept until ``stopping``, then serve those who are here until they end or this is cancelled."""
        try:
            async with trio.open_nursery() as watching:
                watching.start_soon(self._sockets.run)
                watching.start_soon(self._services.heartbeats.run)
                async with trio.open_nursery() as serving:
                    await self._accept_until(stopping, serving)
                watching.cancel_scope.cancel()
        finally:
            self._sockets.close()

    async def _accept_until(self, stopping: trio.Event, serving: trio.Nursery) -> None:
        async with trio.open_nursery() as accepting:
            accepting.start_soon(self._accept, serving)
            await stopping.wait()
            accepting.cancel_scope.cancel()
        self._listener.close()

    async def _accept(self, nursery: trio.Nursery) -> None:
        while True:
            await trio.lowlevel.wait_readable(self._listener)
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno not in _PASSING:
                    raise
                self._log.warning("listener.not_accepted", reason=str(error))
                await trio.sleep(_WAIT_FOR_DESCRIPTORS_SECONDS)
                continue
            if self._open >= self._services.limits.connections * _SOCKETS_PER_CONNECTION:
                connection.close()
                continue
            nursery.start_soon(self._serve, connection)
            await trio.sleep(self._pace.reserve(trio.current_time()))

    async def _serve(self, connection: socket.socket) -> None:
        self._open += 1
        try:
            limits = self._services.limits
            wire = SocketWire(connection, limits.send_buffer_bytes, self._sockets)
            await serve_line(Line(wire, limits.outbox_bytes), self._services)
        except Exception as error:  # noqa: BLE001 (the border of one session)
            report_unforeseen(self._log, "session", error)
        finally:
            connection.close()
            self._open -= 1
