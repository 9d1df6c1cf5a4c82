"""The payments sandbox of the local cluster: it finds payouts by our numbers, and pays each number once.

Its messages are the generic gateway's. Nothing there is worth anything.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from attrs import frozen

from cardroom.service.settings import Secret
from cardroom.wire.refusals import Refusal
from wallet_worker.gateways.calls import Answer, Call, Caller, Unanswered, Unreached
from wallet_worker.gateways.coin_names import CoinNames, GatewayCoin
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
from wallet_worker.gateways.strict_json import (
    Unreadable,
    a_list,
    amount_in,
    an_object,
    number_in,
    read_object,
    text_in,
)
from wallet_worker.gateways.table import BuiltGateway, GatewayPlan, signed_reader_of
from wallet_worker.payment_settings import GatewayKind
from wallet_worker.rules.coins import read_tx_hash, write_coins

T = TypeVar("T")

_MOST_BYTES: Final = 1024 * 1024
_ADDRESS: Final = re.compile(r"[A-Za-z0-9]{1,128}")
_TASK: Final = re.compile(r"[0-9a-f]{32}")
_HASH: Final = re.compile(r"[0-9A-Za-z]{64,66}")
_WORD: Final = re.compile(r"[a-z_]{1,32}")
_PAYER: Final = re.compile(r"[^\x00]{0,64}")

_STAGES: Final = {
    "under_way": PayoutStage.UNDER_WAY,
    "paid": PayoutStage.PAID,
    "failed": PayoutStage.FAILED,
    "never_came": PayoutStage.NEVER_CAME,
}
_FINAL: Final = frozenset({Refusal.WRONG_ADDRESS.value, Refusal.NO_SUCH_COIN.value, Refusal.MALFORMED.value})
_NOT_NOW: Final = frozenset(
    {
        Refusal.INSUFFICIENT_FUNDS.value,
        Refusal.COIN_CLOSED.value,
        Refusal.NOT_AUTHENTICATED.value,
        Refusal.UNAVAILABLE.value,
    }
)
"""It refuses a payout by these before it has done anything."""


@frozen
class SandboxGateway:
    """The adapter; ``key`` is shown with each call."""

    name: str
    caller: Caller
    key: Secret
    coins: CoinNames
    looks_up_deposits: bool = True
    looks_up_payouts: bool = True
    is_manual: bool = False

    async def make_address(self, coin: str, external_id: str) -> NewAddress:
        """Give the address that the sandbox keeps for this number."""
        wish = {"coin": self._coin(coin).name, "external_id": external_id}
        answer = await self._ask("POST", "/gateway/addresses", wish)
        return NewAddress(_read(partial(text_in, answer, "address", _ADDRESS)))

    async def look_up(self, told: DepositTold) -> DepositTold | None:
        """Give what the chain shows of an output; None where it shows none, or has dropped it."""
        coin = self._coin(told.coin)
        path = f"/gateway/deposits/{quote(coin.name)}/{quote(told.tx_hash)}/{told.output_number or 0}"
        answer = await self._call("GET", path)
        if answer.status == 404 and _code_of(answer) == Refusal.NOT_FOUND.value:
            return None
        found = _success(answer)
        return _read(partial(_deposit, found, coin))

    async def list_deposits(self, coin: str, address: str) -> Sequence[DepositTold]:
        """List what came to an address and stands on the chain."""
        known = self._coin(coin)
        answer = await self._ask(
            "GET", f"/gateway/addresses/{quote(known.name)}/{quote(address, safe='')}/deposits"
        )
        lines = _read(partial(a_list, answer.get("payments"), "payments"))
        return [_read(partial(_deposit, line, known)) for line in lines]

    async def send(self, order: PayoutOrder) -> PayoutTaken:
        """Have coins sent; the same number again is the same payout, so a repeat is harmless."""
        coin = self.coins.by_symbol.get(order.coin)
        if coin is None:
            raise NotSent(f"{order.coin} does not go by {self.name}", is_final=True)
        wish = {
            "external_id": order.external_id,
            "coin": coin.name,
            "address": order.address,
            "amount": write_coins(order.coin_amount, coin.scale),
        }
        try:
            answer = await self.caller.ask(self._prepare("POST", "/gateway/payouts", wish))
        except Unreached as error:
            raise NotSent(f"no connection: {error}") from error
        except Unanswered as error:
            raise Doubtful(str(error)) from error
        return _taken(answer)

    async def find_payout(self, external_id: str, task_id: str | None) -> PayoutFound:  # noqa: ARG002 (the port's)
        """Say how a payout stands; that it never came, too, the sandbox says in so many words."""
        found = await self._ask("GET", f"/gateway/payouts/{quote(external_id, safe='')}")
        return _read(partial(self._payout, found, external_id))

    async def balances(self) -> Mapping[str, int]:
        """Give what there is of each of our coins."""
        found = await self._ask("GET", "/gateway/balances")
        return {
            coin.symbol: _read(partial(amount_in, found, coin.name, coin.scale))
            for coin in self.coins.by_symbol.values()
        }

    def _payout(self, found: Mapping[str, Any], external_id: str) -> PayoutFound:
        stage = _STAGES.get(text_in(found, "state", _WORD))
        if stage is None or found.get("external_id") != external_id:
            raise Unreadable("state is none that is known, or of another payout")
        if stage is PayoutStage.NEVER_CAME:
            return PayoutFound(external_id, stage)
        coin = self.coins.by_name.get(text_in(found, "coin", _WORD))
        if coin is None:
            raise Unreadable("coin is none of ours")
        tx_hash = read_tx_hash(text_in(found, "tx_hash", _HASH)) if stage is PayoutStage.PAID else None
        if stage is PayoutStage.PAID and tx_hash is None:
            raise Unreadable("tx_hash is no transaction")
        return PayoutFound(
            external_id,
            stage,
            tx_hash=tx_hash,
            coin_amount=amount_in(found, "amount", coin.scale),
            task_id=text_in(found, "task_id", _TASK),
        )

    def _coin(self, symbol: str) -> GatewayCoin:
        coin = self.coins.by_symbol.get(symbol)
        if coin is None:
            raise GatewayAway(f"{symbol} does not go by {self.name}")
        return coin

    async def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        return _success(await self._call(method, path, body))

    async def _call(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Answer:
        try:
            return await self.caller.ask(self._prepare(method, path, body))
        except (Unreached, Unanswered) as error:
            raise GatewayAway(f"{path}: {error}") from error

    def _prepare(self, method: str, path: str, body: Mapping[str, str] | None) -> Call:
        headers = {"X-Sandbox-Key": self.key.value, "Content-Type": "application/json"}
        return Call(method, path, headers, body=None if body is None else json.dumps(body).encode())


def make_sandbox(plan: GatewayPlan) -> BuiltGateway:
    """Make the sandbox's adapter, and who reads its messages."""
    gateway = SandboxGateway(plan.name, plan.caller, plan.settings.secret, plan.coins)
    return BuiltGateway(GatewayKind.SANDBOX, gateway, signed_reader_of(plan))


