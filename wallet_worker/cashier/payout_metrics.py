"""What is counted and measured of withdrawals on their way."""

from prometheus_client import Counter, Gauge

STEPS = Counter("holdem_payout_steps_total", "Steps of withdrawals that this worker made", ["to"])
WAITING = Counter(
    "holdem_payout_waits_total", "Times that a payout could not be sent now, and why", ["reason"]
)
CALLS = Counter(
    "holdem_payout_calls_total", "Payouts that a gateway was told of, by outcome", ["gateway", "outcome"]
)
CONTRADICTIONS = Counter(
    "holdem_payout_contradictions_total",
    "What was told of payouts against what is known: somebody must look at once",
    ["kind"],
)
STATES = Gauge("holdem_withdrawals", "Withdrawals that have not ended", ["state"])
STATES_KRW = Gauge("holdem_withdrawals_krw", "What withdrawals that have not ended are worth", ["state"])
OLDEST = Gauge(
    "holdem_withdrawals_oldest_seconds",
    "Since when the oldest of a state has been ready to go on, or was sent; 0 where there is none",
    ["state"],
)
SENT_TODAY = Gauge("holdem_payouts_sent_today_krw", "Won that were sent today, or may have been", ["coin"])
