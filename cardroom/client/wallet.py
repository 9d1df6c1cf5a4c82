"""A player's wallet over HTTP: what is there, coins that come in, coins that go out.

What the wallet worker says beyond what is read here is passed over: its pages may learn to say more.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

import attrs
import httpx
from attrs import frozen

from cardroom.client.account import http_errors, open_http, refusal_of
from cardroom.client.errors import ProtocolBroken
from cardroom.client.limits import ClientLimits
from cardroom.money import Krw
from cardroom.wire.notices import DepositState, WithdrawalState
from cardroom.wire.plain_values import Function, Objects

T = TypeVar("T")

_PAGES: Final = "/api/v1/wallet"


@frozen
class Balance:
    """What the player has: free, on the way out, and at tables."""

    krw_balance: Krw
    pending_withdrawal_krw: Krw
    on_tables_krw: Krw


@frozen
class CoinLine:
    """A coin that the house takes, and what holds for it."""

    coin: str
    deposits_open: bool
    smallest_deposit: str
    confirmations: int
    withdrawals_open: bool
    smallest_withdrawal: Krw
    largest_withdrawal: Krw


@frozen
class QuoteLine:
    """What one amount is worth in the other, to look at for 30 seconds; ``coin_amount`` in whole coins."""

    quote: str
    coin: str
    krw_amount: Krw
    coin_amount: str
    krw_per_coin: int
    expires_at: str


@frozen
class DepositAddress:
    """Where to send coins, for ever the player's own. Less than ``smallest_deposit`` is not credited."""

    coin: str
    address: str
    network: str
    confirmations: int
    smallest_deposit: str


@frozen
class DepositLine:
    """How far a deposit is; ``coin_amount`` in whole coins, ``krw_amount`` once it is credited or held."""

    id: int
    coin: str
    coin_amount: str
    tx_hash: str
    state: DepositState
    confirmations: int
    needed: int
    krw_amount: Krw | None = None
    reason: str | None = None


@frozen
class ListedAddress:
    """An address that coins may be sent to, from ``usable_at`` on."""

    id: int
    coin: str
    address: str
    label: str
    usable_at: str


@frozen
class WithdrawalTaken:
    """A withdrawal as it was taken, or taken back."""

    withdrawal: int
    state: WithdrawalState
    krw_amount: Krw


