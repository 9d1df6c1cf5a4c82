"""Node to wallet worker, through Redis: what an administrator ordered at a node, before it is carried out."""

from typing import Final

from attrs import frozen

from cardroom.ids import CommandId, NodeId
from cardroom.wire.codec import Codec, Encoding

MAX_NODE_ACTION_BYTES: Final = 16 * 1024


@frozen
class NodeAction:
    """One order, in the stream ``keys.admin_actions``; known by its id, however often it is read.

    ``subject`` is what it is about, such as ``table:17``; ``facts`` is a JSON object of all that was ordered
    besides. It says what was ordered, not that it was done.
    """

    id: CommandId
    node: NodeId
    admin: str
    action: str
    subject: str
    reason: str
    facts: str
    ordered_unix_ms: int


def node_action_codec() -> Codec[NodeAction]:
    """Give the codec for orders given at nodes."""
    return Codec(NodeAction, Encoding.MSGPACK, MAX_NODE_ACTION_BYTES, {})
