"""What the recorder counts. Shards are few and fixed, and places are two, so they may be labels."""

from prometheus_client import Counter, Gauge

_LABELS = ["shard", "place"]

RECORDED = Gauge("holdem_audit_recorded_batch", "The newest batch that stands in a copy", _LABELS)
LAG = Gauge("holdem_audit_lag_batches", "Batches that were committed and are not in the copy yet", _LABELS)
TROUBLES = Counter("holdem_audit_troubles_total", "Times that a copy could not be written", _LABELS)
