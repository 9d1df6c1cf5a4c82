"""``python -m node``."""

import sys

from node.main import main

sys.exit(main())
