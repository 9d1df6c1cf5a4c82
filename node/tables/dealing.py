"""The dealer of one table: starts hands, applies actions, lets the clock act, sends settlements."""

from collections.abc import Collection

import trio
from attrs import define, field

from cardroom.ids import SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import SettleHand
from cardroom.wire.player import Act, RunItTwice, ShowCards
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import SeatChanged, SeatStatus
from node.journal.moves import (
    BoardRunsOut,
    ClockActs,
    Move,
    PlayerActs,
    PlayerAgrees,
    PlayerLeaves,
    take,
)
from node.journal.seal import DeckSeal
from node.rules import hand as rules
from node.rules import seating as between_hands
from node.rules.errors import IllegalAction
from node.rules.events import HandShown
from node.rules.hand import Hand
from node.settings import TableLimits
from node.tables import projection
from node.tables.deck import Shuffle, commit
from node.tables.denied import Denied
from node.tables.first_answers import FirstAnswers
from node.tables.hand_in_play import HandInPlay, open_hand, write_deal
from node.tables.history import History
from node.tables.keeping import Keeper
from node.tables.metrics import HANDS
from node.tables.places import Places
from node.tables.projection import SeenCards
from node.tables.proving import ProvableHands, provable_hand
from node.tables.recording import write_settlement
from node.tables.seats import SeatHolder, Seats
from node.tables.showing import FinishedHand
from node.tables.spare_time import ExpiredTurn, extend_turn
from node.tables.translation import refusal_of
from node.tables.turn_clock import TurnClock

_TIME_OUTS_TO_SIT_OUT = 2


