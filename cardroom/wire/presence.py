"""Node to router and node to node, through Redis: who holds a shard, where its tables are."""

from typing import Final

from attrs import frozen

from cardroom.ids import BootNonce, Epoch, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding

MAX_PRESENCE_BYTES: Final = 16 * 1024

LEASE_NODE: Final = b"node"
LEASE_BOOT: Final = b"boot"
LEASE_EPOCH: Final = b"epoch"
LEASE_COUNTER: Final = b"counter"


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


@frozen
class TableSummary:
    """A field of the hash ``keys.lobby``, named by the table's id; written by the shard's owner.

    ``waiting`` counts the waiting list. The lobby does not list a private table; its code is not here.
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
