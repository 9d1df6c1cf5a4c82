"""Settings of a process: one TOML file into one frozen class, plus secrets.

Unknown keys, missing keys and wrong types stop the start. A secret is never in the file: the file names it,
``{ credential = "ticket_key" }``, and it is read from systemd's credentials folder or, where there is none,
from the environment variable ``HOLDEM_TICKET_KEY``. Any text setting may be written so. Nothing else reads
the environment.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import field, frozen
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError
from cattrs.v import format_exception

T = TypeVar("T")

_MAX_SECRET_BYTES = 64 * 1024


class BadSettings(Exception):
    """The settings cannot be used; the text says which key and why, for the operator."""


@frozen
class Secret:
    """A credential. It does not show itself in logs or tracebacks."""

    value: str = field(repr=False)


@frozen
class Bind:
    """Where a listener stands; port 0 lets the system choose."""

    host: str
    port: int


@frozen
class Confirmation:
    """How many replicas must have what was written before it counts, and within how many seconds."""

    replicas: int = 0
    seconds: float = 1.0


@frozen
class RedisSettings:
    """How to reach Redis: one server's host and port, or sentinels that name the primary. Times in seconds.

    ``sentinels`` are written ``host:port``; ``service`` is the name under which they watch the primary, and
    ``watch_seconds`` how often they are asked whether it is another one now. ``replicas`` must confirm what
    needs confirmation, within ``confirm_seconds``.
    """

    host: str = ""
    port: int = 0
    sentinels: tuple[str, ...] = ()
    service: str = "holdem"
    watch_seconds: float = 1.0
    replicas: int = 0
    confirm_seconds: float = 1.0
    connections: int = 32
    connect_seconds: float = 2.0
    call_seconds: float = 3.0

    def __attrs_post_init__(self) -> None:
        if bool(self.sentinels) == bool(self.host and self.port):
            raise ValueError("either host and port, or sentinels")
        for one in self.sentinels:
            split_address(one)
        if self.replicas < 0 or (self.replicas and not 0 < self.confirm_seconds < self.call_seconds):
            raise ValueError("replicas must not be below 0, confirm_seconds must be below call_seconds")

    @property
    def confirmation(self) -> Confirmation:
        """What it takes that something written counts, where that matters."""
        return Confirmation(self.replicas, self.confirm_seconds)


def split_address(address: str) -> tuple[str, int]:
    """Read ``host:port``; raises ``ValueError``."""
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"host:port expected, not {address!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


@frozen
class PostgresSettings:
    """How to reach PostgreSQL: a libpq address (mostly a credential, it may hold a password), seconds.

    The address may name several servers (``host1:5432,host2:5432``): then the one that takes writes is used,
    or the one that its ``target_session_attrs`` asks for.
    """

    dsn: str = field(repr=False)
    connections: int = 8
    connect_seconds: float = 5.0
    call_seconds: float = 10.0
    lock_seconds: float = 5.0


@frozen
class LogSettings:
    """``json`` for machines, ``console`` for people."""

    level: str = "info"
    form: str = "json"
    sentry_dsn: Secret | None = None


def load_settings(kind: type[T], path: Path, environment: Mapping[str, str] = os.environ) -> T:
    """Read one process's settings; raises ``BadSettings`` with every fault that was found."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"{path}: {error}") from error
    return structure_settings(kind, document, str(path), environment)


def structure_settings(kind: type[T], document: Any, name: str, environment: Mapping[str, str]) -> T:
    """Build settings from a parsed document; ``name`` is what faults are reported under."""
    converter = _settings_converter(environment)
    try:
        return converter.structure(document, kind)
    except BaseValidationError as error:
        faults = transform_error(error, format_exception=_say_fault)
        raise BadSettings("; ".join(f"{name}: {fault}" for fault in faults)) from error
    except (BadSettings, ValueError, TypeError) as error:
        raise BadSettings(f"{name}: {error}") from error


def _say_fault(error: BaseException, kind: type | None) -> str:
    """Let a value's own check say what is wrong; cattrs would say "invalid value"."""
    return str(error) if type(error) is ValueError else format_exception(error, kind)


def _settings_converter(environment: Mapping[str, str]) -> Converter:
    converter = Converter(forbid_extra_keys=True)

    def exactly(kind: Any) -> None:
        def structure(value: Any, _: Any) -> Any:
            if kind is str and type(value) is dict:
                return _read_secret(value, environment).value
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise ValueError(f"{kind.__name__} expected, not {value!r}")
            return kind(value)

        converter.register_structure_hook(kind, structure)

    for kind in (int, float, str, bool):
        exactly(kind)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_structure_hook(Secret, lambda value, _: _read_secret(value, environment))
    return converter


def _read_secret(value: Any, environment: Mapping[str, str]) -> Secret:
    if type(value) is not dict or list(value) != ["credential"] or type(value["credential"]) is not str:
        raise ValueError('a secret is written { credential = "name" }')
    name = value["credential"]
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if folder and (file := Path(folder) / Path(name).name).is_file():
        text = file.read_text(encoding="utf-8").strip()
    else:
        text = environment.get(f"HOLDEM_{name.upper()}", "")
    if not text or len(text) > _MAX_SECRET_BYTES:
        raise ValueError(
            f"credential {name!r} is in neither the credentials folder nor HOLDEM_{name.upper()}"
        )
    return Secret(text)
