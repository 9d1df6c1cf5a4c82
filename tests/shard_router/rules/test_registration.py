from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shard_router.rules.registration import (
    NotAllowed,
    write_email,
    write_new_password,
    write_nickname,
    write_password,
)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Al", "Al"),
        ("a" * 20, "a" * 20),
        ("A_b-9", "A_b-9"),
        ("한국인", "한국인"),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "한국"),
        ("Ａｌｉｃｅ", "Alice"),
    ],
)
def test_nickname(text: str, stored: str) -> None:
    assert write_nickname(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a" * 21,
        "a b",
        " ab",
        "ab\n",
        "a\x00b",
        "<b>",
        "ab\u200b",
        "Аlice",
        "ﷺﷺ",
        "ab\u202e",
        "😀😀",
        "١٢",
    ],
)
def test_nickname_refused(text: str) -> None:
    with pytest.raises(NotAllowed):
        write_nickname(text)


@given(st.text(max_size=30))
def test_a_stored_nickname_is_stored_as_it_is(text: str) -> None:
    try:
        nickname = write_nickname(text)
    except NotAllowed:
        return
    assert write_nickname(nickname) == nickname
    assert 2 <= len(nickname) <= 20


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Alice@Example.COM", "alice@example.com"),
        (" a.b+c@mail.example.co.kr ", "a.b+c@mail.example.co.kr"),
        ("a@xn--9n2bp8q.xn--t60b56a", "a@xn--9n2bp8q.xn--t60b56a"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_email(text: str, stored: str) -> None:
    assert write_email(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "(one)victim@example.com",
        "root,victim@example.com",
        "<victim@example.com",
        ":;@example.com",
        "().@example.com",
        '"a"@example.com',
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "", "a", "@example.com", "a@", "a@b", "a@@example.com", "a b@example.com", "a@exa mple.com", "a@.com",
        "a@example.", "a@-example.com", "a@example.com\nBcc: b@example.com", "a@1.2.3.4", "ä@example.com",
        "a" * 65 + "@example.com", "a@" + "b." * 130 + "com", "a@" + "b" * 250 + ".com",
    ],
)  # fmt: skip
def test_email_refused(text: str) -> None:
    with pytest.raises(NotAllowed):
        write_email(text)


@pytest.mark.parametrize("write", [write_email, write_nickname, write_new_password])
@given(text=st.text(max_size=300))
def test_what_is_stored_is_stored_as_it_is(write: Callable[[str], str], text: str) -> None:
    try:
        stored = write(text)
    except NotAllowed:
        return
    assert write(stored) == stored


@pytest.mark.parametrize("write", [write_email, write_nickname, write_new_password])
def test_a_refusal_does_not_repeat_the_text(write: Callable[[str], str]) -> None:
    with pytest.raises(NotAllowed) as refused:
        write("hunter2" * 50)
    assert "hunter2" not in str(refused.value)


def test_password() -> None:
    assert write_new_password("x" * 8) == "x" * 8
    assert write_new_password("한" * 128) == "한" * 128
    for text in ("", "x" * 7, "x" * 129):
        with pytest.raises(NotAllowed):
            write_new_password(text)


def test_password_is_the_same_however_it_is_composed() -> None:
    assert write_password("\u1112\u1161\u11ab") == write_password("한")
