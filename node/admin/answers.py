"""What the pages answer, as classes; tests compare them with what they do answer."""

from attrs import frozen

from cardroom.ids import Epoch, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.wire.table import Snapshot
from node.shards.moving import MovePhase


@frozen
class PlayersSeat:
    """A seat that a player has."""

    table_id: TableId
    seat: SeatIndex


@frozen
class PlayerHere:
    """A player who is connected to this node, or has a seat here."""

    user_id: UserId
    connections: int
    seats: tuple[PlayersSeat, ...]


@frozen
class PlayersHere:
    """Who is connected to this node, and who has which seats."""

    players: tuple[PlayerHere, ...]


@frozen
class Move:
    """An order to give a shard to another node."""

    to: NodeId
    reason: str
    ordered_unix_ms: int
    phase: MovePhase
    hands_in_play: int | None
    """How many hands moved in the middle; None as long as it has not begun."""
    pause_ms: int | None
    """How long the tables rested."""


@frozen
class Shard:
    """A shard as this node sees it."""

    shard: ShardId
    is_home: bool
    """Whether the shard map gives it to this node; else it stands by for it."""
    is_open: bool
    """Whether this node plays it now."""
    owner: NodeId | None
    """Who holds its lease, as last seen."""
    epoch: Epoch
    lease_age_ms: int | None
    """How long ago the lease was renewed; None where another node holds it."""
    tables: int
    hands_in_play: int
    viewers: int
    journal_waiting: int
    """What waits for the journal's next flush."""
    move: Move | None


@frozen
class Shards:
    """All shards that this node plays or stands by for."""

    shards: tuple[Shard, ...]


@frozen
class MoveBegun:
    """A move that has begun; the shard's page says how it goes on."""

    shard: ShardId
    move: Move


@frozen
class Drain:
    """Whether the node gives its shards away, and whether all are gone."""

    is_draining: bool
    reason: str | None
    is_done: bool
    shards: tuple[Shard, ...]


@frozen
class TableLine:
    """A table that this node plays."""

    table_id: TableId
    shard: ShardId
    name: str
    stake: str
    seat_count: int
    players: int
    hand_no: int
    inbox: int
    """How many commands wait for the table's task."""


@frozen
class TablesHere:
    """A page of the tables that this node plays; ``next`` is the ``after`` of the page behind it."""

    tables: tuple[TableLine, ...]
    next: TableId | None


@frozen
class TableHere:
    """A table as a watcher sees it, and what only the house sees: never a hole card."""

    snapshot: Snapshot
    unsettled_hands: int
    last_settled_hand_no: int
    viewers: int


@frozen
class Announced:
    """At which table it was told, and as which event."""

    table_id: TableId
    table_seq: int


@frozen
class AnnouncedEverywhere:
    """How many tables were told, and which did not answer in time."""

    tables: int
    unanswered: tuple[TableId, ...]


@frozen
class Silenced:
    """Who says nothing at a table, and for how long."""

    table_id: TableId
    user_id: UserId
    seconds: int
