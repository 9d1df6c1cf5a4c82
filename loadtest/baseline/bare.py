"""Bare uvicorn: a message in, and what a real action tells out to every socket of the table. Nothing else.

No rules, no Redis, no database, nothing is decoded or encoded: the bytes are those of hands that were played
before the start. It is the least that a Python server on uvicorn can do for an action.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Final

from fastapi import FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.player import Act, ActionKind, SitDown
from cardroom.wire.table import Done, table_codec
from loadtest.baseline.channel import Frame, encode
from loadtest.baseline.game import MIN_BUY_IN
from loadtest.baseline.table import Table

_HANDS: Final = 60
_DONE: Final = table_codec(Encoding.MSGPACK).encode(Done(1_700_000_000_000_000))

Bundle = list[bytes]
"""The messages that one action has told, in their order."""


class BareTables:
    """The sockets of every table, and where each table stands in the script."""

    def __init__(self, seats: int) -> None:
        bundles = play_script(seats, _HANDS)
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

    async def count() -> dict[str, int]:
        return {"actions": tables.actions}

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_websocket_route("/table/{table}", tables.serve)
    app.add_api_route("/count", count)
    return app


def play_script(seats: int, hands: int) -> list[Bundle]:
    """Play hands as the bots do, and give what each action told to somebody at the table.

    What is told between hands counts to the action before it.
    """
    dice = Random("bare")  # noqa: S311 - it plays
    table, codec = Table(TableId(1), seats), table_codec(Encoding.MSGPACK)
    for number in range(seats):
        _sit_down(table, number)
    table.take_told()
    bundles: list[Bundle] = []
    while table.hand_no < hands or table.hand is not None:
        if table.hand is None and not _deal(table):
            break
        if table.hand is not None and not table.hand.is_over:
            _act(table, dice)
        table.finish()
        bundles.append([_one_of(frame) for frame in encode(codec, table.take_told())])
    return bundles


def _sit_down(table: Table, number: int) -> None:
    request = SitDown(1, table.table_id, SeatIndex(number), Krw(2 * MIN_BUY_IN), posts_blind=True)
    table.sit_down(UserId(1000 + number), f"bot-{number:02}", SeatIndex(number), request)


def _deal(table: Table) -> bool:
    """Deal the next hand; who has lost all has a full stack again."""
    for holder in table.holders.values():
        missing = MIN_BUY_IN - table.seating.occupant(holder.seat).stack
        if missing > 0:
            table.fill_up(holder, Krw(missing))
    return table.deal()


def _act(table: Table, dice: Random) -> None:
    """Choose as loadtest/strategy.py does, by the same chances."""
    assert table.hand is not None, "somebody is to act"
    legal = table.hand.legal
    assert legal is not None, "somebody is to act"
    luck, kind, amount = dice.random(), ActionKind.FOLD, Krw(0)
    if legal.all_in_amount is not None and luck < 0.015:
        kind = ActionKind.ALL_IN
    elif legal.min_raise_to is not None and luck < 0.135:
        kind, amount = ActionKind.RAISE_TO, legal.min_raise_to
    elif legal.can_check:
        kind = ActionKind.CHECK
    elif dice.random() > 0.35:
        kind = ActionKind.CALL
    user_id = table.holders[legal.seat].user_id
    table.act(user_id, Act(1, table.table_id, table.hand_no, table.hand.turn, kind, amount))


def _one_of(frame: Frame) -> bytes:
    """Give one of the forms of a message: with cards where somebody gets cards."""
    for_all, own = frame
    return next(iter(own.values()), for_all)
