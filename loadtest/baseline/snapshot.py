"""A whole table of the baseline as one viewer may see it."""

from attrs import evolve

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire import table as wire
from loadtest.baseline.game import (
    BIG_BLIND,
    MAX_BUY_IN,
    MIN_BUY_IN,
    NO_PLACE,
    OPTIONS,
    SMALL_BLIND,
    STAKE,
    name_of,
)
from loadtest.baseline.table import Holder, Table
from loadtest.baseline.telling import codes, turn_view


def take_snapshot(table: Table, viewer: UserId) -> wire.Snapshot:
    """Show a table to a player, who sees no hole cards but the own and open ones."""
    hand, own = table.hand, table.of_user(viewer)
    legal = hand.legal if hand is not None else None
    place = NO_PLACE if own is None else evolve(NO_PLACE, seat=own.seat)
    return wire.Snapshot(
        table_id=table.table_id,
        table_seq=table.teller.seq,
        hand_no=table.hand_no,
        name=name_of(table.table_id),
        stake=STAKE,
        small_blind=SMALL_BLIND,
        big_blind=BIG_BLIND,
        min_buy_in=MIN_BUY_IN,
        max_buy_in=MAX_BUY_IN,
        seat_count=table.seat_count,
        options=OPTIONS,
        is_private=False,
        state=wire.TableState.BETWEEN_HANDS if hand is None else wire.TableState.PLAYING,
        hand_id=table.play.hand_id if table.play is not None else None,
        button=table.play.deal.button if table.play is not None else table.seating.button,
        street=wire.Street(hand.street.value) if hand is not None else None,
        board=codes(hand.board) if hand is not None else (),
        pots=tuple(wire.PotView(pot.amount, pot.eligible) for pot in hand.pots) if hand is not None else (),
        seats=tuple(_seat_view(table, holder, own) for holder in table.holders.values()),
        turn=turn_view(legal.seat, hand.turn, legal, table.teller.turn_ms) if hand and legal else None,
        run_it_twice=None,
        waiting=0,
        you=place,
    )


def _seat_view(table: Table, holder: Holder, own: Holder | None) -> wire.SeatView:
    hand = table.hand
    player = next((one for one in hand.players if one.seat == holder.seat), None) if hand else None
    is_open = hand is not None and (holder is own or holder.seat in hand.shown)
    return wire.SeatView(
        seat=holder.seat,
        user_id=holder.user_id,
        nickname=holder.nickname,
        stack=player.stack if player is not None else table.seating.occupant(holder.seat).stack,
        status=table.status(holder),
        is_in_hand=player is not None and not player.has_folded,
        street_bet=player.street_bet if player is not None else Krw(0),
        cards=codes(player.hole_cards) if player is not None and is_open else (),
    )
