"""Bring the schema to a version. Alembic runs on asyncio: call this outside of a Trio loop or in a thread."""

from pathlib import Path

from alembic import command
from alembic.config import Config

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
    config.attributes["dsn"] = owner.dsn
    config.attributes["connect_seconds"] = owner.connect_seconds
    return config
