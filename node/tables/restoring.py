"""A table out of what an earlier owner has left in the journal, and of what the ledger has (DESIGN 6).

The ledger is the truth about money, the journal about the hands that are not settled yet. They fit where the
journal goes on from the ledger's last settled hand; where they do not, the hand in play is void, and
everybody has what lies in escrow.
"""

import time
from collections.abc import Mapping, Sequence

import trio
from attrs import frozen

from cardroom.ids import CommandId, SeatIndex
from cardroom.money import Krw
from cardroom.wire.ledger import (
    CashOut,
    CommandBody,
    CommandRefused,
    HoldBuyIn,
    LedgerTable,
    ReplyBody,
    SeatEscrow,
)
from node.journal.fields import JournaledHand, TableJournal
from node.journal.memory import PlayerMemory, TableMemory
from node.journal.seal import DeckSeal, SealBroken
from node.ledger.settlement import HandMark, SettlementQueue
from node.rules import hand as rules
from node.rules import seating as between_hands
from node.rules.errors import IllegalAction
from node.tables.game import Game
from node.tables.hand_in_play import HandInPlay, recall_hand
from node.tables.recording import write_settlement
from node.tables.remembering import recall_player, recall_waiting
from node.tables.seat_desk import remember_answer
from node.tables.seats import AnsweredTopUp, SeatHolder, Seats
from node.tables.spare_time import SpareTime
from node.tables.waitlist import WaitingList

Outcomes = Mapping[CommandId, ReplyBody]
"""What became of the commands that had money under way, by their ids."""


class DoesNotFit(Exception):
    """The journal does not go on from where the ledger stands; the text says why."""


@frozen
class RestoredHands:
    """The hands that the ledger has not settled: those that are played out, and the one in play."""

    journaled: tuple[JournaledHand, ...] = ()
    finished: tuple[HandInPlay, ...] = ()
    in_play: HandInPlay | None = None


def commands_under_way(memory: TableMemory, told: LedgerTable) -> dict[CommandId, CommandBody]:
    """Give the commands that an earlier owner may have had no answer to, as it has sent them."""
    found: dict[CommandId, CommandBody] = {}
    for player in memory.players:
        if player.buy_in is not None:
            amount = player.buy_in.request.buy_in
            hold = HoldBuyIn(player.user_id, told.table_id, player.seat, amount)
            found[player.buy_in.command_id] = hold
        if player.top_up is not None:
            hold = HoldBuyIn(player.user_id, told.table_id, player.seat, player.top_up.amount)
            found[player.top_up.command_id] = hold
        if player.paying_out is not None:
            stack = memory.seating.occupant(player.seat).stack
            found[player.paying_out] = CashOut(player.user_id, told.table_id, player.seat, stack)
    return found


def restore_hands(journal: TableJournal, told: LedgerTable, seal: DeckSeal) -> RestoredHands:
    """Play the unsettled hands again; raises ``DoesNotFit``."""
    journaled = _hands_after(journal, told)
    try:
        plays = [recall_hand(hand, seal) for hand in journaled]
    except (SealBroken, IllegalAction) as fault:
        raise DoesNotFit(str(fault)) from fault
    if not all(play.hand.is_over for play in plays[:-1]):
        raise DoesNotFit("a hand was dealt before the last one was over")
    in_play = plays[-1] if plays and not plays[-1].hand.is_over else None
    return RestoredHands(journaled, tuple(play for play in plays if play.hand.is_over), in_play)


def _hands_after(journal: TableJournal, told: LedgerTable) -> tuple[JournaledHand, ...]:
    """Give the hands that follow the ledger's last settled one, each on the one before it."""
    ids = [journal.memory.settled_hand_id, *(hand.deal.hand_id for hand in journal.hands)]
    if told.last_hand_id not in ids:
        raise DoesNotFit(f"the ledger's last hand {told.last_hand_id} is none of the journal's")
    found = journal.hands[ids.index(told.last_hand_id) :]
    last = HandMark(told.last_hand_id, told.last_hand_no)
    for hand in found:
        if (hand.deal.previous_hand_id, hand.deal.hand_no) != (last.hand_id, last.hand_no + 1):
            raise DoesNotFit(f"hand {hand.deal.hand_no} does not follow hand {last.hand_no}")
        last = HandMark(hand.deal.hand_id, hand.deal.hand_no)
    return found


def restore_seats(
    journal: TableJournal, told: LedgerTable, game: Game, hands: RestoredHands, outcomes: Outcomes
) -> Seats:
    """Seat everybody as they sat, with what the ledger has of them; raises ``DoesNotFit``."""
    memory = journal.memory
    if len(memory.seating.seats) != game.seat_count:
        raise DoesNotFit("the table has another number of seats")
    seats = Seats(
        game=game,
        seating=memory.seating,
        settlements=SettlementQueue(
            HandMark(told.last_hand_id, told.last_hand_no), game.limits.unsettled_hands
        ),
        waiting=WaitingList(game.limits),
        is_halted=told.is_halted,
    )
    for play in hands.finished:
        seats.settlements.add(write_settlement(play, seats, rules.settlement(play.hand)))
    lying = {one.seat: one for one in told.escrow}
    busy = _busy_seats(seats, hands)
    for player in memory.players:
        _recall(player, seats, lying.pop(player.seat, None), outcomes, is_busy=player.seat in busy)
    for escrow in lying.values():
        seat_from_escrow(seats, escrow)
    _check_hand(seats, hands.in_play)
    recall_waiting(memory, seats, trio.current_time())
    return seats


