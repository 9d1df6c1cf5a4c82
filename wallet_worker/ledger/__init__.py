"""From a shard's stream of commands to committed money and replies."""
