"""Bring the schema to a version. Alembic runs on asyncio: call this outside of a Trio loop or in a thread."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, make_url

from cardroom.service.postgres import list_hosts
from cardroom.service.settings import PostgresSettings


def migrate(owner: PostgresSettings, version: str = "head") -> None:
    """Upgrade to a version, in one transaction; does nothing where it stands there already.

    ``owner`` names a role that may create tables and roles, not the worker's own.
    """
    command.upgrade(_config(owner), version)


def unmigrate(owner: PostgresSettings, version: str = "base") -> None:
    """Go back to a version: what later ones brought goes, with everything in it; ``base`` leaves nothing."""
    command.downgrade(_config(owner), version)


def _config(owner: PostgresSettings) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = _url(owner.dsn)
    config.attributes["connect_seconds"] = owner.connect_seconds
    return config


def _url(dsn: str) -> URL:
    """Write an address as SQLAlchemy reads it, which knows several hosts by its query only."""
    hosts, parts = list_hosts(dsn), urlsplit(dsn)
    if len(hosts) == 1:
        return make_url(dsn).set(drivername="postgresql+asyncpg")
    words = {"target_session_attrs": "read-write"} | dict(parse_qsl(parts.query))
    words.pop("port", None)
    alone = parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@", query="").geturl()
    places = tuple(f"{host}:{port or 5432}" for host, port in hosts)
    return make_url(alone).set(drivername="postgresql+asyncpg", query=words | {"host": places})
