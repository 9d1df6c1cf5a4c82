"""What is measured of players' connections."""

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge("holdem_connections", "Players' connections that are open now")
CLOSED = Counter("holdem_connections_closed_total", "Connections that the node closed, by code", ["code"])
MESSAGES = Counter("holdem_player_messages_total", "Messages from players, by kind", ["kind"])
