"""HTTP of every process: one shape of errors, health pages, a bounded stop."""

import socket

import httpx
import pytest
import trio
from quart import request
from quart_trio import QuartTrio

from cardroom.local.servers import free_port
from cardroom.service.http import (
    RefusedRequest,
    _Config,
    add_health_pages,
    add_metrics_page,
    make_app,
    serve_http,
)
from cardroom.service.logs import open_log
from cardroom.service.settings import Bind, LogSettings
from cardroom.wire.refusals import Refusal

LOG = open_log(LogSettings(level="error"), "tests")


def example() -> QuartTrio:
    app = make_app("example", LOG)

    @app.get("/refused")
    async def refused() -> str:
        raise RefusedRequest(409, Refusal.SEAT_TAKEN, "seat 3")

    @app.get("/broken")
    async def broken() -> str:
        raise KeyError("secret detail")

    @app.post("/echo")
    async def echo() -> str | bytes:
        return await request.get_data(as_text=False)

    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/refused", 409, "seat_taken"),
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/refused", 405, "method_not_allowed"),
        ("GET", "/broken", 500, "internal"),
    ],
)
async def test_errors_have_one_shape_and_a_stable_code(
    method: str, path: str, status: int, code: str
) -> None:
    answer = await example().test_client().open(path, method=method, json=None)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert set(answer.headers.get("Allow", "").split(", ")) == (
        {"GET", "HEAD", "OPTIONS"} if status == 405 else {""}
    )
    document = await answer.get_json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"] == f"urn:holdem:refusal:{code}"
    assert "secret" not in str(document)


async def test_a_body_that_is_too_large_is_refused() -> None:
    answer = await example().test_client().post("/echo", data=b"x" * 70_000)
    assert answer.status_code == 413
    assert (await answer.get_json())["code"] == "too_large"


@pytest.mark.parametrize(("is_well", "status"), [(True, 200), (False, 503)])
async def test_health_says_of_each_part_whether_it_is_well(is_well: bool, status: int) -> None:
    app = example()
    add_health_pages(app, lambda: {"one": True, "two": is_well})
    client = app.test_client()
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get("/health/ready")).status_code == status
    answer = await client.get("/health")
    assert answer.status_code == status
    assert (await answer.get_json())["parts"] == {"one": True, "two": is_well}


async def test_a_note_of_health_makes_nothing_unwell() -> None:
    app = example()
    add_health_pages(app, lambda: {"one": True}, lambda: {"halted": True})
    answer = await app.test_client().get("/health")
    assert (answer.status_code, (await answer.get_json())["halted"]) == (200, True)


async def test_metrics_are_written_as_prometheus_reads_them() -> None:
    app = example()
    add_metrics_page(app)
    answer = await app.test_client().get("/metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    assert b"# TYPE holdem_loop_lag_seconds histogram" in await answer.get_data()


async def test_it_serves_on_a_port_until_it_is_told_to_stop() -> None:
    port, stopping = free_port(), trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_http, example(), Bind("127.0.0.1", port), stopping)
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            answer = await client.post(f"http://127.0.0.1:{port}/echo", content=b"hello")
            assert (answer.status_code, answer.content) == (200, b"hello")
            assert "server" not in answer.headers
        stopping.set()
        with trio.fail_after(5):
            while nursery.child_tasks:
                await trio.lowlevel.checkpoint()
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", port)


def test_the_system_hangs_up_on_who_takes_nothing() -> None:
    config = _Config()
    config.bind = ["127.0.0.1:0"]
    (listener,) = config.create_sockets().insecure_sockets
    with listener, socket.socket() as client:
        listener.listen(1)
        client.connect(listener.getsockname())
        listener.setblocking(True)
        served, _ = listener.accept()
        with served:
            unread_ms = served.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert 0 < unread_ms <= 15_000
