"""What is measured of rates."""

from prometheus_client import Counter, Gauge

SOURCE_CALLS = Counter(
    "holdem_rate_source_calls_total", "Calls of sources of rates, by how they ended", ["source", "outcome"]
)
BREAKER = Gauge(
    "holdem_rate_breaker_state",
    "0 while a source is asked, 1 while it is tried, 2 while left alone",
    ["source"],
)
AGE = Gauge("holdem_rate_age_seconds", "Age of the price of a coin that was looked at last", ["coin"])
DIFFERENCE = Gauge(
    "holdem_rate_difference_basis_points",
    "Largest difference between two sources' prices of a coin",
    ["coin"],
)
SOURCES = Gauge("holdem_rate_sources", "Sources that gave a price of a coin that is new enough", ["coin"])
STOPPED = Gauge("holdem_rate_stopped", "1 while a coin is not converted for that reason", ["coin", "reason"])
STOPS = Counter("holdem_rate_stops_total", "Times that conversion of a coin was stopped", ["coin", "reason"])
UNSHARED = Counter(
    "holdem_rate_unshared_total", "Times that rates were not shared with other workers: Redis was away"
)
