"""Settings of payments: which coins there are, by which gateway, and what limits hold."""

import re
from collections.abc import Mapping
from enum import Enum, unique
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from cardroom.money import Krw
from cardroom.service.settings import BadSettings, Secret, load_settings

_DAY_SECONDS: Final = 86_400.0
_COIN_TEXT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,18})?")
_CONFIRMATIONS: Final = MappingProxyType({"BTC": 3, "ETH": 12, "USDT": 12, "USDC": 12})
_SMALLEST_WITHDRAWAL: Final = Krw(10_000)
_LARGEST_WITHDRAWAL: Final = Krw(100_000_000)
_AUTOMATIC_DAILY: Final = Krw(1_000_000)
_STEP_UP_ABOVE: Final = Krw(300_000)
_TRAVEL_RULE_ABOVE: Final = Krw(1_000_000)
_DAILY_AMOUNT: Final = Krw(50_000_000)
_HOUSE_DAILY: Final = Krw(500_000_000)
_OPPONENT_WIN: Final = Krw(5_000_000)
_GATEWAY_NAME: Final = re.compile(r"[a-z0-9_]{1,32}")


@unique
class Network(Enum):
    """Which chains the coins are of; an address of another network is refused."""

    MAINNET = "mainnet"
    TESTNET = "testnet"
    REGTEST = "regtest"


@unique
class GatewayKind(Enum):
    """Which adapter speaks to a gateway."""

    SHKEEPER = "shkeeper"
    GENERIC = "generic"
    SANDBOX = "sandbox"


@unique
class ScreeningKind(Enum):
    """Who screens addresses."""

    ALLOW_ALL = "allow_all"
    FILE = "file"


@frozen
class CoinSettings:
    """A coin that the house takes. Amounts of coins are whole coins, written as text: ``"0.0005"``.

    ``gateway`` is a name among the gateways, ``gateway_coin`` what the coin is called there. A withdrawal
    is ``smallest_withdrawal`` to ``largest_withdrawal`` won; ``hot_wallet_daily`` won of this coin may be
    sent within a day, all players together.
    """

    gateway: str
    gateway_coin: str
    confirmations: int
    smallest_deposit: str
    hot_wallet_daily: Krw
    smallest_withdrawal: Krw = _SMALLEST_WITHDRAWAL
    largest_withdrawal: Krw = _LARGEST_WITHDRAWAL
    deposits_open: bool = True
    withdrawals_open: bool = True
    former: Mapping[str, str] = field(factory=dict)
    """Gateways that the coin went by before, and what it is called there: what comes to their addresses is
    credited, and what they were given to send is followed; nothing new goes by them."""
    payout_fee: str = ""
    """What a payout may pay the chain, in the gateway's words: SHKeeper wants sat/vByte for BTC."""

    def __attrs_post_init__(self) -> None:
        if self.confirmations < 1 or not _COIN_TEXT.fullmatch(self.smallest_deposit):
            raise BadSettings('coins: confirmations is at least 1, smallest_deposit such as "0.0005"')
        if not _SMALLEST_WITHDRAWAL <= self.smallest_withdrawal <= self.largest_withdrawal:
            raise BadSettings("coins: 10000 (house rule) <= smallest_withdrawal <= largest_withdrawal")
        if self.hot_wallet_daily < 0:
            raise BadSettings("coins: hot_wallet_daily is not below 0")


@frozen
class CoinBook:
    """``configs/coins.toml``: all coins, by the symbol that players see."""

    network: Network
    coins: Mapping[str, CoinSettings]


@frozen
class GatewaySettings:
    """One gateway. ``secret`` signs its messages (SHKeeper: its API key, sent as such, too).

    ``payout_login`` and ``payout_password`` are for what SHKeeper wants for payouts. ``public_url`` is
    where the gateway reaches this house: callbacks are ``public_url`` + path.
    """

    kind: GatewayKind
    secret: Secret
    url: str = ""
    public_url: str = ""
    payout_login: Secret | None = None
    payout_password: Secret | None = None
    call_seconds: float = 10.0

    def __attrs_post_init__(self) -> None:
        if self.kind is not GatewayKind.GENERIC and not self.url.startswith(("http://", "https://")):
            raise BadSettings("gateways: url begins with http:// or https://")
        if self.kind is GatewayKind.SHKEEPER and (
            self.payout_login is None or self.payout_password is None or not self.public_url
        ):
            raise BadSettings("gateways: shkeeper needs payout_login, payout_password and public_url")
        if not 0 < self.call_seconds <= 60:
            raise BadSettings("gateways: call_seconds is above 0, up to 60")


