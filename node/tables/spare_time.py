"""A player's time beyond the clock of the turn: the time bank, and a broken connection's (rules 31, 32)."""

from attrs import define, frozen

from cardroom.money import Krw
from node.journal.memory import SpareMemory
from node.settings import ConnectionTime, TimeBank
from node.tables.turn_clock import ClockPhase, TurnClock


@frozen
class ExpiredTurn:
    """A turn whose clock has run out, as far as it matters for more time."""

    hand_no: int
    is_cut_off: bool
    """Whether the player has no connection."""
    pot: Krw
    big_blind: Krw
    settings: ConnectionTime


@define
class SpareTime:
    """What one player still has; lasts as long as the seat.

    Who lets the connection's time run again and again has less and less right to it: each use counts, and
    is forgiven after some hands.
    """

    bank_seconds: float = 0.0
    breaks: int = 0
    """How often a broken connection has got time, and was not forgiven yet."""
    _used_in_hand: int = 0
    """The last hand in which it has: once a hand is enough."""
    _hands: int = 0

    def remember(self) -> SpareMemory:
        """Write it down for the table's next owner."""
        return SpareMemory(round(self.bank_seconds * 1000), self.breaks, self._used_in_hand, self._hands)

    @classmethod
    def recall(cls, spare: SpareMemory) -> "SpareTime":
        """Give what an earlier owner has written down."""
        return cls(spare.bank_ms / 1000, spare.breaks, spare.used_in_hand, spare.hands)

    def hand_dealt(self, bank: TimeBank, connection: ConnectionTime) -> None:
        """Count a hand that the player was dealt into: the bank fills, a break is forgiven."""
        self._hands += 1
        if self._hands % bank.gift_hands == 0:
            self.bank_seconds = min(bank.most_seconds, self.bank_seconds + bank.gift_seconds)
        if self._hands % connection.forgiven_hands == 0:
            self.breaks = max(0, self.breaks - 1)

    def spend_bank(self, seconds: float) -> None:
        """Take time out of the bank."""
        self.bank_seconds = max(0.0, self.bank_seconds - seconds)

    def may_break(self, hand_no: int, connection: ConnectionTime) -> bool:
        """Say whether a broken connection gets time: once a hand, and not from who abuses it."""
        return self._used_in_hand != hand_no and self.breaks < connection.allowed_breaks

    def note_break(self, hand_no: int) -> None:
        """A broken connection gets its time in this hand."""
        self._used_in_hand = hand_no
        self.breaks += 1


def extend_turn(clock: TurnClock, spare: SpareTime, turn: ExpiredTurn, now: float) -> bool:
    """Let the clock go on in the next phase that has any time; say whether there is one.

    A broken connection comes first, then the time bank, which is empty when its phase is over (rule 32).
    """
    if clock.phase is ClockPhase.TURN and turn.is_cut_off and spare.may_break(turn.hand_no, turn.settings):
        spare.note_break(turn.hand_no)
        clock.extend_turn(
            ClockPhase.CONNECTION, now, connection_seconds(turn.pot, turn.big_blind, turn.settings)
        )
        return True
    if clock.phase is ClockPhase.TIME_BANK:
        spare.spend_bank(spare.bank_seconds)
        return False
    if spare.bank_seconds > 0:
        clock.extend_turn(ClockPhase.TIME_BANK, now, spare.bank_seconds)
        return True
    return False


def connection_seconds(pot: Krw, big_blind: Krw, connection: ConnectionTime) -> float:
    """Give a broken connection's time: the more there is to lose, the longer, within its limits."""
    by_pot = connection.seconds_per_big_blind * pot / big_blind
    return min(connection.most_seconds, max(connection.least_seconds, by_pot))
