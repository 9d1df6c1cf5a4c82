"""Settings of a node, frozen after the start. Times in seconds, amounts in won."""

from pathlib import Path

from attrs import field, frozen

from cardroom.ids import NodeId, ShardId
from cardroom.money import BasisPoints, Krw
from cardroom.service.settings import Bind, LogSettings, RedisSettings, Secret


@frozen
class RakeSettings:
    """A ratio of the called pot and its cap."""

    basis_points: BasisPoints
    cap_big_blinds: int


@frozen
class StakeSettings:
    """One game on offer."""

    small_blind: Krw
    big_blind: Krw
    rake: RakeSettings
    heads_up_rake: RakeSettings
    min_buy_in_big_blinds: int = 40
    max_buy_in_big_blinds: int = 100
    turn_seconds: float = 15.0


@frozen
class StakesFile:
    """The file that lists the games on offer, shared by all nodes."""

    stakes: dict[str, StakeSettings]


@frozen
class SessionLimits:
    """What one node grants to players' connections."""

    connections: int = 600
    connections_per_user: int = 3
    hello_seconds: float = 5.0
    silence_seconds: float = 60.0
    messages_per_second: float = 20.0
    message_burst: int = 40
    outbox_bytes: int = 256 * 1024
    close_seconds: float = 2.0


@frozen
class TableLimits:
    """What a table task grants and waits for."""

    inbox: int = 256
    viewers: int = 100
    between_hands_seconds: float = 3.0
    unsettled_hands: int = 2
    restart_seconds: float = 0.5
    restarts_before_halt: int = 5


@frozen
class LeaseSettings:
    """How long a shard's owner may be silent (DESIGN 6: no dealing at 2/3, judged dead at the end)."""

    renew_seconds: float = 5.0
    dead_seconds: float = 30.0


@frozen
class LedgerSettings:
    """How the node talks to the wallet worker."""

    batch: int = 200
    poll_seconds: float = 1.0
    resend_seconds: float = 2.0
    open_seconds: float = 10.0


@frozen
class StopSettings:
    """How long each step of an orderly stop may take."""

    hands_seconds: float = 10.0
    settle_seconds: float = 5.0
    sessions_seconds: float = 2.0


@frozen
class NodeSettings:
    """All of one node's settings."""

    node_id: NodeId
    shards: tuple[ShardId, ...]
    players: Bind
    player_url: str
    admin: Bind
    admin_token: Secret
    ticket_key: Secret
    redis: RedisSettings
    stakes_file: Path
    announce_seconds: float = 1.0
    sessions: SessionLimits = field(factory=SessionLimits)
    tables: TableLimits = field(factory=TableLimits)
    lease: LeaseSettings = field(factory=LeaseSettings)
    ledger: LedgerSettings = field(factory=LedgerSettings)
    stop: StopSettings = field(factory=StopSettings)
    log: LogSettings = field(factory=LogSettings)
