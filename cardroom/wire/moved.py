"""A table that another node plays from now on: what each of its viewers is told."""

from attrs import field, frozen

from cardroom.ids import TableId


@frozen
class Moved:
    """The table is played by another node from now on; this connection is closed with 4302.

    Nothing is lost: connect to ``url``, say ``Resume`` with the token and with the number of the last event,
    and play goes on. Requests that have no answer yet get none any more; those about money may still be
    carried out, all others were not.
    """

    table_id: TableId
    url: str
    """The WebSocket address of the other node."""
    resume: str = field(repr=False)
    """The token for ``Resume`` there."""
