"""Starts ``cardroom.local.main``; a signal that comes before anything is started just ends it."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # a traceback out of an import would tell nobody anything

from cardroom.local.main import main  # noqa: E402
from cardroom.service.run import end_without_tidying  # noqa: E402

if __name__ == "__main__":
    code = main()
    end_without_tidying()
    sys.exit(code)
