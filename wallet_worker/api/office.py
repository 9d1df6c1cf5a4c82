"""What the pages of administrators work with."""

from collections.abc import Awaitable, Callable

from attrs import field, frozen

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from wallet_worker.settings import OfficeSettings
from wallet_worker.store.seal_batch import Link


def _tell_nobody() -> None:
    """Nodes hear of it when they open the shard."""


async def _tell_no_player(_: int) -> None:
    """Players see it in their balance."""


@frozen
class Office:
    """The database, the key of the chain, and the limits.

    ``on_table_made`` is called when a table was made that a node is to be told of.
    """

    postgres: Postgres
    link: Link = field(repr=False)
    log: Log
    settings: OfficeSettings = field(factory=OfficeSettings)
    on_table_made: Callable[[], None] = _tell_nobody
    on_released: Callable[[int], Awaitable[None]] = _tell_no_player
    """Called with the payment of a held deposit that was released; it must not raise."""
