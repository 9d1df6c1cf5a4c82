"""The journal of hands in play: written before anything is told, read by whoever owns the shard next."""
