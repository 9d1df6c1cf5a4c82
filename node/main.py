"""Start of a node: ``python -m node --config FILE [--check]``."""

import gc
import sys
from collections.abc import Sequence

from cardroom.service.errors import open_error_reports
from cardroom.service.logs import open_log
from cardroom.service.run import (
    EXIT_CONFIGURATION,
    check_admins_or_exit,
    parse_command_line,
    read_settings_or_exit,
    run_until_signalled,
)
from node.app import serve
from node.sessions.listener import open_listener
from node.settings import NodeSettings, StakesFile


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a node until it is told to stop; gives the exit code."""
    options = parse_command_line("node").parse_args(arguments)
    settings = read_settings_or_exit(NodeSettings, options.config)
    stakes = read_settings_or_exit(StakesFile, settings.stakes_file)
    log = open_log(settings.log, settings.node_id)
    check_admins_or_exit(settings.admins_file)
    if options.check:
        return 0
    open_error_reports(settings.log, settings.node_id)
    gc.freeze()
    try:
        listener = open_listener(settings.players)
    except OSError as taken:
        sys.stderr.write(f"players.port {settings.players.port}: {taken}\n")
        return EXIT_CONFIGURATION
    run_until_signalled(lambda stopping: serve(settings, stakes, listener, log, stopping))
    return 0


if __name__ == "__main__":
    sys.exit(main())
