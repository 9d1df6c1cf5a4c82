"""Where unforeseen errors are reported, besides the log."""

import sentry_sdk

from cardroom.service.logs import Log
from cardroom.service.metrics import UNFORESEEN
from cardroom.service.settings import LogSettings


def open_error_reports(settings: LogSettings, process: str) -> None:
    """Send unforeseen errors to Sentry where an address is configured; local variables stay here."""
    if settings.sentry_dsn is not None:
        sentry_sdk.init(
            dsn=settings.sentry_dsn.value,
            server_name=process,
            include_local_variables=False,
            default_integrations=False,
            shutdown_timeout=2,
        )


def report_unforeseen(log: Log, border: str, error: BaseException) -> None:
    """Log, count and report an error that reached one of the four borders that catch everything."""
    UNFORESEEN.labels(border=border).inc()
    log.error("unforeseen", border=border, exc_info=error)
    if sentry_sdk.is_initialized():  # else it would write down all local variables, and throw them away
        with sentry_sdk.isolation_scope():
            sentry_sdk.capture_exception(error)
