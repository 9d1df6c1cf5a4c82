"""SHKeeper's callbacks: what came to an address, and that a payout was sent."""

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from attrs import evolve, frozen

from cardroom.wire.refusals import Refusal
from wallet_worker.gateways.coin_names import CoinNames, GatewayCoin
from wallet_worker.gateways.port import (
    DepositTold,
    PayoutFound,
    PayoutStage,
    WebhookMessage,
    WebhookRefused,
)
from wallet_worker.gateways.signatures import SignatureCheck
from wallet_worker.gateways.strict_json import (
    Unreadable,
    a_list,
    amount_in,
    an_object,
    is_dust,
    read_object,
    text_in,
)
from wallet_worker.rules.coins import read_tx_hash

MOST_BYTES: Final = 1024 * 1024
ADDRESS: Final = re.compile(r"[A-Za-z0-9]{1,128}")
EXTERNAL_ID: Final = re.compile(r"[!-~]{1,64}")
_TEXT: Final = re.compile(r"[!-~]{1,128}")
_PAID: Final = re.compile(r"PARTIAL|PAID|OVERPAID")
_SENT: Final = re.compile(r"SUCCESS")
_UNCONFIRMED: Final = "unconfirmed"


@frozen
class ShkeeperReader:
    """Reads callbacks. Fields beside those that it needs do not matter: versions differ there.

    Every transaction of an invoice is listed each time, and given each time. The one that made SHKeeper speak
    (``trigger``) has the confirmations that the coin needs: how many to wait for is set at SHKeeper. Of the
    others it is only known that they are there: each has a message of its own, repeated until it is taken.
    """

    signature: SignatureCheck
    coins: CoinNames

    def read_deposits(self, headers: Mapping[str, str], raw: bytes, unix_seconds: float) -> WebhookMessage:
        """Read what came to an address. Nothing, where all of it is too little to be written out."""
        self.signature.check(headers, raw, unix_seconds)
        try:
            body = read_object(raw, MOST_BYTES)
            if body.get("status") == _UNCONFIRMED:
                told = self._transaction(body, body, "amount", 0)
                return () if told is None else (told,)
            text_in(body, "status", _PAID)
            return self._invoice(body)
        except Unreadable as error:
            raise WebhookRefused(Refusal.MALFORMED, str(error)) from error

    def read_payout(self, headers: Mapping[str, str], raw: bytes, unix_seconds: float) -> WebhookMessage:
        """Read that a payout was sent; SHKeeper tells of nothing else."""
        self.signature.check(headers, raw, unix_seconds)
        try:
            body = read_object(raw, MOST_BYTES)
            text_in(body, "status", _SENT)
            coin = self._coin(body)
            return PayoutFound(
                external_id=text_in(body, "external_id", EXTERNAL_ID),
                stage=PayoutStage.PAID,
                tx_hash=hash_in(body, "tx_hash"),
                coin_amount=amount_in(body, "amount", coin.scale),
                coin=coin.symbol,
            )
        except Unreadable as error:
            raise WebhookRefused(Refusal.MALFORMED, str(error)) from error

    def _invoice(self, body: Mapping[str, Any]) -> tuple[DepositTold, ...]:
        confirmations = self._coin(body).confirmations
        deposits: dict[str, DepositTold] = {}
        deep: set[str] = set()
        for listed in a_list(body.get("transactions"), "transactions"):
            transaction = an_object(listed, "transaction")
            if transaction.get("crypto") != body["crypto"]:
                _refuse_coin()
            told = self._transaction(body, transaction, "amount_crypto", confirmations)
            if told is None:
                continue
            if deposits.setdefault(told.tx_hash, told) != told:
                raise Unreadable("a transaction is listed twice, and differs")
            if transaction.get("trigger") is True:
                deep.add(told.tx_hash)
        return tuple(
            told if told.tx_hash in deep else evolve(told, confirmations=0, tells_depth=False)
            for told in deposits.values()
        )

    def _transaction(
        self, body: Mapping[str, Any], transaction: Mapping[str, Any], amount: str, confirmations: int
    ) -> DepositTold | None:
        """Give a transaction; None for dust, which SHKeeper rounds to nothing or writes with an exponent.

        It would else keep everything from being read that the same player pays later.
        """
        coin = self._coin(body)
        address = text_in(body, "addr", ADDRESS)
        tx_hash = hash_in(transaction, "txid")
        if is_dust(transaction.get(amount)):
            return None
        coin_amount = amount_in(transaction, amount, coin.scale)
        if coin_amount == 0:
            return None
        return DepositTold(
            coin=coin.symbol,
            tx_hash=tx_hash,
            output_number=None,
            address=address,
            coin_amount=coin_amount,
            confirmations=confirmations,
            external_id=_external_id(body),
        )

    def _coin(self, body: Mapping[str, Any]) -> GatewayCoin:
        coin = self.coins.by_name.get(text_in(body, "crypto", _TEXT))
        return coin or _refuse_coin()


def hash_in(body: Mapping[str, Any], name: str) -> str:
    """Give a transaction's hash in the one way it is written here."""
    tx_hash = read_tx_hash(text_in(body, name, _TEXT))
    if tx_hash is None:
        raise Unreadable(f"{name} is no transaction")
    return tx_hash


def _external_id(body: Mapping[str, Any]) -> str | None:
    """Give the id of an invoice, if it may be one of ours: at SHKeeper others can be made by hand."""
    given = body.get("external_id")
    if given is not None and not isinstance(given, str):
        raise Unreadable("external_id is no text")
    return given if given is not None and EXTERNAL_ID.fullmatch(given) else None


def _refuse_coin() -> NoReturn:
    raise WebhookRefused(Refusal.WRONG_COIN, "no coin that comes in here")
