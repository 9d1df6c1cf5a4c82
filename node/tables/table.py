"""A table apart from the task that serves it."""

from collections.abc import Callable

from attrs import define, field, frozen

from cardroom.service.logs import Log
from cardroom.wire.house import HouseWord
from cardroom.wire.ledger import SettleHand
from node.journal.port import JournalPort
from node.journal.seal import DeckSeal
from node.ledger.port import LedgerPort
from node.tables.answers import Answers
from node.tables.audience import Audience
from node.tables.deck import Shuffle
from node.tables.directory import TableEntry
from node.tables.history import History
from node.tables.holding import Holding
from node.tables.invitations import InvitationList
from node.tables.keeping import Keeper
from node.tables.left_hand import LeftHand
from node.tables.pausing import Pausing
from node.tables.rail import Rail
from node.tables.seats import Seats
from node.tables.telling import Telling


@define
class Table:
    """What outlives a crash of the table's task: everything but the hand in play."""

    entry: TableEntry
    audience: Audience
    history: History
    seats: Seats
    invitations: InvitationList
    rail: Rail
    telling: Telling
    pausing: Pausing
    holding: Holding
    keeper: Keeper
    log: Log
    answers: Answers = field(factory=Answers)
    left_by_owner: LeftHand | None = None
    """The hand in play that an earlier owner of the table has left, until it is taken up."""
    resubmits: tuple[SettleHand, ...] = ()
    """Hands that an earlier owner has played out, and that the ledger did not have."""
    is_draining: bool = False
    has_crashed: bool = False

    @property
    def is_vacated(self) -> bool:
        """Say whether the table is being closed and nothing of it is left to be done here."""
        seats = self.seats
        return (
            self.holding.is_closing and not seats.holders and not seats.settlements and not self.is_draining
        )


@frozen
class TableServices:
    """What a table gets from its shard."""

    ledger: LedgerPort
    journal: JournalPort
    seal: DeckSeal
    shuffle: Shuffle
    may_deal: Callable[[], bool]
    """Whether the shard's lease is fresh enough to begin a hand."""
    house: Callable[[], HouseWord] = HouseWord
    """What is known of the house now; each change is told to the table as well."""
