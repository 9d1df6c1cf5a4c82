"""Four play while others throw floods, garbage, fragments and half-open connections at the same door."""

import statistics
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from random import Random

import trio
from attrs import define, evolve, field
from trio_websocket import ConnectionClosed, HandshakeError
from wsproto.events import BytesMessage, CloseConnection, Ping
from wsproto.utilities import LocalProtocolError

from cardroom.client import Table
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import sign_ticket
from cardroom.wire.refusals import Refusal
from node.settings import SessionLimits
from tests.node.sessions.door import KEY, PLAYER_CODECS, Player
from tests.node.sessions.hostility import Hostility, Moment
from tests.node.tables.house import STAKE, TABLE, until
from tests.system.room import QUICK, Room, act, hear, open_room

HONEST, HOSTILE = (1, 2, 3, 4), range(10, 18)
LIMITS = SessionLimits(
    hello_seconds=0.5, ping_seconds=1.0, silence_seconds=3.0, close_seconds=0.2,
    outbox_bytes=12_000, send_buffer_bytes=4_096,
)  # fmt: skip
MESSAGES, HANDS = 30, 6
THINKING_SECONDS = 0.03
"""Who acts at once sends more messages than a player may."""
BROKEN = (
    ConnectionClosed, HandshakeError, LocalProtocolError,
    trio.BrokenResourceError, trio.ClosedResourceError, OSError,
)  # fmt: skip
"""What becomes of a hostile connection is its own business."""


@define
class Attacks:
    """One hostile player's ways to come to the door."""

    room: Room
    user: int
    draw: Random
    made: int = 0
    codes: list[int] = field(factory=list)
    """With which the node has closed."""

    async def run(self, is_over: Callable[[], bool]) -> None:
        """Try all of them, in any order, and again until it is over."""
        attacks: list[Callable[[], Awaitable[None]]] = [
            partial(self.throw, Encoding.MSGPACK),
            partial(self.throw, Encoding.JSON),
            self.flood,
            self.never_read,
            self.send_garbage,
            self.send_fragments,
            self.send_too_much,
            self.announce_too_much,
            self.say_nothing,
            self.close_half,
            self.show_what_is_used,
        ]
        while not (self.made and is_over()):
            for attack in self.draw.sample(attacks, len(attacks)):
                try:
                    await attack()
                except* BROKEN:
                    pass
                self.made += 1

    async def throw(self, encoding: Encoding) -> None:
        """Send messages of all kinds, whole and spoiled; every answer is a message of the protocol."""
        hostility = Hostility(self.draw, encoding, self._now)
        async with self.room.door.enter(self.user, encoding) as player, trio.open_nursery() as nursery:
            nursery.start_soon(_listen, player)
            for _ in range(MESSAGES):
                await player.send_raw(hostility.data())
            nursery.cancel_scope.cancel()

    def _now(self) -> Moment:
        history = self.room.door.house.table.history
        turn = history.public.at(0, 0).turn
        return Moment(history.hand_no, turn[1] if turn is not None else 0, history.table_seq)

    async def flood(self) -> None:
        """Send three hundred messages at one blow; a node that has the time for them closes."""
        ping = BytesMessage(data=PLAYER_CODECS[Encoding.MSGPACK].encode(asks.Ping(1)))
        async with self.room.door.enter_by_hand(self.user) as flooding:
            frames = [flooding.speaker.send(ping) for _ in range(10 * MESSAGES)]
            await flooding.stream.send_all(b"".join(frames))
            with trio.move_on_after(0.5):
                while not isinstance(event := await flooding.hear(), CloseConnection):
                    pass
                self.codes.append(event.code)

    async def never_read(self) -> None:
        """Ask for the whole table again and again, and read nothing of it."""
        async with self.room.door.enter_by_hand(self.user, receive_buffer=1_024) as silent:
            for number in range(MESSAGES):
                resync = PLAYER_CODECS[Encoding.MSGPACK].encode(asks.Resync(number, TABLE, None))
                await silent.send(BytesMessage(data=resync))
            await trio.sleep(0.2)

    async def send_garbage(self) -> None:
        async with self.room.door.enter(self.user) as player:
            await player.stream.send_all(self.draw.randbytes(2_000))
            with trio.move_on_after(0.2):
                await _listen(player)

    async def send_fragments(self) -> None:
        """Begin a message that does not end, with pings in it."""
        async with self.room.door.enter_by_hand(self.user) as dripping:
            for number in range(MESSAGES):
                await dripping.send(BytesMessage(data=b"\x95", message_finished=False))
                if number % 5 == 0:
                    await dripping.send(Ping(payload=b"still there?"))
            await trio.sleep(0.2)

    async def send_too_much(self) -> None:
        async with self.room.door.enter(self.user) as player:
            await player.send_raw(bytes(4_097))
            self.codes.append(await player.hear_close())

    async def announce_too_much(self) -> None:
        async with self.room.door.enter_by_hand(self.user) as boasting:
            await boasting.stream.send_all(b"\x82\xff" + (2**62).to_bytes(8) + bytes(500))
            await trio.sleep(0.2)

    async def say_nothing(self) -> None:
        """Leave connections half open: without a byte, within the handshake, without a hello."""
        for opening in (b"", b"GET / HTTP/1.1\r\nHost: table\r\nUpgrade: websocket\r\n"):
            stream = await trio.open_tcp_stream("127.0.0.1", self.room.door.port)
            async with stream:
                await stream.send_all(opening)
                await trio.sleep(0.1)
        async with self.room.door.knock() as player:
            self.codes.append(await player.hear_close())

    async def close_half(self) -> None:
        """Say that nothing more comes, and go on reading."""
        async with self.room.door.enter_by_hand(self.user) as half:
            await half.stream.send_eof()
            with trio.move_on_after(0.5):
                while await half.stream.receive_some():
                    pass

    async def show_what_is_used(self) -> None:
        """Come with a ticket a second time, and with a token that is none."""
        ticket = sign_ticket(self.room.door.ticket(self.user), KEY)
        async with self.room.door.knock() as player:
            await player.send(asks.Hello(ticket, ""))
            await player.hear_until(wire.Snapshot)
        for opening in (asks.Hello(ticket, ""), asks.Resume(ticket, 0)):
            async with self.room.door.knock() as player:
                await player.send(opening)
                refused = await player.hear_until(wire.Refused)
                assert isinstance(refused, wire.Refused)
                assert refused.code in (Refusal.TICKET_USED, Refusal.TICKET_INVALID)
                self.codes.append(await player.hear_close())


