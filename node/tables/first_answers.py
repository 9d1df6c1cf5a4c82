"""The first answer to each action of a hand: a repeated action gets it again and acts once (rule 14)."""

from attrs import define, field, frozen

from cardroom.ids import UserId
from cardroom.wire.player import Act
from cardroom.wire.refusals import Refusal
from node.tables.denied import Denied


@frozen
class _Answer:
    act: Act
    refusal: Refusal | None
    """None if the action was carried out."""


@define
class FirstAnswers:
    """What the actions of the hand in play were answered with, by player and action id."""

    _given: dict[tuple[UserId, int], _Answer] = field(factory=dict)

    def has_done(self, user_id: UserId, act: Act) -> bool:
        """Say whether this very action was carried out before.

        Raises ``Denied``, if it was refused then, or if its id stands for another action.
        """
        first = self._given.get((user_id, act.action_id))
        if first is None:
            return False
        if first.act != act:
            raise Denied(Refusal.ACTION_ID_REUSED)
        if first.refusal is not None:
            raise Denied(first.refusal)
        return True

    def note(self, user_id: UserId, act: Act, refusal: Refusal | None) -> None:
        """Keep an answer until the next hand; ``refusal`` is None if the action was carried out."""
        self._given[user_id, act.action_id] = _Answer(act, refusal)

    def forget_all(self) -> None:
        """A new hand: its actions name it, those of the last one are stale anyway."""
        self._given.clear()
