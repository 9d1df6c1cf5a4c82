"""Withdrawals on their way, for tests: rows as a request leaves them, and the desk that sends them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final

import httpx
from attrs import define, evolve, field, frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Transaction
from cardroom.service.settings import Secret
from cardroom.wire.notices import PlayerNotice, WithdrawalNotice
from tests.fakes.payout_gateway import NAME
from tests.fakes.shkeeper import ShkeeperStub, shkeeper
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.outside import ADDRESS, BTC
from tests.wallet_worker.terms import HERE
from wallet_worker.cashier.approvals import Approvals
from wallet_worker.cashier.payout_tools import PayoutTools
from wallet_worker.cashier.payout_watch import PayoutWatch
from wallet_worker.cashier.payouts import PayoutDesk
from wallet_worker.gateways.coin_names import coins_at
from wallet_worker.gateways.port import Gateway
from wallet_worker.gateways.table import BuiltGateway, GatewayPlan, make_shkeeper
from wallet_worker.payment_settings import (
    CoinBook,
    CoinSettings,
    GatewayKind,
    GatewaySettings,
    Network,
    PayoutSettings,
    WithdrawalRules,
)
from wallet_worker.rates.port import RateNow, RateSide
from wallet_worker.screening.port import Screened, Verdict
from wallet_worker.store.hold_for_withdrawal import WithdrawalRequest, hold_for_withdrawal

SHKEEPER: Final = "shkeeper"
ZONE: Final = HERE.time_zone
CAP: Final = Krw(200_000_000)
QUICK: Final = PayoutSettings(
    poll_seconds=0.05, begin_seconds=5.0, doubtful_seconds=90.0, person_seconds=900.0, retry_seconds=60.0
)
_KEYS: Final = count(1)


@define
class Rates:
    """One rate, or what is raised instead."""

    trouble: Exception | None = None
    asked: int = 0

    async def current(self, coin: str, side: RateSide) -> RateNow:
        assert side is RateSide.WITHDRAWAL
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return RateNow(coin, BTC, Decimal(BTC.krw_per_coin), "test", datetime.now(UTC))


@define
class Screener:
    """Knows something of what is in ``known``."""

    known: dict[str, str] = field(factory=dict)
    trouble: Exception | None = None
    asked: list[Screened] = field(factory=list)

    async def check(self, payment: Screened) -> Verdict:
        self.asked.append(payment)
        if self.trouble is not None:
            raise self.trouble
        return Verdict(self.known.get(payment.address))


@define
class Board:
    """Keeps what players were told."""

    told: list[tuple[UserId, PlayerNotice]] = field(factory=list)

    def tell(self, user_id: UserId, notice: PlayerNotice) -> None:
        self.told.append((user_id, notice))

    @property
    def states(self) -> list[str]:
        return [one.state.value for _, one in self.told if isinstance(one, WithdrawalNotice)]


@frozen
class SendingRoom:
    """A house with a desk that sends. ``book`` keeps the coin, whose day's cap a test may change."""

    house: House
    tools: PayoutTools
    desk: PayoutDesk
    watch: PayoutWatch
    approvals: Approvals
    board: Board
    rates: Rates
    screener: Screener

    async def go_on(self, *, rounds: int = 3) -> None:
        """Let everything that is due happen."""
        for _ in range(rounds):
            await self.approvals.look()
            for gateway in self.tools.automatic:
                await self.desk.look(gateway)
                await self.watch.look(gateway)
            await hurry(self.house)


async def note_nothing(transaction: Transaction, rate: RateNow) -> None:
    """Tests that look at prices write their own."""


def coin_book(gateway: str = NAME, **changes: Any) -> CoinBook:
    coin = CoinSettings(
        gateway=gateway, gateway_coin="BTC", confirmations=3, smallest_deposit="0.001", hot_wallet_daily=CAP
    )
    return CoinBook(Network.MAINNET, {"BTC": evolve(coin, **changes)})


def sending_room(house: House, gateways: Mapping[str, Gateway], **changes: Any) -> SendingRoom:
    """Build it; ``changes`` are of the tools, and ``rules`` of withdrawals."""
    rules = changes.pop("rules", WithdrawalRules())
    board, rates, screener = Board(), Rates(), Screener()
    parts = {"rates": rates, "screening": screener, "board": board} | changes
    tools = tools_over(house.database, gateways, **parts)
    desk = PayoutDesk(tools)
    watch = PayoutWatch(tools, desk)
    return SendingRoom(house, tools, desk, watch, Approvals(tools, rules), board, rates, screener)


