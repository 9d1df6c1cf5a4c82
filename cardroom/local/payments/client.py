"""Speaks to the sandbox as people do: has wallets there, and pays. For bots and tests."""

from typing import Any

import httpx
from attrs import frozen

from cardroom.client.account import http_errors, refusal_of
from cardroom.client.errors import ProtocolBroken
from cardroom.money import Krw


@frozen
class ChainPayment:
    """An output as the chain shows it; ``amount`` in whole coins."""

    tx_hash: str
    output_index: int
    amount: str
    confirmations: int


class Payer:
    """Somebody outside the house who has coins without end. Every call may raise ``ClientError``."""

    def __init__(self, http: httpx.AsyncClient, name: str) -> None:
        self._http = http
        self._name = name

    async def pay(self, coin: str, address: str, krw_amount: Krw) -> ChainPayment:
        """Pay an address coins that are worth so much now. A repeat pays again."""
        order = {"coin": coin, "address": address, "krw_amount": krw_amount, "payer": self._name}
        return _read_payment(await self._ask("POST", "/chain/pay", order))

    async def make_wallet(self, coin: str) -> str:
        """Give a new address to withdraw to."""
        answer = await self._ask("POST", "/chain/wallets", {"coin": coin})
        return str(answer["address"])

    async def received(self, address: str) -> list[ChainPayment]:
        """List what came to an address."""
        answer = await self._ask("GET", f"/chain/addresses/{address}", None)
        return [_read_payment(line) for line in answer["payments"]]

    async def _ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        with http_errors():
            response = await self._http.request(method, path, json=body)
        if not response.is_success:
            raise refusal_of(response)
        answer = response.json()
        if not isinstance(answer, dict):
            raise ProtocolBroken(f"{path}: no object in the answer")
        return answer


def _read_payment(line: Any) -> ChainPayment:
    return ChainPayment(line["tx_hash"], line["output_index"], line["amount"], line["confirmations"])
