"""Real servers for all tests: one embedded PostgreSQL and one Valkey for the whole run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cardroom.local.servers import EmbeddedPostgres, EmbeddedValkey, postgres_server, valkey_server

# Machines that run tests are busy: how long an example takes proves nothing here.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None, print_blob=True
)
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Run PostgreSQL for the whole test run."""
    with postgres_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Run Valkey for the whole test run."""
    with valkey_server(tmp_path_factory.mktemp("valkey"), port=0) as server:
        yield server


@pytest.fixture(scope="session")
def project_root() -> Path:
    """Give the folder of the project."""
    return Path(__file__).parent.parent
