"""Plays against a cluster: ``python -m loadtest --router URL --password-file FILE``, or ``--local``."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, Final

import trio

from cardroom.client import ClientError
from cardroom.local.processes import ProcessFailed
from cardroom.local.servers import ServerFailed
from cardroom.service.run import end_without_tidying
from cardroom.service.settings import BadSettings
from loadtest.course import CannotPlay, run_course
from loadtest.options import Options, read_options
from loadtest.own_cluster import open_own_cluster
from loadtest.parts import PartFailed
from loadtest.progress import Progress
from loadtest.report import write_line
from loadtest.show import describe_outcome, write_page
from loadtest.showing.result import Result
from loadtest.stop import Stop

_FAILURES: Final = (CannotPlay, PartFailed, ProcessFailed, ServerFailed, ClientError)
EXIT_FAILED: Final = 1
EXIT_CANNOT_START: Final = 2


def main(arguments: list[str] | None = None) -> int:
    """Play, then write the numbers; SIGTERM and SIGINT let the bots leave their tables first."""
    try:
        options = read_options(arguments, os.environ)
    except BadSettings as fault:
        sys.stderr.write(f"{fault}\n")
        return EXIT_CANNOT_START
    try:
        report = trio.run(_play_until_signalled, options, strict_exception_groups=True)
    except (*_FAILURES, BaseExceptionGroup) as error:
        known, others = _split(error)
        if others is not None:
            raise others from None
        sys.stderr.write(f"{known}\n")
        return EXIT_FAILED
    _write(options, report)
    return 0 if options.own_cluster is None or has_passed(report) else EXIT_FAILED


def _split(error: BaseException) -> tuple[str, BaseException | None]:
    """Give what is to be told of the failures that have a text for people, and all others."""
    if not isinstance(error, BaseExceptionGroup):
        return str(error), None
    known, others = error.split(_FAILURES)
    reason: BaseException | None = known
    while isinstance(reason, BaseExceptionGroup):
        reason = reason.exceptions[0]
    return str(reason), others


def _write(options: Options, report: dict[str, Any]) -> None:
    if options.profile.json_file is not None:
        options.profile.json_file.write_text(json.dumps(report) + "\n", encoding="utf-8")
    else:
        write_line(report, sys.stdout)
    if options.html_file is not None:
        result = Result(json.loads(json.dumps(report)))
        write_page(result, options.html_file)
        sys.stderr.write(f"{options.html_file}: {describe_outcome(result)}\n")


async def _play_until_signalled(options: Options) -> dict[str, Any]:
    stop = Stop()
    progress = Progress(is_live=options.profile.is_live)
    async with trio.open_nursery() as nursery:
        await nursery.start(_order_stop_on_signal, stop)
        report = await _play(options, stop, progress)
        progress.end()
        nursery.cancel_scope.cancel()
    return report


async def _play(options: Options, stop: Stop, progress: Progress) -> dict[str, Any]:
    """Play on the cluster that is there, or on one of our own."""
    if options.own_cluster is None:
        return await run_course(options.profile, options.surroundings, stop, progress)
    progress.say("Starting a cluster ...")
    async with open_own_cluster(options.own_cluster, options.profile, progress.say) as (profile, asked):
        report = await run_course(profile, asked, stop, progress)
        progress.say("Stopping it ...")
    return report


def has_passed(report: Mapping[str, Any]) -> bool:
    """Say whether a run is good: no faults, and a ledger that balances if it was asked."""
    return not report["protocol_errors"] and report["ledger"]["is_balanced"] is not False


async def _order_stop_on_signal(
    stop: Stop, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            stop.order()


if __name__ == "__main__":
    code = main()
    end_without_tidying()
    sys.exit(code)
