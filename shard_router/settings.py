"""Settings of a router, frozen after the start. Times in seconds."""

from pathlib import Path

from attrs import Attribute, field, frozen
from attrs.validators import deep_iterable, ge, gt, le, lt, optional

from cardroom.ids import ShardId
from cardroom.service.addresses import is_network
from cardroom.service.entry import EntrySettings, GuardSettings
from cardroom.service.logins import LookupSettings
from cardroom.service.mail import MailSettings
from cardroom.service.protection import ProtectionSettings
from cardroom.service.rate_limits import LimitSettings
from cardroom.service.settings import Bind, LogSettings, PostgresSettings, RedisSettings, Secret
from cardroom.wire.keys import RESERVED_SECONDS

_MIN_KEY_LETTERS = 32


def check_shards(_: object, __: "Attribute[tuple[ShardId, ...]]", shards: tuple[ShardId, ...]) -> None:
    """Refuse a list that does not name every shard once."""
    if not shards or len(set(shards)) != len(shards) or min(shards) < 0:
        raise ValueError("shards: every shard of the cluster, once")


def _hard_to_guess(_: object, attribute: "Attribute[Secret]", key: Secret) -> None:
    if len(key.value) < _MIN_KEY_LETTERS:
        raise ValueError(f"{attribute.name}: at least {_MIN_KEY_LETTERS} characters")


@frozen
class HashingSettings:
    """Cost of one argon2id hash, and how many may run or wait.

    The defaults are OWASP's: 19 MiB, two passes, one lane. Together the running hashes take
    ``threads * memory_kib``; who finds ``waiting`` logins in line, or would wait longer than
    ``wait_seconds``, is told to come back. ``niceness`` is that of the threads: 19 comes last, 0 as all.
    """

    memory_kib: int = field(default=19_456, validator=ge(8))
    time_cost: int = field(default=2, validator=ge(1))
    lanes: int = field(default=1, validator=ge(1))
    threads: int = field(default=2, validator=ge(1))
    waiting: int = field(default=64, validator=ge(1))
    wait_seconds: float = field(default=2.0, validator=gt(0.0))
    niceness: int = field(default=19, validator=[ge(0), le(19)])

    def __attrs_post_init__(self) -> None:
        if self.memory_kib < 8 * self.lanes:
            raise ValueError("memory_kib: at least 8 for each lane")


@frozen
class PauseSettings:
    """After ``free`` failures each more doubles the wait before the next try, from first to most seconds."""

    free: int = field(validator=ge(1))
    first_seconds: float = field(validator=gt(0.0))
    most_seconds: float = field(validator=gt(0.0))


@frozen
class FailureSettings:
    """How wrong passwords and codes slow down those that follow; decision 30 says why.

    ``here``: of an account, from one address. ``account``: of an account, from wherever; mild, and without
    effect where its player has logged in before. ``address``: from an address, whatever the account;
    ``exempt`` networks have none. ``code``: codes of who is about to be logged in, or is; and, apart
    from them, passwords of who is.
    """

    here: PauseSettings = field(default=PauseSettings(5, 1.0, 300.0))
    account: PauseSettings = field(default=PauseSettings(20, 1.0, 10.0))
    address: PauseSettings = field(default=PauseSettings(30, 1.0, 60.0))
    code: PauseSettings = field(default=PauseSettings(5, 2.0, 300.0))
    forget_seconds: float = field(default=3600.0, validator=gt(0.0))
    """Failures are forgotten so long after the last one."""
    known_seconds: float = field(default=30 * 24 * 3600.0, validator=gt(0.0))
    """So long an address is known to be a player's own after a login."""
    exempt: tuple[str, ...] = field(default=(), validator=deep_iterable(is_network))


@frozen
class MailedTokenSettings:
    """How long mailed tokens may be used, and how many an address is mailed within an hour."""

    confirm_seconds: int = field(default=24 * 3600, validator=ge(1))
    reset_seconds: int = field(default=1800, validator=ge(1))
    an_hour: int = field(default=3, validator=ge(1))


@frozen
class PurgeSettings:
    """What has expired goes each ``every_seconds``: at most ``steps`` transactions of ``rows`` rows."""

    every_seconds: float = field(default=60.0, validator=ge(0.05))
    rows: int = field(default=500, validator=ge(1))
    steps: int = field(default=20, validator=ge(1))


@frozen
class QuickSeatSettings:
    """How players are sent to free seats, and when another table is opened for them."""

    reserve_seconds: float = field(default=20.0, validator=[gt(0.0), lt(RESERVED_SECONDS)])
    """For so long nobody else is sent to a seat that somebody was sent to."""
    candidates: int = field(default=32, validator=ge(1))
    """How many tables, the fullest ones, are looked through for a seat."""
    wait_seconds: float = field(default=6.0, validator=[ge(0.0), lt(9.0)])
    """How long a request waits for a table that is being opened; then 503."""
    look_seconds: float = field(default=0.1, validator=gt(0.0))
    """How often it looks meanwhile."""
    order_seconds: float = field(default=3.0, validator=gt(0.0))
    """How long a node may take to open a table."""
    fresh_seconds: float = field(default=15.0, validator=[gt(0.0), lt(RESERVED_SECONDS)])
    """For so long a table that was opened counts although it does not stand in the lobby yet."""
    extra_per_stake: int = field(default=40, validator=ge(0))
    """How many extra tables one game may have in all shards together; 0: none is opened."""
    extra_per_shard: int = field(default=40, validator=ge(0))
    """How many extra tables one shard may have."""
    favourite_seats: int = field(default=6, validator=[ge(2), le(9)])
    """What is opened for who does not care how many seats the table has, where the game has that size."""
    room: str = "Main"
    """The room that extra tables are in."""


