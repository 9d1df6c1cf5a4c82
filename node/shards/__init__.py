"""Own a shard: its lease, its epoch, and the nursery that its tables live in."""
