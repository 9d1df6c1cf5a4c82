"""``python -m shard_router --config FILE [--check]``, ``python -m shard_router check-map``."""

from shard_router.main import main

main()
