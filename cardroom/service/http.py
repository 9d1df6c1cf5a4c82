"""HTTP for every process: a Quart app on hypercorn with our limits, our errors and our health pages.

Errors are RFC 9457 problem details with our stable ``code``. Administrators and monitors show a bearer token.
"""

import hmac
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import trio
from hypercorn.config import Config, Sockets
from hypercorn.trio import serve
from quart import Response, g, has_request_context, jsonify, request, websocket
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.service.metrics import METRICS_TYPE, render_metrics
from cardroom.service.settings import Admin, Bind
from cardroom.wire.codec import Codec, Malformed
from cardroom.wire.refusals import Refusal

T = TypeVar("T")

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


class RefusedRequest(Exception):
    """A request that is answered with a refusal. Nothing was changed."""

    def __init__(self, status: int, code: Refusal, detail: str = "") -> None:
        super().__init__(code.value)
        self.status = status
        self.code = code
        self.detail = detail


def make_app(name: str, log: Log, request_seconds: float = 10.0) -> QuartTrio:
    """Give an app without pages: size and time limits, and one shape for all errors."""
    app = QuartTrio(name)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    app.config["BODY_TIMEOUT"] = request_seconds
    app.config["RESPONSE_TIMEOUT"] = request_seconds

    @app.errorhandler(RefusedRequest)
    async def refused(refusal: RefusedRequest) -> Response:
        return problem(refusal.status, refusal.code, refusal.detail)

    @app.errorhandler(HTTPException)
    async def not_served(error: HTTPException) -> Response:
        status = error.code or 500
        return problem(status, _STATUS_CODES.get(status, Refusal.MALFORMED), error.description or "")

    @app.errorhandler(Exception)
    async def unforeseen(error: Exception) -> Response:
        path = request.path if has_request_context() else websocket.path
        report_unforeseen(log.bind(path=path), "request", error)
        return problem(500, Refusal.INTERNAL, "")

    return app


def problem(status: int, code: Refusal, detail: str) -> Response:
    """Write a refusal as RFC 9457 problem details."""
    body = {
        "type": f"urn:holdem:refusal:{code.value}",
        "title": code.value.replace("_", " "),
        "status": status,
    }
    response = jsonify(body | {"code": code.value} | ({"detail": detail} if detail else {}))
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


async def read_body(codec: Codec[T]) -> T:
    """Read the request's JSON body; refused: whatever is not exactly such a message."""
    try:
        return codec.decode(await request.get_data())
    except Malformed as fault:
        status = 413 if fault.code is Refusal.TOO_LARGE else 400
        raise RefusedRequest(status, fault.code) from fault


def require_token(admins: Sequence[Admin]) -> Callable[[], Awaitable[None]]:
    """Give a check for ``before_request`` that refuses who shows no administrator's bearer token.

    Who asks is known afterwards by ``admin_who_asks``. Every token is compared, whichever matches, so that
    time tells nothing.
    """

    async def check() -> None:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        token = shown.strip().encode()
        found = [admin for admin in admins if hmac.compare_digest(token, admin.token.value.encode())]
        if scheme.lower() != "bearer" or not found:
            raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
        g.admin = found[0].name

    return check


def admin_who_asks() -> str:
    """Give the name of the administrator whose request is served; only after ``require_token``."""
    name: str = g.admin
    return name


def add_metrics_page(app: QuartTrio) -> None:
    """Serve ``/metrics`` to Prometheus."""

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(render_metrics(), content_type=METRICS_TYPE)


def add_health_pages(
    app: QuartTrio, health: Callable[[], dict[str, bool]], notes: Callable[[], dict[str, bool]] = dict
) -> None:
    """Serve ``/health/live`` (the loop turns), ``/health/ready`` and ``/health`` (each part by name).

    ``notes`` are facts that an operator should see, but that make nothing unwell.
    """

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/health/ready")
    async def ready() -> tuple[dict[str, str], int]:
        is_ready = all(health().values())
        return {"status": "ok" if is_ready else "unavailable"}, 200 if is_ready else 503

    @app.get("/health")
    async def parts() -> tuple[dict[str, Any], int]:
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
