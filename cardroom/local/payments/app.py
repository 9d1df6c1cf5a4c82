"""Builds the sandbox and serves it."""

import time
from functools import partial

import trio
from quart_trio import QuartTrio

from cardroom.local.payments.chain_pages import chain_pages
from cardroom.local.payments.control_pages import control_pages
from cardroom.local.payments.facts import FactFile
from cardroom.local.payments.faults import Faults
from cardroom.local.payments.gateway_pages import gateway_pages
from cardroom.local.payments.postman import Postman
from cardroom.local.payments.rate_pages import RateSources, rate_pages
from cardroom.local.payments.sandbox import Clock, Sandbox
from cardroom.local.payments.settings import SandboxSettings
from cardroom.service.http import add_health_pages, make_app, serve_http
from cardroom.service.logs import Log
from cardroom.service.openapi import About
from cardroom.service.openapi_served import add_documents

_REQUEST_SECONDS = 15.0  # a slow source of rates takes its time
_STOP_SECONDS = 0.1  # everything else answers at once, and what is cut off is asked or told again

_ABOUT = About(
    "Payments sandbox",
    "Plays payment gateway, chains and sources of rates for a cluster on one machine. Amounts are whole "
    "coins, written as text.",
)


def unix_ms() -> int:
    """Give the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def open_sandbox(settings: SandboxSettings, clock: Clock = unix_ms) -> Sandbox:
    """Give the gateway as its file says that it was. Raises ``ValueError`` for a file that is none."""
    return Sandbox(
        FactFile(settings.file), settings.network, settings.block_ms, settings.payout_blocks, clock
    )


def build_app(
    settings: SandboxSettings, sandbox: Sandbox, faults: Faults, log: Log, clock: Clock = unix_ms
) -> QuartTrio:
    """Give the app with all its pages."""
    app = make_app("payments", log, request_seconds=_REQUEST_SECONDS)
    app.register_blueprint(gateway_pages(sandbox, faults, settings.webhook.secret))
    app.register_blueprint(chain_pages(sandbox, faults, clock))
    app.register_blueprint(control_pages(sandbox, faults))
    app.register_blueprint(rate_pages(RateSources(faults, clock)))
    add_health_pages(app, dict)
    add_documents(app, _ABOUT)
    return app


async def serve_sandbox(
    settings: SandboxSettings,
    sandbox: Sandbox,
    log: Log,
    stopping: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``stopping``; what was not told by then is told after the next start."""
    faults = Faults()
    postman = Postman(sandbox, settings.confirmations, settings.webhook, faults, unix_ms, log)
    app = build_app(settings, sandbox, faults, log)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(postman.run)
        await nursery.start(partial(serve_http, app, settings.http, stopping))
        task_status.started()
        await stopping.wait()
        nursery.cancel_scope.deadline = trio.current_time() + _STOP_SECONDS
