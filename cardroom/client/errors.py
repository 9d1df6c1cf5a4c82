"""What can go wrong for a client, and nothing else leaves this library."""

from cardroom.wire.refusals import Refusal


class ClientError(Exception):
    """Anything that this library raises."""


class RequestRefused(ClientError):
    """The other side refused the request, which changed nothing; ``code`` says why.

    ``retry_seconds``: it may be sent again after so long, if the router said so. ``route`` is the present one
    of a table whose route was stale.
    """

    def __init__(self, code: Refusal, retry_seconds: int | None = None, route: str = "") -> None:
        super().__init__(code.value)
        self.code = code
        self.retry_seconds = retry_seconds
        self.route = route


class ConnectionLost(ClientError):
    """The other side cannot be reached, went away, or did not answer in time.

    Whether a request under way was carried out is not known. ``close_code`` is the WebSocket close code
    where there was one.
    """

    def __init__(self, reason: str, close_code: int | None = None) -> None:
        super().__init__(reason if close_code is None else f"{reason} (close code {close_code})")
        self.close_code = close_code


class TableMoved(ConnectionLost):
    """The table moved to another node while the request was under way, and is followed there.

    The connection goes on. Only a request about money may have been carried out.
    """

    def __init__(self) -> None:
        super().__init__("the table has moved to another node")


class ProtocolBroken(ClientError):
    """The other side sent what the protocol does not allow."""


class StateDrift(ProtocolBroken):
    """What the client has made of the events is not what the node sees; connect again for a snapshot."""

    def __init__(self, table_seq: int) -> None:
        super().__init__(f"another state after event {table_seq} than the node's")
        self.table_seq = table_seq


class SequenceGap(ProtocolBroken):
    """An event of a table is missing or came twice; connect again for a snapshot."""

    def __init__(self, expected: int, received: int) -> None:
        super().__init__(f"event {expected} expected, {received} received")
        self.expected = expected
        self.received = received
