"""Real servers for all tests: one embedded PostgreSQL and one Valkey for the whole run."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
import structlog
from hypothesis import HealthCheck, settings

from cardroom.local.servers import EmbeddedPostgres, EmbeddedValkey, postgres_server, valkey_server

# Machines that run tests are busy: how long an example takes proves nothing here.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None, print_blob=True
)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _no_log_is_open() -> None:
    """Begin each test as a process begins: what it logs does not depend on the modules that were imported.

    Many of them open a log, for all of the process; one that a test was given stays as it is.
    """
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Run PostgreSQL for the whole test run, in a folder that no other run tidies away.

    It need not outlive the machine, so it does not wait for the disk: making and dropping a ledger for each
    test would take most of the time. Whoever measures, or kills a server, runs one as it comes.
    """
    with TemporaryDirectory(prefix="holdem-") as folder, postgres_server(Path(folder) / "postgres") as server:
        asyncio.run(_do_not_wait_for_the_disk(server.dsn))
        yield server


async def _do_not_wait_for_the_disk(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10.0)
    await connection.execute("ALTER SYSTEM SET fsync = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close(timeout=5.0)


@pytest.fixture(scope="session")
def valkey() -> Iterator[EmbeddedValkey]:
    """Run Valkey for the whole test run."""
    with TemporaryDirectory(prefix="holdem-") as folder, valkey_server(Path(folder), port=0) as server:
        yield server


@pytest.fixture(scope="session")
def project_root() -> Path:
    """Give the folder of the project."""
    return Path(__file__).parent.parent