async def _listen(player: Player) -> None:
    with suppress(ConnectionClosed):
        while True:
            await player.hear()


async def _play(table: Table, taken: list[float]) -> None:
    """Call down each second hand and fold the others, for ever; note how long each answer took."""
    while True:
        if (turn := table.view.my_turn) is None:
            await anext(table)
            continue
        folds = table.view.hand_no % 2 and turn.legal.call_amount
        kind = asks.ActionKind.CHECK if turn.legal.can_check else asks.ActionKind.CALL
        await trio.sleep(THINKING_SECONDS)
        began = trio.current_time()
        await act(table, asks.ActionKind.FOLD if folds else kind)
        taken.append(trio.current_time() - began)


async def _watch_hands(table: Table, hands: list[wire.HandEnded]) -> None:
    """Note each hand; nobody honest is ever late."""
    while True:
        told = await hear(table, wire.TableEvent)
        if isinstance(told, wire.Acted) and told.seat < len(HONEST):
            assert told.cause is wire.MoveCause.PLAYER
        if isinstance(told, wire.HandEnded):
            hands.append(told)


async def test_others_play_on_whatever_comes_to_the_door(valkey: EmbeddedValkey) -> None:
    stake, tables = evolve(STAKE, turn_seconds=1.0), evolve(QUICK, spectators=30)
    taken: list[float] = []
    hands: list[wire.HandEnded] = []
    async with (
        open_room(valkey, tables, limits=LIMITS, stake=stake) as room,
        room.enter(9) as (watcher,),
        room.seated(*HONEST) as players,
        trio.open_nursery() as playing,
    ):
        playing.start_soon(_watch_hands, watcher, hands)
        for player in players:
            playing.start_soon(_play, player, taken)
        attacks = [Attacks(room, user, Random(user)) for user in HOSTILE]
        async with trio.open_nursery() as attacking:
            for attack in attacks:
                attacking.start_soon(attack.run, lambda: len(hands) >= HANDS)
        await until(lambda: len(room.door.connections) == len(players) + 1)
        playing.cancel_scope.cancel()
    assert sum(attack.made for attack in attacks) >= 11 * len(attacks)
    codes = {wire.CloseCode(code) for attack in attacks for code in attack.codes}
    for_a_flood = {wire.CloseCode.TOO_MANY_MESSAGES}
    assert codes | for_a_flood == for_a_flood | {wire.CloseCode.TOO_LARGE, wire.CloseCode.NOT_AUTHENTICATED}
    assert statistics.median(taken) < 0.1