@frozen
class WithdrawalLine:
    """How far a withdrawal is; ``coin_amount`` in whole coins, once it is fixed."""

    id: int
    coin: str
    address: str
    krw_amount: Krw
    state: WithdrawalState
    reason: str | None = None
    coin_amount: str | None = None
    tx_hash: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it will not change any more."""
        return self.state in ENDED


ENDED: Final = frozenset(
    {
        WithdrawalState.CONFIRMED,
        WithdrawalState.FAILED,
        WithdrawalState.CANCELLED,
        WithdrawalState.REJECTED,
    }
)
"""States in which a withdrawal stays."""

_READERS: Final[Mapping[type, Function]] = {
    kind: Objects({}).function("read", kind)
    for kind in (
        Balance, CoinLine, QuoteLine, DepositAddress, DepositLine, ListedAddress, WithdrawalTaken,
        WithdrawalLine,
    )
}  # fmt: skip


class Wallet:
    """One player's wallet at a wallet worker. Every call may raise ``ClientError``.

    ``token`` is that of a login at a router; wallets may share an HTTP client.
    """

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._token = token

    async def balance(self) -> Balance:
        """Say what is there."""
        return _read(Balance, await self._ask("GET", "/balance"))

    async def coins(self) -> tuple[CoinLine, ...]:
        """List the coins that the house takes."""
        return _read_all(CoinLine, (await self._ask("GET", "/coins")).get("coins"))

    async def quote(
        self,
        coin: str,
        direction: Literal["deposit", "withdrawal"],
        krw_amount: Krw | None = None,
        **more: str,
    ) -> QuoteLine:
        """Say what an amount is worth now: ``krw_amount``, or ``coin_amount`` in whole coins as text.

        Nothing is promised. Refused: no such coin, coin closed, rate stopped; rate unavailable: come back.
        """
        wish = {"coin": coin, "direction": direction, **more}
        wish |= {"krw_amount": str(krw_amount)} if krw_amount is not None else {}
        return _read(QuoteLine, await self._ask("GET", f"/quote?{urlencode(wish)}"))

    async def deposit_address(self, coin: str) -> DepositAddress:
        """Give the player's address of a coin. Refused: no such coin, coin closed; away: come back."""
        return _read(DepositAddress, await self._ask("GET", f"/deposit-address/{coin}"))

    async def deposits(self) -> tuple[DepositLine, ...]:
        """List the newest deposits, the newest first."""
        return _read_all(DepositLine, (await self._ask("GET", "/deposits")).get("deposits"))

    async def addresses(self) -> tuple[ListedAddress, ...]:
        """List the addresses that coins may be sent to."""
        return _read_all(ListedAddress, (await self._ask("GET", "/addresses")).get("addresses"))

    async def list_address(
        self, coin: str, address: str, *, is_own: bool = True, label: str = "", **owner: str
    ) -> ListedAddress:
        """List an address; ``beneficiary`` and ``exchange`` say whose it is. It is usable after a wait.

        Refused: wrong address, own address (of the house), address listed, step-up needed.
        """
        body = {"coin": coin, "address": address, "is_own": is_own, "label": label, **owner}
        return _read(ListedAddress, await self._ask("POST", "/addresses", body))

    async def remove_address(self, number: int) -> None:
        """Take an address off the list. May be repeated."""
        await self._send("DELETE", f"/addresses/{number}", None)

    async def withdraw(
        self, coin: str, address: str, krw_amount: Krw, key: str, quote: str | None = None
    ) -> WithdrawalTaken:
        """Have so much sent as coins; the amount leaves the wallet at once.

        May be repeated under the same ``key``, which stands for this withdrawal for ever. Refused: amount
        too small, insufficient funds, address not listed or waits, limits, step-up needed, frozen.
        """
        body: dict[str, Any] = {"coin": coin, "address": address, "krw_amount": krw_amount}
        body |= {"idempotency_key": key} | ({"quote": quote} if quote is not None else {})
        return _read(WithdrawalTaken, await self._ask("POST", "/withdraw", body))

    async def withdrawals(self) -> tuple[WithdrawalLine, ...]:
        """List the newest withdrawals, the newest first."""
        return _read_all(WithdrawalLine, (await self._ask("GET", "/withdrawals")).get("withdrawals"))

    async def withdrawal(self, number: int) -> WithdrawalLine:
        """Say how far a withdrawal is. Refused: not found."""
        return _read(WithdrawalLine, await self._ask("GET", f"/withdrawals/{number}"))

    async def cancel(self, number: int) -> WithdrawalTaken:
        """Take a withdrawal back that is not being sent yet. Refused: withdrawal ended, not found."""
        return _read(WithdrawalTaken, await self._ask("POST", f"/withdrawals/{number}/cancel"))

    async def _ask(self, method: str, path: str, body: Any = None) -> Mapping[str, Any]:
        response = await self._send(method, path, body)
        try:
            answer = response.json()
        except ValueError as error:
            raise ProtocolBroken(f"{path}: no JSON in the answer") from error
        if not isinstance(answer, dict):
            raise ProtocolBroken(f"{path}: no object in the answer")
        return answer

    async def _send(self, method: str, path: str, body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        with http_errors():
            response = await self._http.request(method, f"{_PAGES}{path}", json=body, headers=headers)
        if not response.is_success:
            raise refusal_of(response)
        return response


@asynccontextmanager
async def open_wallet(
    wallet_url: str, token: str, limits: ClientLimits | None = None
) -> AsyncIterator[Wallet]:
    """Give a player's wallet; it connects when first used."""
    async with open_http(wallet_url, limits or ClientLimits()) as http:
        yield Wallet(http, token)


def _read(kind: type[T], answer: Any) -> T:
    """Read the fields that the class has, strictly."""
    try:
        names = {field.name for field in attrs.fields(kind)}  # type: ignore[arg-type]  # all are attrs classes
        message: T = _READERS[kind]({name: answer[name] for name in names & answer.keys()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProtocolBroken(f"no {kind.__name__} in the answer") from error
    return message


def _read_all(kind: type[T], answers: Any) -> tuple[T, ...]:
    if not isinstance(answers, list):
        raise ProtocolBroken(f"no list of {kind.__name__} in the answer")
    return tuple(_read(kind, answer) for answer in answers)
