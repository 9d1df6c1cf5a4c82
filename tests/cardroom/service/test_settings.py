"""Settings: one file, no unknown key, secrets from elsewhere."""

from pathlib import Path

import pytest
from attrs import frozen

from cardroom.service.settings import (
    BadSettings,
    Bind,
    RedisSettings,
    Secret,
    load_settings,
    split_address,
    structure_settings,
)


@frozen
class Example:
    name: str
    http: Bind
    key: Secret
    seconds: float = 2.5
    shards: tuple[int, ...] = ()


GOOD = 'name = "one"\nkey = { credential = "ticket_key" }\nseconds = 3\nshards = [1, 2]\n'
HTTP = '[http]\nhost = "127.0.0.1"\nport = 0\n'


def _write(folder: Path, text: str) -> Path:
    file = folder / "example.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_and_a_credential_make_settings(tmp_path: Path) -> None:
    (tmp_path / "ticket_key").write_text("very secret\n", encoding="utf-8")
    file = _write(tmp_path, GOOD + HTTP)
    found = load_settings(Example, file, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found == Example("one", Bind("127.0.0.1", 0), Secret("very secret"), 3.0, (1, 2))
    assert "very secret" not in repr(found)


def test_without_a_folder_the_environment_gives_the_credential(tmp_path: Path) -> None:
    file = _write(tmp_path, GOOD + HTTP)
    assert load_settings(Example, file, {"HOLDEM_TICKET_KEY": "k"}).key == Secret("k")


def test_any_text_may_be_a_credential(tmp_path: Path) -> None:
    text = GOOD.replace('name = "one"', 'name = { credential = "who" }')
    file = _write(tmp_path, text + HTTP)
    assert load_settings(Example, file, {"HOLDEM_WHO": "me", "HOLDEM_TICKET_KEY": "k"}).name == "me"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (GOOD + HTTP + "typo = 1\n", "typo"),
        (GOOD, "http"),
        (GOOD.replace("seconds = 3", 'seconds = "3"') + HTTP, "seconds"),
        (GOOD.replace("seconds = 3", "seconds = true") + HTTP, "seconds"),
        (GOOD.replace("[1, 2]", '["1"]') + HTTP, "shards"),
        (GOOD + HTTP.replace("0\n", '"x"\n'), "port"),
        (GOOD.replace('{ credential = "ticket_key" }', '"in the file"') + HTTP, "secret"),
        (GOOD.replace("ticket_key", "missing") + HTTP, "HOLDEM_MISSING"),
        ("this is no toml", "example.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, word: str) -> None:
    file = _write(tmp_path, text)
    with pytest.raises(BadSettings, match=word):
        load_settings(Example, file, {"HOLDEM_TICKET_KEY": "k"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"absent\.toml"):
        load_settings(Example, tmp_path / "absent.toml", {})


def test_a_credential_cannot_point_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("no", encoding="utf-8")
    inside = tmp_path / "credentials"
    inside.mkdir()
    text = GOOD.replace("ticket_key", "../outside")
    with pytest.raises(BadSettings):
        load_settings(Example, _write(tmp_path, text + HTTP), {"CREDENTIALS_DIRECTORY": str(inside)})


def test_redis_is_one_server_or_sentinels() -> None:
    assert split_address("10.0.0.1:26379") == ("10.0.0.1", 26379)
    assert split_address("[::1]:26379") == ("::1", 26379)
    document = {"sentinels": ["10.0.0.1:26379"], "service": "holdem", "replicas": 1}
    assert structure_settings(RedisSettings, document, "redis", {}).sentinels == ("10.0.0.1:26379",)
    bad_ones: list[dict[str, object]] = [
        {},
        {"host": "10.0.0.1"},
        {"host": "10.0.0.1", "port": 6379, "sentinels": ["10.0.0.1:26379"]},
        {"sentinels": ["10.0.0.1"]},
        {"sentinels": ["10.0.0.1:0"]},
        {"host": "10.0.0.1", "port": 6379, "replicas": -1},
        {"host": "10.0.0.1", "port": 6379, "replicas": 1, "confirm_seconds": 3.0},
    ]
    for bad in bad_ones:
        with pytest.raises(BadSettings):
            structure_settings(RedisSettings, bad, "redis", {})
