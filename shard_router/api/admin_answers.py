"""What the pages for administrators answer, as classes; tests compare them with what they do answer."""

from typing import Literal
from uuid import UUID

from attrs import frozen

from cardroom.ids import Epoch, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.wire.json_schema import Time
from cardroom.wire.protection import Protection


@frozen
class UserLine:
    """A player. The address is masked for viewers."""

    user_id: UserId
    nickname: str
    email: str
    created_at: Time
    frozen_at: Time | None
    self_excluded_until: Time | None
    second_factor_at: Time | None


@frozen
class Users:
    """A page of players; ``next`` is the ``after`` of the page behind it, None at the end."""

    users: tuple[UserLine, ...]
    next: str | None


@frozen
class UsersBlock:
    """A block of a player that stands."""

    block: int
    reason: str
    blocked_by: str
    blocked_at: Time
    expires_at: Time | None


@frozen
class UsersSeat:
    """A seat that a player has."""

    table_id: TableId
    shard: ShardId
    name: str
    seat: SeatIndex


@frozen
class UserWhole(UserLine):
    """How a player stands."""

    blocks: tuple[UsersBlock, ...]
    seats: tuple[UsersSeat, ...]
    protection: Protection
    """The limits that the player has set, and the self-exclusion."""


@frozen
class UserFrozen:
    """Whether a player is frozen now."""

    user_id: UserId
    frozen: bool
    dry_run: bool = False


@frozen
class UsersSession:
    """A session that is open; times are Unix milliseconds, the last use to the minute."""

    session_id: UUID
    created_unix_ms: int
    seen_unix_ms: int
    expires_unix_ms: int
    address: str
    user_agent: str


@frozen
class UsersSessions:
    """A player's open sessions, newest first."""

    sessions: tuple[UsersSession, ...]


@frozen
class SessionEnded:
    """Which session was ended."""

    user_id: UserId
    session_id: UUID
    dry_run: bool = False


@frozen
class SessionsEnded:
    """How many sessions of a player were ended."""

    user_id: UserId
    ended: int
    dry_run: bool = False


@frozen
class BlockLine:
    """A block of a player or of a network."""

    block: int
    user_id: UserId | None
    network: str | None
    reason: str
    blocked_by: str
    blocked_at: Time
    expires_at: Time | None
    removed_by: str | None
    removed_reason: str | None
    removed_at: Time | None


@frozen
class Blocks:
    """A page of blocks, newest first."""

    blocks: tuple[BlockLine, ...]
    next_before: int | None


@frozen
class BlockMade:
    """A block that stands, and how many sessions it has ended."""

    block: int
    expires_at: Time | None
    ended: int
    dry_run: bool = False


@frozen
class BlockTaken:
    """A block that was taken away."""

    block: int
    user_id: UserId | None
    network: str | None
    dry_run: bool = False


@frozen
class NodeLine:
    """A node; all but name and shards is None while it is not there."""

    node: NodeId
    is_there: bool
    shards: tuple[ShardId, ...]
    """Whose leases it holds."""
    boot: str | None
    url: str | None
    connections: int | None
    connection_limit: int | None
    takes: tuple[ShardId, ...] | None
    """Which it would play."""


@frozen
class NodeList:
    """Every node that ever took players, by name."""

    nodes: tuple[NodeLine, ...]


@frozen
class ShardLine:
    """A shard of the map: who holds its lease, and how it stands."""

    shard: ShardId
    state: Literal["open", "not_held", "offered", "opening", "node_silent", "node_restarted"]
    owner: NodeId | None
    epoch: Epoch | None
    boot: str | None
    counter: int | None
    tables: int
    players: int


@frozen
class ShardList:
    """Every shard, by number."""

    shards: tuple[ShardLine, ...]


@frozen
class TableLine:
    """A table as the ledger has it, and how many are there."""

    table_id: TableId
    room_id: int
    shard: ShardId
    name: str
    stake: str
    seat_count: int
    is_private: bool
    is_extra: bool
    last_hand_no: int
    created_at: Time
    closed_at: Time | None
    closing_at: Time | None
    paused_at: Time | None
    halted_at: Time | None
    is_played: bool
    players: int
    waiting: int


@frozen
class TableList:
    """A page of tables, by number; ``next`` is the ``after`` of the page behind it, None at the end."""

    tables: tuple[TableLine, ...]
    next: TableId | None


@frozen
class TableOrdered:
    """What became of an order about a table; ``invitation`` is the code of a private one that was made."""

    order_id: UUID
    shard: ShardId
    table_id: TableId | None = None
    invitation: str = ""
    dry_run: bool = False


@frozen
class AllAnnounced:
    """How many tables were told, and which were not reached in time."""

    order_id: UUID
    tables: int
    unanswered: tuple[TableId, ...] = ()
    dry_run: bool = False
