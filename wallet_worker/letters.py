"""``python -m wallet_worker letters``: list the dead letters, retry one, or void one."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

import trio

from cardroom.service.logs import open_log
from cardroom.service.postgres import PostgresAway, open_postgres
from cardroom.service.redis import open_redis
from cardroom.wire.ledger import reply_codec
from wallet_worker.audit.chain import chain_linker
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.ledger.deadletter import ResolvedOtherwise, StillFails
from wallet_worker.ledger.letter_desk import MAX_NAME_LETTERS, MAX_REASON_LETTERS, WAYS, LetterDesk
from wallet_worker.settings import WalletSettings
from wallet_worker.store.list_letters import MAX_PAGE, list_letters
from wallet_worker.store.resolve_letter import NoSuchLetter, Resolution

_EXIT_REFUSED: Final = 1
_EXIT_UNREACHABLE: Final = 2
_EXIT_USAGE: Final = 64
_MAX_ID: Final = 2**63 - 1

USAGE: Final = "letters list [--json] [--all] | letters retry|void ID --by NAME --reason TEXT"


def add_letter_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``letters`` takes to the command line of the process."""
    parser.add_argument("words", nargs="*", metavar="WORD", help=USAGE)
    parser.add_argument("--all", action="store_true", help="letters list: also those that are resolved")
    parser.add_argument("--by", default="", help="letters retry, void: who orders it")
    parser.add_argument("--reason", default="", help="letters retry, void: why")


def run_letters(settings: WalletSettings, options: argparse.Namespace) -> int:
    """Do what the words say; gives the exit code (1: refused, 2: no database, 64: words without sense)."""
    try:
        match options.words:
            case ["list"]:
                trio.run(_list, settings, options, strict_exception_groups=True)
            case [("retry" | "void") as order, number] if _is_id(number) and _is_signed(options):
                wanted = Resolution(int(number), WAYS[order], options.by, options.reason)
                trio.run(_resolve, settings, wanted, strict_exception_groups=True)
            case _:
                return _refuse(f"usage: {USAGE}", _EXIT_USAGE)
    except PostgresAway as away:
        return _refuse(f"PostgreSQL does not answer: {away}", _EXIT_UNREACHABLE)
    except NoSuchLetter:
        return _refuse("There is no such letter.", _EXIT_REFUSED)
    except ResolvedOtherwise:
        return _refuse("It was resolved in the other way; that cannot be changed.", _EXIT_REFUSED)
    except StillFails as fails:
        return _refuse(f"It still fails: {fails}. Nothing moved, the letter waits.", _EXIT_REFUSED)
    return 0


async def _list(settings: WalletSettings, options: argparse.Namespace) -> None:
    letters: list[Any] = []
    before: int | None = None
    async with open_postgres(settings.postgres) as postgres:
        while True:
            page = await list_letters(postgres, before, MAX_PAGE, with_resolved=options.all)
            letters.extend(page.letters)
            before = page.before
            if before is None:
                break
    if options.json:
        sys.stdout.write(json.dumps({"letters": letters}) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _as_lines(letters))


async def _resolve(settings: WalletSettings, wanted: Resolution) -> None:
    link = chain_linker(settings.chain_key)
    log = open_log(settings.log, "wallet_worker")
    async with open_postgres(settings.postgres) as postgres, open_redis(settings.redis) as redis:
        protection, blocks = settings.protection, settings.guard.blocked_users
        tools = BatchTools(postgres, reply_codec(), link, protection=protection, blocked_users=blocks)
        desk = LetterDesk(tools, redis, log)
        document = await desk.resolve(wanted)
    sys.stdout.write(json.dumps(dict(document)) + "\n")


def _as_lines(letters: Sequence[Any]) -> Sequence[str]:
    if not letters:
        return ["No dead letters wait."]
    lines = []
    for letter in letters:
        state = letter["resolution"] or "waits"
        place = f"shard {letter['shard']} table {letter['table_id'] or '-'}"
        lines.append(f"{letter['id']}  {state:8}  {place}  since {letter['buried_at']}  {letter['reason']}")
        if letter["failure"]:
            lines.append(f"    tried again {letter['failed_at']}: {letter['failure']}")
        if letter["resolution"]:
            lines.append(
                f"    by {letter['resolved_by']} {letter['resolved_at']}: {letter['resolved_reason']}"
            )
    return lines


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= _MAX_ID


def _is_signed(options: argparse.Namespace) -> bool:
    texts = ((options.by, MAX_NAME_LETTERS), (options.reason, MAX_REASON_LETTERS))
    return all(0 < len(text) <= longest and "\0" not in text for text, longest in texts)


def _refuse(text: str, code: int) -> int:
    sys.stderr.write(text + "\n")
    return code
