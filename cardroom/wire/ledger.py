"""Node to wallet worker: commands, and the replies to them.

A command is known by its id: the same id with the same body has one outcome, however often it is sent.
The epoch is no part of that identity, so that a command may be sent again under a newer epoch of the
same owner. All amounts are whole won.
"""

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from cardroom.ids import BootNonce, CommandId, Epoch, HandId, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal

MAX_COMMAND_BYTES: Final = 64 * 1024
"""A command is no longer, the record of its hand included."""

MAX_RECORD_BYTES: Final = 48 * 1024
"""The record of a hand is no longer, so that a command holds it."""

MAX_REPLY_BYTES: Final = 1024 * 1024
"""A reply is no longer; the longest is ``ShardOpened`` with all tables of a shard."""

DEPARTURE_MS: Final = 60 * 60 * 1000
"""Who comes back to a table within this time brings at least the stack that was taken away (rule 35)."""

MAX_TABLE_DEPARTURES: Final = 200
"""So many departures of one table are told, the newest."""

MAX_DEPARTURES: Final = 16_000
"""So many departures of one shard are told, the newest; they take less than half of ``MAX_REPLY_BYTES``."""


@frozen
class OpenShard:
    """Make ``node`` (this start of it) the owner of the shard, one epoch above ``from_epoch``.

    Refused with ``StaleEpoch`` unless the shard stands at ``from_epoch``. In its stream it is a barrier:
    commands before it count, later ones of an older epoch are refused. Tables whose dead letters are all
    resolved are halted no more; but for the start that had the shard until now, which may go on from memory:
    it begins anew at each of them with ``ReopenTable``.
    """

    node: NodeId
    from_epoch: Epoch


@frozen
class HoldBuyIn:
    """Move ``amount`` from the player's wallet to the escrow of a seat.

    Refused: insufficient funds, frozen, self-excluded, or seat taken (the escrow belongs to somebody
    else, or the player holds escrow at another seat of the table).
    """

    user_id: UserId
    table_id: TableId
    seat: SeatIndex
    amount: Krw


@frozen
class SeatResult:
    """What a hand did to one player: won less put in (rake is out), and the part of the rake."""

    user_id: UserId
    seat: SeatIndex
    net: Krw
    contributed_rake: Krw


@frozen
class SettleHand:
    """Settle one finished hand: escrow to escrow, and the rake to the house.

    ``previous_hand_id`` must be the last settled hand of the table (None for its first), else the
    answer is ``OutOfOrder``. Nets and rake sum to zero, contributed rakes to the rake; otherwise the hand
    is refused as unbalanced. ``record`` is the stored form of the hand, opaque to the ledger.
    """

    table_id: TableId
    hand_id: HandId
    hand_no: int
    previous_hand_id: HandId | None
    started_unix_ms: int
    results: tuple[SeatResult, ...]
    rake: Krw
    record: bytes


@frozen
class CashOut:
    """Move the whole escrow of a seat to the player's wallet; ``stack`` must equal the escrow."""

    user_id: UserId
    table_id: TableId
    seat: SeatIndex
    stack: Krw


@frozen
class ReopenTable:
    """Begin anew at one table of the owner's shard, as the ledger has it; may be repeated.

    In the stream this is a barrier for its table: what the owner had sent about it before is decided before
    the answer, so the owner sends nothing more about it until then. A table whose dead letters are all
    resolved is halted no more from here on. Refused: no such table.
    """

    table_id: TableId


@frozen
class MakeTable:
    """Make a table in the shard; its owner opens it with ``ReopenTable`` then.

    Whether the stake is on offer is the owner's to know. A barrier in its stream, as the two below are.
    ``by`` and ``reason`` are kept with what was ordered. Refused: another open table of the shard has the
    name, no such room (``not_found``), the room is closed.
    """

    name: str
    stake: str
    seat_count: int
    is_private: bool
    room: str
    is_extra: bool
    by: str
    reason: str


@unique
class TableMode(Enum):
    """What an administrator lets a table do."""

    RUNNING = "running"
    PAUSED = "paused"
    """No hand is dealt, nobody brings money."""
    CLOSING = "closing"
    """No hand is dealt any more, everybody is paid out; then ``EndTable``. There is no way back."""


@frozen
class SwitchTable:
    """Note what a table does from now on; what is so already stays so.

    Refused: no such table, or it is being closed and shall do something else (``table_closing``).
    """

    table_id: TableId
    mode: TableMode
    by: str
    reason: str


@frozen
class EndTable:
    """Close a table that is being closed, for ever; a repeat finds it closed.

    Refused: no such table or not being closed (``no_such_table``), money lies there (``table_not_empty``),
    or it is halted.
    """

    table_id: TableId


CommandBody = OpenShard | HoldBuyIn | SettleHand | CashOut | ReopenTable | MakeTable | SwitchTable | EndTable


@frozen
class LedgerCommand:
    """A command as it stands in the stream of its shard; the reply goes to the list of ``boot``."""

    id: CommandId
    shard: ShardId
    epoch: Epoch
    boot: BootNonce
    body: CommandBody


