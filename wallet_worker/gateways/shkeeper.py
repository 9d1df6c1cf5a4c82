"""SHKeeper: a payment gateway that the house runs itself.

It gives an address for each external id, says what came to it, and sends payouts. A payout that comes twice
is sent twice, and only its task says what became of it: so nothing is repeated here, and what is not sure is
doubtful.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from attrs import evolve, frozen

from cardroom.service.settings import BadSettings, Secret
from wallet_worker.gateways.calls import Answer, Call, Caller, Unanswered, Unreached
from wallet_worker.gateways.coin_names import CoinNames, GatewayCoin, same_address
from wallet_worker.gateways.port import (
    DepositTold,
    Doubtful,
    GatewayAway,
    NewAddress,
    NotSent,
    PayoutFound,
    PayoutOrder,
    PayoutStage,
    PayoutTaken,
)
from wallet_worker.gateways.shkeeper_answers import (
    holdings_in,
    is_refusal,
    stage_of_task,
    success_in,
    task_in,
    transactions_in,
)
from wallet_worker.gateways.shkeeper_messages import ADDRESS
from wallet_worker.gateways.strict_json import Unreadable, text_in
from wallet_worker.rules.coins import write_coins

DEPOSIT_PATH: Final = "/api/v1/wallet/webhook/shkeeper/deposit"
PAYOUT_PATH: Final = "/api/v1/wallet/webhook/shkeeper/payout"

_API: Final = "/api/v1"
_LARGE_INVOICE: Final = "1000000000"
"""In dollars. It is never paid up, so that its address is good for ever."""

_OK: Final = 200
_TASK: Final = re.compile(r"([A-Za-z0-9_-]{1,32})/([A-Za-z0-9_-]{1,80})")


@frozen
class ShkeeperKeys:
    """What SHKeeper wants to be shown: the key for most, login and password for payouts."""

    api_key: Secret
    login: Secret
    password: Secret

    def __attrs_post_init__(self) -> None:
        if not self.api_key.value.isascii() or not self.api_key.value.isprintable():
            raise BadSettings("gateways: secret of SHKeeper is sent in a header: plain letters only")


@frozen
class Shkeeper:
    """The adapter. ``public_url`` is where SHKeeper reaches this house.

    External ids of addresses must differ from coin to coin: SHKeeper changes an invoice's coin when it is
    asked for the same id under another.
    """

    name: str
    caller: Caller
    keys: ShkeeperKeys
    coins: CoinNames
    public_url: str
    looks_up_deposits: bool = True
    looks_up_payouts: bool = False
    is_manual: bool = False

    async def make_address(self, coin: str, external_id: str) -> NewAddress:
        """Open an invoice that is never paid up, or find it again; it has an address of its own."""
        asked = {
            "external_id": external_id,
            "fiat": "USD",
            "amount": _LARGE_INVOICE,
            "callback_url": self._callback(DEPOSIT_PATH),
        }
        path = f"/{quote(self._coin(coin).name)}/payment_request"
        answer = await self._ask("POST", path, asked)
        try:
            body = success_in(answer)
            address = text_in(body, "wallet", ADDRESS)
        except Unreadable as error:
            raise GatewayAway(f"payment_request: {error}") from error
        number = body.get("id")
        return NewAddress(address, str(number) if type(number) is int else "")

    async def look_up(self, told: DepositTold) -> DepositTold | None:
        """Find a transaction in the record of its address; not confirmed there means no confirmations.

        What is asked about has been told to be deep enough: the record only has to say that it is there.
        """
        found = [
            one for one in await self.list_deposits(told.coin, told.address) if one.tx_hash == told.tx_hash
        ]
        if not found:
            return None
        if len({one.coin_amount for one in found}) > 1:
            raise GatewayAway("transactions: one is listed with two amounts")
        deepest = max(found, key=lambda one: one.confirmations)
        return evolve(deepest, external_id=told.external_id)

    async def list_deposits(self, coin: str, address: str) -> Sequence[DepositTold]:
        """List what came to an address; in the address's own letters, however SHKeeper writes it.

        SHKeeper lists a transaction as confirmed from its first confirmation on: that is no depth.
        """
        known = self._coin(coin)
        answer = await self._ask("GET", f"/transactions/{quote(known.name)}/{quote(address, safe='')}")
        try:
            listed = transactions_in(answer, known)
        except Unreadable as error:
            raise GatewayAway(f"transactions: {error}") from error
        return [evolve(one, address=address) for one in listed if same_address(one.address, address)]

    async def send(self, order: PayoutOrder) -> PayoutTaken:
        """Have coins sent, once. Only a lost connection before anything was said, or SHKeeper's own refusal,
        is ``NotSent``; every other answer than a task is ``Doubtful``.
        """
        coin = self.coins.by_symbol.get(order.coin)
        if coin is None:
            raise NotSent(f"{order.coin} does not go by {self.name}", is_final=True)
        asked = {
            "amount": write_coins(order.coin_amount, coin.scale),
            "destination": order.address,
            "fee": coin.payout_fee,
            "callback_url": self._callback(PAYOUT_PATH),
            "external_id": order.external_id,
        }
        try:
            answer = await self.caller.ask(self._payout_call("POST", f"/{quote(coin.name)}/payout", asked))
        except Unreached as error:
            raise NotSent(f"no connection: {error}") from error
        except Unanswered as error:
            raise Doubtful(f"no answer: {error}") from error
        return PayoutTaken(f"{coin.name}/{_task_of(answer, order.external_id)}")

    async def find_payout(self, external_id: str, task_id: str | None) -> PayoutFound:
        """Say what a task says; without one nothing can be found, so a person must look."""
        known = _TASK.fullmatch(task_id or "")
        coin = self.coins.by_name.get(known[1]) if known else None
        if known is None or coin is None:
            return PayoutFound(
                external_id, PayoutStage.CANNOT_SAY, task_id=task_id, detail="no task to ask for"
            )
        call = self._payout_call("GET", f"/{quote(coin.name)}/task/{quote(known[2])}")
        answer = await self._answer(call)
        try:
            found = stage_of_task(answer, external_id, coin)
        except Unreadable as error:
            raise GatewayAway(f"task: {error}") from error
        return evolve(found, task_id=task_id)

    async def balances(self) -> Mapping[str, int]:
        """Give what SHKeeper's wallets hold, of every coin that goes by it."""
        names = ",".join(sorted(self.coins.by_name))
        answer = await self._ask("GET", f"/crypto/balances?includes={quote(names, safe=',')}")
        try:
            return holdings_in(answer, self.coins)
        except Unreadable as error:
            raise GatewayAway(f"balances: {error}") from error

    def _coin(self, symbol: str) -> GatewayCoin:
        coin = self.coins.by_symbol.get(symbol)
        if coin is None:
            raise GatewayAway(f"{symbol} does not go by {self.name}")
        return coin

    def _callback(self, path: str) -> str:
        return self.public_url.rstrip("/") + path

    async def _ask(self, method: str, path: str, asked: Mapping[str, Any] | None = None) -> Answer:
        headers = {"X-Shkeeper-Api-Key": self.keys.api_key.value, "Content-Type": "application/json"}
        return await self._answer(Call(method, _API + path, headers, body=_written(asked)))

    def _payout_call(self, method: str, path: str, asked: Mapping[str, Any] | None = None) -> Call:
        headers = {"Content-Type": "application/json"}
        login = (self.keys.login.value, self.keys.password.value)
        return Call(method, _API + path, headers, login, _written(asked))

    async def _answer(self, call: Call) -> Answer:
        try:
            return await self.caller.ask(call)
        except (Unreached, Unanswered) as error:
            raise GatewayAway(str(error)) from error


def _written(asked: Mapping[str, Any] | None) -> bytes | None:
    return None if asked is None else json.dumps(asked).encode()


def _task_of(answer: Answer, external_id: str) -> str:
    """Give the task of a payout that was taken."""
    refused = is_refusal(answer)
    if refused is not None:
        raise NotSent(f"refused with {answer.status}", is_final=refused)
    if answer.status != _OK:
        raise Doubtful(f"answered with {answer.status}")
    try:
        return task_in(answer, external_id)
    except Unreadable as error:
        raise Doubtful(f"payout: {error}") from error
