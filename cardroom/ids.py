"""Names of the things that processes talk about.

Every id is a ``NewType``, so that a seat cannot be passed where a table is meant. Nothing here reads a
clock or draws random bits: who makes an id passes them in.
"""

from typing import NewType
from uuid import UUID

UserId = NewType("UserId", int)
"""A registered player; given by PostgreSQL at registration, never reused."""

TableId = NewType("TableId", int)
"""A table; given by PostgreSQL at creation. A table belongs to its shard for ever."""

ShardId = NewType("ShardId", int)
"""A fixed number that a set of tables belongs to; a node is given some of them."""

SeatIndex = NewType("SeatIndex", int)
"""A seat at a table, counted from 0, clockwise."""

NodeId = NewType("NodeId", str)
"""The configured name of a node, such as ``node-1``."""

BootNonce = NewType("BootNonce", str)
"""One start of a node process: 32 hexadecimal digits, new at each start."""

Epoch = NewType("Epoch", int)
"""How often a shard has changed hands. The ledger refuses a command of an older one."""

HandId = NewType("HandId", UUID)
"""One deal, random; the key of a hand. Its ``hand_no`` only orders the hands of a table."""

CommandId = NewType("CommandId", UUID)
"""One ledger command (UUID version 7): the same id with the same body has the same outcome."""

_UUID7_RANDOM_BYTES = 10


def new_command_id(unix_ms: int, randomness: bytes) -> CommandId:
    """Make a UUID version 7 (RFC 9562 section 5.7) of a time in milliseconds and 10 random bytes."""
    assert len(randomness) == _UUID7_RANDOM_BYTES, "a UUID version 7 takes 80 bits of randomness"
    number = (unix_ms & (1 << 48) - 1) << 80 | int.from_bytes(randomness)
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return CommandId(UUID(int=number))
