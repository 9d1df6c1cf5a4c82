"""Settings of the wallet worker."""

import re
from pathlib import Path
from typing import Final

from attrs import field, frozen

from cardroom.ids import ShardId
from cardroom.service.logins import LookupSettings
from cardroom.service.protection import ProtectionSettings
from cardroom.service.settings import (
    Admin,
    BadSettings,
    Bind,
    LogSettings,
    PostgresSettings,
    RedisSettings,
    Secret,
)

ADMIN: Final = "admin"
"""Who shows ``admin_token``."""

_ADMIN_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHORTEST_SECRET: Final = 16


@frozen
class LedgerSettings:
    """How streams are read. A term is another's after ``term_seconds`` without a heartbeat.

    Who holds a term writes one with each batch, and three times in ``term_seconds`` when none comes; who is
    there at all says so every ``heartbeat_seconds``. Every ``housekeeping_seconds`` outcomes that are too
    old are deleted, at most ``forget_steps`` times ``forget_commands`` of them, and the next months made.

    Settlements are committed together, not more often than every ``gather_seconds``, while nobody waits for
    them. A table does at its ``gather_hands_of_a_table``-th one: the nodes' ``unsettled_hands``.
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

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.batch_size <= 500 or not 1 <= self.block_ms <= 1000 or self.tries < 1:
            raise BadSettings("ledger: batch_size is 1 to 500, block_ms 1 to 1000, tries at least 1")
        if not 0.0 <= self.gather_seconds <= 1.5 or self.gather_hands_of_a_table < 1:
            raise BadSettings("ledger: gather_seconds is 0 to 1.5, gather_hands_of_a_table at least 1")
        if not 0.05 <= self.heartbeat_seconds <= 0.5 or self.term_seconds < 2.0:
            raise BadSettings("ledger: heartbeat_seconds is 0.05 to 0.5, term_seconds at least 2")
        if self.housekeeping_seconds < 60.0 or not 1 <= self.forget_commands <= 50_000:
            raise BadSettings("ledger: housekeeping_seconds is at least 60, forget_commands 1 to 50000")
        if self.forget_steps < 1:
            raise BadSettings("ledger: forget_steps is at least 1")


@frozen
class OfficeSettings:
    """Limits of what administrators and players ask for by HTTP.

    A proposal of an adjustment that nobody decides ends after ``proposal_days``. ``csv_seconds`` is the
    longest an export may take, however slow its reader is. ``freeze_probe_seconds`` is how old the word
    about a freeze in health and metrics may be; what moves money asks the database itself.
    """

    proposal_days: int = 7
    csv_seconds: float = 300.0
    freeze_probe_seconds: float = 2.0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.proposal_days <= 90:
            raise BadSettings("office: proposal_days is 1 to 90")
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
    start. Who shows ``admin_token`` is the administrator named "admin"; ``admins`` are more of them, each
    with a token of their own: two are needed where one proposes and another approves. ``nodes`` are asked
    by ``verify`` what they believe to lie at their tables, with ``node_admin_token``.
    """

    shards: tuple[ShardId, ...]
    redis: RedisSettings
    postgres: PostgresSettings
    http: Bind
    admin_token: Secret
    chain_key: Secret
    audit: AuditSettings
    log: LogSettings = field(factory=LogSettings)
    ledger: LedgerSettings = field(factory=LedgerSettings)
    office: OfficeSettings = field(factory=OfficeSettings)
    hand_events: HandEventSettings = field(factory=HandEventSettings)
    lookup: LookupSettings = field(factory=LookupSettings)
    protection: ProtectionSettings = field(factory=ProtectionSettings)
    schema_owner: PostgresSettings | None = None
    admins: tuple[Admin, ...] = ()
    nodes: tuple[NodeAddress, ...] = ()
    node_admin_token: Secret | None = None

    def __attrs_post_init__(self) -> None:
        if not self.shards or len(set(self.shards)) != len(self.shards) or min(self.shards) < 0:
            raise BadSettings("shards: at least one, each once, none below 0")
        if min(len(self.chain_key.value), len(self.admin_token.value)) < _SHORTEST_SECRET:
            raise BadSettings("chain_key and admin_token have at least 16 characters")
        if self.nodes and self.node_admin_token is None:
            raise BadSettings("node_admin_token: who has nodes needs their token")
        _check_admins(self.everybody)

    @property
    def everybody(self) -> tuple[Admin, ...]:
        """All administrators; the first is "admin"."""
        return (Admin(ADMIN, self.admin_token), *self.admins)


def _check_admins(admins: tuple[Admin, ...]) -> None:
    """Refuse two names of one token: somebody could approve with one what was proposed with the other."""
    names = [admin.name for admin in admins]
    tokens = {admin.token.value for admin in admins}
    if len(set(names)) != len(names) or len(tokens) != len(admins):
        raise BadSettings('admins: each name once (and none is "admin"), each token once')
    for admin in admins:
        if _ADMIN_NAME.fullmatch(admin.name) is None:
            raise BadSettings(f"admins: {admin.name!r} is no name: small letters, digits and . _ - up to 64")
        if len(admin.token.value) < _SHORTEST_SECRET:
            raise BadSettings(f"admins: the token of {admin.name} has at least 16 characters")