@frozen
class SeatEscrow:
    """Money of a player that lies at a seat, as the ledger has it."""

    user_id: UserId
    nickname: str
    seat: SeatIndex
    amount: Krw


@frozen
class Departure:
    """A player has left a table with ``stack``, less than ``DEPARTURE_MS`` ago by the ledger's clock.

    Told only of who has not come back since; who came back and lost everything has left with nothing.
    """

    user_id: UserId
    stack: Krw
    left_unix_ms: int


@frozen
class LedgerTable:
    """A table of the shard as the ledger knows it when the shard is opened.

    ``invitation`` is the code that lets players into a private table, empty for a public one.
    """

    table_id: TableId
    name: str
    stake: str
    seat_count: int
    is_halted: bool
    last_hand_id: HandId | None
    last_hand_no: int
    escrow: tuple[SeatEscrow, ...]
    invitation: str = field(repr=False)  # no log or error message shows it
    departures: tuple[Departure, ...]
    is_paused: bool = False
    is_closing: bool = False
    """Also of a table that is closed while money lies there: it is to be paid out."""
    is_extra: bool = False
    """Opened because seats were wanted."""
    switch_no: int = 0
    """How often ``SwitchTable`` was carried out here."""


@frozen
class ShardOpened:
    """The shard is the asker's, under ``epoch``."""

    epoch: Epoch
    tables: tuple[LedgerTable, ...]


@frozen
class BuyInHeld:
    """The buy-in lies in escrow; ``escrow`` is what the seat holds now."""

    table_id: TableId
    seat: SeatIndex
    amount: Krw
    escrow: Krw


@frozen
class HandSettled:
    """All hands of the table up to ``hand_no`` are settled."""

    table_id: TableId
    hand_id: HandId
    hand_no: int


@frozen
class CashedOut:
    """The stack is in the player's wallet and the seat's escrow is zero."""

    table_id: TableId
    seat: SeatIndex
    amount: Krw


@frozen
class CommandRefused:
    """Nothing moved. The same command will be refused again."""

    code: Refusal


@frozen
class StaleEpoch:
    """The shard stands at ``current``; not stored, so the command may be sent again."""

    current: Epoch


@frozen
class OutOfOrder:
    """The table's last settled hand is another one than the command says; not stored."""

    last_hand_id: HandId | None
    last_hand_no: int


@frozen
class TableReopened:
    """The table as it stands now; whatever the owner believed of it before is no more."""

    table: LedgerTable


@frozen
class TableReleased:
    """The answer to nothing: a table waits for its owner to open it, anew or for the first time.

    The dead letters of a halted table are resolved, and its money may have moved; or a table was made past
    the stream. The owner answers with ``ReopenTable``. Until then it comes again and again, with the same
    ``release`` (these only grow).
    """

    table_id: TableId
    release: int


@frozen
class TableMade:
    """The table stands; ``invitation`` is the code of a private one, else empty."""

    table_id: TableId
    invitation: str = field(repr=False)


@frozen
class TableSwitched:
    """The table does that from now on; a smaller ``switch_no`` than the last one is an older word."""

    table_id: TableId
    mode: TableMode
    switch_no: int


@frozen
class TableEnded:
    """The table is closed."""

    table_id: TableId


ReplyBody = (
    ShardOpened
    | BuyInHeld
    | HandSettled
    | CashedOut
    | CommandRefused
    | StaleEpoch
    | OutOfOrder
    | TableReopened
    | TableReleased
    | TableMade
    | TableSwitched
    | TableEnded
)


@frozen
class LedgerReply:
    """What became of a command; with ``TableReleased`` the id is one that stands for no command."""

    id: CommandId
    body: ReplyBody


COMMAND_TAGS: Mapping[int, type] = MappingProxyType(
    {
        1: OpenShard,
        2: HoldBuyIn,
        3: SettleHand,
        4: CashOut,
        5: ReopenTable,
        6: MakeTable,
        7: SwitchTable,
        8: EndTable,
    }
)
"""Tag of each command body; a tag is never given to another message."""

REPLY_TAGS: Mapping[int, type] = MappingProxyType(
    {
        1: ShardOpened,
        2: BuyInHeld,
        3: HandSettled,
        4: CashedOut,
        5: CommandRefused,
        6: StaleEpoch,
        7: OutOfOrder,
        8: TableReopened,
        9: TableReleased,
        10: TableMade,
        11: TableSwitched,
        12: TableEnded,
    }
)
"""Tag of each reply body; a tag is never given to another message."""


def command_codec() -> Codec[LedgerCommand]:
    """Give the codec for entries of a shard's command stream."""
    return Codec(LedgerCommand, Encoding.MSGPACK, MAX_COMMAND_BYTES, {CommandBody: COMMAND_TAGS})


def reply_codec() -> Codec[LedgerReply]:
    """Give the codec for entries of a node start's reply list."""
    return Codec(LedgerReply, Encoding.MSGPACK, MAX_REPLY_BYTES, {ReplyBody: REPLY_TAGS})
