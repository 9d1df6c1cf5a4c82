import pytest

from cardroom.ids import BootNonce, Epoch, NodeId
from shard_router.rules.placement import Announced, Closed, Holder, Place, place_shard, retry_seconds

NODE, OTHER = NodeId("node-1"), NodeId("node-2")
BOOT, EARLIER = BootNonce("a" * 32), BootNonce("b" * 32)
URL = "ws://127.0.0.1:9001/play"
HOLDER = Holder(NODE, BOOT, Epoch(4))
ANNOUNCED = Announced(NODE, BOOT, URL)


def test_held_by_the_start_that_is_announced() -> None:
    assert place_shard(HOLDER, ANNOUNCED) == Place(NODE, BOOT, Epoch(4), URL)


@pytest.mark.parametrize(
    ("holder", "announced", "reason"),
    [
        (None, None, Closed.NOT_HELD),
        (None, ANNOUNCED, Closed.NOT_HELD),
        (Holder(NODE, BOOT, Epoch(0)), ANNOUNCED, Closed.OPENING),
        (Holder(NODE, BootNonce(""), Epoch(4)), ANNOUNCED, Closed.OFFERED),
        (HOLDER, None, Closed.NODE_SILENT),
        (HOLDER, Announced(OTHER, BOOT, URL), Closed.NODE_SILENT),
        (HOLDER, Announced(NODE, EARLIER, URL), Closed.NODE_RESTARTED),
        (Holder(NODE, EARLIER, Epoch(3)), ANNOUNCED, Closed.NODE_RESTARTED),
    ],
)
def test_closed(holder: Holder | None, announced: Announced | None, reason: Closed) -> None:
    assert place_shard(holder, announced) is reason


@pytest.mark.parametrize("closed", Closed)
def test_every_reason_says_when_to_come_back(closed: Closed) -> None:
    assert 1 <= retry_seconds(closed) <= 10
