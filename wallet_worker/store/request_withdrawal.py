"""Take a player's request for a withdrawal: its money is held, and its own row begins to wait, or nothing is."""

import json
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Reader, Transaction
from cardroom.wire.notices import WithdrawalState
from wallet_worker.rules.withdrawal_request import (
    AskedToday,
    ListedAddress,
    RequestLimits,
    StepUp,
    WithdrawalDenial,
    WithdrawalDenied,
    check_address,
    check_amount,
    check_day,
    find_flags,
    travel_rule,
)
from wallet_worker.store.hold_for_withdrawal import WithdrawalRequest, hold_within
from wallet_worker.store.house_transfer import (
    FIND_REQUEST,
    Answer,
    KeyedRequest,
    KeyReused,
    open_desk,
)
from wallet_worker.store.payout_addresses import find_listed, is_ours
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.withdrawn_today import withdrawn_today

NOTHING: Final = Krw(0)

_SCOPE: Final = "withdrawal_request"

_IS_BLOCKED: Final = "SELECT FROM blocked_player WHERE user_id = $1"

# The statement's time, not the transaction's, which may have waited for the house: the day that it is counted in is
# the day that its limits were looked up for.
_ADD_WITHDRAWAL: Final = """
INSERT INTO withdrawal (payment_id, user_id, coin, gateway, payout_address_id, krw_amount, flags, quoted_coin_amount,
                        quoted_rate, travel_rule, requested_at, ready_at, next_try_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8::text::numeric, $9, $10::jsonb, now.at, now.at + now.wait, now.at + now.wait
FROM (SELECT statement_timestamp() AS at, make_interval(secs => $11) AS wait) AS now
RETURNING to_char(ready_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ready_at
"""


@frozen
class Quoted:
    """What the player was told the amount would buy: coins in smallest units, and whole won for one coin."""

    coin_amount: int
    krw_per_coin: int


@frozen
class AskedWithdrawal:
    """A request, and what is known of it before the lock.

    ``request.address`` is written in the one way, ``request.amount`` within the coin's limits. ``nickname`` is for
    the travel rule; ``won_from_one`` is the most that the player has won from one opponent a short time ago.
    """

    request: WithdrawalRequest
    nickname: str
    gateway: str
    step_up: StepUp
    quoted: Quoted | None = None
    won_from_one: Krw = NOTHING


@frozen
class RequestTerms:
    """What holds for all requests; days are calendar days of ``time_zone``."""

    limits: RequestLimits
    wait_seconds: float
    time_zone: str
    blocked_users: bool = True
    """Whether blocks of players count, as at the door."""


@frozen
class Taken:
    """The answer to a request; ``flags`` are those that it was given, None for a repeat."""

    answer: Answer
    flags: tuple[str, ...] | None


def key_of(asked: WithdrawalRequest) -> KeyedRequest:
    """Give what a request is known by for ever, and what makes it this one; the quote it was made by does not."""
    body = f"{asked.coin}|{asked.amount}|{asked.address}"
    return KeyedRequest(_SCOPE, f"{asked.user_id}:{asked.key}", body)


async def find_first_answer(reader: Reader, asked: WithdrawalRequest) -> Answer | None:
    """Give what a request was answered the first time, whatever became of it since; raises ``KeyReused``."""
    request = key_of(asked)
    known = await reader.fetch_one(FIND_REQUEST, request.scope, request.key)
    if known is None:
        return None
    if known["body_hash"] != request.body_hash:
        raise KeyReused
    answer: Answer = json.loads(known["answer"])
    return answer


@frozen
class Standing:
    """Where a request goes to, and what the player has asked for before it within the day."""

    listed: ListedAddress
    today: AskedToday


async def check_request(reader: Reader, asked: AskedWithdrawal, terms: RequestTerms) -> Standing:
    """Refuse an address that is not to be paid, and a large amount without step-up or owner of the address.

    Raises ``WithdrawalDenied``. What decides is what this says under the house's lock; before, it saves others' work.
    """
    request = asked.request
    is_house = await is_ours(reader, request.address)
    found = await find_listed(reader, request.user_id, request.coin, request.address)
    listed = check_address(found, is_ours=is_house)
    today = await withdrawn_today(reader, request.user_id, terms.time_zone)
    check_amount(Krw(today.amount + request.amount), listed.owner, asked.step_up, terms.limits)
    return Standing(listed, today)


async def request_withdrawal(
    postgres: Postgres, asked: AskedWithdrawal, terms: RequestTerms, link: Link
) -> Taken:
    """Hold the amount and let the withdrawal wait, once per player and key: a repeat gets the first answer.

    Raises ``KeyReused``, ``NoSuchPlayer``; ``WithdrawalDenied`` (address, step-up, blocked, a day's limits) or ``Denied``
    (amount, frozen, insufficient funds): then nothing is stored, and the key is free.
    """
    request = asked.request
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        known = await desk.find_answer(key_of(request))
        if known is not None:
            return Taken(known, None)
        standing = await check_request(transaction, asked, terms)
        if terms.blocked_users and await _is_blocked(transaction, request.user_id):
            raise WithdrawalDenied(WithdrawalDenial.USER_BLOCKED)
        held = await hold_within(desk, request)
        check_day(request.amount, standing.today, terms.limits)
        flags = find_flags(request.amount, standing.today, asked.won_from_one, terms.limits)
        row = _Row(asked, held.number, standing.listed, flags)
        answer = {
            "withdrawal": held.number,
            "state": WithdrawalState.WAITING.value,
            "krw_amount": request.amount,
            "ready_at": await _add(transaction, row, terms.wait_seconds),
            "krw_balance": held.wallet,
            "pending_withdrawal_krw": held.pending,
        }
        return Taken(await desk.keep_answer(key_of(request), held.transfer_id, answer), flags)


@frozen
class _Row:
    asked: AskedWithdrawal
    number: int
    listed: ListedAddress
    flags: tuple[str, ...]


async def _add(transaction: Transaction, row: _Row, wait_seconds: float) -> str:
    asked, request, quoted = row.asked, row.asked.request, row.asked.quoted
    written = await transaction.fetch_one(
        _ADD_WITHDRAWAL, row.number, request.user_id, request.coin, asked.gateway, row.listed.number, request.amount,
        list(row.flags), None if quoted is None else str(quoted.coin_amount),
        None if quoted is None else quoted.krw_per_coin,
        json.dumps(travel_rule(row.listed.owner, request.user_id, asked.nickname)), wait_seconds,
    )  # fmt: skip
    assert written is not None, "an insert gives its row"
    return str(written["ready_at"])


async def _is_blocked(transaction: Transaction, user_id: UserId) -> bool:
    return await transaction.fetch_one(_IS_BLOCKED, user_id) is not None
