"""Bare uvicorn: a message in, and what a real action tells out to every socket of the table. Nothing else.

No rules, no Redis, no database, nothing is decoded or encoded: the bytes are those of hands that were played
before the start. It is the least that a Python server on uvicorn can do for an action.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from cardroom.wire.codec import Encoding
from cardroom.wire.table import Done, table_codec
from loadtest.baseline.bare_script import HANDS, Bundle, play_script
from loadtest.baseline.metrics import render_metrics

_DONE: Final = table_codec(Encoding.MSGPACK).encode(Done(1_700_000_000_000_000))


class BareTables:
    """The sockets of every table, and where each table stands in the script."""

    def __init__(self, seats: int) -> None:
        bundles = play_script(seats, HANDS)
        self._script: dict[str, Iterator[Bundle]] = defaultdict(lambda: cycle(bundles))
        self._sockets: dict[str, set[WebSocket]] = defaultdict(set)
        self.actions = 0

    async def serve(self, socket: "WebSocket") -> None:
        """Serve one socket until it is closed."""
        await socket.accept(subprotocol=Encoding.MSGPACK.value)
        table = socket.path_params["table"]
        sockets = self._sockets[table]
        sockets.add(socket)
        try:
            while True:
                await socket.receive_bytes()
                self.actions += 1
                for message in next(self._script[table]):
                    for one in tuple(sockets):
                        await one.send_bytes(message)
                await socket.send_bytes(_DONE)
        except (RuntimeError, WebSocketDisconnect):
            pass
        finally:
            sockets.discard(socket)


def make_bare_app(seats: int) -> "FastAPI":
    """Give the application."""
    tables = BareTables(seats)

    async def show_metrics() -> "Response":
        return Response(render_metrics(tables.actions), media_type="text/plain")

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_websocket_route("/table/{table}", tables.serve)
    app.add_api_route("/metrics", show_metrics, response_model=None)
    return app
