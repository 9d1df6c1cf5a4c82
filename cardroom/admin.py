"""``python -m cardroom.admin token|check``: makes administrators' tokens, says who has what until when."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cardroom.service.admins import (
    MAX_TOKEN_DAYS,
    AdminToken,
    Role,
    draw_admin_token,
    hash_admin_token,
    parse_entries,
    read_entries,
    write_entry,
)
from cardroom.service.settings import BadSettings

_EXIT_BAD: Final = 1
_USUAL_DAYS: Final = 90
_SOON: Final = timedelta(days=14)
_NEW_FILE_MODE: Final = 0o644


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the words say; gives the exit code (1: the file cannot be used, with the reason)."""
    options = _command_line().parse_args(arguments)
    try:
        return _make_token(options) if options.command == "token" else _check(options.file)
    except BadSettings as fault:
        sys.stderr.write(f"{fault}\n")
        return _EXIT_BAD


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cardroom.admin")
    commands = parser.add_subparsers(dest="command", required=True)
    token = commands.add_parser("token", help="draw a token; it is printed once and kept nowhere")
    token.add_argument("--name", required=True, help="who it is for, as all records will say")
    token.add_argument("--role", required=True, choices=[role.value for role in Role])
    token.add_argument("--days", type=_days, default=_USUAL_DAYS, help=f"1 to {MAX_TOKEN_DAYS}")
    token.add_argument("--file", type=Path, help="add the entry here; without it the lines are printed")
    check = commands.add_parser("check", help="validate a file, and list who has what until when")
    check.add_argument("--file", type=Path, required=True)
    return parser


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_TOKEN_DAYS):
        raise argparse.ArgumentTypeError(f"1 to {MAX_TOKEN_DAYS}")
    return int(text)


def _make_token(options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    token = draw_admin_token()
    expires = now.replace(microsecond=0) + timedelta(days=options.days)
    entry = write_entry(AdminToken(options.name, Role(options.role), hash_admin_token(token), expires))
    if options.file is None:
        parse_entries(entry.encode(), now)
        sys.stderr.write("The token is shown this once. Add these lines to the file of administrators:\n")
        sys.stdout.write(f"{token}\n\n{entry}")
        return 0
    _append(options.file, entry, now)
    sys.stderr.write(f"The token is shown this once. Its entry stands in {options.file}.\n")
    sys.stdout.write(f"{token}\n")
    return 0


def _append(file: Path, entry: str, now: datetime) -> None:
    """Add an entry to a file that is good with it; who reads meanwhile finds the old file or the new one."""
    target = file.resolve()
    try:
        before = target.read_bytes() if target.exists() else b""
        mode = target.stat().st_mode & 0o777 if target.exists() else _NEW_FILE_MODE
        text = before + (b"\n" if before else b"") + entry.encode()
        _parse_whole(file, text, now)
        draft = target.with_name(f"{target.name}.draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        draft.rename(target)
    except OSError as error:
        raise BadSettings(f"{error.filename}: {error.strerror}") from error


def _parse_whole(file: Path, text: bytes, now: datetime) -> None:
    try:
        parse_entries(text, now)
    except BadSettings as fault:
        raise BadSettings(f"{file}: {fault}; nothing was added") from fault


def _check(file: Path) -> int:
    now = datetime.now(UTC)
    for one in sorted(read_entries(file, now), key=lambda one: (one.name, one.expires)):
        until = one.expires.strftime("%Y-%m-%d %H:%M UTC")
        sys.stdout.write(f"{one.name:24} {one.role.value:8} until {until}{_note(one, now)}\n")
    return 0


def _note(one: AdminToken, now: datetime) -> str:
    if one.is_expired(now):
        return "  expired"
    return "  soon over" if one.expires - now < _SOON else ""


if __name__ == "__main__":
    sys.exit(main())
