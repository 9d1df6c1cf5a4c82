"""Settings of a router, frozen after the start. Times in seconds."""

from attrs import Attribute, field, frozen
from attrs.validators import ge

from cardroom.ids import ShardId
from cardroom.service.logins import LookupSettings
from cardroom.service.protection import ProtectionSettings
from cardroom.service.settings import Bind, LogSettings, PostgresSettings, RedisSettings, Secret

_MIN_KEY_LETTERS = 32


def _each_shard_once(_: object, __: "Attribute[tuple[ShardId, ...]]", shards: tuple[ShardId, ...]) -> None:
    if not shards or len(set(shards)) != len(shards) or min(shards) < 0:
        raise ValueError("shards: every shard of the cluster, once")


def _hard_to_guess(_: object, __: "Attribute[Secret]", key: Secret) -> None:
    if len(key.value) < _MIN_KEY_LETTERS:
        raise ValueError(f"ticket_key: at least {_MIN_KEY_LETTERS} characters")


@frozen
class HashingSettings:
    """Cost of one argon2id hash, and how many may run or wait.

    The defaults are OWASP's: 19 MiB, two passes, one lane. Together the running hashes take
    ``threads * memory_kib``; who finds ``waiting`` logins in line is told to come back.
    """

    memory_kib: int = field(default=19_456, validator=ge(8))
    time_cost: int = field(default=2, validator=ge(1))
    lanes: int = field(default=1, validator=ge(1))
    threads: int = field(default=2, validator=ge(1))
    waiting: int = field(default=64, validator=ge(1))

    def __attrs_post_init__(self) -> None:
        if self.memory_kib < 8 * self.lanes:
            raise ValueError("memory_kib: at least 8 for each lane")


@frozen
class PurgeSettings:
    """Expired sessions go each ``every_seconds``: at most ``steps`` transactions of ``rows`` rows."""

    every_seconds: float = field(default=60.0, validator=ge(0.05))
    rows: int = field(default=500, validator=ge(1))
    steps: int = field(default=20, validator=ge(1))


@frozen
class RouterSettings:
    """All of a router's settings. ``shards`` is the fixed shard map: every shard of the cluster."""

    http: Bind
    redis: RedisSettings
    postgres: PostgresSettings
    shards: tuple[ShardId, ...] = field(validator=_each_shard_once)
    ticket_key: Secret = field(validator=_hard_to_guess)
    hashing: HashingSettings = field(factory=HashingSettings)
    session_seconds: int = field(default=14 * 24 * 3600, validator=ge(1))
    lookup: LookupSettings = field(factory=LookupSettings)
    purge: PurgeSettings = field(factory=PurgeSettings)
    lobby_seconds: float = field(default=0.5, validator=ge(0.0))
    watch_seconds: float = field(default=1.0, validator=ge(0.05))
    start_seconds: float = 10.0
    protection: ProtectionSettings = field(factory=ProtectionSettings)
    log: LogSettings = field(factory=LogSettings)
