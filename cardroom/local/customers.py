"""The bots as customers of the cashier: each has an account, pays coins in, and takes coins out.

The coins are spread over the bots, so that each coin is used. Every step may be repeated.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import httpx
import trio
from attrs import frozen

from cardroom.client import Account, ClientError, ClientLimits, Wallet
from cardroom.client.account import open_http
from cardroom.client.wallet import WithdrawalLine
from cardroom.local.payments.client import ChainPayment, Payer
from cardroom.local.plan import BotPlan
from cardroom.local.processes import ProcessFailed
from cardroom.local.seeding import sign_in
from cardroom.money import format_krw
from cardroom.wire.notices import DepositState

K = TypeVar("K")
T = TypeVar("T")

COINS: Final = ("BTC", "ETH", "USDT", "USDC")
"""The house's symbols; the sandbox calls them the same in small letters."""

_SIGN_INS_AT_ONCE: Final = 4
"""So many passwords are hashed at once; waiting for blocks costs nothing, and all do it together."""

_LOOK_SECONDS: Final = 0.5

_WHEN_STOPPED: Final = (
    ". The price has jumped since the coin was last used: accept it (POST /admin/rates/COIN/accept) while "
    "the next start waits, or begin anew with make clean-run"
)


@frozen
class Waits:
    """How long customers wait until what they paid is credited, and what they take out is confirmed."""

    credit_seconds: float = 60.0
    payout_seconds: float = 30.0


_WAITS: Final = Waits()


@frozen
class Doors:
    """Where customers go."""

    router_url: str
    wallet_url: str
    payments_url: str


@asynccontextmanager
async def open_customers(doors: Doors, bots: BotPlan, password: str) -> AsyncIterator["Customers"]:
    """Give the bots as customers; they connect when they do something."""
    limits = ClientLimits()
    async with (
        open_http(doors.router_url, limits) as router,
        open_http(doors.wallet_url, limits) as wallet,
        open_http(doors.payments_url, limits) as payments,
    ):
        yield Customers((router, wallet, payments), bots, password)


class Customers:
    """All bots. ``https`` are clients of router, wallet worker and payments sandbox."""

    def __init__(
        self,
        https: tuple[httpx.AsyncClient, httpx.AsyncClient, httpx.AsyncClient],
        bots: BotPlan,
        password: str,
        waits: Waits = _WAITS,
    ) -> None:
        self._router, self._wallet, self._payments = https
        self._bots = bots
        self._password = password
        self._waits = waits
        self._signing_in = trio.CapacityLimiter(_SIGN_INS_AT_ONCE)

    async def pay_in(self) -> None:
        """Let each bot whose wallet is low, or who never did, pay in, all at the same time, and wait until it
        is credited.

        Raises ``ClientError``, or ``ProcessFailed`` for what is not credited in time.
        """
        numbers = range(1, self._bots.players + 1)
        await _at_once(self._pay_in, numbers)

    async def pay_out(self, run: str) -> list[str]:
        """Let one bot for each coin take money out, once per ``run``; gives a line on what became of each."""
        return await _at_once(lambda coin: self._pay_out(coin, run), COINS)

    async def _pay_in(self, number: int) -> None:
        wallet, payer = await self._sign_in(number), self._payer(number)
        if (await wallet.balance()).krw_balance >= self._bots.low_wallet and await wallet.deposits():
            return
        coin = coin_of(number)
        given = await wallet.deposit_address(coin)
        paid = await payer.pay(coin.lower(), given.address, self._bots.grant)
        with trio.move_on_after(self._waits.credit_seconds):
            await _wait_for_credit(wallet, paid)
            return
        told = [f"{one.state.value} ({one.reason})" for one in await wallet.deposits()] or ["never seen"]
        raise ProcessFailed(
            f"{self._bots.nickname(number)}: {paid.amount} {coin} were not credited within "
            f"{self._waits.credit_seconds:g} s, but {told[0]}; see the logs of wallet worker and payments"
            f"{_WHEN_STOPPED if 'rate_stopped' in told[0] else ''}"
        )

    async def _pay_out(self, coin: str, run: str) -> str:
        """Take out what one bot of a coin has; whatever is refused, or takes too long, is told."""
        numbers = [one for one in range(1, self._bots.players + 1) if coin_of(one) == coin]
        random.shuffle(numbers)
        for number in numbers:
            wallet = await self._sign_in(number)
            if (await wallet.balance()).krw_balance >= self._bots.payout:
                try:
                    found = await self._withdraw(wallet, self._payer(number), coin, f"{run}-{number}")
                except ClientError as error:
                    return self._line(number, coin, str(error))
                sent = f", {found.coin_amount} {coin}" if found.coin_amount else ""
                return self._line(number, coin, f"{found.state.value}{sent}")
        return f"Nobody had {format_krw(self._bots.payout)} to take out in {coin}"

    async def _withdraw(self, wallet: Wallet, payer: Payer, coin: str, key: str) -> WithdrawalLine:
        listed = [one.address for one in await wallet.addresses() if one.coin == coin]
        if not listed:
            address = await payer.make_wallet(coin.lower())
            listed = [(await wallet.list_address(coin, address, label="my own")).address]
        taken = await wallet.withdraw(coin, listed[0], self._bots.payout, key)
        found = await wallet.withdrawal(taken.withdrawal)
        with trio.move_on_after(self._waits.payout_seconds):
            while not found.has_ended:
                await trio.sleep(_LOOK_SECONDS)
                found = await wallet.withdrawal(taken.withdrawal)
        return found

    async def _sign_in(self, number: int) -> Wallet:
        async with self._signing_in:
            login = await sign_in(Account(self._router), self._bots.nickname(number), self._password)
        return Wallet(self._wallet, login.token)

    def _payer(self, number: int) -> Payer:
        return Payer(self._payments, self._bots.nickname(number))

    def _line(self, number: int, coin: str, outcome: str) -> str:
        who, amount = self._bots.nickname(number), format_krw(self._bots.payout)
        return f"{who} took out {amount} in {coin}: {outcome}"


def coin_of(number: int) -> str:
    """Give the coin that a bot, counted from 1, pays in and takes out."""
    return COINS[(number - 1) % len(COINS)]


async def _wait_for_credit(wallet: Wallet, paid: ChainPayment) -> None:
    tx_hash = paid.tx_hash.removeprefix("0x")  # the house writes all hashes alike
    while True:
        for deposit in await wallet.deposits():
            if deposit.tx_hash == tx_hash and deposit.state is DepositState.CREDITED:
                return
        await trio.sleep(_LOOK_SECONDS)


async def _at_once(work: Callable[[K], Awaitable[T]], items: Iterable[K]) -> list[T]:
    """Do all at the same time; gives the results in order."""
    results: dict[int, T] = {}

    async def do(place: int, item: K) -> None:
        results[place] = await work(item)

    async with trio.open_nursery() as nursery:
        for place, item in enumerate(items):
            nursery.start_soon(do, place, item)
    return [results[place] for place in sorted(results)]
