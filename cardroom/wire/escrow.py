"""Node to the ledger's audit: what the node believes to lie at its tables. JSON, over its admin endpoint."""

from enum import Enum, unique
from typing import Final

from attrs import frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding

ESCROW_PATH: Final = "/admin/tables/escrow"

MAX_ESCROW_BYTES: Final = 16 * 1024 * 1024
"""The answer of a node is no longer; a table of nine takes about one thousandth of a MiB."""


@unique
class UnderWay(Enum):
    """A command about a seat's money that the ledger has not answered yet; it has done it, or it has not."""

    BUY_IN = "buy_in"
    TOP_UP = "top_up"
    CASH_OUT = "cash_out"


@frozen
class SeatMoney:
    """A seat's escrow as the ledger said last, without hands that are not settled.

    ``under_way`` would add ``amount`` (buy-in, top-up) or take it away (cash-out).
    """

    seat: SeatIndex
    user_id: UserId
    escrow: Krw
    under_way: UnderWay | None
    amount: Krw


@frozen
class HandNet:
    """What a hand did to one player."""

    user_id: UserId
    net: Krw


@frozen
class UnsettledHand:
    """A played hand that the ledger has not answered for."""

    hand_no: int
    nets: tuple[HandNet, ...]


@frozen
class HeldMoney:
    """The money of one table at one moment; hands up to ``settled_hand_no`` are in the escrows."""

    table_id: TableId
    shard: ShardId
    settled_hand_no: int
    seats: tuple[SeatMoney, ...]
    unsettled: tuple[UnsettledHand, ...]


@frozen
class HeldTables:
    """All tables of a node; ``unanswered`` are those whose task did not answer in time."""

    tables: tuple[HeldMoney, ...]
    unanswered: tuple[TableId, ...]


def escrow_codec() -> Codec[HeldTables]:
    """Give the codec of a node's answer."""
    return Codec(HeldTables, Encoding.JSON, MAX_ESCROW_BYTES, {})
