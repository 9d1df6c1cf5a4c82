"""Node to router and node to node, through Redis: who holds a shard, where its tables are."""

from enum import Enum, unique
from typing import Final

from attrs import frozen

from cardroom.ids import BootNonce, Epoch, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding

MAX_PRESENCE_BYTES: Final = 16 * 1024
"""What a node tells of itself or of a table is no longer."""

_NOTHING: Final = Krw(0)

LEASE_NODE: Final = b"node"
LEASE_BOOT: Final = b"boot"
LEASE_EPOCH: Final = b"epoch"
LEASE_COUNTER: Final = b"counter"

LOBBY_AT: Final = b"v"
"""The field of ``keys.lobby`` that names the newest entry of ``keys.lobby_changes``: up to there the hash has
all. The other fields are tables, named by their numbers."""

CHANGE_AFTER: Final = b"after"
"""The field of such an entry that names the entry before; empty where the hash was written anew. The other
fields are as in the hash: what became of tables, empty for one that is gone."""


@frozen
class Lease:
    """The hash of ``keys.lease``: the owner of a shard. Epoch 0 while the shard is being opened.

    An offered lease has no boot nonce: it names the node that may take it.
    """

    node: NodeId
    boot: BootNonce
    epoch: Epoch
    counter: int

    @property
    def is_offered(self) -> bool:
        """Whether its owner has given it up for the node that it names, which has not taken it yet."""
        return not self.boot


@frozen
class NodeAnnouncement:
    """Under ``keys.node``: one start of a node that takes players.

    ``takes`` are the shards that it would play if another node gave them to it.
    """

    node: NodeId
    boot: BootNonce
    player_url: str
    connections: int
    connection_limit: int
    takes: tuple[ShardId, ...] = ()


@frozen
class ShardOffer:
    """An element of the list ``keys.offers``: a shard's lease names the list's node now."""

    shard: ShardId


@frozen
class SeatSummary:
    """Who sits where."""

    seat: SeatIndex
    user_id: UserId


@unique
class LobbyState(Enum):
    """Whether a table deals hands and takes players, as its node has been told."""

    OPEN = "open"
    PAUSED = "paused"
    """An administrator has stopped it for a while."""
    CLOSING = "closing"
    """It is being closed: nobody sits down any more."""
    HALTED = "halted"
    """It stands still until an administrator has looked at it."""


@frozen
class TableSummary:
    """A field of the hash ``keys.lobby``, named by the table's id; written by the shard's owner.

    ``waiting`` counts the waiting list. ``average_pot`` is that of the newest settled hands, ``pace_ms`` the
    mean time that a player takes for a turn; both are 0 where nothing was played yet, and forgotten when the
    table gets another owner. The lobby does not list a private table; its code is not here.
    """

    table_id: TableId
    shard: ShardId
    name: str
    stake: str
    small_blind: Krw
    big_blind: Krw
    min_buy_in: Krw
    max_buy_in: Krw
    seat_count: int
    seats: tuple[SeatSummary, ...]
    hand_no: int
    is_private: bool
    waiting: int
    average_pot: Krw = _NOTHING
    hands_per_hour: int = 0
    pace_ms: int = 0
    state: LobbyState = LobbyState.OPEN
    is_extra: bool = False
    """Whether the routers may close it when it stands empty: they had it opened."""


def announcement_codec() -> Codec[NodeAnnouncement]:
    """Give the codec for node announcements."""
    return Codec(NodeAnnouncement, Encoding.MSGPACK, MAX_PRESENCE_BYTES, {})


def offer_codec() -> Codec[ShardOffer]:
    """Give the codec for offers of shards."""
    return Codec(ShardOffer, Encoding.MSGPACK, MAX_PRESENCE_BYTES, {})


def summary_codec() -> Codec[TableSummary]:
    """Give the codec for table summaries."""
    return Codec(TableSummary, Encoding.MSGPACK, MAX_PRESENCE_BYTES, {})


def read_lease(fields: dict[bytes, bytes]) -> Lease | None:
    """Read a lease hash; None if there is none."""
    if not fields:
        return None
    return Lease(
        node=NodeId(fields[LEASE_NODE].decode()),
        boot=BootNonce(fields[LEASE_BOOT].decode()),
        epoch=Epoch(int(fields[LEASE_EPOCH])),
        counter=int(fields[LEASE_COUNTER]),
    )