@frozen
class KeeperSettings:
    """When extra tables that stand empty are closed again."""

    every_seconds: float = field(default=5.0, validator=gt(0.0))
    """How often the router that keeps the tables looks at them."""
    lock_seconds: float = field(default=20.0, validator=gt(0.0))
    """When it has not done so for so long, another router does."""
    quiet_seconds: float = field(default=120.0, validator=ge(0.0))
    """For so long a table must have stood empty."""
    spare_seats: int = field(default=2, validator=ge(1))
    """So many seats must stay free at other tables of the game and size."""
    closed_at_once: int = field(default=5, validator=ge(1))
    """How many tables are closed each time, at most."""
    order_seconds: float = field(default=3.0, validator=gt(0.0))
    """How long a node may take to answer."""


@frozen
class LiveSettings:
    """The live lobby: how many may follow it, in all and from one address (0: any number), and how.

    Lines that change all the time are told together each ``tell_seconds``; where shards are played is looked
    at each ``look_seconds``. Who has ``waiting_messages`` unread is sent away; who comes back in time is told
    what was missed of the last ``kept_changes``.
    """

    followers: int = field(default=2000, validator=ge(0))
    followers_per_address: int = field(default=40, validator=ge(0))
    tell_seconds: float = field(default=0.25, validator=ge(0.0))
    look_seconds: float = field(default=0.5, validator=ge(0.05))
    beat_seconds: float = field(default=15.0, validator=ge(0.05))
    waiting_messages: int = field(default=64, validator=ge(1))
    kept_changes: int = field(default=300, validator=ge(1))


@frozen
class RouterSettings:
    """All of a router's settings. ``shards`` is the fixed shard map: every shard of the cluster.

    Administrators are served at ``admin`` only, never at ``http``; with it stands ``admins_file``.
    """

    http: Bind
    redis: RedisSettings
    postgres: PostgresSettings
    shards: tuple[ShardId, ...] = field(validator=check_shards)
    ticket_key: Secret = field(validator=_hard_to_guess)
    trusted_proxies: tuple[str, ...] = field(default=(), validator=deep_iterable(is_network))
    """Networks of proxies in front: what they say about where a player comes from is believed."""
    limits: LimitSettings = field(factory=LimitSettings)
    guard: GuardSettings = field(factory=GuardSettings)
    hashing: HashingSettings = field(factory=HashingSettings)
    session_seconds: int = field(default=14 * 24 * 3600, validator=ge(1))
    lookup: LookupSettings = field(factory=LookupSettings)
    session_limit: int = field(default=100, validator=ge(1))
    """A player's oldest session ends when there would be more."""
    step_up_seconds: int = field(default=300, validator=ge(1))
    """How long a code of the second factor, shown in a session, counts there for what needs one."""
    factor_key: Secret | None = field(default=None, validator=optional(_hard_to_guess))
    """Seals the secrets of second factors; without it there are none."""
    confirm_email: bool = False
    """Whether a new account begins by a mail that shows whose address it is."""
    mail: MailSettings | None = None
    mailed_tokens: MailedTokenSettings = field(factory=MailedTokenSettings)
    failures: FailureSettings = field(factory=FailureSettings)
    purge: PurgeSettings = field(factory=PurgeSettings)
    lobby_seconds: float = field(default=0.5, validator=ge(0.0))
    stakes_file: Path | None = None
    """The games on offer, the same file as the nodes'. Without it no extra tables are opened."""
    quick_seat: QuickSeatSettings = field(factory=QuickSeatSettings)
    keeper: KeeperSettings = field(factory=KeeperSettings)
    lobby_stale_seconds: float = field(default=30.0, validator=ge(0.0))
    """How long the last lobby is shown while Redis is away."""
    live: LiveSettings = field(factory=LiveSettings)
    watch_seconds: float = field(default=1.0, validator=ge(0.05))
    start_seconds: float = 10.0
    admin: Bind | None = None
    admins_file: Path | None = None
    protection: ProtectionSettings = field(factory=ProtectionSettings)
    log: LogSettings = field(factory=LogSettings)

    @property
    def entry(self) -> EntrySettings:
        """What the door of the pages is told."""
        return EntrySettings(self.trusted_proxies, self.limits, self.guard)

    def __attrs_post_init__(self) -> None:
        if (self.admin is None) != (self.admins_file is None):
            raise ValueError("admin and admins_file: both, or none")
        if self.confirm_email and self.mail is None:
            raise ValueError("confirm_email: needs mail")
