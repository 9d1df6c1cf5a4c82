"""A table's seats and wishes through the bytes of the journal: each comes back as it was."""

import pytest
from attrs import evolve, fields, frozen
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import CommandId, HandId, SeatIndex, ShardId, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import LedgerTable
from node.journal.memory import (
    MAX_INVITED,
    BuyInUnderWay,
    ChipsUnderWay,
    OfferMemory,
    PlayerMemory,
    SpareMemory,
    TableMemory,
    memory_codec,
)
from node.ledger.settlement import HandMark, SettlementQueue
from node.rules.seating import empty_table
from node.settings import TableLimits
from node.tables.game import make_game
from node.tables.invitations import InvitationList
from node.tables.remembering import recall_player, recall_waiting, remember
from node.tables.seats import SeatHolder, Seats
from node.tables.waitlist import Offer, WaitingList
from tests.cardroom.wire.messages import any_of
from tests.node.journal.written import MEMORY, PLAYER
from tests.node.tables.house import STAKE, TABLE

CODEC = memory_codec()
LIMITS = TableLimits()
TOLD = LedgerTable(TABLE, "Seoul", "low", 6, False, None, 0, (), "", ())
NOT_IN_THE_JOURNAL = {"asker"}
"""A connection ends with its node."""


def seats_with(*holders: SeatHolder) -> Seats:
    game = make_game(TOLD, ShardId(1), STAKE, LIMITS)
    return Seats(
        game=game,
        seating=empty_table(6),
        settlements=SettlementQueue(HandMark(None, 0), 2),
        waiting=WaitingList(LIMITS),
        holders={holder.seat: holder for holder in holders},
    )


def remembered(seats: Seats, invitations: InvitationList | None = None, now: float = 0.0) -> TableMemory:
    """Remember through the bytes."""
    memory = remember(seats, invitations or InvitationList("", seats), "0123abcd", now)
    return CODEC.decode(CODEC.encode(memory))


@st.composite
def players(draw: st.DrawFn) -> PlayerMemory:
    """Any player with at most one command under way, as tables have them; answers by their numbers."""
    player: PlayerMemory = draw(any_of(PlayerMemory))
    under_way = draw(st.sampled_from(["buy_in", "top_up", "paying_out", None]))
    return evolve(
        player,
        buy_in=draw(any_of(BuyInUnderWay)) if under_way == "buy_in" else None,
        top_up=draw(any_of(ChipsUnderWay)) if under_way == "top_up" else None,
        paying_out=CommandId(draw(st.uuids())) if under_way == "paying_out" else None,
        answered=tuple({one.request.request_id: one for one in player.answered}.values()),
        spare=evolve(player.spare, bank_ms=draw(st.integers(0, 10**7))),
    )


@given(player=players())
def test_a_player_comes_back_as_remembered(player: PlayerMemory) -> None:
    assert remembered(seats_with(recall_player(player))).players == (player,)


@given(player=players())
def test_a_holder_comes_back_as_it_was(player: PlayerMemory) -> None:
    holder = recall_player(player)
    (memory,) = remembered(seats_with(holder)).players
    assert recall_player(memory) == holder


def test_every_field_of_a_holder_is_remembered() -> None:
    """One that is added must be remembered, or named as what ends with the node."""
    names = {one.name for one in fields(SeatHolder)} - NOT_IN_THE_JOURNAL
    kept = {one.name for one in fields(PlayerMemory)}
    others = {"is_paying_out": "paying_out", "command_id": "paying_out", "answered_top_ups": "answered"}
    assert {others.get(name, name) for name in names} <= kept
    blank = SeatHolder(UserId(1), "", SeatIndex(0))
    for name in names - {"command_id", "top_up", "is_paying_out", "buy_in"}:
        player = evolve(PLAYER, buy_in=None, top_up=None, paying_out=None, straddles=True, is_leaving=True)
        player = evolve(player, sits_out_at_big_blind=True)
        assert getattr(recall_player(player), name) != getattr(blank, name) or name == "seat", name


@pytest.mark.parametrize(("bank", "kept"), [(0.0, 0), (29.9994, 29_999), (30.0, 30_000)])
def test_a_time_bank_has_no_more_than_was_left(bank: float, kept: int) -> None:
    holder = recall_player(evolve(PLAYER, buy_in=None, top_up=None))
    holder.spare.bank_seconds = bank
    (memory,) = remembered(seats_with(holder)).players
    assert memory.spare == SpareMemory(kept, PLAYER.spare.breaks, 7, 20)


@frozen
class Waits:
    """An offer of a seat, and what is left of it."""

    until: float
    now: float
    left_ms: int


@pytest.mark.parametrize(
    "waits", [Waits(130.0, 100.0, 30_000), Waits(130.0, 129.9996, 0), Waits(130.0, 131.0, 0)], ids=str
)
def test_an_offer_has_the_time_that_was_left_of_it(waits: Waits) -> None:
    seats = seats_with()
    for user in (21, 22, 23):
        seats.waiting.join(UserId(user), 0.0)
    seats.waiting.recall(seats.waiting.users, [Offer(SeatIndex(2), UserId(22), waits.until)], now=waits.now)
    memory = remembered(seats, now=waits.now)
    assert memory.waiting == (21, 22, 23)
    assert memory.offers == (OfferMemory(SeatIndex(2), UserId(22), waits.left_ms),)
    again = seats_with()
    recall_waiting(memory, again, now=5_000.0)
    assert again.waiting.users == (21, 22, 23)
    assert again.waiting.offers == (Offer(SeatIndex(2), UserId(22), 5_000 + waits.left_ms / 1000),)


def test_nobody_of_the_list_was_away_until_now() -> None:
    again = seats_with()
    recall_waiting(evolve(MEMORY, offers=()), again, now=5_000.0)
    assert again.waiting.deadline == 5_000.0 + LIMITS.waiting_away_seconds


def test_an_offer_to_who_does_not_wait_is_none() -> None:
    again = seats_with()
    recall_waiting(evolve(MEMORY, waiting=(UserId(9),)), again, now=0.0)
    assert again.waiting.offers == ()


def test_the_newest_of_those_who_were_let_in_are_remembered_in_order() -> None:
    seats = seats_with()
    invitations = InvitationList("code", seats)
    invitations.recall(UserId(10_000 - number) for number in range(MAX_INVITED + 500))
    memory = remembered(seats, invitations)
    assert memory.invited == tuple(UserId(10_000 - number) for number in range(500, MAX_INVITED + 500))
    again = InvitationList("code", seats)
    again.recall(memory.invited)
    assert tuple(again.let_in) == memory.invited


def test_where_the_ledger_stands_is_remembered() -> None:
    hand = HandId(PLAYER.paying_out or CommandId(MEMORY.players[0].buy_in.command_id))  # type: ignore[union-attr]
    seats = seats_with()
    seats.settlements = SettlementQueue(HandMark(hand, 12), 2)
    memory = remembered(seats)
    assert (memory.settled_hand_id, memory.settled_hand_no, memory.run) == (hand, 12, "0123abcd")
    assert memory.seating == empty_table(6)


def test_money_under_way_needs_its_command() -> None:
    """Without it the next owner could not ask what became of it: our mistake, not to be written down."""
    holder = recall_player(PLAYER)
    holder.command_id = None
    with pytest.raises(AssertionError, match="under way"):
        remembered(seats_with(holder))
    holder.buy_in = None
    with pytest.raises(AssertionError, match="under way"):
        remembered(seats_with(holder))
    assert Krw(0) == recall_player(evolve(PLAYER, arriving=Krw(0))).arriving
