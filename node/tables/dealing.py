"""The dealer of one table: starts hands, applies actions, lets the clock act, sends settlements."""

import time
from uuid import uuid4

import trio
from attrs import define, field, frozen

from cardroom.handrecord.record import write_phh
from cardroom.ids import HandId, SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import MAX_RECORD_BYTES, SeatResult, SettleHand
from cardroom.wire.player import Act
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import SeatChanged, SeatStatus
from node.rules import hand as rules
from node.rules import seating as between_hands
from node.rules.errors import IllegalAction
from node.rules.hand import Hand
from node.tables import projection
from node.tables.deck import Shuffle
from node.tables.hand_in_play import HandInPlay
from node.tables.history import History
from node.tables.metrics import HANDS
from node.tables.recording import record_hand
from node.tables.seats import Denied, SeatHolder, Seats
from node.tables.translation import action_of, refusal_of
from node.tables.turn_clock import TurnClock

_TIME_OUTS_TO_SIT_OUT = 2


@frozen
class Answer:
    """What an action was answered with, to be repeated when the action is; None is ``Done``."""

    act: Act
    refusal: Refusal | None


@define
class Dealer:
    """Plays the hands of one table. ``play`` is None between hands."""

    seats: Seats
    history: History
    clock: TurnClock
    shuffle: Shuffle
    play: HandInPlay | None = None
    _answers: dict[tuple[UserId, int], Answer] = field(factory=dict)

    def can_deal(self) -> bool:
        """Say whether a next hand could start: nobody plays, the ledger keeps up, two are ready."""
        return (
            self.play is None
            and not self.seats.is_halted
            and not self.seats.settlements.is_full
            and between_hands.next_deal(self.seats.seating, self.seats.game.rules) is not None
        )

    def deal(self) -> SettleHand | None:
        """Start the next hand; ``can_deal`` must hold. Gives the settlement if the posts ended it."""
        self.seats.check_balance()
        deal = between_hands.next_deal(self.seats.seating, self.seats.game.rules)
        assert deal is not None, "can_deal was asked first"
        hand, events = rules.start(self.seats.game.rules, deal, self.shuffle())
        hand_id = HandId(uuid4())
        hand_no = self.seats.settlements.last_played.hand_no + 1
        self.history.begin_hand(hand_id, hand_no)
        self._answers.clear()
        self.play = HandInPlay(
            hand_id=hand_id,
            hand_no=hand_no,
            started_unix_ms=time.time_ns() // 1_000_000,
            deal=deal,
            players={player.seat: self.seats.holders[player.seat].user_id for player in deal.players},
            hand=hand,
        )
        self.play.events.extend(events)
        self._set_clock()
        rest = projection.tell_deal(events, self.play.hand_id, self.play.players, self.history)
        projection.tell(rest, self.history, self.clock, trio.current_time())
        # Who posts the last chips is all-in: when nobody else has a decision either, the hand is over now.
        return self._finish(self.play) if self.play.hand.is_over else None

    def act(self, user_id: UserId, act: Act) -> SettleHand | None:
        """Apply a player's action. Gives the settlement if it ended the hand; refused as ``Act`` says."""
        first = self._answers.get((user_id, act.action_id))
        if first is not None:
            self._repeat(first, act)
            return None
        seat = self._seat_in_turn(user_id, act)
        try:
            settlement = self._step(rules.apply(self._hand, seat, action_of(act)))
        except IllegalAction as illegal:
            refusal = refusal_of(illegal.reason)
            self._answers[user_id, act.action_id] = Answer(act, refusal)
            raise Denied(refusal) from None
        self._answers[user_id, act.action_id] = Answer(act, None)
        self.seats.holders[seat].time_outs = 0
        return settlement

    def time_out(self) -> SettleHand | None:
        """The clock ran out: check if that is free, else fold; twice in a row sits the player out."""
        seat = self._hand.seat_to_act
        assert seat is not None, "the clock runs only during a turn"
        holder = self.seats.holders[seat]
        holder.time_outs += 1
        if holder.time_outs == _TIME_OUTS_TO_SIT_OUT:
            self.seats.sit_out(holder)
            self.tell_seat(holder)
        return self._step(rules.time_out(self._hand, seat))

    def leave(self, seat: SeatIndex) -> SettleHand | None:
        """A player leaves: the hand is folded when the turn comes (rule 33). No part in it: nothing."""
        if self.play is None or seat not in self.play.players:
            return None
        return self._step(rules.mark_leaving(self._hand, seat))

    def stack(self, holder: SeatHolder) -> Krw:
        """Give a seat's chips now: during a hand what is left behind the bets."""
        if self.play is not None and holder.seat in self.play.players:
            return self.play.hand.player(holder.seat).stack
        return self.seats.stack(holder)

    def tell_seat(self, holder: SeatHolder) -> None:
        """Tell everybody how a seat stands."""
        self.history.tell(
            SeatChanged(
                *self.history.next_header(),
                seat=holder.seat,
                status=self.seats.status(holder),
                stack=self.stack(holder),
            )
        )

    @property
    def _hand(self) -> Hand:
        assert self.play is not None, "somebody plays"
        return self.play.hand

    def _repeat(self, first: Answer, act: Act) -> None:
        if first.act != act:
            raise Denied(Refusal.ACTION_ID_REUSED)
        if first.refusal is not None:
            raise Denied(first.refusal)

    def _seat_in_turn(self, user_id: UserId, act: Act) -> SeatIndex:
        holder = self.seats.held_by(user_id)
        if self.play is None:
            raise Denied(Refusal.NO_HAND)
        if act.hand_no != self.play.hand_no:
            raise Denied(Refusal.STALE_HAND)
        if self.play.hand.seat_to_act != holder.seat:
            raise Denied(Refusal.OUT_OF_TURN)
        if act.turn != self.play.hand.turn:
            raise Denied(Refusal.STALE_TURN)
        return holder.seat

    def _step(self, step: rules.Step) -> SettleHand | None:
        """Take a step of the hand and tell it; give the settlement when it was the last."""
        assert self.play is not None, "a step belongs to a hand"
        self.play.hand, events = step
        self.play.events.extend(events)
        self._set_clock()
        projection.tell(events, self.history, self.clock, trio.current_time())
        return self._finish(self.play) if self.play.hand.is_over else None

    def _set_clock(self) -> None:
        now = trio.current_time()
        if self._hand.seat_to_act is None:
            self.clock.begin_pause(now, self.seats.game.limits.between_hands_seconds)
        else:
            assert self.play is not None, "a turn belongs to a hand"
            self.clock.begin_turn(self.play.hand_no, self._hand.turn, now, self.seats.game.turn_seconds)

    def _finish(self, play: HandInPlay) -> SettleHand:
        """Book a finished hand into the seats and write its settlement."""
        settlement = rules.settlement(play.hand)
        results = tuple(
            SeatResult(play.players[part.seat], part.seat, part.net, part.contributed_rake)
            for part in settlement.seats
        )
        record = write_phh(record_hand(play, self.seats.game, settlement)).encode()
        assert len(record) <= MAX_RECORD_BYTES, "a hand of nine players fits into a record"
        settle = SettleHand(
            table_id=self.seats.game.table_id,
            hand_id=play.hand_id,
            hand_no=play.hand_no,
            previous_hand_id=self.seats.settlements.last_played.hand_id,
            started_unix_ms=play.started_unix_ms,
            results=results,
            rake=settlement.rake,
            record=record,
        )
        projection.tell_end(play.hand_id, settlement, self.history)
        self.history.end_hand()
        seating = between_hands.after_hand(self.seats.seating, play.deal, settlement)
        before = {holder.seat: self.seats.status(holder) for holder in self.seats.holders.values()}
        # From here to the ledger nothing may fail: a hand that waits for its answer must have been sent.
        self.seats.settlements.add(settle)
        self.seats.seating = seating
        self.play = None
        self._tell_changed(before)
        HANDS.labels(outcome="played").inc()
        return settle

    def _tell_changed(self, before: dict[SeatIndex, SeatStatus]) -> None:
        """Tell whose status the hand has changed: who waited for a blind now plays."""
        for holder in self.seats.holders.values():
            if self.seats.status(holder) is not before[holder.seat]:
                self.tell_seat(holder)
