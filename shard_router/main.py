"""Starts a router: command line, settings, log, loop; or checks the shard map."""

import sys
from functools import partial

from cardroom.service.errors import open_error_reports
from cardroom.service.logs import open_log
from cardroom.service.run import (
    EXIT_CONFIGURATION,
    check_admins_or_exit,
    parse_command_line,
    read_settings_or_exit,
    run_until_signalled,
)
from cardroom.service.settings import BadSettings
from shard_router.app import serve_router
from shard_router.check_map import COMMAND as CHECK_MAP
from shard_router.check_map import run_check_map
from shard_router.settings import RouterSettings
from shard_router.store.games import read_games

PROCESS = "shard_router"


def main() -> None:
    """Serve until SIGTERM or SIGINT; exits 1 when its address is taken, 78 when its settings are bad."""
    if sys.argv[1:2] == [CHECK_MAP]:
        sys.exit(run_check_map(sys.argv[2:]))
    parser = parse_command_line(PROCESS)
    parser.epilog = f"python -m {PROCESS} {CHECK_MAP} --help: check the shard map"
    line = parser.parse_args()
    settings = read_settings_or_exit(RouterSettings, line.config)
    try:
        log = open_log(settings.log, PROCESS)
        if settings.stakes_file is not None:
            read_games(settings.stakes_file)
    except BadSettings as fault:
        sys.stderr.write(f"{line.config}: {fault}\n")
        sys.exit(EXIT_CONFIGURATION)
    if settings.admins_file is not None:
        check_admins_or_exit(settings.admins_file)
    if line.check:
        return
    open_error_reports(settings.log, PROCESS)
    try:
        run_until_signalled(partial(serve_router, settings, log))
    except BaseExceptionGroup as group:
        if group.split(OSError)[1] is not None:
            raise
        log.error("router.cannot_listen", bind=str(settings.http), reason=_first_reason(group))  # noqa: TRY400
        sys.exit(1)


def _first_reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
