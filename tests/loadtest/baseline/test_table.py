"""A table of the baseline: whole hands by the rules, told so that clients can follow, packed in between."""

import random
from typing import Any

import pytest
from attrs import evolve

from cardroom.client.view import view_after, view_of
from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.player import Act, ActionKind, SitDown
from cardroom.wire.refusals import Refusal
from loadtest.baseline.game import MAX_BUY_IN, MIN_BUY_IN
from loadtest.baseline.snapshot import take_snapshot
from loadtest.baseline.state import pack_table, unpack_table
from loadtest.baseline.table import Denied, Table, shuffled
from loadtest.baseline.telling import Told
from node.rules.cards import FULL_DECK

PLAYERS = 4
HANDS = 40


def seated_table() -> Table:
    table = Table(TableId(7), 6)
    for number in range(PLAYERS):
        sit_down(table, number)
    return table


def sit_down(table: Table, number: int, buy_in: Krw = MIN_BUY_IN) -> None:
    user_id = UserId(100 + number)
    request = SitDown(1, table.table_id, None, buy_in, posts_blind=True)
    table.sit_down(user_id, f"bot-{number}", table.choose_seat(user_id, request), request)


def act_of(table: Table, kind: ActionKind) -> Act:
    assert table.hand is not None
    return Act(1, table.table_id, table.hand_no, table.hand.turn, kind, Krw(0))


def whose_turn(table: Table) -> UserId:
    assert table.hand is not None
    seat = table.hand.seat_to_act
    assert seat is not None
    return table.holders[seat].user_id


def play_on(table: Table, dice: random.Random) -> None:
    """One step: a deal, or the action of whose turn it is."""
    if table.hand is None:
        for holder in table.holders.values():
            if table.seating.occupant(holder.seat).stack == 0:
                table.fill_up(holder, MIN_BUY_IN)
        assert table.deal()
    else:
        assert table.hand.legal is not None
        kinds = [ActionKind.FOLD, ActionKind.CHECK if table.hand.legal.can_check else ActionKind.CALL]
        if table.hand.legal.all_in_amount is not None:
            kinds.append(ActionKind.ALL_IN)
        table.act(whose_turn(table), act_of(table, dice.choices(kinds, [1, 8, 1][: len(kinds)])[0]))


def test_a_client_that_follows_the_messages_sees_the_table_as_it_is() -> None:
    table, dice = seated_table(), random.Random(1)
    table.take_told()
    user_id = UserId(101)
    view = view_of(take_snapshot(table, user_id), user_id)
    while table.hand_no < HANDS or table.hand is not None:
        play_on(table, dice)
        table.finish()
        for told in table.take_told():
            view = view_after(view, told.own.get(user_id, told.message))
        seen = view_of(take_snapshot(table, user_id), user_id)
        assert (view.pot, view.board, view.street, view.my_cards) == (
            seen.pot, seen.board, seen.street, seen.my_cards
        )  # fmt: skip
        assert {seat: (one.stack, one.street_bet, one.is_in_hand) for seat, one in view.seats.items()} == {
            seat: (one.stack, one.street_bet, one.is_in_hand) for seat, one in seen.seats.items()
        }


def test_a_table_goes_on_from_its_packed_state_as_if_nothing_had_been() -> None:
    table, dice, twin_dice = seated_table(), random.Random(2), random.Random(2)
    twin = unpack_table(pack_table(table), table.table_id, 6)
    table.take_told()
    for _ in range(400):
        if table.hand is None:  # both are dealt the same cards
            play_on_with_deck(table, twin)
        else:
            play_on(table, dice)
            play_on(twin, twin_dice)
        assert table.finish() == twin.finish()
        assert pack_table(table) == pack_table(twin)
        assert _told_but_the_start(table) == _told_but_the_start(twin)
        twin = unpack_table(pack_table(twin), table.table_id, 6)
    assert table.hand_no > 10


def _told_but_the_start(table: Table) -> list[Told]:
    """The start of a hand has random bytes in it."""
    return [told for told in table.take_told() if not isinstance(told.message, wire.HandStarted)]


def play_on_with_deck(table: Table, twin: Table) -> None:
    deck = shuffled()
    for one in (table, twin):
        for holder in one.holders.values():
            if one.seating.occupant(holder.seat).stack == 0:
                one.fill_up(holder, MIN_BUY_IN)
        assert one.deal(deck)
    assert table.play is not None
    assert twin.play is not None
    twin.play = type(twin.play)(table.play.hand_id, twin.play.deal, twin.play.users)


