"""The process that plays the games: fixed shards of tables, all state in memory."""
