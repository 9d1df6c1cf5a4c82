"""``python -m shard_router --config FILE [--check]``."""

from shard_router.main import main

main()
