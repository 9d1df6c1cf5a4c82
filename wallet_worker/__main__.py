"""``python -m wallet_worker``."""

import sys

from wallet_worker.main import main

sys.exit(main())