def _taken(answer: Answer) -> PayoutTaken:
    """Read the answer to an order. Only a refusal that is known to have done nothing is ``NotSent``."""
    code = _code_of(answer)
    if code in _FINAL | _NOT_NOW and answer.status != 500:
        raise NotSent(f"refused: {code}", is_final=code in _FINAL)
    try:
        return PayoutTaken(text_in(_success(answer), "task_id", _TASK))
    except (Unreadable, GatewayAway) as error:
        raise Doubtful(f"answered with {answer.status}: {error}") from error


def _deposit(told: Any, coin: GatewayCoin) -> DepositTold:
    line = an_object(told, "payment")
    tx_hash = read_tx_hash(text_in(line, "tx_hash", _HASH))
    if tx_hash is None or line.get("coin") != coin.name:
        raise Unreadable("tx_hash is no transaction, or of another coin")
    return DepositTold(
        coin=coin.symbol,
        tx_hash=tx_hash,
        output_number=number_in(line, "output_index"),
        address=text_in(line, "address", _ADDRESS),
        coin_amount=amount_in(line, "amount", coin.scale),
        confirmations=number_in(line, "confirmations"),
        originator={"payer": text_in(line, "payer", _PAYER)},
    )


def _success(answer: Answer) -> Mapping[str, Any]:
    if not 200 <= answer.status < 300:
        raise GatewayAway(f"answered with {answer.status} {_code_of(answer)}")
    return _read(partial(read_object, answer.body, _MOST_BYTES))


def _code_of(answer: Answer) -> str:
    """Give the code of a refusal; nothing where it is none."""
    try:
        return str(read_object(answer.body, _MOST_BYTES).get("code", ""))
    except Unreadable:
        return ""


def _read(read: Callable[[], T]) -> T:
    """Read an answer; one that cannot be read is as good as none."""
    try:
        return read()
    except Unreadable as error:
        raise GatewayAway(str(error)) from error
