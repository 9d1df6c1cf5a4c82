"""What a table's steps change in its journal."""

from attrs import define, field

from node.journal.deals import DealEntry, deal_codec
from node.journal.fields import FORM, FORM_NUMBER, MEMORY, TALK, TOLD, JournaledHand, deal_field, move_field
from node.journal.memory import TableMemory, TalkMemory, memory_codec, talk_codec
from node.journal.moves import Move, move_codec
from node.journal.port import Changes

_DEALS = deal_codec()
_MOVES = move_codec()
_MEMORIES = memory_codec()
_TALKS = talk_codec()


@define
class Keeper:
    """Gathers what a table has to keep; outlives a crash of its task. A hand's fields go when it is settled.

    ``is_touched`` after a step that may have changed more than the hand in play: only then it is worth
    writing down what the table remembers, to see whether it is another.
    """

    is_touched: bool = True
    is_talked: bool = False
    _fields: dict[bytes, bytes] = field(factory=lambda: {FORM: FORM_NUMBER})
    _removed: list[bytes] = field(factory=list)
    _moves: dict[int, int] = field(factory=dict)
    """How many moves of each hand stand in the journal, the newest hand last."""
    _told: int = -1
    _memory: bytes = b""

    def adopt(self, hands: tuple[JournaledHand, ...]) -> None:
        """Go on where an earlier owner has stopped: these hands stand in the journal already."""
        self._moves = {hand.deal.hand_no: len(hand.moves) for hand in hands}

    def dealt(self, deal: DealEntry) -> None:
        """A hand begins."""
        self._moves[deal.hand_no] = 0
        self._fields[deal_field(deal.hand_no)] = _DEALS.encode(deal)

    def moved(self, move: Move) -> None:
        """The hand that was dealt last goes on."""
        hand_no = next(reversed(self._moves))
        self._moves[hand_no] += 1
        self._fields[move_field(hand_no, self._moves[hand_no])] = _MOVES.encode(move)

    def voided(self) -> None:
        """The hand that was dealt last is void: nobody shall go on with it."""
        self._remove(next(reversed(self._moves)))

    def settled(self, hand_no: int) -> None:
        """The ledger has these hands, up to one: nobody needs to play them again."""
        for number in [one for one in self._moves if one <= hand_no]:
            self._remove(number)

    @property
    def last_hand_no(self) -> int:
        """The newest hand in the journal; 0 if there is none."""
        return next(reversed(self._moves), 0)

    def take_changes(
        self, table_seq: int, memory: TableMemory | None, talk: TalkMemory | None
    ) -> Changes | None:
        """Give what is to be kept after a step, None if nothing is; None for what cannot have changed."""
        if table_seq != self._told:
            self._told = table_seq
            self._fields[TOLD] = b"%d" % table_seq
        if memory is not None and (written := _MEMORIES.encode(memory)) != self._memory:
            self._memory = self._fields[MEMORY] = written
        if talk is not None:
            self._fields[TALK] = _TALKS.encode(talk)
        self.is_touched = self.is_talked = False  # not before: what cannot be written is tried again
        if not self._fields and not self._removed:
            return None
        changes = Changes(self._fields, tuple(self._removed))
        self._fields, self._removed = {}, []
        return changes

    def _remove(self, hand_no: int) -> None:
        names = [deal_field(hand_no)]
        names += [move_field(hand_no, number + 1) for number in range(self._moves.pop(hand_no))]
        for name in names:
            self._fields.pop(name, None)
        self._removed += names
