"""Reading a table's journal: all of it comes back; whatever is wrong with it is ``Unreadable``, no more."""

import contextlib
from collections.abc import Mapping
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import HandId, SeatIndex
from cardroom.money import Krw
from cardroom.wire.player import ActionKind
from node.journal.deals import deal_codec
from node.journal.fields import (
    FORM,
    FORM_NUMBER,
    MEMORY,
    TALK,
    TOLD,
    JournalReader,
    TableJournal,
    Unreadable,
    deal_field,
    move_field,
)
from node.journal.memory import memory_codec, talk_codec
from node.journal.moves import ClockActs, Move, PlayerActs, move_codec
from tests.node.journal.written import DEAL, HAND
from tests.node.journal.written import MEMORY as REMEMBERED
from tests.node.journal.written import TALK as TALKED

NEXT = evolve(DEAL, hand_id=HandId(UUID(int=6)), hand_no=DEAL.hand_no + 1, previous_hand_id=HAND)
MOVES: tuple[Move, ...] = (
    *(PlayerActs(SeatIndex(0), number, number, ActionKind.CALL, Krw(0)) for number in range(1, 12)),
    ClockActs(SeatIndex(1)),
)
SEATED = evolve(REMEMBERED, players=(evolve(REMEMBERED.players[0], buy_in=None),))


def whole() -> dict[bytes, bytes]:
    """A journal with everything: one hand that is over, with more than nine moves, and one just dealt."""
    fields = {
        b"seq": b"41",
        b"epoch": b"3",
        b"server": b"0123",
        FORM: FORM_NUMBER,
        TOLD: b"77",
        MEMORY: memory_codec().encode(SEATED),
        TALK: talk_codec().encode(TALKED),
        deal_field(NEXT.hand_no): deal_codec().encode(NEXT),
        deal_field(DEAL.hand_no): deal_codec().encode(DEAL),
    }
    for number, move in reversed([*enumerate(MOVES, start=1)]):
        fields[move_field(DEAL.hand_no, number)] = move_codec().encode(move)
    return fields


def read(fields: Mapping[bytes, bytes]) -> TableJournal:
    return JournalReader().read(fields)


def test_names_of_fields() -> None:
    assert (deal_field(8), move_field(8, 12)) == (b"8/d", b"8/12")
    assert (FORM, TOLD, MEMORY, TALK) == (b"form", b"told", b"memory", b"talk")


def test_a_journal_comes_back_in_the_order_of_play() -> None:
    journal = read(whole())
    assert (journal.table_seq, journal.memory, journal.talk) == (77, SEATED, TALKED)
    assert [hand.deal for hand in journal.hands] == [DEAL, NEXT]
    assert [hand.moves for hand in journal.hands] == [MOVES, ()]
    assert journal.fields == whole()


def test_hands_stand_by_number_not_by_letter() -> None:
    fields = whole()
    tenth = evolve(NEXT, hand_no=10)
    fields[deal_field(10)] = deal_codec().encode(tenth)
    assert [hand.deal.hand_no for hand in read(fields).hands] == [8, 9, 10]


def test_no_representation_shows_what_lies_there() -> None:
    assert "sealed" not in repr(read(whole()))


def test_there_need_be_no_talk_and_no_hand() -> None:
    fields = {name: data for name, data in whole().items() if name in (FORM, TOLD, MEMORY)}
    assert (read(fields).talk, read(fields).hands) == (None, ())


@pytest.mark.parametrize("name", [FORM, TOLD, MEMORY, deal_field(8), deal_field(9)], ids=repr)
def test_what_must_be_there_must_be_there(name: bytes) -> None:
    fields = whole()
    del fields[name]
    if name == deal_field(9):
        fields[move_field(9, 1)] = fields[move_field(8, 1)]
    with pytest.raises(Unreadable):
        read(fields)


