"""A desk for withdrawals over a card room: fixed rates, notices in a list, a database that crashes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from attrs import define, evolve, field, frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.http import RefusedRequest
from cardroom.service.postgres import Postgres, Row, Transaction
from cardroom.wire.notices import PlayerNotice
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.crashing import Crash
from tests.wallet_worker.house import LINK, LOG, PURSE, House
from tests.wallet_worker.outside import ADDRESS
from tests.wallet_worker.terms import HERE
from wallet_worker.cashier.withdrawal_desk import Prices, Wish, WithdrawalDesk, WithdrawalPolicy
from wallet_worker.payment_settings import CoinBook, CoinSettings, Network, WithdrawalRules
from wallet_worker.rates.port import RateNow, RateSide
from wallet_worker.rules.coins import COINS, Rate
from wallet_worker.rules.withdrawal_request import Owner, StepUp
from wallet_worker.store.hold_for_withdrawal import WithdrawalRequest
from wallet_worker.store.payout_addresses import NewPayoutAddress, add_address
from wallet_worker.store.request_withdrawal import AskedWithdrawal, RequestTerms

ETH_ADDRESS: Final = "0x52908400098527886E0F7030069857D2E4169EE7"
OWN: Final = Owner(is_own=True, beneficiary=None, exchange=None)
NOBODYS: Final = Owner(is_own=False, beneficiary=None, exchange=None)
RULES: Final = WithdrawalRules(address_wait_seconds=0.0)
COIN: Final = CoinSettings("house", "BTC", 3, "0.0001", Krw(10**8))
BOOK: Final = CoinBook(Network.MAINNET, dict.fromkeys(COINS, COIN))


@define
class Board:
    """What players were told, in its order."""

    told: list[tuple[UserId, PlayerNotice]] = field(factory=list)

    def tell(self, user_id: UserId, notice: PlayerNotice) -> None:
        self.told.append((user_id, notice))


@define
class FixedRates:
    """One rate for all coins, or what asking raises."""

    trouble: Exception | None = None

    async def current(self, coin: str, side: RateSide) -> RateNow:
        assert side is RateSide.WITHDRAWAL
        if self.trouble is not None:
            raise self.trouble
        price = Decimal(150_000_000)
        return RateNow(coin, Rate(int(price), COINS[coin]), price, "test", datetime.now(UTC))


@frozen
class GivenQuote:
    coin_amount: int
    rate: Rate


@define
class FixedQuotes:
    """Quotes by their ids; others are not known."""

    known: dict[str, GivenQuote] = field(factory=dict)

    async def find(self, user_id: UserId, quote_id: str, coin: str, krw_amount: Krw) -> GivenQuote:
        if quote_id not in self.known:
            raise RefusedRequest(409, Refusal.QUOTE_EXPIRED)
        return self.known[quote_id]


def policy(book: CoinBook = BOOK, **rules: Any) -> WithdrawalPolicy:
    return WithdrawalPolicy(book, evolve(RULES, **rules), HERE.time_zone)


def terms(**rules: Any) -> RequestTerms:
    return policy(**rules).terms


def open_desk(house: House, board: Board | None = None, **rules: Any) -> WithdrawalDesk:
    prices = Prices(FixedRates(), FixedQuotes())
    return WithdrawalDesk(house.database, LINK, policy(**rules), prices, board or Board(), LOG)


async def listed(
    house: House, player: int = 0, coin: str = "BTC", address: str = ADDRESS, owner: Owner = OWN
) -> int:
    """Let a player have listed an address that coins may be sent to; gives its number."""
    new = NewPayoutAddress(house.players[player], coin, address, "", owner)
    return (await add_address(house.database, new, 0.0, 20)).number


def asked(user_id: UserId, amount: int = 30_001, key: str = "w1", **more: Any) -> AskedWithdrawal:
    request = WithdrawalRequest(user_id, "BTC", ADDRESS, Krw(amount), key)
    return AskedWithdrawal(request, "player", "house", StepUp.DONE, **more)


def wish(user_id: UserId, amount: int = 30_001, key: str = "w1", **changes: Any) -> Wish:
    plain = Wish(user_id, "player", "BTC", ADDRESS, Krw(amount), key, None, StepUp.DONE)
    return evolve(plain, **changes)


async def withdrawals(house: House) -> Sequence[Row]:
    return await house.rows("SELECT * FROM withdrawal ORDER BY payment_id")


async def assert_untouched(house: House, player: int = 0) -> None:
    """Say that nothing has moved and nothing is written of a player's withdrawals."""
    assert await house.wallet(player) == PURSE
    assert await house.number("SELECT count(*) FROM outside_payment") == 0
    assert await withdrawals(house) == []
    assert await house.number("SELECT count(*) FROM keyed_request WHERE scope = 'withdrawal_request'") == 0


async def become(house: House, number: int, state: str) -> None:
    """Let a withdrawal have come to a state, by all steps that lead there."""
    fixed = "coin_amount = 1, coin_scale = 8, rate = 1, attempt = 1, sender = 'test', sending_at = ready_at"
    approved = "approved_at = now(), approved_by = 'limit'"
    steps = {
        "waiting": [],
        "review": ["state = 'review'"],
        "approved": [f"state = 'approved', {approved}"],
        "sending": [f"state = 'approved', {approved}", f"state = 'sending', {fixed}"],
        "rejected": ["state = 'rejected', ended_at = now()"],
    }
    steps["sent"] = [*steps["sending"], "state = 'sent', task_id = 't'"]
    steps["failed"] = [*steps["sent"], "state = 'failed', ended_at = now()"]
    for step in steps[state]:
        async with house.database.transaction() as transaction:
            await transaction.execute(f"UPDATE withdrawal SET {step} WHERE payment_id = $1", number)


class CrashingTransaction:
    """A transaction whose process is gone before its n-th statement."""

    def __init__(self, transaction: Transaction, left: int) -> None:
        self._transaction = transaction
        self._left = left

    def _count(self) -> None:
        if self._left == 0:
            raise Crash
        self._left -= 1

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        self._count()
        return await self._transaction.fetch(sql, *values)

    async def fetch_one(self, sql: str, *values: object) -> Row | None:
        self._count()
        return await self._transaction.fetch_one(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        self._count()
        return await self._transaction.execute(sql, *values)


@frozen
class CrashingPostgres:
    """A database whose client crashes before the n-th statement of a transaction, counted from 0."""

    postgres: Postgres
    statements: int

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.postgres.transaction() as transaction:
            yield CrashingTransaction(transaction, self.statements)
