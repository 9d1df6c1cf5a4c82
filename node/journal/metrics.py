"""What is measured of the journal."""

from prometheus_client import Counter, Histogram

FLUSH_SECONDS = Histogram(
    "holdem_journal_flush_seconds",
    "From sending a flush of the journal to its acknowledgement",
    buckets=(0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0),
)
FLUSHES = Counter("holdem_journal_flushes_total", "Flushes of the journal that were acknowledged")
REWRITES = Counter("holdem_journal_rewrites_total", "Journals of tables that were written whole")
RECOVERED = Counter(
    "holdem_hands_recovered_total", "Hands in play that an earlier owner has left, by outcome", ["outcome"]
)
