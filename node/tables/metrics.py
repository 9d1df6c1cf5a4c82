"""What is measured of the tables."""

from prometheus_client import Counter, Gauge, Histogram

ACTION_SECONDS = Histogram(
    "holdem_action_seconds",
    "From an action's bytes to its events written to all seats",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 1.0, 3.0),
)
TABLES = Gauge("holdem_tables", "Tables that this node holds now")
HANDS = Counter("holdem_hands_total", "Hands that ended, by outcome", ["outcome"])
REFUSALS = Counter("holdem_refusals_total", "Refused requests at tables, by code", ["code"])
CRASHES = Counter("holdem_table_crashes_total", "Table tasks that died and were started again")
CHAT = Counter(
    "holdem_chat_total", "What was said at tables, by kind; refusals are counted by their code", ["kind"]
)
