"""What all pages share: the app with its errors and metrics, strict bodies, who is asking."""

from contextlib import suppress
from typing import Final, TypeVar

import trio
from prometheus_client import Histogram
from quart import Response, g, request
from quart_trio import QuartTrio

from cardroom.service.entry import admit_user
from cardroom.service.errors import report_unforeseen
from cardroom.service.http import RefusedRequest, make_app, problem
from cardroom.service.logins import Login, LoginsBusy
from cardroom.service.logs import Log
from cardroom.service.postgres import PostgresAway, PostgresRefused
from cardroom.service.redis import RedisAway
from cardroom.wire.codec import Codec
from cardroom.wire.refusals import Refusal
from shard_router.store.failures import Slowed
from shard_router.store.logins import Logins
from shard_router.store.passwords import HashersBusy

T = TypeVar("T")

REQUEST_SECONDS: Final = Histogram(
    "holdem_router_request_seconds",
    "Time from the request's head to the answer's, by rule of the route",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

MAX_REQUEST_BYTES: Final = 4096
"""No request of a player is longer."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_AWAY_SECONDS: Final = 2
_BUSY_SECONDS: Final = 1


class ComeBack(RefusedRequest):
    """A request that cannot be served now; may be repeated after ``seconds``."""

    def __init__(self, code: Refusal, seconds: int) -> None:
        super().__init__(503, code)
        self.seconds = seconds


def make_router_app(log: Log) -> QuartTrio:
    """Give the app without pages."""
    app = make_app("shard_router", log)
    _add_errors(app, log)
    _add_metrics(app)
    return app


def answer(codec: Codec[T], message: T, status: int = 200) -> Response:
    """Write an answer; it is about one player or moves with the game: not to be kept by anybody."""
    response = Response(codec.encode(message), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def shown_token() -> str:
    """Give the bearer token of the request; refused without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
    return token.strip()


async def require_login(logins: Logins) -> Login:
    """Say who is asking; refused: nobody, somebody whose session has ended, who is blocked or asks too often.

    What a blocked player still has of sessions ends here.
    """
    login = await logins.find(shown_token())
    if login is None:
        raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
    try:
        await admit_user(login.user_id)
    except RefusedRequest as found:
        refused = found
    else:
        return login
    if refused.code is Refusal.USER_BLOCKED:
        with suppress(PostgresAway, RedisAway):
            await logins.close(shown_token())
    raise refused


def _add_errors(app: QuartTrio, log: Log) -> None:
    @app.errorhandler(ComeBack)
    async def come_back(refusal: ComeBack) -> Response:
        return _retry_later(refusal.code, refusal.seconds)

    @app.errorhandler(RedisAway)
    @app.errorhandler(PostgresAway)
    async def away(_: RedisAway | PostgresAway) -> Response:
        return _retry_later(Refusal.UNAVAILABLE, _AWAY_SECONDS)

    @app.errorhandler(HashersBusy)
    async def hashers_busy(busy: HashersBusy) -> Response:
        return _retry_later(Refusal.BUSY, busy.seconds)

    @app.errorhandler(LoginsBusy)
    async def logins_busy(_: LoginsBusy) -> Response:
        return _retry_later(Refusal.BUSY, _BUSY_SECONDS)

    @app.errorhandler(Slowed)
    async def slowed(slowed: Slowed) -> Response:
        return _retry_later(Refusal.LOGIN_SLOWED, slowed.seconds, 429)

    @app.errorhandler(PostgresRefused)
    async def database_refused(error: PostgresRefused) -> Response:
        if error.may_pass:
            return _retry_later(Refusal.UNAVAILABLE, _AWAY_SECONDS)
        report_unforeseen(log.bind(path=request.path), "request", error)
        return problem(500, Refusal.INTERNAL, "")


def _retry_later(code: Refusal, seconds: int, status: int = 503) -> Response:
    response = problem(status, code, "")
    response.headers["Retry-After"] = str(seconds)
    return response


def _add_metrics(app: QuartTrio) -> None:
    @app.before_request
    async def start_clock() -> None:
        g.started_at = trio.current_time()

    @app.after_request
    async def finish(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule is not None else "none"
        seconds = trio.current_time() - g.get("started_at", trio.current_time())
        method = request.method if request.method in _METHODS else "other"
        REQUEST_SECONDS.labels(method, rule, str(response.status_code)).observe(seconds)
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response
