"""How long a client waits and how much it keeps."""

from attrs import frozen


@frozen
class ClientLimits:
    """Limits of one client, times in seconds.

    ``events`` is how many events may wait to be read; who reads slower loses the connection.
    """

    connect_seconds: float = 5.0
    send_seconds: float = 5.0
    answer_seconds: float = 10.0
    close_seconds: float = 2.0
    events: int = 1024
    http_connections: int = 4
    keep_alive_seconds: float = 30.0
