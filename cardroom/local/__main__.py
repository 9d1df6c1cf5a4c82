"""Starts ``cardroom.local.main``; a signal that comes before anything is started just ends it."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # a traceback out of an import would tell nobody anything

from cardroom.local.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
