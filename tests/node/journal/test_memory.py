"""What a table remembers, in the journal: its bytes, and that a change of its classes is noticed."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import TableId, UserId
from cardroom.money import Krw
from cardroom.wire.chat import Said
from cardroom.wire.codec import Codec, Malformed
from cardroom.wire.player import TopUp
from cardroom.wire.refusals import Refusal
from node.journal.fields import FORM_NUMBER
from node.journal.memory import (
    MAX_INVITED,
    MAX_MUTING,
    AnsweredRequest,
    MutedMemory,
    SilencedMemory,
    TableMemory,
    TalkMemory,
    memory_codec,
    talk_codec,
)
from node.settings import TableLimits
from tests.cardroom.wire.messages import any_of
from tests.node.journal.test_deals import GROW
from tests.node.journal.written import MEMORY, TALK, fingerprint

MEMORIES, TALKS = memory_codec(), talk_codec()
LIMITS = TableLimits()
MEMORY_BYTES = bytes.fromhex(
    "98a83031323361626364949297ce00013880c3c2c3c202c3c00001c091dc00170ba3eab98000ce00013880019295010300ce00"
    "013880c3c4100000000000000000000000000000000193cd2710930903cd2710c41000000000000000000000000000000002c4"
    "10000000000000000000000000000000039292930903cd27102292930903cd2710c0c3c2c3c2c3c202ce00030d40a93139322e"
    "302e322e3194cd75300107140156cf0000018bcfe56800ce00015f90c410000000000000000000000000000000040792151691"
    "930115cd1194911f"
)
TALK_BYTES = bytes.fromhex("939195030ba3eab980a26767cf0000018bcfe5680091920b910c91920ccdea60")


def test_golden_bytes_of_a_memory() -> None:
    assert FORM_NUMBER == b"2"
    assert MEMORIES.encode(MEMORY) == MEMORY_BYTES, GROW
    assert MEMORIES.decode(MEMORY_BYTES) == MEMORY, GROW
    assert fingerprint(TableMemory) == "c977c09c5f9e176f", GROW


def test_golden_bytes_of_the_talk() -> None:
    assert FORM_NUMBER == b"2"
    assert TALKS.encode(TALK) == TALK_BYTES, GROW
    assert TALKS.decode(TALK_BYTES) == TALK, GROW
    assert fingerprint(TalkMemory) == "7016a771023bc940", GROW


@given(memory=any_of(TableMemory))
def test_every_memory_comes_back(memory: TableMemory) -> None:
    assert MEMORIES.decode(MEMORIES.encode(memory)) == memory


@given(talk=any_of(TalkMemory))
def test_every_talk_comes_back(talk: TalkMemory) -> None:
    assert TALKS.decode(TALKS.encode(talk)) == talk


@pytest.mark.parametrize(("codec", "golden"), [(MEMORIES, MEMORY_BYTES), (TALKS, TALK_BYTES)])
@given(data=st.data())
def test_an_altered_one_can_be_read_or_is_malformed(
    codec: Codec[TableMemory | TalkMemory], golden: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(golden) - 1))
    altered = golden[:place] + bytes([data.draw(st.integers(0, 255))]) + golden[place + 1 :]
    try:
        read = codec.decode(altered)
    except Malformed:
        return
    assert codec.decode(codec.encode(read)) == read  # another one, or the same in another spelling


@pytest.mark.parametrize(("codec", "golden"), [(MEMORIES, MEMORY_BYTES), (TALKS, TALK_BYTES)])
def test_a_piece_of_it_is_malformed(codec: Codec[TableMemory | TalkMemory], golden: bytes) -> None:
    for length in range(len(golden)):
        with pytest.raises(Malformed):
            codec.decode(golden[:length])
    with pytest.raises(Malformed):
        codec.decode(golden + b"\xc0")


def test_the_fullest_table_has_room() -> None:
    most = 2**63 - 1
    top_up = TopUp(most, TableId(most), Krw(most))
    player = evolve(
        MEMORY.players[0],
        nickname="\U0001f44d" * 50,
        address="f" * 45,
        answered=(AnsweredRequest(top_up, Refusal.INSUFFICIENT_FUNDS),) * LIMITS.known_top_ups,
    )
    users = tuple(UserId(most - number) for number in range(MAX_INVITED))
    fullest = evolve(MEMORY, players=(player,) * 9, waiting=users[: LIMITS.waiting], invited=users)
    assert MEMORIES.decode(MEMORIES.encode(fullest)) == fullest


def test_the_fullest_talk_has_room() -> None:
    most = 2**63 - 1
    line = Said(TableId(most), UserId(most), "\U0001f44d" * 50, "\U0001f44d" * LIMITS.chat_letters, most)
    fullest = TalkMemory(
        (line,) * LIMITS.chat_lines,
        (MutedMemory(UserId(most), (UserId(most),) * LIMITS.mutes),) * MAX_MUTING,
        (SilencedMemory(UserId(most), most),) * LIMITS.silenced,
    )
    assert TALKS.decode(TALKS.encode(fullest)) == fullest
