"""Everything that any player was told, kept by the numbers of the events; it objects at once.

What one player saw under a number, every other sees under it, for ever, whichever node tells it.
"""

from collections.abc import Iterable
from typing import Final

import attrs
import trio
from attrs import define, evolve, field, frozen

from cardroom.ids import HandId, ShardId, TableId, UserId
from cardroom.wire import table as wire
from tests.simulation.seen_hands import SeenHand, differences
from tests.simulation.trace import Trace
from wallet_worker.rules.books import FinishedHand

_PUBLIC_END: Final = (wire.HandEnded, wire.HandVoided)


@define
class Watching:
    """What one connection follows: a table's run, and up to which event."""

    user_id: UserId
    table_id: TableId
    run: str
    node: str
    last_seq: int | None = None


@frozen
class Loss:
    """From here on hands of a table, or of all tables of a shard, that are not settled may be void.

    Node and server have both lost what they knew, or an administrator has voided the table.
    """

    at: float
    shard: ShardId | None = None
    table_id: TableId | None = None


@define
class Witness:
    """Keeps what was told, and compares it with what the ledger settles."""

    trace: Trace
    hands: dict[HandId, SeenHand] = field(factory=dict)
    settled: dict[HandId, FinishedHand] = field(factory=dict)
    losses: list[Loss] = field(factory=list)
    _told: dict[tuple[TableId, str], dict[int, wire.AnyTableEvent]] = field(factory=dict)
    _playing: dict[tuple[TableId, str], SeenHand | None] = field(factory=dict)
    _last_settled: dict[TableId, tuple[HandId | None, int]] = field(factory=dict)

    # What players are told.

    def hear(self, watching: Watching, message: wire.TableMessage) -> None:
        """Take one message to one connection."""
        match message:
            case wire.Snapshot():
                self._look(watching, message)
            case wire.TableEvent():
                self._follow(watching, message)

    def last_told(self, table_id: TableId, run: str) -> int:
        """Give the number of the last event of a run that anybody was told."""
        return max(self._told.get((table_id, run), {0: None}))

    def _look(self, watching: Watching, snapshot: wire.Snapshot) -> None:
        where = f"{watching.node} table {snapshot.table_id} run {watching.run} snapshot {snapshot.table_seq}"
        if watching.last_seq is not None and snapshot.table_seq < watching.last_seq:
            self.trace.accuse(f"{where} to user {watching.user_id} who was told {watching.last_seq}")
        watching.last_seq = snapshot.table_seq
        if snapshot.hand_id is None:
            return
        hand = self._hand(watching, snapshot.hand_id, snapshot.hand_no)
        for seat in snapshot.seats:
            if seat.cards and seat.user_id == watching.user_id:
                self._own_cards(hand, watching.user_id, seat.cards)
            elif seat.cards:
                hand.others.add((watching.user_id, seat.user_id, tuple(seat.cards)))

    def _follow(self, watching: Watching, event: wire.TableEvent) -> None:
        where = f"{watching.node} table {event.table_id} run {watching.run} event {event.table_seq}"
        if watching.last_seq is not None and event.table_seq != watching.last_seq + 1:
            self.trace.accuse(f"{where} to user {watching.user_id} follows {watching.last_seq}")
        watching.last_seq = event.table_seq
        if isinstance(event, wire.CardsDealt) and event.cards:
            hand = self._playing.get((watching.table_id, watching.run))
            if hand is not None and hand.hand_no == event.hand_no:
                self._own_cards(hand, watching.user_id, event.cards)
            event = evolve(event, cards=())
        told = self._told.setdefault((watching.table_id, watching.run), {})
        before = told.get(event.table_seq)
        if before is None:
            told[event.table_seq] = event  # type: ignore[assignment]
            self.trace.note("told", f"{where} {event!r}")
            self._learn(watching, event)
        elif _timeless(before) != _timeless(event):
            self.trace.accuse(f"{where}: {before!r} became {event!r}")

    def _learn(self, watching: Watching, event: wire.TableEvent) -> None:
        """Take an event that nobody was told before."""
        place = (watching.table_id, watching.run)
        if isinstance(event, wire.HandStarted):
            self._playing[place] = self._hand(watching, event.hand_id, event.hand_no)
        hand = self._playing.get(place)
        if hand is None or hand.hand_no != event.hand_no:  # nobody has seen the one end, or the other begin
            return
        hand.events[event.table_seq] = event  # type: ignore[assignment]
        if isinstance(event, wire.HandVoided):
            self.hands[event.hand_id].is_void = True
        if isinstance(event, _PUBLIC_END):
            self._playing[place] = None

    def _hand(self, watching: Watching, hand_id: HandId, hand_no: int) -> SeenHand:
        if hand_id not in self.hands:
            self.trace.counts["hands seen"] += 1
            self.hands[hand_id] = SeenHand(
                watching.table_id, hand_no, hand_id, watching.run, trio.current_time()
            )
        place = (watching.table_id, watching.run)
        if hand_id not in self.settled:
            self._playing[place] = self.hands[hand_id]
        return self.hands[hand_id]

    def _own_cards(self, hand: SeenHand, user_id: UserId, cards: Iterable[int]) -> None:
        if hand.own.setdefault(user_id, tuple(cards)) != tuple(cards):
            self.trace.accuse(f"hand {hand.hand_id}: user {user_id} had {hand.own[user_id]}, now {cards}")
        held = [card for one in hand.own.values() for card in one]
        if len(set(held)) != len(held):
            self.trace.accuse(f"hand {hand.hand_id}: two players hold one card")

    # What the ledger settles.

    def settle(self, hand: FinishedHand) -> None:
        """Compare a hand that was just settled with what was seen of it."""
        name = f"hand {hand.hand_no} of table {hand.table_id}"
        self.trace.note("settled", f"{name} {hand.hand_id} {[attrs.astuple(one) for one in hand.results]}")
        if hand.hand_id in self.settled:
            self.trace.accuse(f"{name} is settled twice")
        self.settled[hand.hand_id] = hand
        if self._last_settled.get(hand.table_id, (None, 0)) != (hand.previous, hand.hand_no - 1):
            self.trace.accuse(f"{name} does not follow {self._last_settled.get(hand.table_id)}")
        self._last_settled[hand.table_id] = (hand.hand_id, hand.hand_no)
        seen = self.hands.get(hand.hand_id)
        if seen is None:
            return
        if seen.is_void:
            self.trace.accuse(f"{name} was told to be void")
        for difference in differences(seen, hand):
            self.trace.accuse(f"{name}: {difference}")

    def close_void(self, table_id: TableId, hand_id: HandId | None, hand_no: int) -> None:
        """Know that an administrator has put this hand, which nobody played, in the place of void ones."""
        self._last_settled[table_id] = (hand_id, hand_no)
        self.forgive(table_id)

    def forgive(self, table_id: TableId) -> None:
        """Know that a table begins anew as the ledger has it: what it played meanwhile is void."""
        self.losses.append(Loss(trio.current_time(), table_id=table_id))

    def lose(self, shard: ShardId) -> None:
        """Know that of a shard's hands in play neither a node nor the server knows any more."""
        self.trace.note("lost", f"shard {shard}")
        self.losses.append(Loss(trio.current_time(), shard=shard))

    def judge_unsettled(self, shards: dict[TableId, ShardId], now: float) -> None:
        """When all is quiet, object to every hand that is not settled though nothing was lost."""
        for hand in self.hands.values():
            if hand.hand_id in self.settled:
                continue
            if self._may_be_void(hand, shards[hand.table_id]):
                self.trace.counts["hands void"] += 1
                continue
            self.trace.accuse(
                f"hand {hand.hand_no} of table {hand.table_id} ({hand.hand_id}) is seen from"
                f" {hand.began_at:.3f} on and is not settled at {now:.3f}; told void: {hand.is_void}"
            )

    def _may_be_void(self, hand: SeenHand, shard: ShardId) -> bool:
        return any(
            loss.at >= hand.began_at and (loss.shard == shard or loss.table_id == hand.table_id)
            for loss in self.losses
        )


def _timeless(event: wire.TableEvent) -> wire.TableEvent:
    """Leave out how long clocks still ran: who is told later is told what is left then."""
    match event:
        case wire.TurnBegan(turn=turn):
            return evolve(event, turn=evolve(turn, phase=wire.ClockPhase.TURN, left_ms=0, bank_ms=0))
        case wire.TimeExtended():
            return evolve(event, left_ms=0)
        case wire.RunItTwiceOffered(offer=offer):
            return evolve(event, offer=evolve(offer, left_ms=0))
        case _:
            return event