@frozen
class RateSettings:
    """Where rates come from. Differences and jumps in basis points; what is older than ``stale_seconds`` is
    never used; quotes are good for 30 s, a rate is shared for 60 s (``cardroom.wire.keys``).
    """

    coingecko_url: str = "https://api.coingecko.com"
    upbit_url: str = "https://api.upbit.com"
    binance_url: str = "https://api.binance.com"
    largest_difference: int = 300
    largest_jump: int = 1500
    stale_seconds: float = 600.0
    call_seconds: float = 3.0
    breaker_failures: int = 3
    breaker_seconds: float = 30.0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.largest_difference < 10_000 or not 1 <= self.largest_jump < 10_000:
            raise BadSettings("rates: largest_difference and largest_jump are 1 to 9999 basis points")
        if min(self.stale_seconds, self.call_seconds, self.breaker_seconds) <= 0 or self.breaker_failures < 1:
            raise BadSettings("rates: seconds are above 0, breaker_failures at least 1")


@frozen
class WithdrawalRules:
    """What a withdrawal must pass. Days are calendar days of ``protection.time_zone``; amounts whole won.

    After ``wait_seconds`` a withdrawal is approved without anybody, while no more than ``automatic_daily`` of
    a player is within a day (house rule 42) and nothing is flagged; else two different administrators must.
    A code of the second factor is asked when a player asks for more than ``step_up_above`` within a day, and
    whose address it is for more than ``travel_rule_above``. A player may take out ``daily_amount`` and ask
    ``daily_count`` times within a day; when all players together ask for more than ``house_daily`` within a
    day, the rest is looked at by people. Net winnings from one opponent above ``opponent_win`` within
    ``opponent_days`` are flagged.
    """

    wait_seconds: float = _DAY_SECONDS
    address_wait_seconds: float = _DAY_SECONDS
    automatic_daily: Krw = _AUTOMATIC_DAILY
    step_up_above: Krw = _STEP_UP_ABOVE
    travel_rule_above: Krw = _TRAVEL_RULE_ABOVE
    daily_amount: Krw = _DAILY_AMOUNT
    daily_count: int = 10
    house_daily: Krw = _HOUSE_DAILY
    opponent_win: Krw = _OPPONENT_WIN
    opponent_days: int = 7
    addresses: int = 20
    """How many addresses a player may list."""

    def __attrs_post_init__(self) -> None:
        if self.wait_seconds < 0 or self.address_wait_seconds < 0:
            raise BadSettings("withdrawals: waits are not below 0")
        if self.daily_count < 1 or not 1 <= self.opponent_days <= 31 or not 1 <= self.addresses <= 100:
            raise BadSettings(
                "withdrawals: daily_count at least 1, opponent_days 1 to 31, addresses 1 to 100"
            )


@frozen
class PayoutSettings:
    """How payouts are sent. Who has taken one must begin to send within ``begin_seconds``; only after
    ``doubtful_seconds``, which is more than any call takes, somebody else looks what became of it. Where
    no look-up says, it is a person's after ``person_seconds``.
    """

    poll_seconds: float = 2.0
    begin_seconds: float = 5.0
    doubtful_seconds: float = 90.0
    person_seconds: float = 900.0
    retry_seconds: float = 60.0
    at_once: int = 4

    def __attrs_post_init__(self) -> None:
        if min(self.poll_seconds, self.begin_seconds, self.retry_seconds) <= 0 or self.at_once < 1:
            raise BadSettings("payouts: seconds are above 0, at_once at least 1")
        if self.doubtful_seconds <= self.begin_seconds:
            raise BadSettings("payouts: doubtful_seconds is more than begin_seconds")


@frozen
class DepositSettings:
    """How deposits are followed: looked at every ``poll_seconds``, again after ``retry_seconds`` where
    something was away; what nobody tells of for ``gone_seconds`` before it is confirmed is gone.
    """

    poll_seconds: float = 2.0
    retry_seconds: float = 15.0
    gone_seconds: float = 3 * _DAY_SECONDS
    at_once: int = 8
    webhook_seconds: int = 300
    """How much older or newer than now a message's time stamp may be."""

    def __attrs_post_init__(self) -> None:
        if min(self.poll_seconds, self.retry_seconds, self.gone_seconds) <= 0 or self.at_once < 1:
            raise BadSettings("deposits: seconds are above 0, at_once at least 1")
        if not 1 <= self.webhook_seconds <= 900:
            raise BadSettings("deposits: webhook_seconds is 1 to 900")


@frozen
class ScreeningSettings:
    """Who is asked about addresses; ``file`` has one address a line, and why it is there after it."""

    kind: ScreeningKind = ScreeningKind.ALLOW_ALL
    file: Path | None = None

    def __attrs_post_init__(self) -> None:
        if (self.kind is ScreeningKind.FILE) != (self.file is not None):
            raise BadSettings('screening: kind = "file" needs a file, and only that does')


@frozen
class ReconciliationSettings:
    """When the daily comparison with gateways is made, in hours and minutes of ``protection.time_zone``."""

    hour: int = 5
    minute: int = 0

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.hour < 24 or not 0 <= self.minute < 60:
            raise BadSettings("reconciliation: hour is 0 to 23, minute 0 to 59")


