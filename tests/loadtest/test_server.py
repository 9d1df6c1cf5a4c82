"""What the server's processes say of themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio

from cardroom.local.servers import free_port
from loadtest.server import Sample, Server, Watched, look_at, read_reconciliation, read_sample

PAGE = """
# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
process_cpu_seconds_total 12.5
process_resident_memory_bytes 1.048576e+08
holdem_action_seconds_count{stake="low"} 100.0
holdem_action_seconds_count{stake="high"} 20.0
holdem_action_seconds_sum{stake="low"} 3.0
holdem_connections 50.0
holdem_tables 8.0
"""


def test_a_page_is_read_and_labels_are_added_up() -> None:
    assert read_sample(PAGE, 3.0) == Sample(3.0, 12.5, 102_400.0, 120.0, 50.0, 8.0)
    assert read_sample("", 3.0) == Sample(3.0, 0.0, 0.0, 0.0, None, None)


@asynccontextmanager
async def served(*bodies: str) -> AsyncIterator[str]:
    left = list(bodies)

    async def answer(stream: trio.SocketStream) -> None:
        await stream.receive_some(4096)
        body = (left.pop(0) if len(left) > 1 else left[0]).encode()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners: list[trio.SocketListener] = await nursery.start(
            partial(trio.serve_tcp, answer, 0, host="127.0.0.1")
        )
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def test_the_cost_of_measuring_is_between_its_two_looks() -> None:
    later = PAGE.replace(" 12.5", " 13.5").replace(" 100.0", " 600.0").replace("1.048576e+08", "1.06496e+08")
    async with served(PAGE, PAGE, later) as url:
        server = Server([Watched("node-1", "node", url)])
        for moment in ("before", "begin", "end"):
            assert await server.look(moment)
    found = server.as_json()["node-1"]
    assert (found["actions"], found["cpu_us_per_action"]) == (500, 2000.0)
    assert (found["connections"], found["tables"]) == (50, 8)
    assert (found["kib_per_connection"], found["kib_per_table"]) == (32.0, 200.0)


async def test_who_does_not_answer_is_left_out() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert await look_at(url) is None
    server = Server([Watched("node-1", "node", url)])
    assert await server.look("begin") == {}
    assert server.as_json()["node-1"]["cpu_share"] is None
    assert await read_reconciliation(url, "token") is None


async def test_the_ledger_is_asked() -> None:
    for body, expected in (('{"balanced": true}', True), ('{"balanced": false}', False), ("{}", None)):
        async with served(body) as url:
            assert await read_reconciliation(url, "token") is expected
