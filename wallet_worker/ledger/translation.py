"""Wire to rules, and back. Total: a new denial fails the type check here."""

from hashlib import sha256
from typing import Final, assert_never

from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.ledger import (
    COMMAND_TAGS,
    MAX_COMMAND_BYTES,
    CashOut,
    CommandBody,
    HoldBuyIn,
    SettleHand,
)
from cardroom.wire.refusals import Refusal
from wallet_worker.rules.books import FinishedHand
from wallet_worker.rules.buy_in import BuyIn
from wallet_worker.rules.cash_out import Leaving
from wallet_worker.rules.denials import Denial
from wallet_worker.rules.transfers import PlayerResult

_BODIES: Final = Codec[CommandBody](
    CommandBody, Encoding.MSGPACK, MAX_COMMAND_BYTES, {CommandBody: COMMAND_TAGS}
)


def body_hash(body: CommandBody) -> bytes:
    """Give what makes two commands with one id the same: all but epoch and sender."""
    return sha256(_BODIES.encode(body)).digest()


def buy_in_of(body: HoldBuyIn) -> BuyIn:
    """Translate a buy-in."""
    return BuyIn(body.user_id, body.table_id, body.seat, body.amount)


def leaving_of(body: CashOut) -> Leaving:
    """Translate a cash-out."""
    return Leaving(body.user_id, body.table_id, body.seat, body.stack)


def hand_of(body: SettleHand) -> FinishedHand:
    """Translate a settlement. Its money hash covers what the hand did to whom, and the record."""
    results = tuple(
        PlayerResult(result.user_id, result.seat, result.net, result.contributed_rake)
        for result in body.results
    )
    return FinishedHand(
        table_id=body.table_id,
        hand_id=body.hand_id,
        hand_no=body.hand_no,
        previous=body.previous_hand_id,
        started_unix_ms=body.started_unix_ms,
        results=results,
        rake=body.rake,
        record=body.record,
        money_hash=body_hash(body),
    )


def refusal_of(denial: Denial) -> Refusal:  # noqa: C901 (a table)
    """Give the stable code of a denial."""
    match denial:
        case Denial.INSUFFICIENT_FUNDS:
            return Refusal.INSUFFICIENT_FUNDS
        case Denial.FROZEN:
            return Refusal.FROZEN
        case Denial.SELF_EXCLUDED:
            return Refusal.SELF_EXCLUDED
        case Denial.NO_SUCH_TABLE:
            return Refusal.NO_SUCH_TABLE
        case Denial.NO_SUCH_SEAT:
            return Refusal.NO_SUCH_SEAT
        case Denial.SEAT_TAKEN:
            return Refusal.SEAT_TAKEN
        case Denial.AMOUNT_TOO_SMALL:
            return Refusal.AMOUNT_TOO_SMALL
        case Denial.AMOUNT_TOO_LARGE:
            return Refusal.AMOUNT_TOO_LARGE
        case Denial.STACK_MISMATCH:
            return Refusal.STACK_MISMATCH
        case Denial.HAND_UNBALANCED:
            return Refusal.HAND_UNBALANCED
        case Denial.TABLE_HALTED:
            return Refusal.TABLE_HALTED
        case _ as unreachable:
            assert_never(unreachable)
