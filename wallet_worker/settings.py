"""Settings of the wallet worker."""

from pathlib import Path
from typing import Final

from attrs import field, frozen
from attrs.validators import deep_iterable

from cardroom.ids import ShardId
from cardroom.service.addresses import is_network
from cardroom.service.entry import EntrySettings, GuardSettings
from cardroom.service.logins import LookupSettings
from cardroom.service.protection import ProtectionSettings
from cardroom.service.rate_limits import LimitSettings
from cardroom.service.settings import (
    BadSettings,
    Bind,
    LogSettings,
    PostgresSettings,
    RedisSettings,
    Secret,
)
from wallet_worker.payment_settings import PaymentSettings

_SHORTEST_SECRET: Final = 16


@frozen
class LedgerSettings:
    """How streams are read. A term is another's after ``term_seconds`` without a heartbeat.

    Who holds a term writes one with each batch, and three times in ``term_seconds`` when none comes; who is
    there at all says so every ``heartbeat_seconds``. Every ``housekeeping_seconds`` outcomes that are too
    old are deleted, at most ``forget_steps`` times ``forget_commands`` of them, and the next months made.

    Settlements are committed together, not more often than every ``gather_seconds``, while nobody waits for
    them. A table does at its ``gather_hands_of_a_table``-th one: the nodes' ``unsettled_hands``.

    Every ``notice_seconds`` it is looked which tables wait to be opened by their owners, who are told.
    """

    batch_size: int = 500
    block_ms: int = 1000
    gather_seconds: float = 1.0
    gather_hands_of_a_table: int = 2
    term_seconds: float = 3.0
    heartbeat_seconds: float = 0.5
    batch_seconds: float = 20.0
    stop_seconds: float = 1.0
    longest_pause_seconds: float = 2.0
    tries: int = 5
    probe_seconds: float = 5.0
    housekeeping_seconds: float = 3600.0
    forget_commands: int = 5000
    forget_steps: int = 200
    notice_seconds: float = 2.0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.batch_size <= 500 or not 1 <= self.block_ms <= 1000 or self.tries < 1:
            raise BadSettings("ledger: batch_size is 1 to 500, block_ms 1 to 1000, tries at least 1")
        if not 0.0 <= self.gather_seconds <= 1.5 or self.gather_hands_of_a_table < 1:
            raise BadSettings("ledger: gather_seconds is 0 to 1.5, gather_hands_of_a_table at least 1")
        if not 0.05 <= self.heartbeat_seconds <= 0.5 or self.term_seconds < 2.0:
            raise BadSettings("ledger: heartbeat_seconds is 0.05 to 0.5, term_seconds at least 2")
        if self.housekeeping_seconds < 60.0 or not 1 <= self.forget_commands <= 50_000:
            raise BadSettings("ledger: housekeeping_seconds is at least 60, forget_commands 1 to 50000")
        if self.forget_steps < 1 or self.notice_seconds < 0.05:
            raise BadSettings("ledger: forget_steps is at least 1, notice_seconds 0.05")


@frozen
class OfficeSettings:
    """Limits of what administrators and players ask for by HTTP.

    A proposal of an adjustment that nobody decides ends after ``proposal_days``. ``csv_seconds`` is the
    longest an export may take, however slow its reader is. Players' pages have ``page_connections`` to the
    database, and no others. ``freeze_probe_seconds`` is how old the word about a freeze may be, in health,
    metrics and among the nodes; what moves money asks the database itself.
    """

    proposal_days: int = 7
    csv_seconds: float = 300.0
    page_connections: int = 4
    freeze_probe_seconds: float = 1.0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.proposal_days <= 90:
            raise BadSettings("office: proposal_days is 1 to 90")
        if self.page_connections < 1:
            raise BadSettings("office: page_connections is at least 1")
        if self.csv_seconds <= 0 or self.freeze_probe_seconds <= 0:
            raise BadSettings("office: csv_seconds and freeze_probe_seconds are above 0")


