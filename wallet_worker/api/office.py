"""What the pages of administrators work with."""

from collections.abc import Callable

from attrs import field, frozen

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from wallet_worker.settings import OfficeSettings
from wallet_worker.store.seal_batch import Link


def _tell_nobody() -> None:
    """Nodes hear of it when they open the shard."""


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
