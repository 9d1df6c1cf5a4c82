"""SHKeeper's answers. It reports errors under HTTP 200, too: what counts is ``status`` in the body."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wallet_worker.gateways.calls import MOST_ANSWER_BYTES, Answer
from wallet_worker.gateways.coin_names import CoinNames, GatewayCoin
from wallet_worker.gateways.port import DepositTold, PayoutFound, PayoutStage
from wallet_worker.gateways.shkeeper_messages import ADDRESS, hash_in
from wallet_worker.gateways.strict_json import (
    Unreadable,
    a_list,
    amount_in,
    an_object,
    is_dust,
    read_amount,
    read_json,
    read_object,
    text_in,
)

_OK: Final = 200
_SUCCESS: Final = re.compile(r"success")
_ANY: Final = re.compile(r"[ -~]{1,64}")
_TASK_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_TASK_STATUS: Final = re.compile(r"PENDING|SUCCESS|FAILURE")
_ITEM_STATUS: Final = re.compile(r"success|error")
_CONFIRMED: Final = "CONFIRMED"
_OFFLINE: Final = "Offline"
_LONGEST_DETAIL: Final = 200
_AT_THE_DOOR: Final = frozenset({401, 403})
_NEVER_RIGHT: Final = frozenset({400, 422})
_NOT_SAID: Final = frozenset({408, 409, 425})
_FIRST_CLIENT_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500
_BALANCE_DECIMALS: Final = 30


def success_in(answer: Answer) -> Mapping[str, Any]:
    """Give the body of an answer that says success, under HTTP 200."""
    if answer.status != _OK:
        raise Unreadable(f"answered with {answer.status}")
    body = read_object(answer.body, MOST_ANSWER_BYTES)
    text_in(body, "status", _SUCCESS)
    return body


def transactions_in(answer: Answer, coin: GatewayCoin) -> Sequence[DepositTold]:
    """Give the transactions of an address's record; those of other coins and dust are left out."""
    deposits = []
    for listed in a_list(success_in(answer).get("transactions"), "transactions"):
        one = an_object(listed, "transaction")
        if text_in(one, "crypto", _ANY) != coin.name or is_dust(one.get("amount")):
            continue
        amount = amount_in(one, "amount", coin.scale)
        if amount > 0:
            deposits.append(
                DepositTold(
                    coin=coin.symbol,
                    tx_hash=hash_in(one, "txid"),
                    output_number=None,
                    address=text_in(one, "addr", ADDRESS),
                    coin_amount=amount,
                    confirmations=coin.confirmations if one.get("status") == _CONFIRMED else 0,
                    tells_depth=False,
                )
            )
    return deposits


def is_refusal(answer: Answer) -> bool | None:
    """Say whether a payout was clearly refused: None if not, True if asking again is no use.

    A client's error that does not come from SHKeeper itself refuses nothing, but for those of the door; nor
    does one that may be about a payout that was taken before.
    """
    if answer.status in _AT_THE_DOOR:
        return False
    is_client_error = _FIRST_CLIENT_ERROR <= answer.status < _FIRST_SERVER_ERROR
    if not is_client_error or answer.status in _NOT_SAID:
        return None
    try:
        body = read_object(answer.body, MOST_ANSWER_BYTES)
    except Unreadable:
        return None
    if body.get("status") != "error" or "task_id" in body:
        return None
    return answer.status in _NEVER_RIGHT


def task_in(answer: Answer, external_id: str) -> str:
    """Give the task of a payout, if the answer is about this one."""
    body = read_object(answer.body, MOST_ANSWER_BYTES)
    task_id = text_in(body, "task_id", _TASK_ID)
    if body.get("external_id") != external_id:
        raise Unreadable("external_id is another one")
    return task_id


def stage_of_task(answer: Answer, external_id: str, coin: GatewayCoin) -> PayoutFound:
    """Say how the one payout of a task stands. A result that is neither sent nor failed is a person's."""
    if answer.status != _OK:
        raise Unreadable(f"answered with {answer.status}")
    body = read_object(answer.body, MOST_ANSWER_BYTES)
    match text_in(body, "status", _TASK_STATUS):
        case "PENDING":
            return PayoutFound(external_id, PayoutStage.UNDER_WAY, coin=coin.symbol)
        case "FAILURE":
            return PayoutFound(
                external_id, PayoutStage.FAILED, detail=_told(body.get("result")), coin=coin.symbol
            )
    results = a_list(body.get("result"), "result")
    if len(results) != 1:
        return _unsure(external_id, coin, f"the task has {len(results)} results")
    item = an_object(results[0], "result")
    txids = a_list(item.get("txids", []), "txids")
    if text_in(item, "status", _ITEM_STATUS) == "success":
        return _sent(external_id, coin, item, txids)
    if txids:
        return _unsure(external_id, coin, "an error, but there is a transaction")
    return PayoutFound(external_id, PayoutStage.FAILED, detail=_told(item.get("message")), coin=coin.symbol)


def _sent(external_id: str, coin: GatewayCoin, item: Mapping[str, Any], txids: Sequence[Any]) -> PayoutFound:
    if not txids:
        return _unsure(external_id, coin, "sent, but there is no transaction")
    hashes = [hash_in({"txid": txid}, "txid") for txid in txids]
    return PayoutFound(
        external_id,
        PayoutStage.PAID,
        tx_hash=hashes[0],
        coin_amount=amount_in(item, "amount", coin.scale),
        detail=_told(", ".join(hashes[1:])),
        coin=coin.symbol,
        address=text_in(item, "dest", ADDRESS) if item.get("dest") else None,
    )


def _unsure(external_id: str, coin: GatewayCoin, detail: str) -> PayoutFound:
    return PayoutFound(external_id, PayoutStage.CANNOT_SAY, detail=detail, coin=coin.symbol)


def _told(text: Any) -> str:
    """Give a gateway's words for people: printable, and not too many."""
    kept = "".join(letter for letter in text if letter.isprintable()) if isinstance(text, str) else ""
    return kept[:_LONGEST_DETAIL]


def holdings_in(answer: Answer, coins: CoinNames) -> Mapping[str, int]:
    """Give what is held of every coin; one that is missing, or whose server is away, makes all unreadable.

    Versions differ: some answer with the list alone, without a status.
    """
    if answer.status != _OK:
        raise Unreadable(f"answered with {answer.status}")
    body = read_json(answer.body, MOST_ANSWER_BYTES)
    listed = body if isinstance(body, list) else success_in(answer).get("balances")
    found: dict[str, int] = {}
    for item in a_list(listed, "balances"):
        one = an_object(item, "balance")
        coin = coins.by_name.get(text_in(one, "name", _ANY))
        if coin is None:
            continue
        if coin.symbol in found or one.get("server_status") == _OFFLINE:
            raise Unreadable(f"{coin.name} comes twice, or its server is offline")
        found[coin.symbol] = _holding(one, coin)
    missing = coins.by_symbol.keys() - found.keys()
    if missing:
        raise Unreadable(f"nothing about {', '.join(sorted(missing))}")
    return found


def _holding(one: Mapping[str, Any], coin: GatewayCoin) -> int:
    """Give a balance, to the nearest smallest unit: SHKeeper writes ten decimals, whatever the coin has."""
    value = one.get("amount_crypto")
    fine = read_amount(value, _BALANCE_DECIMALS) if isinstance(value, str) else None
    if fine is None:
        raise Unreadable(f"amount_crypto of {coin.name} is no amount")
    unit: int = 10 ** (_BALANCE_DECIMALS - coin.scale)
    return (fine + unit // 2) // unit
