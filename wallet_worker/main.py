"""Start of a wallet worker, and its commands: ``migrate``, ``verify``, and ``letters`` for dead ones."""

import argparse
import gc
import json
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

import trio

from cardroom.service.errors import open_error_reports
from cardroom.service.logs import open_log
from cardroom.service.postgres import PostgresAway
from cardroom.service.run import (
    EXIT_CONFIGURATION,
    check_admins_or_exit,
    parse_command_line,
    read_settings_or_exit,
    run_until_signalled,
)
from cardroom.service.settings import BadSettings
from wallet_worker.app import serve_wallet, verify_ledger
from wallet_worker.audit.verify import Scope
from wallet_worker.letters import add_letter_options, run_letters
from wallet_worker.payments import check_payments
from wallet_worker.settings import WalletSettings

_PROCESS: Final = "wallet_worker"
_EXIT_UNREACHABLE: Final = 2
_OBJECTS_BEFORE_COLLECTING: Final = 200_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker or a command; gives the exit code (1: verify found a fault, 2: no database)."""
    options = _command_line().parse_intermixed_args(arguments)
    settings = read_settings_or_exit(WalletSettings, options.config)
    match options.command:
        case "migrate":
            return _migrate(settings)
        case "verify":
            scope = Scope(is_full=options.full, makes_checkpoint=options.checkpoint)
            return _verify(settings, scope, as_json=options.json)
        case "letters":
            return run_letters(settings, options)
        case _:
            check_admins_or_exit(settings.admins_file)
            check_payments_or_exit(settings)
            return 0 if options.check else _serve(settings)


def _command_line() -> argparse.ArgumentParser:
    parser = parse_command_line(_PROCESS)
    parser.add_argument(
        "command", nargs="?", choices=["serve", "migrate", "verify", "letters"], default="serve"
    )
    parser.add_argument("--json", action="store_true", help="verify, letters list: print one JSON object")
    parser.add_argument("--full", action="store_true", help="verify: not from the last checkpoint on")
    parser.add_argument("--checkpoint", action="store_true", help="verify: make a checkpoint if all is sound")
    add_letter_options(parser)
    return parser


def check_payments_or_exit(settings: WalletSettings) -> None:
    """Look at what takes coins in and out, where the settings want it; on a fault say which and exit."""
    if settings.payments is None:
        return
    try:
        check_payments(settings.payments)
    except BadSettings as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(EXIT_CONFIGURATION)


def _serve(settings: WalletSettings) -> int:
    log = open_log(settings.log, _PROCESS)
    open_error_reports(settings.log, _PROCESS)
    spare_collector()
    run_until_signalled(partial(serve_wallet, settings, log))
    return 0


def spare_collector() -> None:
    """Let the garbage collector look less often: a batch makes tens of thousands of objects, and drops them.

    Nothing of it is cyclic. What was imported is not looked at any more. Measured: a fifth of a hand's time.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING, 20, 20)


def _migrate(settings: WalletSettings) -> int:
    if settings.schema_owner is None:
        sys.stderr.write("schema_owner.dsn: migrate needs a role that may change the schema\n")
        return EXIT_CONFIGURATION
    from wallet_worker.store.migrate import migrate  # noqa: PLC0415 (slow to load, and nothing else needs it)

    migrate(settings.schema_owner)
    return 0


def _verify(settings: WalletSettings, scope: Scope, *, as_json: bool) -> int:
    try:
        report = trio.run(verify_ledger, settings, scope, strict_exception_groups=True)
    except PostgresAway as away:
        sys.stderr.write(f"PostgreSQL does not answer: {away}\n")
        return _EXIT_UNREACHABLE
    text = json.dumps(report.as_document()) if as_json else "\n".join(report.as_lines())
    sys.stdout.write(text + "\n")
    return 0 if report.is_sound else 1
