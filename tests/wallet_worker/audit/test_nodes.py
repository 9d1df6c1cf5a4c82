"""Nodes that answer over real sockets: as they should, late, wrongly, or not at all."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from attrs import evolve
from quart import Response, request

from cardroom.ids import ShardId, TableId
from cardroom.local.servers import free_port
from cardroom.money import Krw
from cardroom.service.http import make_app, serve_http
from cardroom.service.settings import Bind, Secret
from cardroom.wire.escrow import ESCROW_PATH, HeldMoney, HeldTables, SeatMoney, escrow_codec
from tests.wallet_worker.house import LOG, House
from wallet_worker.audit.nodes import ESCROW, NodeDoors, compare_with_nodes
from wallet_worker.audit.report import Check
from wallet_worker.store.read_escrow import read_escrow

TOKEN = Secret("a token of tests")
NOWHERE = "http://127.0.0.1:1"

Answer = Callable[[int], HeldTables | bytes]
"""Gives what a node answers when it is asked for the n-th time."""


@asynccontextmanager
async def node(answer: Answer) -> AsyncIterator[str]:
    """Serve a node's page; gives its address."""
    app, stopping, asked = make_app("node", LOG), trio.Event(), [0]

    @app.get(ESCROW_PATH)
    async def escrow() -> Response:
        if request.headers["Authorization"] != f"Bearer {TOKEN.value}":
            return Response("no", status=401)
        asked[0] += 1
        held = answer(asked[0])
        return Response(held if isinstance(held, bytes) else escrow_codec().encode(held))

    bind = Bind("127.0.0.1", free_port())
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_http, app, bind, stopping)
        yield f"http://127.0.0.1:{bind.port}"
        stopping.set()


async def held_by(house: House) -> HeldTables:
    """Give what an honest node would say."""
    async with house.database.transaction() as transaction:
        ledger = await read_escrow(transaction)
    return HeldTables(
        tuple(
            HeldMoney(
                table.table_id, table.shard, table.last_hand_no,
                tuple(SeatMoney(one.seat, one.user_id, one.amount, None, Krw(0)) for one in table.escrow), (),
            )
            for table in ledger.values()
        ),
        (),
    )  # fmt: skip


def with_one_won_less(held: HeldTables) -> HeldTables:
    first, *others = held.tables
    seat, *seats = first.seats
    short = evolve(first, seats=(evolve(seat, escrow=Krw(seat.escrow - 1)), *seats))
    return evolve(held, tables=(short, *others))


async def compare(house: House, *urls: str, token: Secret = TOKEN, tries: int = 3) -> Check:
    return await compare_with_nodes(house.database, NodeDoors(urls, token, call_seconds=2.0, tries=tries))


@pytest.fixture
async def seated(house: House) -> House:
    await house.seat(0, 20_000, 30_000)
    await house.seat(1, 40_000)
    return house


async def test_what_a_node_believes_is_what_the_ledger_has(seated: House) -> None:
    held = await held_by(seated)
    assert [len(table.seats) for table in held.tables] == [2, 1]
    async with node(lambda _: held) as url:
        assert await compare(seated, url + "/") == Check(ESCROW, ())


async def test_one_won_less_is_a_fault_that_names_table_player_and_seat(seated: House) -> None:
    held = with_one_won_less(await held_by(seated))
    async with node(lambda _: held) as url:
        found = await compare(seated, url)
    one = seated.players[0]
    assert found.faults == (
        f"table {seated.tables[0]}: user {one} has ₩20,000 at seat 0 in the ledger, ₩19,999 at the node",
    )


async def test_money_that_moves_meanwhile_is_looked_at_again(seated: House) -> None:
    held = await held_by(seated)
    short = with_one_won_less(held)
    async with node(lambda asked: held if asked == 3 else short) as url:
        assert (await compare(seated, url)).faults == ()
        assert len((await compare(seated, url, tries=2)).faults) == 1


async def test_a_node_that_is_not_up_is_not_compared_and_no_fault(seated: House) -> None:
    found = await compare(seated, NOWHERE)
    assert found.faults == ()
    down, unseen = found.notes
    assert down.startswith(f"the node at {NOWHERE} was not compared: ")
    assert unseen == f"not compared, and money lies there: tables {seated.tables[0]}, {seated.tables[1]}"


async def test_the_others_are_compared_when_one_is_down(seated: House) -> None:
    held = with_one_won_less(await held_by(seated))
    async with node(lambda _: held) as url:
        found = await compare(seated, NOWHERE, url)
    assert len(found.faults) == 1
    assert len(found.notes) == 1


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"tables":[],"unanswered":[],"more":1}', b"\xff"])
async def test_an_answer_of_another_form_is_not_compared(seated: House, answer: bytes) -> None:
    async with node(lambda _: answer) as url:
        found = await compare(seated, url)
    assert found.faults == ()
    assert "was not compared: malformed" in found.notes[0]


async def test_a_node_that_does_not_take_the_token_is_not_compared(seated: House) -> None:
    held = await held_by(seated)
    async with node(lambda _: held) as url:
        found = await compare(seated, url, token=Secret("another"))
    assert "401" in found.notes[0]


async def test_a_table_that_the_ledger_does_not_know_is_a_fault(seated: House) -> None:
    held = await held_by(seated)
    strange = HeldMoney(TableId(10**6), ShardId(0), 0, (), ())
    async with node(lambda _: evolve(held, tables=(*held.tables, strange))) as url:
        assert (await compare(seated, url)).faults == ("table 1000000: is not in the ledger",)


async def test_tables_that_do_not_answer_are_named(seated: House) -> None:
    held = await held_by(seated)
    one, two = held.tables
    async with node(lambda _: HeldTables((one,), (two.table_id,))) as url:
        found = await compare(seated, url)
    assert found.faults == ()
    assert found.notes[0] == f"the node at {url} has tables that do not answer: [{two.table_id}]"
    assert found.notes[1] == f"not compared, and money lies there: tables {two.table_id}"
