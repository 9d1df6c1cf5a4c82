"""One table of the baseline: seats and hand in memory, the rules are the product's own. No IO."""

import os
from collections.abc import Sequence
from random import SystemRandom
from typing import assert_never
from uuid import uuid4

from attrs import define, field, frozen

from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.player import Act, ActionKind, SitDown
from cardroom.wire.refusals import Refusal
from loadtest.baseline.game import MAX_BUY_IN, MIN_BUY_IN, RULES, TURN_SECONDS, lobby_line
from loadtest.baseline.telling import Teller, Told
from node.rules import hand as rules
from node.rules import seating as between_hands
from node.rules.actions import Action, AllIn, Call, Check, Fold, RaiseTo
from node.rules.betting import ZERO
from node.rules.blinds import Deal
from node.rules.cards import FULL_DECK, Card
from node.rules.errors import IllegalAction
from node.rules.events import HandSettlement, HandShown
from node.rules.hand import Hand
from node.rules.seating import Seating, empty_table

_SYSTEM = SystemRandom()


class Denied(Exception):
    """A request that changes nothing; ``code`` says why."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code


@define
class Holder:
    """A player at a seat."""

    user_id: UserId
    nickname: str
    seat: SeatIndex
    fills_up_to: Krw = ZERO
    is_leaving: bool = False


@frozen
class Play:
    """A hand between its deal and its end."""

    hand_id: HandId
    deal: Deal
    users: dict[SeatIndex, UserId]


@frozen
class Finished:
    """A hand that is over, to be written down before it is told."""

    hand_id: HandId
    hand_no: int
    settlement: HandSettlement
    has_showdown: bool


@define
class Table:
    """The state of one table. Every change notes what is to be told; ``take_told`` gives it."""

    table_id: TableId
    seat_count: int
    holders: dict[SeatIndex, Holder] = field(factory=dict)
    hand: Hand | None = None
    play: Play | None = None
    hand_no: int = 0
    has_showdown: bool = False
    """Whether cards were shown in the hand."""
    seating: Seating = field(init=False)
    teller: Teller = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.seating = empty_table(self.seat_count)
        self.teller = Teller(self.table_id, int(TURN_SECONDS * 1000))

    def take_told(self) -> list[Told]:
        """Give what is to be told, once."""
        return self.teller.take()

    def of_user(self, user_id: UserId) -> Holder | None:
        """Give the seat that a player holds."""
        for holder in self.holders.values():
            if holder.user_id == user_id:
                return holder
        return None

    def held_by(self, user_id: UserId) -> Holder:
        """Give the seat that a player holds; refused for who holds none."""
        holder = self.of_user(user_id)
        if holder is None:
            raise Denied(Refusal.NOT_SEATED)
        return holder

    def choose_seat(self, user_id: UserId, request: SitDown) -> SeatIndex:
        """Find a seat for a newcomer. Refused as ``SitDown`` says."""
        if self.of_user(user_id) is not None:
            raise Denied(Refusal.ALREADY_SEATED)
        if not request.buy_in >= MIN_BUY_IN:
            raise Denied(Refusal.BUY_IN_TOO_SMALL)
        if request.buy_in > MAX_BUY_IN:
            raise Denied(Refusal.BUY_IN_TOO_LARGE)
        for number in range(self.seat_count):
            seat = SeatIndex(number)
            if seat not in self.holders and request.seat in (None, seat):
                return seat
        raise Denied(Refusal.TABLE_FULL if request.seat is None else Refusal.SEAT_TAKEN)

    def sit_down(self, user_id: UserId, nickname: str, seat: SeatIndex, request: SitDown) -> None:
        """Give a player the seat; the buy-in is paid."""
        self.holders[seat] = Holder(user_id, nickname, seat)
        self.seating = between_hands.seat_player(
            self.seating, seat, request.buy_in, posts=request.posts_blind
        )
        self.teller.tell(
            wire.SeatTaken(
                *self.teller.header(),
                seat=seat,
                user_id=user_id,
                nickname=nickname,
                status=self.status(self.holders[seat]),
                stack=request.buy_in,
            )
        )

    def status(self, holder: Holder) -> wire.SeatStatus:
        """Say what everybody may know of a seat's player."""
        if holder.is_leaving:
            return wire.SeatStatus.LEAVING
        occupant = self.seating.occupant(holder.seat)
        if occupant.is_sitting_out:
            return wire.SeatStatus.SITTING_OUT
        waits = occupant.owes_big_blind and not occupant.posts_to_enter
        return wire.SeatStatus.WAITING_FOR_BLIND if waits else wire.SeatStatus.PLAYING

    def sit_out(self, holder: Holder) -> None:
        """Deal a player in no more."""
        self.seating = between_hands.sit_out(self.seating, holder.seat)
        self._tell_seat(holder)

    def sit_in(self, holder: Holder, *, posts_blind: bool) -> None:
        """Deal a player in again."""
        self.seating = between_hands.sit_in(self.seating, holder.seat, posts=posts_blind)
        self._tell_seat(holder)

    def fill_up(self, holder: Holder, amount: Krw) -> None:
        """Add chips between hands; they are paid."""
        self.seating = between_hands.add_chips(self.seating, holder.seat, amount)
        self._tell_seat(holder)

    def free(self, holder: Holder) -> Krw:
        """Free a seat between hands; gives what goes to the player's wallet."""
        paid = self.seating.occupant(holder.seat).stack
        self.seating = between_hands.remove_player(self.seating, holder.seat)
        del self.holders[holder.seat]
        reason = wire.LeaveReason.LEFT
        self.teller.tell(
            wire.SeatLeft(
                *self.teller.header(), seat=holder.seat, user_id=holder.user_id, paid=paid, reason=reason
            )
        )
        return paid

    def deal(self, deck: Sequence[Card] | None = None) -> bool:
        """Start the next hand, if two are ready; ``deck`` is drawn from the system where none is given."""
        deal = between_hands.next_deal(self.seating, RULES)
        if self.hand is not None or deal is None:
            return False
        self.hand_no += 1
        self.teller.hand_no = self.hand_no
        users = {one.seat: self.holders[one.seat].user_id for one in deal.players}
        self.play = Play(HandId(uuid4()), deal, users)
        self.hand, events = rules.start(RULES, deal, tuple(deck or shuffled()))
        self.has_showdown = False
        self.teller.deal(events, self.play.hand_id, os.urandom(32), users)
        return True

    def act(self, user_id: UserId, act: Act) -> None:
        """Apply a player's action. Refused as ``Act`` says."""
        holder, hand = self.held_by(user_id), self.hand
        if hand is None:
            raise Denied(Refusal.NO_HAND)
        if act.hand_no != self.hand_no:
            raise Denied(Refusal.STALE_HAND)
        if hand.seat_to_act != holder.seat:
            raise Denied(Refusal.OUT_OF_TURN)
        if act.turn != hand.turn:
            raise Denied(Refusal.STALE_TURN)
        try:
            self._take(rules.apply(hand, holder.seat, _action(act)))
        except IllegalAction:
            raise Denied(Refusal.ACTION_NOT_ALLOWED) from None

    def time_out(self) -> None:
        """Decide for the player whose time is over, and deal that player in no more."""
        assert self.hand is not None, "a clock runs in a hand"
        seat = self.hand.seat_to_act
        assert seat is not None, "a clock runs for somebody"
        self._take(rules.time_out(self.hand, seat))
        self.sit_out(self.holders[seat])

    def leave(self, holder: Holder) -> None:
        """Let a player go: the hand is folded when the turn comes; ``leavers`` are freed after it."""
        if holder.is_leaving:
            return
        holder.is_leaving = True
        self.seating = between_hands.sit_out(self.seating, holder.seat)
        if self.hand is not None and self.play is not None and holder.seat in self.play.users:
            self._take(rules.mark_leaving(self.hand, holder.seat))
        self._tell_seat(holder)

    @property
    def leavers(self) -> list[Holder]:
        """Who wants to go and can: nobody while a hand is in play."""
        return [one for one in self.holders.values() if one.is_leaving] if self.hand is None else []

    def finish(self) -> Finished | None:
        """Book a hand that is over into the seats, and note its end; None while it goes on."""
        hand, play = self.hand, self.play
        if hand is None or play is None or not hand.is_over:
            return None
        settlement = rules.settlement(hand)
        self.seating = between_hands.after_hand(self.seating, play.deal, settlement)
        self.hand = self.play = None
        self.teller.end(play.hand_id, settlement)
        return Finished(play.hand_id, self.hand_no, settlement, self.has_showdown)

    def lobby_line(self) -> LobbyTable:
        """Give the table's line of the lobby."""
        return lobby_line(self.table_id, self.seat_count, len(self.holders), self.hand_no)

    def _take(self, step: rules.Step) -> None:
        self.hand, events = step
        self.has_showdown |= any(isinstance(event, HandShown) for event in events)
        self.teller.play(events)

    def _tell_seat(self, holder: Holder) -> None:
        in_hand = self.hand is not None and self.play is not None and holder.seat in self.play.users
        stack = (
            self.hand.player(holder.seat).stack
            if self.hand is not None and in_hand
            else self.seating.occupant(holder.seat).stack
        )
        status = self.status(holder)
        self.teller.tell(
            wire.SeatChanged(*self.teller.header(), seat=holder.seat, status=status, stack=stack)
        )


def shuffled() -> tuple[Card, ...]:
    """Shuffle a new deck out of the system's random bits."""
    deck = list(FULL_DECK)
    _SYSTEM.shuffle(deck)
    return tuple(deck)


def _action(act: Act) -> Action:
    match act.kind:
        case ActionKind.FOLD:
            return Fold()
        case ActionKind.CHECK:
            return Check()
        case ActionKind.CALL:
            return Call()
        case ActionKind.RAISE_TO:
            return RaiseTo(act.amount)
        case ActionKind.ALL_IN:
            return AllIn()
        case _ as unreachable:
            assert_never(unreachable)
