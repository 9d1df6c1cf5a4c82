"""Bodies of requests, read strictly, and what servers that are away are answered with."""

from typing import Final, TypeVar

from attrs import field, frozen
from quart import Response, request
from quart_trio import QuartTrio

from cardroom.ids import ShardId, UserId
from cardroom.money import Krw
from cardroom.service.admin_orders import MAX_KEY_LETTERS, MAX_REASON_LETTERS
from cardroom.service.errors import report_unforeseen
from cardroom.service.http import RefusedRequest, problem
from cardroom.service.logins import LoginsBusy
from cardroom.service.logs import Log
from cardroom.service.postgres import PostgresAway, PostgresRefused
from cardroom.service.redis import RedisAway
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.json_schema import letters, whole
from cardroom.wire.refusals import Refusal
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import MAX_AMOUNT
from wallet_worker.store.create_room import FIRST_ROOM

T = TypeVar("T")

MAX_NAME_LETTERS: Final = 64
MAX_GIFT_REASON_LETTERS: Final = 128
MIN_SEATS, MAX_SEATS = 2, 9

_MAX_BODY_BYTES = 4096
_AWAY_SECONDS = 2
_BUSY_SECONDS = 1


@frozen
class PromotionBody:
    """``POST /admin/promotions``: give ``amount`` won, once per key."""

    user_id: UserId
    amount: Krw = field(metadata=whole(1, MAX_AMOUNT))
    reason: str = field(metadata=letters(1, MAX_GIFT_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    dry_run: bool = False


@frozen
class TableBody:
    """``POST /admin/tables``: make a table, once per shard and name.

    Public and in the first room if nothing else is said.
    """

    shard: ShardId
    name: str = field(metadata=letters(1, MAX_NAME_LETTERS))
    stake: str = field(metadata=letters(1, MAX_NAME_LETTERS))
    seat_count: int = field(metadata=whole(MIN_SEATS, MAX_SEATS))
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    private: bool = False
    room: str = field(default=FIRST_ROOM, metadata=letters(1, MAX_NAME_LETTERS))
    dry_run: bool = False


@frozen
class RoomBody:
    """``POST /admin/rooms``: make a room, once per name."""

    name: str = field(metadata=letters(1, MAX_NAME_LETTERS))
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    dry_run: bool = False


def body_codec(kind: type[T]) -> Codec[T]:
    """Give the codec of a request body."""
    return Codec(kind, Encoding.JSON, _MAX_BODY_BYTES, {})


def refused_by_rule(denied: Denied) -> RefusedRequest:
    """Give the answer to what the rules deny: 400 for an amount, 409 for how things stand."""
    match denied.denial:
        case Denial.AMOUNT_TOO_SMALL:
            return RefusedRequest(400, Refusal.AMOUNT_TOO_SMALL)
        case Denial.AMOUNT_TOO_LARGE:
            return RefusedRequest(400, Refusal.AMOUNT_TOO_LARGE)
        case Denial.FROZEN:
            return RefusedRequest(409, Refusal.FROZEN)
        case Denial.WITHDRAWALS_FROZEN:
            return RefusedRequest(409, Refusal.WITHDRAWALS_FROZEN)
        case Denial.INSUFFICIENT_FUNDS:
            return RefusedRequest(409, Refusal.INSUFFICIENT_FUNDS)
        case other:
            raise AssertionError(f"{other} is denied to tables only")


def add_away_answers(app: QuartTrio, log: Log) -> None:
    """Answer 503 while a server is away, or the database cannot now; the request may be repeated."""

    @app.errorhandler(PostgresAway)
    @app.errorhandler(RedisAway)
    async def away(_: Exception) -> Response:
        return _retry_later(Refusal.UNAVAILABLE, _AWAY_SECONDS)

    @app.errorhandler(PostgresRefused)
    async def refused(error: PostgresRefused) -> Response:
        if error.may_pass:
            return _retry_later(Refusal.UNAVAILABLE, _AWAY_SECONDS)
        report_unforeseen(log.bind(path=request.path), "request", error)
        return problem(500, Refusal.INTERNAL, "")

    @app.errorhandler(LoginsBusy)
    async def busy(_: LoginsBusy) -> Response:
        return _retry_later(Refusal.BUSY, _BUSY_SECONDS)


def _retry_later(code: Refusal, seconds: int) -> Response:
    response = problem(503, code, "")
    response.headers["Retry-After"] = str(seconds)
    return response
