"""Events without a gap, hashes, what was missed, and coming back in one's own turn, over real sockets."""

from contextlib import AsyncExitStack

import pytest
from attrs import evolve

from cardroom.client import Table, TableUpdate, connect
from cardroom.client.view import public_table
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import ActionKind, Resync
from cardroom.wire.state_hash import EVENTS_PER_HASH, hash_state
from node.settings import SessionLimits
from tests.node.tables.house import TABLE
from tests.system.room import (
    QUICK,
    abreast,
    act,
    encoding_of,
    lose,
    open_cable,
    open_room,
    play_passively,
    to_act,
)

BOTH = pytest.mark.parametrize("encoding", list(Encoding))
HANDS = 5


async def read_up_to(table: Table, last_seq: int) -> list[TableUpdate]:
    """Give all that a player was told up to this event."""
    told: list[TableUpdate] = []
    while not (told and isinstance(told[-1], wire.TableEvent) and told[-1].table_seq == last_seq):
        told.append(await anext(table))
    return told


async def test_events_have_no_gap_and_every_twentieth_the_hash_of_what_all_see(
    valkey: EmbeddedValkey,
) -> None:
    async with open_room(valkey) as room, room.enter(3, 4) as watchers, room.seated(1, 2) as players:
        for _ in range(HANDS):
            await play_passively(*players)
        await abreast(*watchers, *players)
        hashes = []
        for watcher in watchers:
            told = await read_up_to(watcher, watcher.view.table_seq)
            events = [one for one in told if isinstance(one, wire.TableEvent)]
            assert [one.table_seq for one in events] == list(range(1, len(events) + 1))
            assert {one.hand_no for one in events} >= set(range(HANDS + 1))
            hashes.append({one.table_seq: one.state_hash for one in events if one.state_hash is not None})
        assert hashes[0] == hashes[1]
        assert [*hashes[0]] == list(range(EVENTS_PER_HASH, len(events) + 1, EVENTS_PER_HASH))
        assert len(hashes[0]) > 3


@BOTH
async def test_what_was_missed_is_told_again_or_the_whole_table(
    valkey: EmbeddedValkey, encoding: Encoding
) -> None:
    async with (
        open_room(valkey, evolve(QUICK, kept_events=10), limits=SessionLimits(resync_messages=1)) as room,
        room.door.enter(9, encoding) as player,
        room.seated(1, 2) as players,
    ):
        await play_passively(*players)
        await to_act(*players)
        newest = players[0].view.table_seq
        heard = []
        while player.last_seq < newest:
            heard.append(await player.hear())
        for number, missed in enumerate((0, 1, 10)):
            await player.send(Resync(number, TABLE, newest - missed))
            again = [await player.hear() for _ in range(missed + 2)]
            if missed:
                assert _without_clock(again[:missed]) == _without_clock(heard[-missed:])
            assert isinstance(again[-2], PlaceChanged)
            assert again[-1] == wire.Done(number)
        for number, last_seq in enumerate((newest - 11, newest + 1, -1, None), start=3):
            await player.send(Resync(number, TABLE, last_seq))
            snapshot = await player.hear()
            assert isinstance(snapshot, wire.Snapshot)
            assert snapshot.table_seq == newest
            assert await player.hear() == wire.Done(number)


def _without_clock(events: list[wire.TableMessage]) -> list[wire.TableMessage]:
    return [
        evolve(one, turn=evolve(one.turn, left_ms=0)) if isinstance(one, wire.TurnBegan) else one
        for one in events
    ]


async def test_a_client_that_asks_anew_sees_the_same(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.seated(1, 2) as players:
        await play_passively(*players)
        await to_act(*players)
        for player in players:
            before = player.view
            await player.resync()
            assert hash_state(public_table(player.view)) == hash_state(public_table(before))
            assert player.view.my_cards == before.my_cards
            assert len(player.view.my_cards) == 2


async def test_both_come_back_in_the_middle_of_a_turn_by_the_way_back(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, open_cable(room) as cable:
        async with AsyncExitStack() as stack:
            players = [
                await stack.enter_async_context(connect(room.ticket(user, cable.port), encoding_of(user)))
                for user in (1, 2)
            ]
            await room.seat(*players)
            actor = await to_act(*players)
            await abreast(*players)
            before = [player.view for player in players]
            cable.cut()
            ways_back = [await lose(player) for player in players]
        async with AsyncExitStack() as stack:
            back = [await stack.enter_async_context(connect(way_back)) for way_back in ways_back]
            for player, seen in zip(back, before, strict=True):
                assert (player.view.my_seat, player.view.my_cards) == (seen.my_seat, seen.my_cards)
                assert len(player.view.my_cards) == 2
            now, then = back[players.index(actor)].view.my_turn, actor.view.my_turn
            assert now is not None
            assert then is not None
            assert evolve(now, left_ms=0) == evolve(then, left_ms=0)
            await act(await to_act(*back), ActionKind.CALL)
            await play_passively(*back)
