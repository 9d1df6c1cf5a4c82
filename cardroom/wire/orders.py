"""Router to node, through Redis: what is to be done with tables, and what became of it.

A router puts an order into the list of the node that plays the shard, and waits a short time at the order's
own list for the one answer. An order is known by its id: the same order given again has the same outcome, so
a router that heard nothing may give it again.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from cardroom.ids import CommandId, ShardId, TableId
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal

MAX_ORDER_BYTES: Final = 4096


@frozen
class MakeTable:
    """Open a new table in the order's shard and play it at once.

    Refused: no such stake or room, the room is closed, another table of the shard has the name.
    """

    name: str
    stake: str
    seat_count: int
    is_private: bool
    room: str
    is_extra: bool
    """Opened because seats were wanted: it is closed again when it stands empty."""


@frozen
class CloseTable:
    """Deal no more hands, pay everybody out and close the table for ever; answered when that has begun.

    With ``only_if_empty`` refused (``table_not_empty``) if anybody sits, is about to, or waits there.
    """

    table_id: TableId
    only_if_empty: bool


@frozen
class PauseTable:
    """Deal no more hands after the one in play, and let nobody sit down, until ``ResumeTable``.

    May be repeated.
    """

    table_id: TableId


@frozen
class ResumeTable:
    """End what ``PauseTable`` began. May be repeated."""

    table_id: TableId


@frozen
class AnnounceTable:
    """Tell all who watch a table."""

    table_id: TableId
    text: str


OrderBody = MakeTable | CloseTable | PauseTable | ResumeTable | AnnounceTable


@frozen
class TableOrder:
    """An order in the list of the node that plays ``shard``; ``by`` and ``reason`` are for the records."""

    id: CommandId
    shard: ShardId
    by: str
    reason: str
    body: OrderBody


@frozen
class OrderDone:
    """It is done; ``invitation`` is the code of a private table that was made."""

    table_id: TableId
    invitation: str = field(default="", repr=False)


@frozen
class OrderRefused:
    """Nothing was changed."""

    code: Refusal


OrderOutcome = OrderDone | OrderRefused


@frozen
class OrderAnswer:
    """What became of an order."""

    id: CommandId
    outcome: OrderOutcome


ORDER_TAGS: Mapping[int, type] = MappingProxyType(
    {1: MakeTable, 2: CloseTable, 3: PauseTable, 4: ResumeTable, 5: AnnounceTable}
)
"""Tag of each order; a tag is never given to another message."""

OUTCOME_TAGS: Mapping[int, type] = MappingProxyType({1: OrderDone, 2: OrderRefused})
"""Tag of each outcome."""


def order_codec() -> Codec[TableOrder]:
    """Give the codec for orders."""
    return Codec(TableOrder, Encoding.MSGPACK, MAX_ORDER_BYTES, {OrderBody: ORDER_TAGS})


def order_answer_codec() -> Codec[OrderAnswer]:
    """Give the codec for answers."""
    return Codec(OrderAnswer, Encoding.MSGPACK, MAX_ORDER_BYTES, {OrderOutcome: OUTCOME_TAGS})
