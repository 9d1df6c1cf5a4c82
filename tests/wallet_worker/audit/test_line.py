"""The format of a line: what is written can be read, and nothing else can."""

import json
from hashlib import sha256

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import ShardId
from wallet_worker.audit.line import AuditLine, BadLine, read_line, write_line

CONTENT = '7|promotion|"회식"|-\n8|hand\\|5'.encode()
LINE = AuditLine(ShardId(3), 12, 1_700_000_000_000_001, sha256(CONTENT).digest(), b"m" * 32, CONTENT)


def test_a_line_is_json_that_holds_the_text_that_was_sealed() -> None:
    data = write_line(LINE)
    assert json.loads(data) == {
        "v": 1, "shard": 3, "batch": 12, "committed_unix_us": 1_700_000_000_000_001,
        "digest": sha256(CONTENT).hexdigest(), "mac": "6d" * 32, "transfers": CONTENT.decode(),
    }  # fmt: skip
    assert b"\n" not in data
    assert read_line(data) == LINE
    assert LINE.content_digest == LINE.digest


@given(
    shard=st.integers(-1, 2**31 - 1),
    number=st.integers(1, 2**63 - 1),
    committed=st.integers(0, 10**18 - 1),
    text=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_what_is_written_can_be_read(shard: int, number: int, committed: int, text: str) -> None:
    line = evolve(
        LINE,
        shard=ShardId(shard),
        number=number,
        committed_unix_us=committed,
        content=text.encode(),
    )
    assert read_line(write_line(line)) == line


@given(st.data())
def test_no_beginning_of_a_line_is_a_line(data: st.DataObject) -> None:
    whole = write_line(LINE)
    with pytest.raises(BadLine):
        read_line(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"shard":3', b'"shard":-2'),
        (b'"shard":3', b'"shard":03'),
        (b'"batch":12', b'"batch":0'),
        (b'"batch":12', b'"batch": 12'),
        (b'"digest":"', b'"digest":"F'),
        (b'"transfers":"', b'"transfers":'),
        (b'5"}', b'5"} '),
        (b'5"}', b'5"}\n'),
        (b'5"}', b'5"","x":"5"}'),
        (b'5"}', b'5\\"}'),
        (b"promotion", b"pro\nmotion"),
        (b"promotion", b"pro\tmotion"),
        (b"promotion", b"pro\xffmotion"),
    ],
)
def test_what_is_written_otherwise_is_no_line(old: bytes, new: bytes) -> None:
    data = write_line(LINE)
    assert data.replace(old, new, 1) != data
    with pytest.raises(BadLine):
        read_line(data.replace(old, new, 1))
