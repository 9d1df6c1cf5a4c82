"""Settings of a wallet worker, frozen after the start. Times in seconds."""

from attrs import field, frozen

from cardroom.ids import ShardId
from cardroom.service.settings import Bind, LogSettings, PostgresSettings, RedisSettings, Secret


@frozen
class StreamSettings:
    """How shard streams are read and committed."""

    batch: int = 500
    block_seconds: float = 1.0
    retry_seconds: float = 0.5
    tries: int = 5
    term_seconds: float = 10.0
    stop_seconds: float = 2.0


@frozen
class WalletSettings:
    """All of a wallet worker's settings.

    ``shards`` is the fixed shard map: every shard of the cluster. ``owner`` names a role that may change the
    schema; only ``migrate`` uses it.
    """

    worker_id: str
    shards: tuple[ShardId, ...]
    http: Bind
    admin_token: Secret
    audit_key: Secret
    redis: RedisSettings
    postgres: PostgresSettings
    owner: PostgresSettings | None = None
    streams: StreamSettings = field(factory=StreamSettings)
    start_seconds: float = 15.0
    log: LogSettings = field(factory=LogSettings)
