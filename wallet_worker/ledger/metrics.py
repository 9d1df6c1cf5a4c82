"""What is measured of the ledger's work."""

from prometheus_client import Counter, Gauge, Histogram

COMMANDS = Counter("holdem_ledger_commands_total", "Commands that were answered, by kind", ["kind"])
COMMIT_SECONDS = Histogram(
    "holdem_ledger_commit_seconds",
    "From reading a batch to its commit",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)
BATCHES = Counter("holdem_ledger_batches_total", "Batches, by how they were committed", ["how"])
DEAD_LETTERS = Counter("holdem_ledger_dead_letters_total", "Commands that could not be carried out")
BACKLOG = Gauge("holdem_ledger_backlog", "Commands that wait in a shard's stream", ["shard"])
BACKLOG_AGE_SECONDS = Gauge("holdem_ledger_backlog_age_seconds", "Age of the oldest that waits", ["shard"])
TERMS = Gauge("holdem_ledger_terms", "Shards whose stream this worker reads")
