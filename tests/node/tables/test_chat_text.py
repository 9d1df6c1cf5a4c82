"""What is text and what is not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.wire.refusals import Refusal
from node.tables.chat_text import clean_text
from node.tables.denied import Denied


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gg", "gg"),
        ("\t gg \n", "gg"),
        ("a" * 200, "a" * 200),
        (" " + "가" * 200 + "\u3000", "가" * 200),
        (unicodedata.normalize("NFD", "각" * 200), "각" * 200),
        ("ㅋㅋㅋㅋ ㅠㅠ", "ㅋㅋㅋㅋ ㅠㅠ"),
        ("👨‍👩‍👧‍👦 ❤️‍🔥 🇰🇷 1️⃣ 👍🏿", "👨‍👩‍👧‍👦 ❤️‍🔥 🇰🇷 1️⃣ 👍🏿"),
        ("\U0001faf8", "\U0001faf8"),  # an emoji that this Python's Unicode has no name for
        ("₩10,000!", "₩10,000!"),
        ("Việt Nam é", "Việt Nam é"),
    ],
)
def test_text_of_any_language_is_shown(text: str, shown: str) -> None:
    assert clean_text(text, 200) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\n ",
        "a" * 201,
        "two\nlines",
        "a\x00b",
        "a\x1b[2Jb",
        "a\u202eb",  # right-to-left override
        "a\u2066b",  # isolate
        "a\u200bb",  # zero-width space
        "a\ufeffb",
        "a\u2028b",
        "a\ue000b",  # private
        "a\uffffb",
        "a\U000e0041b",  # a tag: text that nobody sees
        "\u3164",  # the filler of Hangul
        "gg\u3164gg",
        "\u200d",
        "a\ud800b",  # half a surrogate pair
        "\u0301",
        "z" + "\u0335" * 5,
        "z" + ("\u0335" * 4 + "\u200d") * 30,  # a joiner begins no new letter
    ],
)
def test_what_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(Denied) as denied:
        clean_text(text, 200)
    assert denied.value.code is Refusal.TEXT_NOT_ALLOWED


@given(st.text(max_size=220))
def test_what_is_shown_is_bounded_visible_and_stays_the_same(text: str) -> None:
    try:
        shown = clean_text(text, 200)
    except Denied:
        return
    assert 1 <= len(shown) <= 200
    assert shown == shown.strip()
    assert clean_text(shown, 200) == shown
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Co"} for letter in shown)
