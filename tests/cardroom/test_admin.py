"""The command for tokens of administrators."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cardroom.admin import main
from cardroom.service.admins import Role, hash_admin_token, parse_entries, read_entries
from tests.cardroom.service.people import ADMINS_FILE


def token(*more: str) -> int:
    return main(["token", "--name", "kim", "--role", "finance", *more])


def test_a_token_is_printed_once_with_the_lines_to_add(capsys: pytest.CaptureFixture[str]) -> None:
    assert token("--days", "30") == 0
    said = capsys.readouterr().out
    shown, _, lines = said.partition("\n\n")
    (entry,) = parse_entries(lines.encode(), datetime.now(UTC))
    assert (entry.name, entry.role) == ("kim", Role.FINANCE)
    assert entry.token_sha256 == hash_admin_token(shown)
    assert 29 <= (entry.expires - datetime.now(UTC)).days <= 30


def test_an_entry_is_added_to_the_file_and_the_rest_of_it_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "admins.toml"
    assert token("--file", str(file)) == 0
    file.chmod(0o600)
    file.write_text(f"# who and why\n{file.read_text()}")
    capsys.readouterr()
    assert main(["token", "--name", "lee", "--role", "viewer", "--file", str(file)]) == 0
    shown = capsys.readouterr().out.strip()
    entries = read_entries(file, datetime.now(UTC))
    assert [one.name for one in entries] == ["kim", "lee"]
    assert entries[1].token_sha256 == hash_admin_token(shown)
    assert file.read_text().startswith("# who and why\n")
    assert shown not in file.read_text()
    assert (file.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (0o600, [file])


def test_what_would_make_the_file_bad_is_not_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "admins.toml"
    token("--file", str(file))
    before = file.read_text()
    assert main(["token", "--name", "kim", "--role", "owner", "--file", str(file)]) == 1
    assert main(["token", "--name", "Kim Lee", "--role", "owner", "--file", str(file)]) == 1
    assert main(["token", "--name", "Kim Lee", "--role", "owner"]) == 1
    told = capsys.readouterr().err
    assert "kim: one person has one role; nothing was added" in told
    assert "name: small letters" in told
    assert file.read_text() == before
    assert token("--file", str(tmp_path / "no" / "folder")) == 1


@pytest.mark.parametrize("days", ["0", "401", "-1", "soon"])
def test_a_token_is_not_good_for_longer(days: str) -> None:
    with pytest.raises(SystemExit):
        token("--days", days)


def test_a_file_is_checked_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--file", str(ADMINS_FILE)]) == 0
    listed = capsys.readouterr().out
    assert "vera                     viewer   until 2026-12-01 00:00 UTC" in listed
    assert "until 2026-01-01 00:00 UTC  expired" in listed
    bad = tmp_path / "admins.toml"
    bad.write_text("[[admin]]\n")
    assert main(["check", "--file", str(bad)]) == 1
    assert "admin 1: exactly the keys" in capsys.readouterr().err
