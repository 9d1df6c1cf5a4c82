"""What the pages about tables, hands, rooms and letters answer; tests compare it with what they do answer."""

from typing import Literal
from uuid import UUID

from attrs import frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.json_schema import Time


@frozen
class TableMade:
    """A table that stands; ``invitation`` is the code of a private one, else empty."""

    table_id: TableId
    invitation: str = ""
    dry_run: bool = False


@frozen
class BookedTable:
    """A table as the ledger has it."""

    id: TableId
    shard: ShardId
    name: str
    stake: str
    seat_count: int
    is_halted: bool
    is_closed: bool
    is_paused: bool
    is_closing: bool
    is_extra: bool
    last_hand_no: int
    invitation: str
    room_id: int
    room: str


@frozen
class BookedTables:
    """A page of tables, by number; ``next`` is the ``after`` of the page behind it, None at the end."""

    tables: tuple[BookedTable, ...]
    next: TableId | None


@frozen
class SettledHand:
    """A settled hand in a list."""

    hand_id: UUID
    hand_no: int
    started_at: Time
    booked_at: Time
    rake: Krw


@frozen
class SettledHands:
    """A page of hands, newest first."""

    hands: tuple[SettledHand, ...]
    next: str | None
    """The cursor of the next page; None at the end."""


@frozen
class HandResult:
    """What a hand did to one player."""

    user_id: UserId
    seat: SeatIndex
    net: Krw
    contributed_rake: Krw


@frozen
class HandEvent:
    """One event of a hand, as it was unpacked; hole cards are among them."""

    seq_no: int
    street: str
    seat: SeatIndex | None
    user_id: UserId | None
    action: str
    amount: Krw | None
    cards: str | None
    notation: str | None


@frozen
class SettledHandWhole(SettledHand):
    """A settled hand with hole cards, what it did to each player, and its transfer."""

    table_id: TableId
    previous_hand_id: UUID | None
    record_sha256: str
    has_record: bool
    transfer_id: int | None
    shard: ShardId | None
    batch: int | None
    results: tuple[HandResult, ...]
    events: tuple[HandEvent, ...]


@frozen
class Room:
    """A room that tables are made in."""

    room_id: int
    name: str
    status: Literal["open", "closed"]
    created_at: Time
    closed_at: Time | None
    dry_run: bool = False


@frozen
class Rooms:
    """A page of rooms, newest first."""

    rooms: tuple[Room, ...]
    next: str | None
    """The cursor of the next page; None at the end."""


@frozen
class DeadLetter:
    """A command that could not be carried out."""

    id: int
    shard: ShardId
    stream_id: str
    command_id: UUID | None
    table_id: TableId | None
    reason: str
    buried_at: Time
    resolution: Literal["retried", "voided"] | None
    resolved_by: str | None
    resolved_reason: str | None
    resolved_at: Time | None
    failed_at: Time | None
    """When it was last retried in vain."""
    failure: str | None


@frozen
class DeadLetters:
    """A page of letters, newest first."""

    letters: tuple[DeadLetter, ...]
    before: int | None
    """The ``before`` of the next page; None at the end."""


@frozen
class EscrowPaid:
    """What a player got back."""

    user_id: UserId
    seat: SeatIndex
    amount: Krw


@frozen
class LetterResolved:
    """What became of a letter: a retried one has an ``answer``, a voided one says what was ``paid``."""

    letter: int
    resolution: Literal["retried", "voided"]
    by: str
    reason: str
    shard: ShardId
    table_id: TableId | None
    transfers: tuple[UUID, ...]
    answer: str = ""
    """What the ledger answered to the command."""
    paid: tuple[EscrowPaid, ...] = ()
