"""Start of the sandbox."""

import sys
from collections.abc import Sequence
from functools import partial

from cardroom.local.payments.app import open_sandbox, serve_sandbox
from cardroom.local.payments.settings import SandboxSettings
from cardroom.service.logs import open_log
from cardroom.service.run import (
    EXIT_CONFIGURATION,
    parse_command_line,
    read_settings_or_exit,
    run_until_signalled,
)
from cardroom.service.settings import BadSettings


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; exits 78 when its settings or its file cannot be used."""
    line = parse_command_line("cardroom.local.payments").parse_args(arguments)
    settings = read_settings_or_exit(SandboxSettings, line.config)
    try:
        sandbox, log = open_sandbox(settings), open_log(settings.log, "payments")
    except (BadSettings, ValueError) as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(EXIT_CONFIGURATION)
    if not line.check:
        run_until_signalled(partial(serve_sandbox, settings, sandbox, log))
