"""Blocks of players and networks: made, listed and taken away, in the transaction that records the order.

Every process acts on them within two seconds (``cardroom.service.blocklist``). A player's sessions end with
the block, in PostgreSQL; ``BlockMade.ended_sessions`` are to be removed from Redis when the transaction has
committed (``LoginLookup.remove``). Where that does not happen, the first request that shows one ends it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import field, frozen

from cardroom.ids import UserId
from cardroom.service.addresses import read_network
from cardroom.service.postgres import Postgres, Row, Transaction

_FIND_PLAYER: Final = "SELECT id FROM player WHERE id = $1"
_ADD_BLOCK: Final = """
INSERT INTO block (user_id, network, reason, blocked_by, expires_at)
VALUES ($1, $2::text::cidr, $3, $4, clock_timestamp() + make_interval(secs => $5))
RETURNING id, expires_at
"""
_END_SESSIONS: Final = """
UPDATE session SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL RETURNING token_hash
"""
_REMOVE_BLOCK: Final = """
UPDATE block SET removed_at = now(), removed_by = $2, removed_reason = $3
WHERE id = $1 AND removed_at IS NULL
RETURNING user_id, network::text AS network
"""

LIST_BLOCKS: Final = """
SELECT id, user_id, network::text AS network, reason, blocked_by, blocked_at, expires_at,
       removed_at, removed_by, removed_reason
FROM block WHERE id < $1 ORDER BY id DESC LIMIT $2
"""
LIST_STANDING_BLOCKS: Final = """
SELECT id, user_id, network::text AS network, reason, blocked_by, blocked_at, expires_at,
       removed_at, removed_by, removed_reason
FROM block WHERE id < $1 AND removed_at IS NULL AND (expires_at IS NULL OR expires_at > now())
ORDER BY id DESC LIMIT $2
"""


class NoSuchPlayer(Exception):
    """There is no player of this number; nothing is blocked."""


class NoSuchBlock(Exception):
    """There is no such block, or it was taken away before."""


@frozen
class NewBlock:
    """Whom to keep out, and why: a player or a network, never both. Raises ``ValueError`` for anything else.

    One address is a network of its own. ``seconds`` None: until it is taken away. Bits of a network that name
    a host are refused, so that nobody blocks more than he has written.
    """

    reason: str
    by: str
    user_id: UserId | None = None
    network: str | None = None
    seconds: float | None = None

    def __attrs_post_init__(self) -> None:
        if (self.user_id is None) == (self.network is None):
            raise ValueError("a player or a network, one of both")
        if self.network is not None:
            read_network(self.network)
        if self.seconds is not None and not 0 < self.seconds < _LONGEST_SECONDS:
            raise ValueError("seconds: above 0, and less than a century; or none")


_LONGEST_SECONDS: Final = 100 * 365.25 * 24 * 3600


@frozen
class BlockMade:
    """A block that stands when its transaction has committed."""

    block_id: int
    expires_at: datetime | None
    ended_sessions: tuple[bytes, ...] = field(repr=False)
    """Hashes of the tokens of the player's sessions that the block has ended."""


async def add_block(transaction: Transaction, block: NewBlock) -> BlockMade:
    """Block, and end the player's sessions; a repeat makes another block. Raises ``NoSuchPlayer``."""
    network = None if block.network is None else read_network(block.network)
    if block.user_id is not None and await transaction.fetch_one(_FIND_PLAYER, block.user_id) is None:
        raise NoSuchPlayer
    row = await transaction.fetch_one(
        _ADD_BLOCK, block.user_id, network, block.reason, block.by, block.seconds
    )
    assert row is not None, "an inserted row is returned"
    ended: Sequence[Row] = ()
    if block.user_id is not None:
        ended = await transaction.fetch(_END_SESSIONS, block.user_id)
    return BlockMade(row["id"], row["expires_at"], tuple(one["token_hash"] for one in ended))


async def remove_block(transaction: Transaction, block_id: int, by: str, reason: str) -> Row:
    """Take one block away; gives ``user_id`` and ``network`` of it. Others against the same stay.

    Raises ``NoSuchBlock``, for a repeat too.
    """
    row = await transaction.fetch_one(_REMOVE_BLOCK, block_id, by, reason)
    if row is None:
        raise NoSuchBlock
    return row


async def list_blocks(
    postgres: Postgres, before: int, limit: int, *, only_standing: bool = True
) -> Sequence[Row]:
    """Give blocks with ids below ``before``, newest first; those that have ended too, if asked for."""
    return await postgres.fetch(LIST_STANDING_BLOCKS if only_standing else LIST_BLOCKS, before, limit)