def test_nobody_is_shown_the_cards_of_others() -> None:
    table = seated_table()
    table.deal(FULL_DECK)
    dealt = next(told for told in table.take_told() if isinstance(told.message, wire.CardsDealt))
    assert isinstance(dealt.message, wire.CardsDealt)
    assert dealt.message.cards == ()
    assert len({own.cards for own in dealt.own.values() if isinstance(own, wire.CardsDealt)}) == PLAYERS
    snapshot = take_snapshot(table, UserId(102))
    assert [seat.user_id for seat in snapshot.seats if seat.cards] == [UserId(102)]
    assert not any(seat.cards for seat in take_snapshot(table, UserId(999)).seats)


def test_chips_stay_chips() -> None:
    table, dice = seated_table(), random.Random(3)
    assert table.deal()
    while (finished := table.finish()) is None:
        play_on(table, dice)
    nets = sum(part.net for part in finished.settlement.seats)
    assert nets + finished.settlement.rake == 0
    assert finished.hand_no == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"hand_no": 9}, Refusal.STALE_HAND),
        ({"turn": 9}, Refusal.STALE_TURN),
        ({"kind": ActionKind.CHECK}, Refusal.ACTION_NOT_ALLOWED),
    ],
)
def test_what_is_not_allowed_changes_nothing(change: dict[str, Any], code: Refusal) -> None:
    table = seated_table()
    with pytest.raises(Denied, match="no_hand"):
        table.act(UserId(100), Act(1, table.table_id, 1, 1, ActionKind.FOLD, Krw(0)))
    table.deal()
    before = pack_table(table)
    act = act_of(table, ActionKind.CALL)
    with pytest.raises(Denied, match=code.value):
        table.act(whose_turn(table), evolve(act, **change))
    others = next(one.user_id for one in table.holders.values() if one.user_id != whose_turn(table))
    with pytest.raises(Denied, match="out_of_turn"):
        table.act(others, act)
    with pytest.raises(Denied, match="not_seated"):
        table.act(UserId(1), act)
    assert pack_table(table) == before


def test_seats_are_given_by_the_tables_limits() -> None:
    table = seated_table()
    for buy_in, code in (
        (Krw(MIN_BUY_IN - 1), "buy_in_too_small"),
        (Krw(MAX_BUY_IN + 1), "buy_in_too_large"),
    ):
        with pytest.raises(Denied, match=code):
            sit_down(table, 8, buy_in)
    with pytest.raises(Denied, match="already_seated"):
        sit_down(table, 0)
    with pytest.raises(Denied, match="seat_taken"):
        table.choose_seat(UserId(1), SitDown(1, TableId(7), SeatIndex(0), MIN_BUY_IN, posts_blind=True))
    sit_down(table, 4)
    sit_down(table, 5)
    with pytest.raises(Denied, match="table_full"):
        sit_down(table, 6)


def test_who_leaves_folds_and_is_paid_after_the_hand() -> None:
    table = seated_table()
    table.deal()
    holder = table.held_by(whose_turn(table))
    table.leave(holder)
    table.leave(holder)
    assert table.leavers == []
    assert table.status(holder) is wire.SeatStatus.LEAVING
    while table.finish() is None:
        table.act(whose_turn(table), act_of(table, ActionKind.FOLD))
    assert table.leavers == [holder]
    assert table.free(holder) == MIN_BUY_IN
    assert table.of_user(holder.user_id) is None
    told = [told.message for told in table.take_told()]
    assert isinstance(told[-1], wire.SeatLeft)
    assert [message.table_seq for message in told] == list(range(1, len(told) + 1))


def test_who_does_not_act_in_time_folds_and_sits_out_until_coming_back() -> None:
    table = seated_table()
    table.deal()
    holder = table.held_by(whose_turn(table))
    table.time_out()
    assert table.status(holder) is wire.SeatStatus.SITTING_OUT
    acted = next(told.message for told in table.take_told() if isinstance(told.message, wire.Acted))
    assert acted.cause is wire.MoveCause.TIME_OUT
    table.sit_in(holder, posts_blind=True)
    assert table.status(holder) is wire.SeatStatus.PLAYING


def test_the_lobby_says_who_plays() -> None:
    line = seated_table().lobby_line()
    assert (line.table_id, line.players, line.seat_count, line.is_open) == (7, PLAYERS, 6, True)
