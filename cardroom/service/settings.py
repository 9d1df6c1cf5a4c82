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
class Admin:
    """Somebody who may order what administrators may: a name for the records, and the token shown."""

    name: str
    token: Secret


@frozen
class Bind:
    """Where a listener stands; port 0 lets the system choose."""

    host: str
    port: int


@frozen
class RedisSettings:
    """How to reach Redis. Times in seconds."""

    host: str
    port: int
    connections: int = 32
    connect_seconds: float = 2.0
    call_seconds: float = 3.0


@frozen
class PostgresSettings:
    """How to reach PostgreSQL: a libpq address (mostly a credential, it may hold a password), seconds."""

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
