"""Coins that come in: a desk over a card room, with a gateway, rates and a screening that do as tests say."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from attrs import define, evolve, field

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, Transaction
from cardroom.wire.notices import DepositNotice, PlayerNotice
from tests.fakes.gateways import RecordingGateway
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.outside import tx_hash
from tests.wallet_worker.terms import HERE
from wallet_worker.cashier.deposit_addresses import AddressDesk
from wallet_worker.cashier.deposit_loop import DepositLoop
from wallet_worker.cashier.deposit_steps import DepositSteps
from wallet_worker.cashier.deposits import Delivery, DepositDesk, DepositTools
from wallet_worker.gateways.port import DepositTold
from wallet_worker.payment_settings import CoinBook, CoinSettings, DepositSettings, Network
from wallet_worker.rates.port import RateNow, RateSide
from wallet_worker.rules.chain_deposit import ChainDeposit, ChainState
from wallet_worker.rules.coins import COINS, Rate
from wallet_worker.screening.port import Screened, ScreeningAway, Verdict
from wallet_worker.store.chain_deposits import lock_deposit
from wallet_worker.store.read_deposits import list_deposits

BTC_PRICE: Final = 150_000_000
GATEWAY: Final = "fake"
NEEDED: Final = {"BTC": 3, "ETH": 12, "USDT": 12, "USDC": 12}
BOOK: Final = CoinBook(
    Network.MAINNET,
    {
        coin: CoinSettings(GATEWAY, coin.lower(), needed, "0.00005", Krw(10**9))
        for coin, needed in NEEDED.items()
    },
)
ALL: Final = 2**62


@define
class Rates:
    """Gives a price, or what it raises instead."""

    price: int = BTC_PRICE
    trouble: Exception | None = None

    async def current(self, coin: str, side: RateSide) -> RateNow:
        assert side is RateSide.DEPOSIT
        if self.trouble is not None:
            raise self.trouble
        now = datetime.now(UTC)
        return RateNow(coin, Rate(self.price, COINS[coin]), Decimal(self.price), "test", now)


@define
class ScreeningList:
    """Knows something against what comes by these hashes."""

    found: dict[str, str] = field(factory=dict)
    asked: list[Screened] = field(factory=list)
    is_away: bool = False

    async def check(self, payment: Screened) -> Verdict:
        self.asked.append(payment)
        if self.is_away:
            raise ScreeningAway
        return Verdict(self.found.get(payment.tx_hash or ""))


@define
class Board:
    """Keeps what players are told."""

    told: list[tuple[UserId, PlayerNotice]] = field(factory=list)

    def tell(self, user_id: UserId, notice: PlayerNotice) -> None:
        self.told.append((user_id, notice))

    def states(self, user_id: UserId) -> list[str]:
        """Give what a player was told, each state once in a row, with confirmations and reason."""
        return [
            f"{one.state.value} {one.confirmations}/{one.needed}" + (f" {one.reason}" if one.reason else "")
            for user, one in self.told
            if user == user_id and isinstance(one, DepositNotice)
        ]


@define
class Clock:
    """The house's and the gateway's."""

    now: int

    def __call__(self) -> float:
        return self.now


@define
class CoinRoom:
    """All of it, and the clock that gateways' time stamps are made by."""

    house: House
    gateway: RecordingGateway
    rates: Rates
    screening: ScreeningList
    board: Board
    desk: DepositDesk
    noted: list[RateNow]
    clock: Clock
    messages: int = 0

    @property
    def loop(self) -> DepositLoop:
        return DepositLoop(self.desk)

    @property
    def steps(self) -> DepositSteps:
        return DepositSteps(self.desk)

    @property
    def addresses(self) -> AddressDesk:
        return AddressDesk(self.desk.tools)

    async def address(self, player: int, coin: str = "BTC") -> str:
        return (await self.addresses.give(self.house.players[player], coin)).address

    async def told(
        self, player: int, number: int = 1, confirmations: int = 3, amount: int = 100_000, coin: str = "BTC"
    ) -> DepositTold:
        """Give what a gateway would tell of a player's deposit; 0.001 BTC is worth 150,000 won."""
        address = await self.address(player, coin)
        return DepositTold(coin, tx_hash(number), 0, address, amount, confirmations)

    async def hear(self, *told: DepositTold, digest: bytes | None = None) -> None:
        """Let the gateway tell, each time with a newer time stamp."""
        self.messages += 1
        self.clock.now += 1
        message = digest or self.messages.to_bytes(32, "big")
        await self.desk.take_message(Delivery(GATEWAY, message, self.clock.now), told)

    async def work(self) -> None:
        """Let the loop look once at all that waits, whenever it were due."""
        await self.make_due()
        await self.loop.follow_due()

    async def make_due(self) -> None:
        await self.house.change("UPDATE chain_deposit SET next_try_at = now() - interval '1 s'")

    async def look(self) -> None:
        """Let the loop look once at all addresses."""
        await self.house.change("UPDATE deposit_address SET next_look_at = now() - interval '1 s'")
        await self.loop.look_at_addresses()

    async def deposits(self) -> list[ChainDeposit]:
        """Give all deposits, the oldest first."""
        found = await list_deposits(self.house.database, ALL, 1000)
        return [one.deposit for one in reversed(found)]

    async def one(self) -> ChainDeposit:
        (found,) = await self.deposits()
        return found

    async def states(self) -> list[str]:
        return [one.state.value + (f" {one.reason}" if one.reason else "") for one in await self.deposits()]

    async def lock(self, number: int) -> ChainDeposit:
        async with self.house.database.transaction() as transaction:
            return await lock_deposit(transaction, number)

    async def assert_credited_once(self, worth: int = 150_000, purse: int = 100_000) -> None:
        """Hold the first player's wallet, the payments and the whole ledger against one credit."""
        assert await self.house.wallet(0) == purse + worth
        sql = "SELECT count(*) FROM outside_payment WHERE direction = 'deposit'"
        assert await self.house.number(sql) == 1
        (credited,) = [one for one in await self.deposits() if one.state is ChainState.CREDITED]
        assert credited.payment_id is not None
        await self.house.assert_sound()


def open_coin_room(
    house: House,
    gateways: Sequence[RecordingGateway] = (),
    book: CoinBook = BOOK,
    postgres: Postgres | None = None,
    log: Log = LOG,
) -> CoinRoom:
    """Give a desk; ``gateways`` are those it knows, the first of which tells."""
    known = list(gateways) or [RecordingGateway(GATEWAY)]
    rates, screening, board = Rates(), ScreeningList(), Board()
    noted: list[RateNow] = []
    clock = Clock(int(time.time()))

    async def note(_: Transaction, rate: RateNow) -> None:
        noted.append(rate)

    tools = DepositTools(
        postgres=postgres or house.database,
        link=LINK,
        log=log,
        gateways={one.name: one for one in known},
        book=book,
        rates=rates,
        screening=screening,
        board=board,
        note_used=note,
        settings=DepositSettings(),
        protection=HERE,
        clock=clock,
    )
    return CoinRoom(house, known[0], rates, screening, board, DepositDesk(tools), noted, clock)


def closed(book: CoinBook, coin: str) -> CoinBook:
    """Give a book in which deposits of a coin are closed."""
    return evolve(book, coins={**book.coins, coin: evolve(book.coins[coin], deposits_open=False)})
