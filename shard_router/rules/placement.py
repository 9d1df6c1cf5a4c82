"""Where a shard is played, from what its owner and the nodes say of themselves."""

from enum import Enum, unique
from typing import assert_never

from attrs import field, frozen

from cardroom.ids import BootNonce, Epoch, NodeId


@frozen
class Holder:
    """Who holds a lease. Epoch 0 while the shard is being opened; no boot nonce while it is offered."""

    node: NodeId
    boot: BootNonce
    epoch: Epoch


@frozen
class Announced:
    """A start of a node that takes players at ``url``."""

    node: NodeId
    boot: BootNonce
    url: str
    connections: int = 0
    connection_limit: int = 0


@frozen
class Place:
    """Where the tables of a shard are played now."""

    node: NodeId
    boot: BootNonce
    epoch: Epoch
    url: str
    connections: int = field(default=0, eq=False)
    """How many connections the node has now."""
    room: int = field(default=0, eq=False)
    """How many more it takes."""

    @property
    def route(self) -> str:
        """Give the name of this way to the shard: another one is another node, or another time at it."""
        return f"{self.node}/{self.epoch}"


@unique
class Closed(Enum):
    """Why nobody can be sent to a shard now."""

    NOT_HELD = "not_held"
    OFFERED = "offered"
    OPENING = "opening"
    NODE_SILENT = "node_silent"
    NODE_RESTARTED = "node_restarted"


def place_shard(holder: Holder | None, announced: Announced | None) -> Place | Closed:
    """Say where a shard is played; ``announced`` is what stands under the holder's name, if anything.

    A lease outlives its owner for a while, and a node's announcement outlives its start: only a holder that
    is the announced start of the node is known to take players.
    """
    if holder is None:
        return Closed.NOT_HELD
    if not holder.boot:
        return Closed.OFFERED
    if holder.epoch <= 0:
        return Closed.OPENING
    if announced is None or announced.node != holder.node:
        return Closed.NODE_SILENT
    if announced.boot != holder.boot:
        return Closed.NODE_RESTARTED
    room = max(0, announced.connection_limit - announced.connections)
    return Place(
        announced.node,
        announced.boot,
        holder.epoch,
        announced.url,
        connections=announced.connections,
        room=room,
    )


def retry_seconds(closed: Closed) -> int:
    """Say after how many seconds it is worth asking again."""
    match closed:
        case Closed.OFFERED | Closed.OPENING | Closed.NODE_RESTARTED:
            return 1
        case Closed.NOT_HELD | Closed.NODE_SILENT:
            return 3
        case _ as unreachable:
            assert_never(unreachable)
