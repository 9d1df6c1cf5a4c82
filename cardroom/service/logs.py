"""Structured logs on standard error; a logger is handed down, never kept in a context variable."""

import logging
import sys
from typing import Any, TextIO, cast

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from cardroom.service.settings import BadSettings, LogSettings

Log = structlog.stdlib.BoundLogger
"""What is handed down; ``log.bind(table_id=...)`` makes a narrower one."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


# Never with the frames' variables: among those of a table are the deck and everybody's hole cards.
_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


class _StandardError:
    """Standard error as it is when a line is written, not as it was when logging was configured."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def open_log(settings: LogSettings, process: str) -> Log:
    """Configure logging for this process, once, and give its root logger."""
    if settings.level not in _LEVELS or settings.form not in {"json", "console"}:
        raise BadSettings(f"log: level is one of {', '.join(_LEVELS)}; form is json or console")
    renderer: Any = structlog.processors.JSONRenderer()
    if settings.form == "console":
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *((_TRACEBACKS,) if settings.form == "json" else ()),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )
    log: Log = structlog.get_logger().bind(process=process)
    return log
