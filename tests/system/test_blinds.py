"""Blinds and sitting out over real sockets: who waits, who posts, who comes back, and who loses the seat."""

from collections.abc import Callable, Sequence

import pytest
from attrs import evolve

from cardroom.client import Table
from cardroom.ids import SeatIndex
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import table as wire
from cardroom.wire.player import ActionKind
from cardroom.wire.refusals import Refusal
from tests.node.tables.house import BUY_IN, PURSE, STAKE
from tests.system.room import act, hear, open_room, refused, see, to_act

HANDS = 12
"""Of so many hands each seat has had the big blind more than once."""


def dealt_in(started: wire.HandStarted) -> set[int]:
    return {dealt.seat for dealt in started.seats}


def posts_of(started: wire.HandStarted, seat: int) -> list[tuple[wire.PostKind, int]]:
    return [(post.kind, post.amount) for post in started.posts if post.seat == seat]


async def finish(tables: Sequence[Table], started: wire.HandStarted) -> None:
    """Let everybody who is dealt in fold to the last one."""
    for _ in started.seats[1:]:
        await act(await to_act(*tables), ActionKind.FOLD)


async def fold_until(tables: Sequence[Table], holds: Callable[[wire.HandStarted], bool]) -> wire.HandStarted:
    """Let everybody fold to the last one, hand after hand, up to the one that is looked for."""
    for _ in range(HANDS):
        started = await hear(tables[0], wire.HandStarted)
        if holds(started):
            return started
        await finish(tables, started)
    raise AssertionError("no such hand comes")


@pytest.mark.parametrize("posts", [True, False])
async def test_who_sits_out_is_dealt_no_cards_and_comes_back_by_posting_or_waiting(
    valkey: EmbeddedValkey, posts: bool
) -> None:
    """Rule 21: in the third hand both blinds have passed; they are posted, or the big blind waited for."""
    async with open_room(valkey) as room, room.seated(1, 2, 3, 4) as tables:
        away = tables[0]
        started = await hear(tables[1], wire.HandStarted)
        await away.sit_out()
        assert away.view.seats[SeatIndex(0)].status is wire.SeatStatus.SITTING_OUT
        await finish(tables, started)
        started = await fold_until(tables[1:], lambda told: told.hand_no == 4)
        assert dealt_in(started) == {1, 2, 3}
        await away.sit_in(posts_blind=posts)
        status = wire.SeatStatus.PLAYING if posts else wire.SeatStatus.WAITING_FOR_BLIND
        assert away.view.seats[SeatIndex(0)].status is status
        await finish(tables, started)
        back = await fold_until(tables[1:], lambda told: 0 in dealt_in(told))
        assert back.hand_no == (5 if posts else 6)
        owed = [(wire.PostKind.LIVE_BLIND, 2_000), (wire.PostKind.DEAD_BLIND, 1_000)]
        assert posts_of(back, 0) == (owed if posts else [(wire.PostKind.BIG_BLIND, 2_000)])


async def test_who_wants_to_sit_out_at_the_big_blind_plays_until_it_comes(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.seated(1, 2, 3) as tables:
        careful = tables[2]
        started = await hear(tables[0], wire.HandStarted)
        assert started.big_blind_seat == 2
        await careful.sit_out(at_big_blind=True)
        assert careful.view.place.sits_out_at_big_blind
        await finish(tables, started)
        without = await fold_until(tables, lambda told: 2 not in dealt_in(told))
        assert without.hand_no == 4, "two hands more, until the big blind comes round"
        assert careful.view.seats[SeatIndex(2)].status is wire.SeatStatus.SITTING_OUT
        await see(careful, lambda view: not view.place.sits_out_at_big_blind)


async def test_a_seat_is_lost_when_the_big_blind_has_passed_too_often(valkey: EmbeddedValkey) -> None:
    stake = evolve(STAKE, missed_blinds_limit=2)
    async with open_room(valkey, stake=stake) as room, room.seated(1, 2, 3) as tables:
        away = tables[0]
        started = await hear(tables[1], wire.HandStarted)
        await away.sit_out()
        await finish(tables, started)
        await fold_until(tables[1:], lambda told: told.hand_no == 5)
        left = await hear(away, wire.SeatLeft)
        assert (left.seat, left.paid, left.reason) == (0, BUY_IN, wire.LeaveReason.MISSED_BLINDS)
        assert room.ledger.wallets[away.view.user_id] == PURSE
        with refused(Refusal.NOT_SEATED):
            await away.sit_in()


@pytest.mark.parametrize("posts", [True, False])
async def test_who_is_new_posts_a_big_blind_or_waits_for_it(valkey: EmbeddedValkey, posts: bool) -> None:
    """Rule 20: nobody comes in between button and big blind, so who posts waits one hand, too."""
    async with open_room(valkey) as room, room.seated(1, 2, 3) as old, room.enter(4) as (new,):
        started = await fold_until(old, lambda told: told.hand_no == 2)
        await new.sit_down(BUY_IN, SeatIndex(3), posts_blind=posts)
        status = wire.SeatStatus.PLAYING if posts else wire.SeatStatus.WAITING_FOR_BLIND
        assert new.view.seats[SeatIndex(3)].status is status
        await finish(old, started)
        first = await fold_until((*old, new), lambda told: 3 in dealt_in(told))
        assert first.hand_no == (4 if posts else 5)
        kind = wire.PostKind.LIVE_BLIND if posts else wire.PostKind.BIG_BLIND
        assert posts_of(first, 3) == [(kind, 2_000)]


async def test_a_straddle_buys_the_last_word_before_the_flop(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey, stake=evolve(STAKE, straddle=True)) as room, room.seated(1, 2, 3) as tables:
        started = await hear(tables[0], wire.HandStarted)
        assert tables[0].view.options.straddle == 4_000
        for table in tables:
            await table.straddle(straddles=True)
            assert table.view.place.straddles
        await finish(tables, started)
        straddled = await fold_until(tables, lambda told: told.hand_no == 2)
        under_the_gun = next(seat for seat in range(3) if posts_of(straddled, seat)[0][1] == 4_000)
        assert posts_of(straddled, under_the_gun) == [(wire.PostKind.STRADDLE, 4_000)]
        assert under_the_gun == straddled.button
        order = []
        for _ in range(3):
            actor = await to_act(*tables)
            order.append(actor.view.my_seat)
            turn = actor.view.my_turn
            assert turn is not None
            assert turn.legal.min_raise_to == 8_000
            await act(actor, ActionKind.CHECK if turn.legal.can_check else ActionKind.CALL)
        assert order[-1] == under_the_gun
        assert (await hear(tables[0], wire.StreetDealt)).street is wire.Street.FLOP


async def test_no_straddle_where_none_is_offered_or_two_play(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.enter(1) as (one,):
        await one.sit_down(BUY_IN)
        with refused(Refusal.NOT_OFFERED):
            await one.straddle(straddles=True)
    async with open_room(valkey, stake=evolve(STAKE, straddle=True)) as room, room.seated(1, 2) as tables:
        started = await hear(tables[0], wire.HandStarted)
        for table in tables:
            await table.straddle(straddles=True)
        await finish(tables, started)
        following = await hear(tables[0], wire.HandStarted)
        assert wire.PostKind.STRADDLE not in {post.kind for post in following.posts}
