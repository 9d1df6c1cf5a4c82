import re

import pytest

from shard_router.rules.letters import (
    Mailed,
    Written,
    confirm_address,
    have_account,
    password_changed,
    reset_password,
    second_factor_changed,
)

LINK = Mailed("t0ken", "https://play.example/", 30)
LETTERS = [
    confirm_address("앨리스", LINK),
    have_account(),
    reset_password("앨리스", LINK),
    password_changed("앨리스"),
    second_factor_changed("앨리스", is_on=True),
    second_factor_changed("앨리스", is_on=False),
]


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_is_korean_and_english_and_has_one_line_of_subject(letter: Written) -> None:
    korean, english = letter.text.split("\n\n- - -\n\n")
    assert re.search("[가-힣]{2}", korean)
    assert not re.search("[가-힣]", english.replace("앨리스", ""))
    assert re.search("[가-힣]{2}.* / [A-Z]", letter.subject)
    assert letter.subject.isprintable()


def test_a_link_holds_its_token_where_no_server_sees_it() -> None:
    assert LINK.as_lines("reset") == "https://play.example/reset#t0ken"
    assert Mailed("t0ken", "", 30).as_lines("reset") == "t0ken"


def test_how_long_a_token_is_good_is_said() -> None:
    assert "30 minutes" in reset_password("a", LINK).text
    assert "30분" in reset_password("a", LINK).text
    assert "24 hours" in confirm_address("a", Mailed("t", "", 24 * 60)).text


def test_on_and_off_are_told_apart() -> None:
    on, off = second_factor_changed("a", is_on=True), second_factor_changed("a", is_on=False)
    assert ("켜졌습니다" in on.subject, "꺼졌습니다" in off.subject) == (True, True)


def test_letters_and_tokens_do_not_show_themselves() -> None:
    assert "t0ken" not in repr(LINK) + repr(LETTERS)
