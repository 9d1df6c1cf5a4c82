"""What nodes tell routers, as bytes that stay the same."""

from cardroom.ids import BootNonce, Epoch, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.presence import (
    Lease,
    NodeAnnouncement,
    SeatSummary,
    ShardOffer,
    TableSummary,
    announcement_codec,
    offer_codec,
    read_lease,
    summary_codec,
)


def test_an_announcement_comes_back() -> None:
    told = NodeAnnouncement(NodeId("node-1"), BootNonce("b"), "ws://127.0.0.1:1", 3, 600, (ShardId(4),))
    data = announcement_codec().encode(told)
    assert announcement_codec().decode(data) == told
    assert data == b"\x96\xa6node-1\xa1b\xb0ws://127.0.0.1:1\x03\xcd\x02\x58\x91\x04"


def test_an_offer_comes_back() -> None:
    assert offer_codec().encode(ShardOffer(ShardId(4))) == b"\x91\x04"
    assert offer_codec().decode(b"\x91\x04") == ShardOffer(ShardId(4))


def test_a_summary_comes_back() -> None:
    seats = (SeatSummary(SeatIndex(2), UserId(9)),)
    told = TableSummary(
        TableId(1),
        ShardId(0),
        "한강",
        "low",
        Krw(1_000),
        Krw(2_000),
        Krw(80_000),
        Krw(200_000),
        6,
        seats,
        12,
        False,
        3,
    )
    assert summary_codec().decode(summary_codec().encode(told)) == told


def test_a_lease_is_a_hash_of_texts() -> None:
    fields = {b"node": b"node-1", b"boot": b"bb", b"epoch": b"4", b"counter": b"17"}
    assert read_lease(fields) == Lease(NodeId("node-1"), BootNonce("bb"), Epoch(4), 17)
    assert read_lease({}) is None


def test_an_offered_lease_has_no_start() -> None:
    fields = {b"node": b"node-2", b"boot": b"", b"epoch": b"4", b"counter": b"17"}
    assert [Lease(NodeId("n"), BootNonce("b"), Epoch(4), 1).is_offered] == [False]
    assert read_lease(fields) == (found := Lease(NodeId("node-2"), BootNonce(""), Epoch(4), 17))
    assert found.is_offered