def tools_over(database: Postgres, gateways: Mapping[str, Gateway], **changes: Any) -> PayoutTools:
    tools = PayoutTools(
        postgres=database, link=LINK, gateways=gateways, coins=coin_book(), rates=Rates(),
        screening=Screener(), board=Board(), note_used=note_nothing, settings=QUICK, time_zone=ZONE,
        name="worker-1", log=LOG,
    )  # fmt: skip
    return evolve(tools, **changes)


@asynccontextmanager
async def shkeeper_gateway() -> AsyncIterator[tuple[ShkeeperStub, Gateway, CoinBook]]:
    """Run a SHKeeper; gives its adapter, and the coins that go by it."""
    async with open_shkeeper() as (stub, built, book):
        yield stub, built.gateway, book


@asynccontextmanager
async def open_shkeeper() -> AsyncIterator[tuple[ShkeeperStub, BuiltGateway, CoinBook]]:
    """Run a SHKeeper; gives its adapter with who reads its messages, too."""
    with shkeeper() as stub:
        settings = GatewaySettings(
            GatewayKind.SHKEEPER, Secret(stub.books.api_key), stub.url, "https://house", Secret(stub.login),
            Secret(stub.password), call_seconds=2.0,
        )  # fmt: skip
        book = coin_book(SHKEEPER, payout_fee="10")
        async with httpx.AsyncClient(trust_env=False) as http:
            plan = GatewayPlan(SHKEEPER, settings, coins_at(SHKEEPER, book), 300, http)
            yield stub, make_shkeeper(plan), book


async def requested(
    house: House,
    amount: int = 30_001,
    player: int = 0,
    *,
    gateway: str = NAME,
    flags: Sequence[str] = (),
    waits: str = "-1 s",
    address: str = ADDRESS,
) -> int:
    """Let a player have asked for a withdrawal that is ready in so long; gives its number."""
    user = house.players[player]
    request = WithdrawalRequest(user, "BTC", address, Krw(amount), f"k{next(_KEYS)}")
    answer = await hold_for_withdrawal(house.database, request, LINK)
    async with house.database.transaction() as transaction:
        listed = await transaction.fetch_one(
            "INSERT INTO payout_address (user_id, coin, address, label, is_own, usable_at)"
            " VALUES ($1, 'BTC', $2, 'mine', true, now())"
            " ON CONFLICT (user_id, coin, address) WHERE removed_at IS NULL DO NOTHING RETURNING id",
            user, address,
        )  # fmt: skip
        known = listed or await transaction.fetch_one(
            "SELECT id FROM payout_address WHERE user_id = $1 AND address = $2", user, address
        )
        assert known is not None
        await transaction.execute(
            "INSERT INTO withdrawal (payment_id, user_id, coin, gateway, payout_address_id, krw_amount,"
            " flags, travel_rule, ready_at)"
            " VALUES ($1, $2, 'BTC', $3, $4, $5, $6, '{}', now() + $7::text::interval)",
            answer["withdrawal"], user, gateway, known["id"], amount, list(flags), waits,
        )  # fmt: skip
    return int(answer["withdrawal"])


async def approved(room: SendingRoom, amount: int = 30_001, player: int = 0, **changes: Any) -> int:
    """Let a withdrawal be approved by the limit, and not yet sent."""
    number = await requested(room.house, amount, player, **changes)
    await room.approvals.look()
    assert await state_of(room.house, number) == "approved"
    return number


async def state_of(house: House, number: int) -> str:
    return str((await house.rows("SELECT state FROM withdrawal WHERE payment_id = $1", number))[0][0])


async def row_of(house: House, number: int) -> dict[str, Any]:
    return dict((await house.rows("SELECT * FROM withdrawal WHERE payment_id = $1", number))[0])


async def hurry(house: House) -> None:
    """Let everything be due now that waits to be tried again."""
    await house.change("UPDATE withdrawal SET next_try_at = now() - interval '1 s' WHERE ended_at IS NULL")


async def age(house: House, seconds: float) -> None:
    """Let all that is being sent have been begun so much earlier, and be due."""
    await house.change(
        f"UPDATE withdrawal SET sending_at = sending_at - interval '{seconds} s',"
        f" ready_at = ready_at - interval '{seconds} s' WHERE ended_at IS NULL"
    )
    await hurry(house)


async def fund(house: House, amount: int) -> None:
    """Give every player so much more."""
    from wallet_worker.store.promote import Promotion, promote

    for user in house.players:
        await promote(house.database, Promotion(user, Krw(amount), "more", f"more {next(_KEYS)}"), LINK)