@define
class Dealer:
    """Plays the hands of one table. ``play`` is None between hands."""

    seats: Seats
    history: History
    clock: TurnClock
    places: Places
    shuffle: Shuffle
    seal: DeckSeal
    keeper: Keeper
    proofs: ProvableHands
    play: HandInPlay | None = None
    finished: FinishedHand | None = None
    answers: FirstAnswers = field(factory=FirstAnswers)
    _statuses: dict[SeatIndex, SeatStatus] = field(factory=dict)
    """As they were before the hand that has just ended; empty when the changes are told."""

    def can_deal(self) -> bool:
        """Say whether a next hand could start: nobody plays, the ledger keeps up, two are ready."""
        return (
            self.play is None
            and not self.seats.is_halted
            and not self.seats.settlements.is_full
            and self.seats.next_deal() is not None
        )

    def deal(self) -> SettleHand | None:
        """Start the next hand; ``can_deal`` must hold. Gives the settlement if the posts ended it."""
        self.seats.check_balance()
        deal = self.seats.next_deal()
        assert deal is not None, "can_deal was asked first"
        shuffled = self.shuffle()
        deck, step = commit(shuffled), rules.start(self.seats.game.rules, deal, shuffled)
        hand_no = self.seats.settlements.last_played.hand_no + 1
        play = self.play = open_hand(hand_no, deck, deal, step, self.seats.holders)
        self.keeper.dealt(write_deal(play, self.seats.settlements.last_played.hand_id, self.seal))
        self.history.begin_hand(play.hand_id, hand_no)
        self.answers.forget_all()
        self.finished = None
        for seat in play.players:
            self.seats.count_hand(self.seats.holders[seat])
        now = trio.current_time()
        _set_clock(self, now)
        rest = projection.tell_deal(play.events, deck, play.players, self.history)
        projection.tell(rest, self.history, self.clock, now)
        # Who posts the last chips is all-in: when nobody else has a decision either, the hand is over now.
        return self._finish(play) if play.hand.is_over else None

    def act(self, user_id: UserId, act: Act) -> SettleHand | None:
        """Apply a player's action. Gives the settlement if it ended the hand; refused as ``Act`` says."""
        if self.answers.has_done(user_id, act):
            return None
        seat = _seat_in_turn(self, user_id, act)
        now = trio.current_time()
        bank_used, took = self.clock.bank_used_seconds(now), self.clock.turn_took_seconds(now)
        try:
            settlement = self._take(PlayerActs(seat, act.action_id, act.turn, act.kind, act.amount))
        except IllegalAction as illegal:
            refusal = refusal_of(illegal.reason)
            self.answers.note(user_id, act, refusal)
            raise Denied(refusal) from None
        self.answers.note(user_id, act, None)
        self.seats.tempo.turn_ended(took)
        holder = self.seats.holders[seat]
        holder.time_outs = 0
        if bank_used > 0:
            holder.spare.spend_bank(bank_used)
            self.keeper.is_touched = True
        return settlement

    def run_it_twice(self, user_id: UserId, request: RunItTwice) -> SettleHand | None:
        """Take an answer; the board runs out when all have agreed or one has not. Refused as it says."""
        seat = self.seats.held_by(user_id).seat
        play = _named_play(self.play, request.hand_no)
        if not play.hand.awaiting_run_it_twice or seat not in play.hand.live_seats:
            raise Denied(Refusal.NOT_OFFERED)
        if not request.agrees:
            return self._take(BoardRunsOut(twice=False))
        play.agreed.add(seat)
        all_agree = play.agreed.issuperset(play.hand.live_seats)
        return self._take(BoardRunsOut(twice=True) if all_agree else PlayerAgrees(seat))

    def show(self, user_id: UserId, request: ShowCards) -> None:
        """Open cards of the hand that was played last. Refused as ``ShowCards`` says."""
        holder, now = self.seats.held_by(user_id), trio.current_time()
        if self.finished is None:
            raise Denied(Refusal.NOT_OFFERED)
        shown = self.finished.show(holder, request, now)
        if shown is not None:
            projection.tell([shown], self.history, self.clock, now)

    def clock_ran_out(self) -> SettleHand | None:
        """Give the player more time if there is any, else decide: check if that is free, else fold.

        Two time-outs in a row sit the player out. Who has not answered whether to run it twice wants it once
        (rule 30).
        """
        seat, now = self._hand.seat_to_act, trio.current_time()
        if seat is None:
            return self._take(BoardRunsOut(twice=False))
        holder = self.seats.holders[seat]
        if extend_turn(self.clock, holder.spare, _expired_turn(self, holder), now):
            projection.tell_more_time(self._hand, self.history, self.clock, now)
            return None
        self.seats.tempo.turn_ended(self.clock.turn_took_seconds(now))
        holder.time_outs += 1
        if holder.time_outs == _TIME_OUTS_TO_SIT_OUT:
            self.seats.sit_out(holder)
            self.tell_seat(holder)
        return self._take(ClockActs(seat))

    def leave(self, seat: SeatIndex) -> SettleHand | None:
        """A player leaves: the hand is folded when the turn comes (rule 33). No part in it: nothing.

        Who goes while asked whether to run it twice has answered: once.
        """
        if self.play is None or seat not in self.play.players:
            return None
        settlement = self._take(PlayerLeaves(seat))
        if settlement is None and self._hand.awaiting_run_it_twice and seat in self._hand.live_seats:
            return self._take(BoardRunsOut(twice=False))
        return settlement

    def tell_changed(self) -> None:
        """Tell whose status the last hand has changed: who waited for a blind now plays.

        To be called when the settlement is sent: then nothing that fails here keeps it back.
        """
        before, self._statuses = self._statuses, {}
        for seat, status in before.items():
            holder = self.seats.holders[seat]
            if self.seats.status(holder) is not status:
                self.tell_seat(holder)

    def stack(self, holder: SeatHolder) -> Krw:
        """Give a seat's chips now: during a hand what is left behind the bets."""
        if self.play is not None and holder.seat in self.play.players:
            return self.play.hand.player(holder.seat).stack
        return self.seats.stack(holder)

    def tell_seat(self, holder: SeatHolder) -> None:
        """Tell everybody how a seat stands, and its player what became of the standing wishes."""
        self.places.changed(holder.user_id)
        self.history.tell(
            SeatChanged(
                *self.history.next_header(),
                seat=holder.seat,
                status=self.seats.status(holder),
                stack=self.stack(holder),
            )
        )

    @property
    def seats_in_hand(self) -> Collection[SeatIndex]:
        """Give the seats that were dealt into the hand in play; none between hands."""
        return self.play.players.keys() if self.play is not None else ()

    @property
    def _hand(self) -> Hand:
        assert self.play is not None, "somebody plays"
        return self.play.hand

    def begin_clock_anew(self) -> None:
        """Nobody could act for a while: who is to act has all the time again, and all are told."""
        self.clock.stop()
        if self.play is not None:
            now = trio.current_time()
            _set_clock(self, now)
            projection.tell_clock(self.play.hand, self.history, self.clock, now)

    def _take(self, move: Move) -> SettleHand | None:
        """Take a move of the hand and tell it; give the settlement when it was the last."""
        assert self.play is not None, "a move belongs to a hand"
        self.play.hand, events = take(self.play.hand, move)
        self.keeper.moved(move)
        self.play.events.extend(events)
        now = trio.current_time()
        _set_clock(self, now)
        projection.tell(events, self.history, self.clock, now)
        return self._finish(self.play) if self.play.hand.is_over else None

    def _finish(self, play: HandInPlay) -> SettleHand:
        """Book a finished hand into the seats and write its settlement."""
        settlement = rules.settlement(play.hand)
        settle = write_settlement(play, self.seats, settlement)
        projection.tell_end(play.hand_id, settlement, self.history)
        self.history.end_hand()
        seating = between_hands.after_hand(self.seats.seating, play.deal, settlement)
        statuses = {holder.seat: self.seats.status(holder) for holder in self.seats.holders.values()}
        provable = provable_hand(play)
        self.seats.tempo.hand_ended(play.hand_no, settlement.called_pot, trio.current_time())
        # From here to the ledger nothing may fail: a hand that waits for its answer must have been sent.
        self.seats.settlements.add(settle)
        self.seats.seating = seating
        self.proofs.add(provable)
        self.finished = _keep_for_showing(play, provable.seen, self.seats.game.limits)
        self.play, self._statuses = None, statuses
        HANDS.labels(outcome="played").inc()
        return settle


