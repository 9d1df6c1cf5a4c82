"""The file of administrators: read strictly, read anew when it changes, kept when it turns bad."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from cardroom.service.admins import (
    AdminBook,
    AdminToken,
    Role,
    draw_admin_token,
    hash_admin_token,
    parse_entries,
    read_entries,
    write_entry,
)
from cardroom.service.logs import open_log
from cardroom.service.settings import BadSettings, LogSettings

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=90)


def entry(token: str, name: str = "kim", role: Role = Role.FINANCE, expires: datetime = LATER) -> str:
    return write_entry(AdminToken(name, role, hash_admin_token(token), expires))


def write(file: Path, *entries: str) -> Path:
    """Replace the file as an editor does, so that it is another one."""
    draft = file.with_suffix(".draft")
    draft.write_text("\n".join(entries), encoding="utf-8")
    draft.rename(file)
    return file


def open_book(file: Path, clock: Callable[[], float] = lambda: 0.0, now: datetime = NOW) -> AdminBook:
    return AdminBook(file, open_log(LogSettings(), "tests"), clock, lambda: now)


def test_who_shows_a_token_is_known_by_name_and_role(tmp_path: Path) -> None:
    first, second = draw_admin_token(), draw_admin_token()
    book = open_book(write(tmp_path / "a", entry(first), entry(second, "lee", Role.OWNER)))
    found = book.find(second)
    assert found is not None
    assert (found.name, found.role, book.is_expired(found)) == ("lee", Role.OWNER, False)
    assert book.find(first) is not None
    for wrong in ("", first[:-1], first + " ", hash_admin_token(first).hex(), "é"):
        assert book.find(wrong) is None
    assert first not in repr(found)


def test_one_person_has_several_tokens_while_one_takes_the_place_of_another(tmp_path: Path) -> None:
    book = open_book(write(tmp_path / "a", entry("old", expires=NOW), entry("new")))
    old, new = book.find("old"), book.find("new")
    assert old is not None
    assert new is not None
    assert (old.name, book.is_expired(old)) == ("kim", True)
    assert (new.name, book.is_expired(new)) == ("kim", False)


def test_nobody_comes_in_by_an_empty_file(tmp_path: Path) -> None:
    assert open_book(write(tmp_path / "a", "# nobody")).find("") is None


HASH = "0" * 64
GOOD = f'name = "kim"\nrole = "finance"\ntoken_sha256 = "{HASH}"\nexpires = 2026-07-01T00:00:00Z\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[admin]]\n" + GOOD + "more = 1", "admin 1: exactly the keys"),
        ("[[admin]]\n" + GOOD.replace('role = "finance"\n', ""), "admin 1: exactly the keys"),
        ("[[admins]]\n" + GOOD, "unknown: admins"),
        ("[admin]\n" + GOOD, r"write \[\[admin\]\]"),
        ("admin = [1]", "admin 1: exactly the keys"),
        ("[[admin", "Expected"),
        ("[[admin]]\n" + GOOD.replace("kim", "Kim Lee"), "name: small letters"),
        ("[[admin]]\n" + GOOD.replace('"kim"', "7"), "name: small letters"),
        (
            "[[admin]]\n" + GOOD.replace("finance", "king"),
            "kim: role: one of viewer, support, finance, owner",
        ),
        ("[[admin]]\n" + GOOD.replace('"finance"', "[]"), "kim: role: one of"),
        ("[[admin]]\n" + GOOD.replace(HASH, "0" * 63), "kim: token_sha256: 64 small"),
        ("[[admin]]\n" + GOOD.replace(HASH, "A" * 64), "kim: token_sha256: 64 small"),
        ("[[admin]]\n" + GOOD.replace("00Z", "00"), "kim: expires: a time with its offset"),
        (
            "[[admin]]\n" + GOOD.replace("2026-07-01T00:00:00Z", '"soon"'),
            "kim: expires: a time with its offset",
        ),
        ("[[admin]]\n" + GOOD.replace("2026-07-01", "2027-07-07"), "kim: expires: at most 400 days ahead"),
        ("[[admin]]\n" + GOOD + "[[admin]]\n" + GOOD.replace("kim", "lee"), "token_sha256: each token once"),
        (entry("a") + entry("b", role=Role.OWNER), "kim: one person has one role"),
        ("".join(map(entry, "abcde")), "kim: at most 4 tokens"),
        ("#" * 300_000, "more than 262144 bytes"),
        ("\udcff", "utf-8"),
    ],
)
def test_a_file_that_is_not_exactly_right_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        parse_entries(text.encode("utf-8", "surrogateescape"), NOW)


def test_a_file_that_is_not_there_or_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "admins.toml"
    with pytest.raises(BadSettings, match=r"admins.toml: No such file"):
        open_book(file)
    write(file, entry("a")).chmod(0o666)
    with pytest.raises(BadSettings, match="everybody may write it"):
        open_book(file)
    file.chmod(0o644)
    assert len(read_entries(file, NOW)) == 1


def test_a_changed_file_is_read_anew_but_not_more_than_once_a_second(tmp_path: Path) -> None:
    seconds = 0.0
    file = write(tmp_path / "a", entry("first"))
    book = open_book(file, lambda: seconds)
    write(file, entry("second"))
    seconds = 0.9
    assert (book.find("first") is None, book.find("second") is None) == (False, True)
    seconds = 1.0
    assert (book.find("first") is None, book.find("second") is None) == (True, False)


def bad_readings() -> float:
    return REGISTRY.get_sample_value("holdem_admins_file_readings_total", {"was": "bad"}) or 0.0


@pytest.mark.parametrize("turn_bad", [lambda file: write(file, "[[admin"), lambda file: file.unlink()])
def test_a_file_that_turns_bad_leaves_what_was_read_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], turn_bad: Callable[[Path], object]
) -> None:
    seconds = 0.0
    file = write(tmp_path / "a", entry("first"))
    book, before = open_book(file, lambda: seconds), bad_readings()
    turn_bad(file)
    for seconds in (1.0, 2.0, 3.0):  # noqa: B007 (the clock reads it)
        assert book.find("first") is not None
    assert capsys.readouterr().err.count("admins.file_is_bad") == 1
    assert bad_readings() == before + 1
    write(file, entry("second"))
    seconds = 4.0
    assert (book.find("first") is None, book.find("second") is None) == (True, False)
