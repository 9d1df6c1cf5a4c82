"""What routers order of nodes, as bytes that stay the same."""

from uuid import UUID

import pytest

from cardroom.ids import CommandId, ShardId, TableId
from cardroom.wire.orders import (
    AnnounceTable,
    CloseTable,
    MakeTable,
    OrderAnswer,
    OrderBody,
    OrderDone,
    OrderOutcome,
    OrderRefused,
    PauseTable,
    ResumeTable,
    TableOrder,
    order_answer_codec,
    order_codec,
)
from cardroom.wire.refusals import Refusal

ID = CommandId(UUID("01a213e6-f5cf-7ca4-93c7-aef689b2cbb9"))
ID_BYTES = b"\xc4\x10" + ID.bytes


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (
            MakeTable("Han", "low", 6, is_private=False, room="Main", is_extra=True),
            b"\x97\x01\xa3Han\xa3low\x06\xc2\xa4Main\xc3",
        ),
        (CloseTable(TableId(7), only_if_empty=True), b"\x93\x02\x07\xc3"),
        (PauseTable(TableId(7)), b"\x92\x03\x07"),
        (ResumeTable(TableId(7)), b"\x92\x04\x07"),
        (AnnounceTable(TableId(7), "soon"), b"\x93\x05\x07\xa4soon"),
    ],
)
def test_an_order_comes_back(body: OrderBody, data: bytes) -> None:
    order = TableOrder(ID, ShardId(1), "kim", "why", body)
    assert order_codec().encode(order) == b"\x95" + ID_BYTES + b"\x01\xa3kim\xa3why" + data
    assert order_codec().decode(order_codec().encode(order)) == order


@pytest.mark.parametrize(
    ("outcome", "data"),
    [
        (OrderDone(TableId(7), "CODE"), b"\x93\x01\x07\xa4CODE"),
        (OrderRefused(Refusal.TABLE_NOT_EMPTY), None),
    ],
)
def test_an_answer_comes_back(outcome: OrderOutcome, data: bytes | None) -> None:
    answer = OrderAnswer(ID, outcome)
    written = order_answer_codec().encode(answer)
    assert order_answer_codec().decode(written) == answer
    if data is not None:
        assert written == b"\x92" + ID_BYTES + data


def test_an_invitation_is_not_shown() -> None:
    assert "CODE" not in repr(OrderDone(TableId(7), "CODE"))
