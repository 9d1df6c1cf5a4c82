"""Which lines are taken for what they are, and which are not."""

import pytest
from attrs import evolve

from cardroom.ids import ShardId
from tests.wallet_worker.audit.test_line import LINE
from wallet_worker.audit.line import write_line
from wallet_worker.audit.recorded import Record, Strange, Torn, read_pieces, record_of

ONE, TWO = (evolve(LINE, number=number) for number in (1, 2))


def found(*pieces: bytes) -> list[object]:
    return list(read_pieces([("a.jsonl", piece) for piece in pieces], LINE.shard))


def test_whole_lines_are_given_in_order() -> None:
    assert found(write_line(ONE), write_line(TWO)) == [record_of(ONE), record_of(TWO)]
    assert record_of(ONE) == Record(1, LINE.committed_unix_us, LINE.digest, LINE.mac, LINE.content_digest)


def test_a_torn_line_before_its_batch_is_accepted_also_when_torn_twice() -> None:
    whole = write_line(TWO)
    assert found(write_line(ONE), whole[:40], whole[:10], b"", whole) == [record_of(ONE), record_of(TWO)]


@pytest.mark.parametrize("torn", [b"x", write_line(TWO)[:40] + b"x", write_line(ONE)[:-1]])
def test_anything_else_before_a_batch_is_a_fault(torn: bytes) -> None:
    strange, two = found(torn, write_line(TWO))
    assert strange == Strange("a.jsonl: what stands before batch 2 is no batch, nor its beginning")
    assert two == record_of(TWO)


def test_a_torn_end_is_given_to_be_compared() -> None:
    assert found(write_line(ONE), b'{"v"') == [record_of(ONE), Torn("a.jsonl", b'{"v"')]


def test_a_line_of_another_shard_is_a_fault() -> None:
    assert found(write_line(evolve(LINE, shard=ShardId(4)))) == [Strange("a.jsonl: batch 12 is of shard 4")]
