"""From the streams of the shards into the books, and back with the answers."""
