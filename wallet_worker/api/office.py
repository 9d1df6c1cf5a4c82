"""What the pages of administrators work with."""

from attrs import field, frozen

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from wallet_worker.settings import OfficeSettings
from wallet_worker.store.seal_batch import Link


@frozen
class Office:
    """The database, the key of the chain, and the limits."""

    postgres: Postgres
    link: Link = field(repr=False)
    log: Log
    settings: OfficeSettings = field(factory=OfficeSettings)