def is_as_told(memory: TableMemory, seats: Seats) -> bool:
    """Say whether all seats are what the earlier owner had told; not so where the ledger knew more.

    Then who has followed the table up to its last event must not go on from there.
    """
    told = Seats(seats.game, memory.seating, seats.settlements, seats.waiting)
    told.holders = {player.seat: recall_player(player) for player in memory.players}
    return set(told.public()) == set(seats.public())


def seat_from_escrow(seats: Seats, lying: SeatEscrow) -> None:
    """Seat a player whose money lies at a seat, sitting out: nobody knows more of this player."""
    seated = between_hands.seat_player(seats.seating, lying.seat, lying.amount)
    seats.seating = between_hands.sit_out(seated, lying.seat)
    spare = SpareTime(seats.game.time_bank.first_seconds)
    holder = SeatHolder(lying.user_id, lying.nickname, lying.seat, escrow=lying.amount, spare=spare)
    holder.brought, holder.sat_unix_ms = lying.amount, time.time_ns() // 1_000_000  # when it did is not known
    seats.holders[lying.seat] = holder


def _busy_seats(seats: Seats, hands: RestoredHands) -> set[SeatIndex]:
    """Give the seats that hands need which are not settled yet."""
    busy = {result.seat for hand in seats.settlements.unsettled for result in hand.results}
    return busy.union(hands.in_play.players if hands.in_play is not None else ())


def _recall(
    player: PlayerMemory, seats: Seats, lying: SeatEscrow | None, outcomes: Outcomes, *, is_busy: bool
) -> None:
    """Give a player the seat again, or not, where the money has gone or has never come."""
    if lying is not None and lying.user_id != player.user_id:
        raise DoesNotFit(f"seat {player.seat} is another player's")
    holder = seats.holders[player.seat] = recall_player(player)
    holder.escrow = lying.amount if lying is not None else Krw(0)
    if holder.buy_in is not None:
        _end_buy_in(holder, seats)
        return
    _end_top_up(holder, seats, outcomes)
    _end_cash_out(holder, seats, outcomes)
    owed = Krw(holder.escrow + seats.settlements.net_of(holder.user_id))
    surplus = Krw(owed - seats.stack(holder) - holder.arriving)
    if surplus >= 0:
        holder.arriving = Krw(holder.arriving + surplus)
        holder.brought = Krw(holder.brought + surplus)
    elif owed == 0 and not is_busy:
        seats.free(holder)
    else:
        raise DoesNotFit(f"seat {holder.seat} has {-surplus} won more than the ledger")


def _end_buy_in(holder: SeatHolder, seats: Seats) -> None:
    """The ledger has decided: the seat is the player's with what lies there, or free again."""
    holder.command_id = None
    if holder.escrow:
        seats.seat(holder, holder.escrow)
    else:
        del seats.holders[holder.seat]


def _end_top_up(holder: SeatHolder, seats: Seats, outcomes: Outcomes) -> None:
    """The ledger has decided; the chips, if they came, are in the escrow already."""
    under_way, holder.top_up = holder.top_up, None
    if under_way is None:
        return
    outcome = _outcome(holder, outcomes)
    refusal = outcome.code if isinstance(outcome, CommandRefused) else None
    if under_way.request is not None:
        answered = AnsweredTopUp(under_way.request, refusal)
        remember_answer(holder, answered, seats.game.limits.known_top_ups)
    elif refusal is not None:
        holder.auto_top_up_to = Krw(0)


def _end_cash_out(holder: SeatHolder, seats: Seats, outcomes: Outcomes) -> None:
    """The ledger has decided; refused is what only our mistake explains."""
    if holder.is_paying_out:
        seats.is_halted |= isinstance(_outcome(holder, outcomes), CommandRefused)
        holder.is_paying_out = False


def _outcome(holder: SeatHolder, outcomes: Outcomes) -> ReplyBody:
    command_id, holder.command_id = holder.command_id, None
    assert command_id is not None, "money is under way by a command"
    return outcomes[command_id]


def _check_hand(seats: Seats, play: HandInPlay | None) -> None:
    """Every player of the hand sits where and with what the hand was dealt."""
    for dealt in () if play is None else play.deal.players:
        assert play is not None, "somebody was dealt in"
        holder = seats.holders.get(dealt.seat)
        if holder is None or holder.user_id != play.players[dealt.seat]:
            raise DoesNotFit(f"seat {dealt.seat} is not held by the player of the hand")
        if seats.stack(holder) != dealt.stack:
            raise DoesNotFit(f"seat {dealt.seat} does not have the stack of the deal")


def kept_fields(journal: TableJournal, hands: Sequence[JournaledHand]) -> dict[bytes, bytes]:
    """Give the fields of those hands that the new owner still needs."""
    numbers = {b"%d" % hand.deal.hand_no for hand in hands}
    return {name: data for name, data in journal.fields.items() if name.partition(b"/")[0] in numbers}
