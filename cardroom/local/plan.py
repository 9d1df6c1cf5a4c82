"""What a local cluster is made of: folders, ports, tables, players, limits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from cardroom.local.configuration import NOTHING_ELSE, Changes
from cardroom.local.cores import ANYWHERE, Cores
from cardroom.local.engines import EngineLimits
from cardroom.local.patience import Limit
from cardroom.local.ports import Ports
from cardroom.money import Krw

FOLDERS: Final = ("audit", "configs", "credentials", "logs", "mail", "payments", "postgres", "valkey")
"""What a cluster keeps in its folder, besides files of JSON."""

NODES: Final = ("node-1", "node-2")

_WORKER_FILE: Final = "wallet_worker.toml"


@frozen
class TablePlan:
    """A table to be made, once."""

    shard: int
    name: str
    stake: str
    seat_count: int = 6


TABLES: Final = (
    TablePlan(shard=0, name="Han", stake="low"),
    TablePlan(shard=1, name="Nakdong", stake="low"),
    TablePlan(shard=2, name="Geum", stake="middle"),
    TablePlan(shard=3, name="Seomjin", stake="high"),
    TablePlan(shard=2, name="Imjin", stake="low_action", seat_count=9),
)


_ENGINE_START: Final = Limit(calm=30.0, hurried=1.0)
_BOTS_STOP: Final = Limit(calm=8.0, hurried=0.9)
_DOORS_STOP: Final = Limit(calm=8.0, hurried=1.0)
_WALLET_STOP: Final = Limit(calm=5.0, hurried=0.9)
_PAYMENTS_STOP: Final = Limit(calm=3.0, hurried=0.6)
_VALKEY_STOP: Final = Limit(calm=4.0, hurried=0.3)
_POSTGRES_STOP: Final = Limit(calm=10.0, hurried=0.7)


@frozen
class Limits:
    """Shares of the start and the stop. After a signal all of the stop takes less than 5 s."""

    ready_seconds: float = 20.0
    migration_seconds: float = 30.0
    verify_seconds: float = 60.0
    engine_start: Limit = _ENGINE_START
    bots_stop: Limit = _BOTS_STOP
    doors_stop: Limit = _DOORS_STOP
    wallet_stop: Limit = _WALLET_STOP
    payments_stop: Limit = _PAYMENTS_STOP
    valkey_stop: Limit = _VALKEY_STOP
    postgres_stop: Limit = _POSTGRES_STOP

    @property
    def postgres(self) -> EngineLimits:
        """Shares of PostgreSQL."""
        return EngineLimits(self.engine_start, self.postgres_stop)

    @property
    def valkey(self) -> EngineLimits:
        """Shares of Valkey."""
        return EngineLimits(self.engine_start, self.valkey_stop)


_LOW_WALLET: Final = Krw(10_000_000)
_GRANT: Final = Krw(50_000_000)
_PAYOUT: Final = Krw(50_000)


@frozen
class BotPlan:
    """Who plays. A player whose wallet is below ``low_wallet`` is granted ``grant``, or pays in coins of that
    worth; at the end of a run one player for each coin takes ``payout`` out.
    """

    players: int = 24
    names: str = "bot"
    think_ms: str = "1-6"
    hands_per_visit: float = 60.0
    seed: int = 1
    low_wallet: Krw = _LOW_WALLET
    grant: Krw = _GRANT
    payout: Krw = _PAYOUT

    def nickname(self, number: int) -> str:
        """Give what bot ``number``, counted from 1, is called: ``bot-01``, ``bot-02``."""
        return f"{self.names}-{number:02}"


@frozen
class ClusterPlan:
    """One local cluster: processes run in the folder ``project`` and write to ``folder``.

    ``nodes`` are those that are started; ``settings`` are changes to files of settings, by the file's name.
    ``has_payments``: the payments sandbox runs, too, and coins come in and go out; else the wallet worker has
    no such pages.
    """

    project: Path
    folder: Path
    ports: Ports
    tables: tuple[TablePlan, ...] = TABLES
    bots: BotPlan = field(factory=BotPlan)
    limits: Limits = field(factory=Limits)
    nodes: tuple[str, ...] = NODES
    settings: Mapping[str, Changes] = NOTHING_ELSE
    cores: Cores = ANYWHERE
    has_payments: bool = False

    @property
    def all_settings(self) -> Mapping[str, Changes]:
        """Changes to files of settings, with what follows from the rest of the plan."""
        if self.has_payments:
            return self.settings
        worker = {"payments": None} | dict(self.settings.get(_WORKER_FILE, {}))
        return dict(self.settings) | {_WORKER_FILE: worker}

    @property
    def configs(self) -> Path:
        """The settings files that are started from."""
        return self.project / "configs" / "dev"

    @property
    def credentials(self) -> Path:
        """The folder of secrets."""
        return self.folder / "credentials"

    @property
    def run_folder(self) -> str:
        """The cluster's folder, as processes in the project's folder find it."""
        is_inside = self.folder.is_relative_to(self.project)
        return str(self.folder.relative_to(self.project) if is_inside else self.folder)

    @property
    def logs(self) -> Path:
        """The folder of logs."""
        return self.folder / "logs"
