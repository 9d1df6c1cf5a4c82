from pathlib import Path

import pytest

from cardroom.service.settings import BadSettings, load_settings, structure_settings
from shard_router.settings import RouterSettings

CREDENTIALS = {"HOLDEM_TICKET_KEY": "k" * 32, "HOLDEM_ROUTER_DSN": "postgresql://router@database/holdem"}
CONFIGS = Path(__file__).parents[2] / "configs"
SMALLEST = {
    "http": {"host": "127.0.0.1", "port": 8000},
    "redis": {"host": "127.0.0.1", "port": 6379},
    "postgres": {"dsn": {"credential": "router_dsn"}},
    "shards": [0, 1],
    "ticket_key": {"credential": "ticket_key"},
}


def read(document: object) -> RouterSettings:
    return structure_settings(RouterSettings, document, "router", CREDENTIALS)


@pytest.mark.parametrize("name", ["shard_router.toml", "dev/shard_router.toml"])
def test_shipped_settings(name: str) -> None:
    settings = load_settings(RouterSettings, CONFIGS / name, CREDENTIALS)
    assert settings.hashing.memory_kib >= 19_456


def test_defaults_are_safe() -> None:
    settings = read(SMALLEST)
    assert settings.shards == (0, 1)
    assert settings.hashing.memory_kib * settings.hashing.time_cost >= 2 * 19_456
    assert settings.lobby_seconds <= 1.0


def test_no_secret_is_shown() -> None:
    assert "kkkk" not in repr(read(SMALLEST))
    assert "postgresql://" not in repr(read(SMALLEST))


@pytest.mark.parametrize(
    "change",
    [
        {"shards": []},
        {"shards": [1, 1]},
        {"shards": [-1]},
        {"shards": ["0"]},
        {"unknown": 1},
        {"session_seconds": 0},
        {"lobby_seconds": -1.0},
        {"ticket_key": "in the file" * 4},
        {"hashing": {"memory_kib": 8, "lanes": 2}},
        {"hashing": {"threads": 0}},
        {"admin": {"host": "127.0.0.1", "port": 0}},
        {"admins_file": "admins.toml"},
    ],
)
def test_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadSettings):
        read(SMALLEST | change)


def test_short_ticket_key_is_refused() -> None:
    with pytest.raises(BadSettings, match="at least 32"):
        structure_settings(RouterSettings, SMALLEST, "router", CREDENTIALS | {"HOLDEM_TICKET_KEY": "short"})
