"""HTTP for every process: a Quart app on hypercorn with our limits, our errors and our health pages.

Errors are RFC 9457 problem details with our stable ``code``.
"""

import socket
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

import trio
from attrs import frozen
from hypercorn.config import Config, Sockets
from hypercorn.trio import serve
from quart import Response, has_request_context, jsonify, request, websocket
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from cardroom.service.bodies import Connection, take_whole_body
from cardroom.service.errors import report_unforeseen
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.logs import Log
from cardroom.service.metrics import METRICS_TYPE, render_metrics
from cardroom.service.openapi import Answer, Page, asked_page
from cardroom.service.problems import PROBLEM_TYPE, write_problem
from cardroom.service.settings import Bind
from cardroom.service.whole_answers import send_answers_whole
from cardroom.wire.codec import Codec, Malformed
from cardroom.wire.refusals import Refusal

T = TypeVar("T")

NOTHING_ELSE: Final[Mapping[str, Any]] = MappingProxyType({})

_MAX_BODY_BYTES: Final = 64 * 1024
_BACKLOG: Final = 4096  # hypercorn's own default of 100 drops bursts of connections
_UNREAD_SECONDS: Final = 12
_MAX_SOCKET_MESSAGE_BYTES: Final = 4096

_STATUS_CODES: Final = {
    400: Refusal.MALFORMED,
    401: Refusal.NOT_AUTHENTICATED,
    403: Refusal.FORBIDDEN,
    404: Refusal.NOT_FOUND,
    405: Refusal.METHOD_NOT_ALLOWED,
    413: Refusal.TOO_LARGE,
    429: Refusal.RATE_LIMITED,
    500: Refusal.INTERNAL,
    503: Refusal.UNAVAILABLE,
}


_JSON_TYPES: Final = frozenset({"application/json", "application/x-www-form-urlencoded"})

_PASSED_ON: Final = frozenset({"Allow", "Retry-After"})
"""Headers that the framework's own errors have."""


class RefusedRequest(Exception):
    """A request that is answered with a refusal. Nothing was changed."""

    def __init__(
        self,
        status: int,
        code: Refusal,
        detail: str = "",
        extension: Mapping[str, Any] = NOTHING_ELSE,
        *,
        retry_seconds: int | None = None,
    ) -> None:
        """``retry_seconds`` is when the same request may be served, for the header ``Retry-After``."""
        super().__init__(code.value)
        self.status = status
        self.code = code
        self.detail = detail
        self.extension = extension
        """Members that the problem has besides the usual ones."""
        self.retry_seconds = retry_seconds


def make_app(name: str, log: Log, request_seconds: float = 10.0) -> QuartTrio:
    """Give an app without pages: size and time limits, and one shape for all errors."""
    app = QuartTrio(name)
    app.asgi_http_class = Connection  # type: ignore[assignment]  # the framework types it as its own class
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    app.config["BODY_TIMEOUT"] = request_seconds
    app.config["RESPONSE_TIMEOUT"] = request_seconds

    @app.errorhandler(RefusedRequest)
    async def refused(refusal: RefusedRequest) -> Response:
        response = problem(refusal.status, refusal.code, refusal.detail, **refusal.extension)
        if refusal.retry_seconds is not None:
            response.headers["Retry-After"] = str(refusal.retry_seconds)
        return response

    @app.errorhandler(HTTPException)
    async def not_served(error: HTTPException) -> Response:
        status = error.code or 500
        response = problem(status, _STATUS_CODES.get(status, Refusal.MALFORMED), error.description or "")
        response.headers.update({name: said for name, said in error.get_headers() if name in _PASSED_ON})
        return response

    @app.errorhandler(Exception)
    async def unforeseen(error: Exception) -> Response:
        path = request.path if has_request_context() else websocket.path
        report_unforeseen(log.bind(path=path), "request", error)
        return problem(500, Refusal.INTERNAL, "")

    app.after_request(take_whole_body)
    return app


def problem(status: int, code: Refusal, detail: str, **extension: Any) -> Response:
    """Write a refusal as RFC 9457 problem details; ``extension`` are members that it has besides."""
    response = jsonify(write_problem(status, code, detail, **extension))
    response.status_code = status
    response.content_type = PROBLEM_TYPE
    return response


