"""Two thousand hostile messages at a table where others play: no crash, no stall, no won lost."""

from random import Random

import msgpack
from trio.testing import MockClock

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.service.metrics import UNFORESEEN
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.chat import Emote
from cardroom.wire.codec import Encoding, Malformed
from node.sessions.handlers import handle
from node.tables.directory import Directory
from tests.node.tables.house import TABLE, Guest, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

KINDS = [*asks.ActionKind]
CODEC = asks.player_codec(Encoding.MSGPACK)
ODD: list[object] = [0, 1, -1, 2**31, 2**63 - 1, -(2**63), 10**18, None, "", "x", b"\xff", True, [], {}, 1.5]


def hostile_message(draw: Random) -> bytes:
    """Make a message: out of order, mutated, or no message at all."""
    number, amount = draw.randrange(3), Krw(draw.choice([0, -1, 1, 80_000, 200_000, 2**62]))
    seat = SeatIndex(draw.choice([-1, 0, 3, 5, 9, 10**9]))
    messages: list[asks.PlayerMessage] = [
        asks.SitDown(number, TABLE, seat, amount, posts_blind=True),
        asks.SitIn(number, TABLE, posts_blind=False),
        asks.SitOut(number, TABLE, at_big_blind=draw.random() < 0.5),
        asks.Leave(number, TableId(draw.choice([1, 2])), after_hand=draw.random() < 0.5),
        asks.Act(number, TABLE, draw.randrange(40), draw.randrange(6), draw.choice(KINDS), amount),
        asks.Ping(number),
        asks.Hello("again", ""),
        asks.Resume("again", draw.randrange(40)),
        asks.Chat(number, TABLE, draw.choice(["", "gg", "\x00", "\u202e", "a" * 300, "👍"])),
        asks.ShowEmote(number, TABLE, draw.choice([*Emote])),
        asks.Mute(number, TABLE, UserId(draw.choice([0, -1, 1, 2**62])), draw.choice([True, False])),
        asks.Prove(number, TABLE, draw.choice([0, -1, draw.randrange(40), 2**62])),
    ]
    data = CODEC.encode(draw.choice(messages))
    match draw.randrange(5):
        case 0:
            spoiled = bytearray(data)
            spoiled[draw.randrange(len(spoiled))] = draw.randrange(256)
            return bytes(spoiled)
        case 1:
            parts = msgpack.unpackb(data)
            parts[draw.randrange(len(parts))] = draw.choice(ODD)
            return bytes(msgpack.packb(parts))
        case _:
            return data


def _unforeseen() -> float:
    return sum((sample.value for metric in UNFORESEEN.collect() for sample in metric.samples), start=0.0)


async def test_hostile_messages_harm_nobody(autojump_clock: MockClock) -> None:
    draw, before = Random(7), _unforeseen()
    async with open_house(shuffle=RecordingShuffle(Random(7))) as house:
        directory = Directory()
        directory.add(house.table.entry)
        players = [house.guest(user, DEEP_PURSE) for user in (1, 2, 3)]
        hostile = [house.guest(user, DEEP_PURSE) for user in (7, 8)]
        await settle()
        total = house.ledger.total

        async def attack() -> None:
            for _ in range(10):
                _send(draw.choice(hostile), hostile_message(draw), directory)
            await settle()
            assert house.ledger.total == total

        play = RandomPlay(house, players, draw, attack)
        attacked = 0
        while attacked < 200:
            await play.play(1)
            attacked += 5
        assert not house.table.has_crashed
        assert len(house.ledger.settled) >= 40
        assert {guest.kicked for guest in house.guests.values()} == {None}
        numbers = [one.table_seq for one in players[0].all(wire.TableEvent)]
        assert numbers == list(range(1, len(numbers) + 1))
    assert _unforeseen() == before


def _send(guest: Guest, data: bytes, directory: Directory) -> None:
    try:
        message = CODEC.decode(data)
    except Malformed as malformed:
        guest.answer(wire.Refused(None, malformed.code))
        return
    handle(message, guest, TABLE, directory)
