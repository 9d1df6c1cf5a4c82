"""What is kept for the recorder, and when it is woken."""

from cardroom.ids import ShardId
from tests.wallet_worker.audit.test_line import LINE
from wallet_worker.audit.handover import Handover
from wallet_worker.store.seal_batch import SealedBatch

SHARD = LINE.shard


def sealed(number: int, shard: ShardId = SHARD) -> SealedBatch:
    return SealedBatch(shard, number, LINE.committed_unix_us, LINE.content.decode(), LINE.digest, LINE.mac)


def numbers(handover: Handover, after: int, limit: int = 100) -> list[int]:
    return [line.number for line in handover.take(SHARD, after, limit)]


def test_what_follows_is_given_while_it_is_kept() -> None:
    handover = Handover([SHARD], 3)
    for number in (5, 6, 7, 8):
        handover.offer(sealed(number))
    assert numbers(handover, 5) == [6, 7, 8]
    assert numbers(handover, 5, limit=2) == [6, 7]
    assert numbers(handover, 4) == [], "batch 5 is not kept any more"
    assert numbers(handover, 8) == []
    assert handover.head(SHARD) == 8


def test_a_gap_ends_what_is_given() -> None:
    handover = Handover([SHARD], 9)
    for number in (5, 6, 8):
        handover.offer(sealed(number))
    assert numbers(handover, 4) == [5, 6]
    assert numbers(handover, 7) == [8]


def test_a_batch_of_a_shard_that_nobody_follows_is_left() -> None:
    handover = Handover([SHARD], 9)
    handover.offer(sealed(1, ShardId(SHARD + 1)))
    assert handover.head(ShardId(SHARD + 1)) is None
    assert handover.shards == (SHARD,)


def test_every_change_rings_once() -> None:
    handover = Handover([SHARD], 9)
    first = handover.bell(SHARD)
    handover.note_head(SHARD, 0)
    assert first.is_set()
    second = handover.bell(SHARD)
    handover.note_head(SHARD, 0)
    assert not second.is_set(), "nothing has changed"
    handover.offer(sealed(1))
    assert second.is_set()
    third = handover.bell(SHARD)
    handover.note_head(SHARD, 0)
    assert third.is_set(), "the ledger has lost its end"
    assert handover.head(SHARD) == 0
