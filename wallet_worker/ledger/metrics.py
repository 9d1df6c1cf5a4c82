"""What the ledger counts. Shards are few and fixed, so they may be labels."""

from prometheus_client import Counter, Gauge, Histogram

BATCHES = Counter("holdem_ledger_batches_total", "Batches committed", ["shard"])
SETTLED_HANDS = Counter("holdem_ledger_settled_hands_total", "Settlements answered as settled", ["shard"])
SETTLING_BATCHES = Counter(
    "holdem_ledger_settling_batches_total", "Batches committed that settled a hand at least", ["shard"]
)
COMMANDS = Counter("holdem_ledger_commands_total", "Commands answered", ["kind", "outcome"])
COMMIT_SECONDS = Histogram(
    "holdem_ledger_commit_seconds",
    "From the first statement of a batch to its commit",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
BATCH_COMMANDS = Histogram(
    "holdem_ledger_batch_commands", "Commands in a batch", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500)
)
DEAD_LETTERS = Counter("holdem_ledger_dead_letters_total", "Entries that could not be carried out", ["shard"])
RETRIES = Counter("holdem_ledger_command_failures_total", "Deterministic failures of one command", ["shard"])
BACKLOG = Gauge("holdem_ledger_backlog", "Entries that wait in the stream", ["shard"])
BACKLOG_AGE = Gauge("holdem_ledger_backlog_age_seconds", "Age of the stream's oldest entry", ["shard"])
LETTERS_WAITING = Gauge("holdem_ledger_letters_waiting", "Dead letters that nobody has resolved", ["shard"])
HOLDS_TERM = Gauge("holdem_ledger_term", "The term that this worker holds, 0 for none", ["shard"])
LIVE_WORKERS = Gauge("holdem_ledger_workers", "Workers that are there, as this one sees it")
REUSED_IDS = Counter(
    "holdem_ledger_reused_ids_total", "Commands under an id that stands for another body: an alert", ["shard"]
)
FORGOTTEN = Counter("holdem_ledger_forgotten_commands_total", "Outcomes deleted, for their age")
HOUSEKEEPING_FAILURES = Counter("holdem_ledger_housekeeping_failures_total", "Rounds that failed", ["task"])
