"""A node by script: a real WebSocket on loopback whose every message the test says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio
from attrs import evolve
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from cardroom.ids import NodeId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import TicketAnswer
from cardroom.wire.place import Place
from cardroom.wire.player import Hello, PlayerMessage, player_codec
from cardroom.wire.table import (
    AnteKind,
    Snapshot,
    TableMessage,
    TableOptions,
    TableState,
    Welcome,
    table_codec,
)

TABLE = TableId(7)
ME, OTHER = UserId(1), UserId(2)
WELCOME = Welcome(user_id=ME, nickname="me", node=NodeId("node-1"), heartbeat_seconds=60, resume="a token")
STRANGER = Place(
    seat=None, straddles=False, posts_blind=False, sits_out_at_big_blind=False, leaves_after_hand=False,
    auto_top_up_to=Krw(0), arriving=Krw(0), min_buy_in=Krw(80_000), max_buy_in=Krw(200_000), waiting_number=0,
    offered_seat=None, offer_left_ms=0,
)  # fmt: skip
EMPTY = Snapshot(
    table_id=TABLE, table_seq=10, hand_no=3, name="Han", stake="low", small_blind=Krw(1_000),
    big_blind=Krw(2_000), min_buy_in=Krw(80_000), max_buy_in=Krw(200_000), seat_count=6,
    options=TableOptions(AnteKind.NONE, Krw(0), Krw(0), False, 15_000, True), is_private=False,
    state=TableState.WAITING_FOR_PLAYERS, hand_id=None, button=None, street=None, board=(), pots=(), seats=(),
    turn=None, run_it_twice=None, waiting=0, you=STRANGER,
)  # fmt: skip
MY_SEAT, OTHER_SEAT = SeatIndex(0), SeatIndex(3)
SEATED = evolve(STRANGER, seat=MY_SEAT)


class Stage:
    """The node's end of one connection."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self.connection = connection
        self.encoding = Encoding(connection.subprotocol)

    async def tell(self, *messages: TableMessage) -> None:
        """Send messages."""
        for message in messages:
            data = table_codec(self.encoding).encode(message)
            text = data.decode() if self.encoding is Encoding.JSON else data
            await self.connection.send_message(text)

    async def hear(self) -> PlayerMessage:
        """Wait for the next message."""
        return player_codec(self.encoding).decode(await self.connection.get_message())

    async def welcome(self, welcome: Welcome = WELCOME, snapshot: Snapshot = EMPTY) -> None:
        """Do what a node does at first."""
        assert isinstance(await self.hear(), Hello)
        await self.tell(welcome, snapshot)


Script = Callable[[Stage], Awaitable[None]]


@asynccontextmanager
async def scripted_node(script: Script, speaks: bool = True) -> AsyncIterator[TicketAnswer]:
    """Serve connections by ``script``; gives the ticket that leads here."""

    async def serve(request: WebSocketRequest) -> None:
        wanted = request.proposed_subprotocols[0] if speaks else None
        connection = await request.accept(subprotocol=wanted)
        try:
            await script(Stage(connection))
            await trio.sleep_forever()
        except ConnectionClosed:
            pass

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, serve, "127.0.0.1", 0, None)
        url = f"ws://127.0.0.1:{server.port}"
        yield TicketAnswer(url=url, ticket="a ticket", table_id=TABLE, expires_unix_ms=0, route="node-1/1")
        nursery.cancel_scope.cancel()