@frozen
class HandEventSettings:
    """Whether and how records of settled hands are unpacked into rows.

    ``group_hands`` in a transaction, ``groups`` of them before the next shard's turn, then a pause.
    """

    enabled: bool = True
    group_hands: int = 50
    groups: int = 20
    pause_seconds: float = 5.0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.group_hands <= 500 or self.groups < 1 or self.pause_seconds < 0.01:
            raise BadSettings(
                "hand_events: group_hands is 1 to 500, groups at least 1, pause_seconds at least 0.01"
            )


@frozen
class AuditSettings:
    """Where sealed batches are written a second and a third time, and how ``verify`` compares them.

    ``folder`` holds the files; it is this host's own. A shard's Redis copy keeps the newest
    ``redis_batches``, but no more than about ``redis_bytes``. A recorder looks for new batches each
    ``poll_seconds``, when nobody wakes it, and reads at most ``group_batches`` at once; ``kept_batches`` of
    each shard are kept for it in memory.

    ``verify`` calls a batch missing that the file lacks ``lag_seconds`` after its commit. It may ask the
    database for longer than the worker does (``verify_call_seconds``), and asks the nodes up to
    ``node_tries`` times, while money moves.
    """

    folder: Path
    redis_batches: int = 10_000
    redis_bytes: int = 64 * 1024 * 1024
    poll_seconds: float = 1.0
    group_batches: int = 10
    kept_batches: int = 20
    stop_seconds: float = 0.5
    longest_pause_seconds: float = 5.0
    lag_seconds: float = 300.0
    verify_call_seconds: float = 900.0
    node_call_seconds: float = 3.0
    node_tries: int = 10

    def __attrs_post_init__(self) -> None:
        counts = (
            self.redis_batches,
            self.redis_bytes,
            self.group_batches,
            self.kept_batches,
            self.node_tries,
        )
        if min(counts) < 1 or self.poll_seconds <= 0 or self.group_batches > 1000:
            raise BadSettings("audit: numbers are at least 1, group_batches at most 1000")


@frozen
class NodeAddress:
    """Where a node answers administrators."""

    admin_url: str


@frozen
class WalletSettings:
    """Everything the wallet worker is told.

    ``postgres`` connects as the role ``holdem_wallet``; ``schema_owner`` is only read by ``migrate`` and
    names a role that may create tables and roles. ``shards`` are the streams it reads; each gets its row at
    start. ``admins_file`` says who administrates: two are needed where one proposes and another approves.
    ``nodes`` are asked by ``verify`` what they believe to lie at their tables, with ``node_admin_token``.
    """

    shards: tuple[ShardId, ...]
    redis: RedisSettings
    postgres: PostgresSettings
    http: Bind
    admins_file: Path
    chain_key: Secret
    audit: AuditSettings
    trusted_proxies: tuple[str, ...] = field(default=(), validator=deep_iterable(is_network))
    """Networks of proxies in front: what they say about where a player comes from is believed."""
    limits: LimitSettings = field(factory=LimitSettings)
    guard: GuardSettings = field(factory=GuardSettings)
    log: LogSettings = field(factory=LogSettings)
    ledger: LedgerSettings = field(factory=LedgerSettings)
    office: OfficeSettings = field(factory=OfficeSettings)
    hand_events: HandEventSettings = field(factory=HandEventSettings)
    lookup: LookupSettings = field(factory=LookupSettings)
    protection: ProtectionSettings = field(factory=ProtectionSettings)
    payments: PaymentSettings | None = None
    """Without it no coin comes in or goes out: those pages are not there."""
    schema_owner: PostgresSettings | None = None
    nodes: tuple[NodeAddress, ...] = ()
    node_admin_token: Secret | None = None

    def __attrs_post_init__(self) -> None:
        if not self.shards or len(set(self.shards)) != len(self.shards) or min(self.shards) < 0:
            raise BadSettings("shards: at least one, each once, none below 0")
        if len(self.chain_key.value) < _SHORTEST_SECRET:
            raise BadSettings("chain_key has at least 16 characters")
        if self.nodes and self.node_admin_token is None:
            raise BadSettings("node_admin_token: who has nodes needs their token")

    @property
    def entry(self) -> EntrySettings:
        """What the door of the pages is told."""
        return EntrySettings(self.trusted_proxies, self.limits, self.guard)
