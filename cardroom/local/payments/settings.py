"""Settings of the sandbox."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from cardroom.local.payments.addresses import PREFIXES
from cardroom.local.payments.coins import COINS
from cardroom.service.settings import BadSettings, Bind, LogSettings, Secret

_CONFIRMATIONS: Final = {"btc": 3, "eth": 12, "usdt": 12, "usdc": 12}


@frozen
class WebhookSettings:
    """Messages to the house: where they go, how they are signed, what the house calls this gateway.

    One that was not answered with success is sent again after ``retry_seconds``, then after twice that and
    so on up to ``longest_seconds``, at most ``tries`` times.
    """

    url: str
    secret: Secret
    gateway: str = "sandbox"
    call_seconds: float = 5.0
    retry_seconds: float = 1.0
    longest_seconds: float = 60.0
    tries: int = 50

    def __attrs_post_init__(self) -> None:
        if min(self.call_seconds, self.longest_seconds) <= 0 or self.retry_seconds < 1 or self.tries < 1:
            raise BadSettings("webhook: seconds are above 0, retry_seconds and tries at least 1")


@frozen
class SandboxSettings:
    """Everything the sandbox is told. ``confirmations`` is how many the house wants of each coin.

    ``file`` is where it writes down what has happened; a block comes every ``block_ms``.
    """

    http: Bind
    file: Path
    webhook: WebhookSettings
    network: str = "regtest"
    block_ms: int = 250
    payout_blocks: int = 2
    confirmations: Mapping[str, int] = field(factory=lambda: dict(_CONFIRMATIONS))
    log: LogSettings = field(factory=LogSettings)

    def __attrs_post_init__(self) -> None:
        if self.network not in PREFIXES:
            raise BadSettings(f"network is one of {', '.join(PREFIXES)}: never the real one")
        if not 10 <= self.block_ms <= 600_000 or self.payout_blocks < 0:
            raise BadSettings("block_ms is 10 to 600000, payout_blocks not below 0")
        if set(self.confirmations) != set(COINS) or min(self.confirmations.values()) < 1:
            raise BadSettings(f"confirmations: {', '.join(COINS)}, each at least 1")
