"""A log whose lines a test looks at, whatever other tests have made of the common one."""

import structlog
from structlog.testing import LogCapture

from cardroom.service.logs import Log


def captured_by(lines: LogCapture) -> Log:
    """Give a log of all levels that writes into ``lines.entries`` and nowhere else."""
    logger: Log = structlog.wrap_logger(None, processors=[lines], wrapper_class=structlog.stdlib.BoundLogger)
    return logger