async def read_body(codec: Codec[T]) -> T:
    """Read the request's JSON body; refused: another media type, whatever is not exactly such a message.

    A request that does not say what its body is may be JSON, and so may one that says what curl says unasked.
    """
    page = asked_page()
    assert page is None or page.takes is codec.kind, "the page takes another body than it says"
    if "Content-Type" in request.headers and request.mimetype not in _JSON_TYPES:
        raise RefusedRequest(415, Refusal.MALFORMED, "the body must be application/json")
    try:
        return codec.decode(await request.get_data())
    except Malformed as fault:
        status = 413 if fault.code is Refusal.TOO_LARGE else 400
        raise RefusedRequest(status, fault.code) from fault


def refuse_unless(condition: Any, code: Refusal, detail: str) -> None:
    """Refuse a body whose values are out of bounds."""
    if not condition:
        raise RefusedRequest(400, code, detail)


def is_text(text: str, longest: int) -> bool:
    """Say whether the database can store a text: some letters, not too many, and no NUL among them."""
    return 0 < len(text) <= longest and "\0" not in text


def add_metrics_page(app: QuartTrio) -> None:
    """Serve ``/metrics`` to Prometheus."""

    @app.get("/metrics")
    @limited(Rule.FREE)
    @Page(tag="service", answers={200: Answer(None, METRICS_TYPE)})
    async def metrics() -> Response:
        """Give all measured values, as Prometheus reads them."""
        return Response(render_metrics(), content_type=METRICS_TYPE)


@frozen
class Status:
    """Whether the process does its work."""

    status: Literal["ok", "unavailable"]


@frozen
class Health:
    """Whether the process does its work, and each of its parts; some processes say more besides."""

    status: Literal["ok", "unavailable"]
    parts: Mapping[str, bool]
    """Each part by its name."""
    play_frozen: bool = False
    withdrawals_frozen: bool = False
    everything_frozen: bool = False
    """Whether an administrator has frozen that for all; only where it is known."""


def add_health_pages(
    app: QuartTrio, health: Callable[[], dict[str, bool]], notes: Callable[[], dict[str, bool]] = dict
) -> None:
    """Serve ``/health/live`` (the loop turns), ``/health/ready`` and ``/health`` (each part by name).

    ``notes`` are facts that an operator should see, but that make nothing unwell.
    """

    @app.get("/health/live")
    @limited(Rule.FREE)
    @Page(tag="service", answers={200: Status})
    async def live() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @app.get("/health/ready")
    @limited(Rule.FREE)
    @Page(tag="service", answers={200: Status, 503: Status})
    async def ready() -> tuple[dict[str, str], int]:
        """Say whether the process does its work."""
        is_ready = all(health().values())
        return {"status": "ok" if is_ready else "unavailable"}, 200 if is_ready else 503

    @app.get("/health")
    @limited(Rule.FREE)
    @Page(tag="service", answers={200: Health, 503: Health})
    async def parts() -> tuple[dict[str, Any], int]:
        """Say whether each part of the process does its work."""
        found = health()
        is_well = all(found.values())
        answer = {"status": "ok" if is_well else "unavailable", "parts": found} | notes()
        return answer, 200 if is_well else 503


async def serve_http(
    app: QuartTrio,
    bind: Bind,
    stopping: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``stopping`` is set; then refuse new requests and let running ones end (3 s)."""
    config = _Config()
    config.bind = [f"{bind.host}:{bind.port}"]
    config.backlog = _BACKLOG
    config.keep_alive_timeout = 75.0
    config.read_timeout = None  # who follows something live says nothing; others have limits of their own
    config.websocket_max_message_size = _MAX_SOCKET_MESSAGE_BYTES
    config.graceful_timeout = 2.0
    config.shutdown_timeout = 2.0
    config.h11_max_incomplete_size = 16 * 1024
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = None

    send_answers_whole()
    async with trio.open_nursery() as nursery:
        await nursery.start(_serve, app, config, stopping)
        task_status.started()


class _Config(Config):
    """Lets the system hang up on who takes nothing of what is sent for long, or is gone without a word.

    hypercorn cannot: its sends are shielded, and a stop would wait for such a one.
    """

    def create_sockets(self) -> Sockets:
        """Open the listening sockets; what is set on them holds for each connection."""
        sockets = super().create_sockets()
        for one in (*sockets.secure_sockets, *sockets.insecure_sockets):
            if one.family != socket.AF_UNIX:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_SECONDS * 1000)
        return sockets


async def _serve(  # noqa: ASYNC128 (hypercorn calls started)
    app: QuartTrio, config: Config, stopping: trio.Event, *, task_status: trio.TaskStatus[Any]
) -> None:
    await serve(app, config, shutdown_trigger=stopping.wait, task_status=task_status)