@frozen
class NoticeSettings:
    """How players are told what becomes of their coins.

    ``waiting`` notices of a worker may wait to be published; more are dropped. A worker lets ``followers``
    streams of events be open, ``followers_per_user`` of one player; one that has ``waiting_events`` unread is
    ended. Each ``beat_seconds`` a stream shows a sign of life, and it is looked whether its login stands.
    """

    waiting: int = 1000
    followers: int = 2000
    followers_per_user: int = 4
    waiting_events: int = 32
    beat_seconds: float = 15.0

    def __attrs_post_init__(self) -> None:
        if min(self.waiting, self.followers_per_user, self.waiting_events) < 1 or self.followers < 0:
            raise BadSettings(
                "notices: waiting, followers_per_user and waiting_events at least 1, followers 0"
            )
        if not 0.05 <= self.beat_seconds <= 45:
            raise BadSettings("notices: beat_seconds is 0.05 to 45, shorter than proxies are patient")


@frozen
class PaymentSettings:
    """Coins in and out. ``coins_file`` is ``configs/coins.toml``; its gateways are those named here."""

    coins_file: Path
    gateways: Mapping[str, GatewaySettings]
    rates: RateSettings = field(factory=RateSettings)
    deposits: DepositSettings = field(factory=DepositSettings)
    withdrawals: WithdrawalRules = field(factory=WithdrawalRules)
    payouts: PayoutSettings = field(factory=PayoutSettings)
    screening: ScreeningSettings = field(factory=ScreeningSettings)
    reconciliation: ReconciliationSettings = field(factory=ReconciliationSettings)
    notices: NoticeSettings = field(factory=NoticeSettings)
    connections: int = 6
    """To the database, for all that follows payments: the ledger's are not theirs."""

    def __attrs_post_init__(self) -> None:
        if self.connections < 1:
            raise BadSettings("payments: connections is at least 1")
        if not all(_GATEWAY_NAME.fullmatch(name) for name in self.gateways):
            raise BadSettings("gateways: names are of small letters, digits and _, up to 32")
        called = [one for one in self.gateways.values() if one.kind is not GatewayKind.GENERIC]
        longest_call = max((one.call_seconds for one in called), default=0.0)
        if self.payouts.doubtful_seconds <= self.payouts.begin_seconds + longest_call:
            raise BadSettings(
                "payouts: doubtful_seconds is more than begin_seconds and a gateway's call_seconds together"
            )


def load_coins(settings: PaymentSettings, scales: Mapping[str, int]) -> CoinBook:
    """Read the file of coins; ``scales`` are the coins that the ledger knows. Raises ``BadSettings``."""
    book = load_settings(CoinBook, settings.coins_file)
    if not book.coins:
        raise BadSettings(f"{settings.coins_file}: at least one coin; without any leave [payments] out")
    for symbol, coin in book.coins.items():
        if symbol not in scales:
            raise BadSettings(f"{settings.coins_file}: {symbol} is none of {', '.join(scales)}")
        fault = _fault_of(coin, settings, book.network, scales[symbol]) or _too_early(symbol, coin, book)
        if fault is not None:
            raise BadSettings(f"{settings.coins_file}: {symbol}: {fault}")
    names = [(coin.gateway, coin.gateway_coin) for coin in book.coins.values()]
    if len(set(names)) != len(names):
        raise BadSettings(
            f"{settings.coins_file}: gateway_coin: two coins are called the same at one gateway"
        )
    return book


def _fault_of(coin: CoinSettings, settings: PaymentSettings, network: Network, scale: int) -> str | None:
    """Say what is wrong with one coin, or None. What a sandbox mines is worth nothing on a real network."""
    gateway = settings.gateways.get(coin.gateway)
    if gateway is None:
        return f"there is no gateway {coin.gateway}"
    unknown = [name for name in coin.former if name not in settings.gateways or name == coin.gateway]
    if unknown:
        return f"former: {unknown[0]} is none of the other gateways"
    if not coin.gateway_coin:
        return "gateway_coin: what the coin is called at its gateway"
    if len(coin.smallest_deposit.partition(".")[2]) > scale:
        return f"smallest_deposit has more than {scale} digits behind the point"
    if gateway.kind is GatewayKind.SHKEEPER and not coin.payout_fee:
        return "payout_fee: shkeeper wants one with every payout"
    if gateway.kind is GatewayKind.SANDBOX and network is Network.MAINNET:
        return "a sandbox is no gateway of the mainnet: what it mines is worth nothing"
    return None


def _too_early(symbol: str, coin: CoinSettings, book: CoinBook) -> str | None:
    """Say so where coins that are worth something would be credited before house rule 43 lets them."""
    least = _CONFIRMATIONS.get(symbol, 1)
    if book.network is Network.MAINNET and coin.confirmations < least:
        return f"confirmations: at least {least} (house rule) on the mainnet"
    return None
