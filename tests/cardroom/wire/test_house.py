import pytest

from cardroom.wire.house import HouseWord, read_house, write_house


@pytest.mark.parametrize("word", [HouseWord(), HouseWord(True, "10시에 다시", 7), HouseWord(number=2**62)])
def test_a_word_comes_back(word: HouseWord) -> None:
    assert read_house(write_house(word)) == word


def test_golden_bytes() -> None:
    fields = {b"play_frozen": b"1", b"told": b"Back at ten.", b"number": b"12"}
    assert write_house(HouseWord(True, "Back at ten.", 12)) == fields


@pytest.mark.parametrize(
    "change", [{b"play_frozen": b"yes"}, {b"told": b"\xff"}, {b"number": b"many"}, {b"number": b""}]
)
def test_what_cannot_be_read_is_no_word(change: dict[bytes, bytes]) -> None:
    assert read_house(write_house(HouseWord()) | change) is None
    assert read_house({}) is None
    assert read_house({b"play_frozen": b"1"}) is None