def _set_clock(dealer: Dealer, now: float) -> None:
    assert dealer.play is not None, "the clock is set by a hand"
    game, hand = dealer.seats.game, dealer.play.hand
    if hand.is_over:
        dealer.clock.begin_pause(now, _pause_seconds(dealer.play, game.limits))
    else:
        seat = hand.seat_to_act
        seconds = game.run_it_twice_seconds if seat is None else game.turn_seconds
        bank = 0.0 if seat is None else dealer.seats.holders[seat].spare.bank_seconds
        dealer.clock.begin_turn(dealer.play.hand_no, hand.turn, now, seconds, bank)


def _seat_in_turn(dealer: Dealer, user_id: UserId, act: Act) -> SeatIndex:
    holder = dealer.seats.held_by(user_id)
    hand = _named_play(dealer.play, act.hand_no).hand
    if hand.seat_to_act != holder.seat:
        raise Denied(Refusal.OUT_OF_TURN)
    if act.turn != hand.turn:
        raise Denied(Refusal.STALE_TURN)
    return holder.seat


def _named_play(play: HandInPlay | None, hand_no: int) -> HandInPlay:
    """Give the hand in play, if it is the one that a request names."""
    if play is None:
        raise Denied(Refusal.NO_HAND)
    if hand_no != play.hand_no:
        raise Denied(Refusal.STALE_HAND)
    return play


def _keep_for_showing(play: HandInPlay, seen: SeenCards, limits: TableLimits) -> FinishedHand:
    show_until = trio.current_time() + limits.show_seconds
    return FinishedHand(play.hand_no, play.hand, play.players, show_until, seen)


def _expired_turn(dealer: Dealer, holder: SeatHolder) -> ExpiredTurn:
    assert dealer.play is not None, "a turn belongs to a hand"
    game, players = dealer.seats.game, dealer.play.hand.players
    return ExpiredTurn(
        hand_no=dealer.play.hand_no,
        is_cut_off=not dealer.history.audience.has_user(holder.user_id),
        pot=Krw(sum(player.put_in for player in players)),
        big_blind=game.rules.big_blind,
        settings=game.connection_time,
    )


def _pause_seconds(play: HandInPlay, limits: TableLimits) -> float:
    """Give the time between two hands: longer when there are cards to look at."""
    was_shown = any(isinstance(event, HandShown) for event in play.events)
    return limits.after_showdown_seconds if was_shown else limits.between_hands_seconds
