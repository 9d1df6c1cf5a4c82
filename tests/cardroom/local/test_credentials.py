"""Secrets: random, kept, and nobody else's to read."""

from pathlib import Path

from cardroom.local.credentials import make_credentials, read_credential

OWNER = "postgresql://postgres:@/postgres?host=/run/here"


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    make_credentials(folder, ["ticket_key", "owner_dsn"], OWNER)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_secrets_are_random_and_stay(tmp_path: Path) -> None:
    make_credentials(tmp_path, ["one", "two"], OWNER)
    first = read_credential(tmp_path, "one")
    assert len(first) == 64
    assert first != read_credential(tmp_path, "two")
    make_credentials(tmp_path, ["one", "two", "three"], OWNER)
    assert read_credential(tmp_path, "one") == first


def test_addresses_follow_the_server_and_name_their_roles(tmp_path: Path) -> None:
    names = ["router_dsn", "wallet_dsn", "owner_dsn"]
    make_credentials(tmp_path, names, "postgresql://postgres:@/postgres?host=/old")
    make_credentials(tmp_path, names, OWNER)
    assert [read_credential(tmp_path, name) for name in names] == [
        "postgresql://holdem_router@/postgres?host=/run/here",
        "postgresql://holdem_wallet@/postgres?host=/run/here",
        OWNER,
    ]
