"""The hands of one table that are played but not yet settled, in order."""

from collections import deque

from attrs import define, field, frozen

from cardroom.ids import HandId, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import SettleHand


@frozen
class HandMark:
    """A place in the order of a table's hands; number 0 without an id is before the first."""

    hand_id: HandId | None
    hand_no: int


@define
class SettlementQueue:
    """Ordered settlements of one table; says when the table must wait (DESIGN 5).

    At every moment each stack = escrow + ``net_of`` that player.
    """

    settled: HandMark
    limit: int
    _waiting: deque[SettleHand] = field(factory=deque)

    @property
    def last_played(self) -> HandMark:
        """Give the last hand that was played out, settled or not."""
        if self._waiting:
            return HandMark(self._waiting[-1].hand_id, self._waiting[-1].hand_no)
        return self.settled

    @property
    def unsettled(self) -> tuple[SettleHand, ...]:
        """Give the hands that wait for their answers, in the order of play."""
        return tuple(self._waiting)

    @property
    def is_full(self) -> bool:
        """Say whether no further hand may be dealt before a settlement is answered."""
        return len(self._waiting) >= self.limit

    def __len__(self) -> int:
        return len(self._waiting)

    def concerns(self, user_id: UserId) -> bool:
        """Say whether a player took part in a hand that is not settled yet."""
        return any(result.user_id == user_id for hand in self._waiting for result in hand.results)

    def add(self, hand: SettleHand) -> None:
        """Note a hand that is sent to the ledger; it must follow the last one."""
        assert hand.previous_hand_id == self.last_played.hand_id, "hands are settled in the order of play"
        assert hand.hand_no == self.last_played.hand_no + 1, "hand numbers have no gap"
        self._waiting.append(hand)

    def settle_up_to(self, hand_no: int) -> tuple[SettleHand, ...]:
        """Take the answer "settled up to this hand"; give the hands that it settles. May be repeated."""
        done = []
        while self._waiting and self._waiting[0].hand_no <= hand_no:
            hand = self._waiting.popleft()
            self.settled = HandMark(hand.hand_id, hand.hand_no)
            done.append(hand)
        return tuple(done)

    def net_of(self, user_id: UserId) -> Krw:
        """Give what the unsettled hands changed for a player, in won."""
        return Krw(
            sum(result.net for hand in self._waiting for result in hand.results if result.user_id == user_id)
        )
