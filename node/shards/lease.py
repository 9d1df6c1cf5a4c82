"""Who holds a shard: a start of a node, for as long as it renews its lease in Redis."""

from attrs import frozen

from cardroom.ids import BootNonce, NodeId


@frozen
class NodeIdentity:
    """This start of this node."""

    node: NodeId
    boot: BootNonce
