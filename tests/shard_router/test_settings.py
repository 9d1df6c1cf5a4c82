import re
import tomllib
from pathlib import Path

import pytest

from cardroom.service.settings import BadSettings, load_settings, structure_settings
from shard_router.settings import RouterSettings

CREDENTIALS = {
    "HOLDEM_TICKET_KEY": "k" * 32,
    "HOLDEM_FACTOR_KEY": "f" * 32,
    "HOLDEM_SMTP_PASSWORD": "p",
    "HOLDEM_ROUTER_DSN": "postgresql://router@database/holdem",
}
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
    assert settings.factor_key is not None
    assert settings.mail is not None


def test_only_production_waits_for_a_mail() -> None:
    """Bots of the local cluster log in at once, all from one address."""
    dev = load_settings(RouterSettings, CONFIGS / "dev" / "shard_router.toml", CREDENTIALS)
    real = load_settings(RouterSettings, CONFIGS / "shard_router.toml", CREDENTIALS)
    assert (dev.confirm_email, real.confirm_email) == (False, True)
    assert ("127.0.0.0/8" in dev.failures.exempt, real.failures.exempt) == (True, ())


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
        {"hashing": {"niceness": 20}},
        {"hashing": {"wait_seconds": 0.0}},
        {"confirm_email": True},
        {"mail": {"sender": "house@example.com"}},
        {"failures": {"exempt": ["localhost"]}},
        {"failures": {"here": {"free": 0, "first_seconds": 1.0, "most_seconds": 2.0}}},
    ],
)
def test_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadSettings):
        read(SMALLEST | change)


@pytest.mark.parametrize("name", ["ticket_key", "factor_key"])
def test_short_keys_are_refused(name: str) -> None:
    document = SMALLEST | {name: {"credential": name}}
    short = CREDENTIALS | {f"HOLDEM_{name.upper()}": "short"}
    with pytest.raises(BadSettings, match=f"{name}: at least 32"):
        structure_settings(RouterSettings, document, "router", short)


def test_the_edge_leads_to_no_port_of_administrators(project_root: Path) -> None:
    """The shipped files fit each other: a second router of the edge's is not the first one's [admin]."""
    upstreams = (project_root / "configs/nginx/upstreams.conf").read_text()
    public = set(map(int, re.findall(r"server 127\.0\.0\.1:(\d+)", upstreams)))
    files = [tomllib.loads(file.read_text()) for file in (project_root / "configs").glob("*.toml")]
    served = {part[name]["port"] for part in files for name in ("http", "players") if name in part}
    admin = {part["admin"]["port"] for part in files if "admin" in part}
    assert served <= public
    assert not admin & public
