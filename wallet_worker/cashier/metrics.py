"""What the cashier counts."""

from prometheus_client import Counter, Gauge

MOVED = Counter("holdem_cashier_moves_total", "Moves of outside money and of rakeback", ["kind"])
CONTRADICTIONS = Counter(
    "holdem_cashier_contradictions_total",
    "Facts about outside money that contradict what is booked: somebody must look",
    ["kind"],
)
HELD = Counter(
    "holdem_cashier_held_deposits_total", "Deposits that came in over a player's limit, told again ones too"
)
EVERYTHING_FROZEN = Gauge("holdem_everything_frozen", "1 while an administrator has frozen everything")
FROZEN = Gauge("holdem_house_frozen", "1 while an administrator has frozen that for all", ["scope"])
WITHDRAWALS_REFUSED = Counter(
    "holdem_cashier_refused_withdrawals_total",
    "Requests for withdrawals, and for addresses to withdraw to, that were refused",
    ["code"],
)
WITHDRAWALS_FLAGGED = Counter(
    "holdem_cashier_flagged_withdrawals_total", "Withdrawals that people have to look at", ["flag"]
)