@pytest.mark.parametrize("number", range(1, len(MOVES)))
def test_a_move_that_is_missing_is_noticed(number: int) -> None:
    fields = whole()
    del fields[move_field(8, number)]
    with pytest.raises(Unreadable, match="lacks a move"):
        read(fields)


@pytest.mark.parametrize("form", [b"", b"0", b"1", b"02", b"2 "])
def test_another_form_is_not_read(form: bytes) -> None:
    with pytest.raises(Unreadable, match="form"):
        read(whole() | {FORM: form})


def test_a_deal_under_another_number_is_noticed() -> None:
    fields = whole()
    fields[deal_field(9)], fields[deal_field(8)] = fields[deal_field(8)], fields[deal_field(9)]
    with pytest.raises(Unreadable, match="stands under"):
        read(fields)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (TOLD, b""),
        (TOLD, b"-1"),
        (TOLD, b"+77"),
        (TOLD, b"0x4d"),
        (TOLD, b"7_7"),
        (TOLD, b" 77"),
        (TOLD, "٧٧".encode()),
        (TOLD, b"9" * 5_000),
        (b"/", b""),
        (b"/d", b""),
        (b"8/", b""),
        (b"8/x", b""),
        (b"8/0", b"\x92\x02\x00"),
        (b"8/-1", b"\x92\x02\x00"),
        (b"8/01", b"\x92\x02\x00"),
        (b"8/1/1", b"\x92\x02\x00"),
        (b"08/1", b"\x92\x02\x00"),
        (b"-8/d", b""),
        (b"\xff/d", b""),
        (b"8/d", b"\xc1"),
        (b"8/3", b"\x92\x09\x00"),
        (b"8/3", b"\x92\x02\xc0"),
    ],
)
def test_what_is_wrong_in_one_field(name: bytes, data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(whole() | {name: data})


def test_a_stake_that_cannot_be_is_unreadable() -> None:
    """The rules assert that blinds stand in order: bytes of others are no mistake of ours."""
    data = deal_codec().encode(DEAL)
    altered = data.replace(b"\xcd\x03\xe8\xcd\x07\xd0", b"\xcd\x07\xd0\xcd\x03\xe8", 1)
    assert altered != data
    with pytest.raises(Unreadable):
        read(whole() | {deal_field(8): altered})


@pytest.mark.parametrize("seat", [1, 2, 9, -1])
def test_a_seated_player_without_chips_there_is_unreadable(seat: int) -> None:
    """Else the shard's next owner would ask for a cash-out that nobody knows the amount of."""
    astray = evolve(SEATED.players[0], seat=SeatIndex(seat))
    with pytest.raises(Unreadable):
        read(whole() | {MEMORY: memory_codec().encode(evolve(SEATED, players=(astray,)))})


def _reads_or_is_unreadable(fields: Mapping[bytes, bytes]) -> None:
    with contextlib.suppress(Unreadable):
        assert read(fields).fields == fields


NAMES = (
    st.sampled_from(sorted(whole())) | st.binary(max_size=8) | st.from_regex(rb"[0-9+ -]{0,3}/[0-9d -]{0,3}")
)


@given(fields=st.dictionaries(NAMES, st.binary(max_size=60) | st.sampled_from(sorted(whole().values()))))
def test_garbage_is_unreadable_and_nothing_else(fields: dict[bytes, bytes]) -> None:
    _reads_or_is_unreadable(fields | {FORM: FORM_NUMBER})


@given(fields=st.dictionaries(NAMES, st.binary(max_size=60), min_size=1, max_size=2))
def test_a_journal_with_garbage_in_it_is_unreadable_and_nothing_else(fields: dict[bytes, bytes]) -> None:
    _reads_or_is_unreadable(whole() | fields)


@given(data=st.data())
def test_altered_bytes_are_unreadable_or_other_facts(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(whole())))
    old = whole()[name]
    place = data.draw(st.integers(0, len(old) - 1))
    new = old[:place] + bytes([data.draw(st.integers(0, 255))]) + old[place + 1 :]
    _reads_or_is_unreadable(whole() | {name: new})
