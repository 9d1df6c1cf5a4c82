"""What is counted of deposits on their way."""

from prometheus_client import Counter, Gauge

REFUSED = Counter(
    "holdem_webhooks_refused_total", "Messages of gateways that were refused", ["gateway", "code"]
)
TAKEN = Counter("holdem_webhooks_taken_total", "Messages of gateways that were taken", ["gateway"])
CREDITED = Counter("holdem_deposits_credited_total", "Deposits that were credited", ["coin"])
ALARMS = Counter(
    "holdem_deposits_alarms_total",
    "Deposits told differently or taken back by the chain after they were credited: somebody must look",
    ["alarm"],
)
WAITING = Gauge(
    "holdem_deposits_waiting",
    "Deposits that are neither credited nor refused, by how far they are and why they wait",
    ["state", "reason"],
)
OLDEST_SECONDS = Gauge(
    "holdem_deposits_oldest_waiting_seconds", "How long ago the oldest of those was first seen", ["state"]
)
TROUBLE = Counter(
    "holdem_deposits_trouble_total", "Looks at deposits and addresses that failed, by what failed", ["of"]
)
