"""A gateway that only says what it has, or that it is away; for whoever asks nothing else of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, field

from cardroom.money import Krw
from wallet_worker.gateways.port import (
    DepositTold,
    GatewayAway,
    NewAddress,
    PayoutFound,
    PayoutOrder,
    PayoutTaken,
)
from wallet_worker.payment_settings import CoinBook, CoinSettings, Network


@define
class Vault:
    """``balances`` is asked; whatever else is asked fails the test."""

    name: str = "vault"
    has: dict[str, int] = field(factory=dict)
    is_away: bool = False
    is_manual: bool = False
    looks_up_deposits: bool = False
    looks_up_payouts: bool = False
    asked: int = 0
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What happens in the house while it answers, once."""

    async def balances(self) -> Mapping[str, int]:
        self.asked += 1
        if self.is_away:
            raise GatewayAway("no connection")
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return dict(self.has)

    async def make_address(self, coin: str, external_id: str) -> NewAddress:
        raise AssertionError("nobody wants an address")

    async def look_up(self, told: DepositTold) -> DepositTold | None:
        raise AssertionError("nobody looks a deposit up")

    async def list_deposits(self, coin: str, address: str) -> Sequence[DepositTold]:
        raise AssertionError("nobody lists deposits")

    async def send(self, order: PayoutOrder) -> PayoutTaken:
        raise AssertionError("nobody sends")

    async def find_payout(self, external_id: str, task_id: str | None) -> PayoutFound:
        raise AssertionError("nobody looks a payout up")


def book_of(**gateways: str) -> CoinBook:
    """Give a book of these coins, each with its gateway."""
    coins = {
        coin: CoinSettings(gateway, coin.lower(), 3, "0.0001", Krw(100_000_000))
        for coin, gateway in gateways.items()
    }
    return CoinBook(Network.REGTEST, coins)
