"""A table is made while the cluster runs, played, paused, frozen with the house, announced at, and closed."""

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import structlog
import trio

from cardroom.client import Account, ClientLimits, ConnectionLost, RequestRefused, connect, open_account
from cardroom.client.account import open_http
from cardroom.client.table import Table
from cardroom.ids import CommandId, NodeId, ShardId, TableId, new_command_id
from cardroom.local.cluster import Cluster
from cardroom.local.credentials import ADMIN_TOKEN
from cardroom.local.ports import VALKEY
from cardroom.local.seeding import ask, grant
from cardroom.money import Krw
from cardroom.service.redis import open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import table as wire
from cardroom.wire.orders import (
    AnnounceTable,
    CloseTable,
    MakeTable,
    OrderBody,
    OrderDone,
    OrderOutcome,
    OrderRefused,
    PauseTable,
    ResumeTable,
    TableOrder,
)
from cardroom.wire.player import ActionKind
from cardroom.wire.refusals import Refusal
from shard_router.store.orders import Orders
from tests.cardroom.local.test_cluster import Told, open_cluster, wait_for_table
from tests.node.tables.house import until

pytestmark = pytest.mark.timeout(120)

SHARD, NODE = ShardId(0), NodeId("node-1")
BUY_IN, PURSE = Krw(100_000), Krw(300_000)
MAKE = MakeTable("Extra", "low", 6, False, "Main", True)


def new_id() -> CommandId:
    return new_command_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))


class Room:
    """The cluster as an administrator and two players see it."""

    def __init__(self, cluster: Cluster, orders: Orders) -> None:
        self.cluster = cluster
        self.token = cluster.servers.credential(ADMIN_TOKEN)
        self._orders = orders

    async def order(self, body: OrderBody, id_: CommandId | None = None) -> OrderOutcome:
        order = TableOrder(id_ or new_id(), SHARD, "kim", "a test", body)
        return await self._orders.give(NODE, order, 15.0)

    async def wallet(self, method: str, path: str, **body: object) -> dict[str, object]:
        why = {"reason": "a test", "idempotency_key": secrets.token_hex(8)} | body
        async with open_http(self.cluster.wallet_url, ClientLimits()) as http:
            answer = await ask(http, method, path, self.token, why if method == "POST" else None)
        return dict(answer)

    async def is_paid_out(self) -> bool:
        return (await self.wallet("GET", "/admin/ledger/summary"))["on_tables"] == 0


@asynccontextmanager
async def open_room(project: Path, folder: Path) -> AsyncIterator[Room]:
    async with open_cluster(project, folder, Told()) as cluster:
        settings = RedisSettings(host="127.0.0.1", port=cluster.servers.plan.ports[VALKEY])
        async with open_redis(settings) as redis:
            yield Room(cluster, Orders(redis, structlog.get_logger()))


@asynccontextmanager
async def player(room: Room, name: str) -> AsyncIterator[Account]:
    async with open_account(room.cluster.router_url) as account:
        await account.register(name, f"{name}@bots.invalid", "a long password")
        login = await account.log_in(f"{name}@bots.invalid", "a long password")
        async with open_http(room.cluster.wallet_url, ClientLimits()) as http:
            await grant(http, room.token, login.user_id, PURSE, name)
        yield account


async def play(table: Table, heard: list[object]) -> None:
    """Check or call whenever it is one's turn, until the connection ends; keeps all that was told."""
    try:
        async for update in table:
            heard.append(update)
            turn = table.view.my_turn
            if turn is not None and isinstance(update, wire.TurnBegan | wire.Snapshot):
                kind = ActionKind.CHECK if turn.legal.can_check else ActionKind.CALL
                with suppress(RequestRefused):  # the clock was quicker
                    await table.act(turn, kind)
    except ConnectionLost as end:
        heard.append(end)


def count(heard: list[object], kind: type) -> int:
    return sum(isinstance(one, kind) for one in heard)


def reasons(heard: list[object]) -> list[tuple[wire.HoldReason, ...]]:
    return [one.reasons for one in heard if isinstance(one, wire.TableHeld)]


async def until_reasons(heard: list[object], *wanted: wire.HoldReason) -> None:
    await until(lambda: reasons(heard)[-1:] == [wanted], 20.0)


async def hands_rest(heard: list[object]) -> int:
    """Wait until no hand is in play; gives how many were dealt."""
    await until(lambda: count(heard, wire.HandStarted) == count(heard, wire.HandEnded), 20.0)
    return count(heard, wire.HandStarted)


async def until_answered(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until it is so."""
    with trio.fail_after(20):
        while True:
            if await is_so():
                return
            await trio.sleep(0.1)


async def test_a_table_from_its_making_to_its_close(project_root: Path, tmp_path: Path) -> None:
    async with (
        open_room(project_root, tmp_path) as room,
        player(room, "one") as one,
        player(room, "two") as two,
    ):
        id_ = new_id()
        made = await room.order(MAKE, id_)
        assert isinstance(made, OrderDone)
        assert await room.order(MAKE, id_) == made
        assert await room.order(MAKE) == OrderRefused(Refusal.NAME_TAKEN)
        await wait_for_table(one, made.table_id)
        heard: list[object] = []
        async with (
            connect(await one.ticket(made.table_id)) as first,
            connect(await two.ticket(made.table_id)) as second,
            trio.open_nursery() as nursery,
        ):
            for table in (first, second):
                await table.sit_down(BUY_IN, posts_blind=True)
                nursery.start_soon(play, table, heard if table is first else [])
            await until(lambda: count(heard, wire.HandEnded) > 0, 20.0)
            await _hold_back(room, made.table_id, first, heard)
            closing = CloseTable(made.table_id, only_if_empty=True)
            assert await room.order(closing) == OrderRefused(Refusal.TABLE_NOT_EMPTY)
            await room.order(CloseTable(made.table_id, only_if_empty=False))
            nursery.cancel_scope.deadline = trio.current_time() + 20
        left = [event for event in heard if isinstance(event, wire.SeatLeft)]
        assert [event.reason for event in left] == [wire.LeaveReason.TABLE_CLOSED] * 2
        assert sum(event.paid for event in left) <= 2 * BUY_IN
        assert [end.close_code for end in heard if isinstance(end, ConnectionLost)] == [4301]
        assert await room.is_paid_out()
        await _is_gone(room, one, made.table_id)
        await _is_made_by_the_wallet_worker(room, two)


async def _hold_back(room: Room, table_id: TableId, first: Table, heard: list[object]) -> None:
    """Pause, let go on; freeze all play, let go on: no hand begins in between, and then they do again."""
    paused = wire.HoldReason.ADMINISTRATOR, PauseTable(table_id), ResumeTable(table_id)
    assert await room.order(paused[1]) == OrderDone(table_id)
    await until_reasons(heard, paused[0])
    dealt = await hands_rest(heard)
    with pytest.raises(RequestRefused, match="table_held"):
        await first.top_up(Krw(1000))
    assert await room.order(AnnounceTable(table_id, "a short break")) == OrderDone(table_id)
    await until(lambda: count(heard, wire.Announced) == 1, 20.0)
    assert await hands_rest(heard) == dealt
    await room.wallet("POST", "/admin/freeze", scope="play", told="Back at ten.")
    await until_reasons(heard, paused[0], wire.HoldReason.PLAY_FROZEN)
    assert await room.order(paused[2]) == OrderDone(table_id)
    await until_reasons(heard, wire.HoldReason.PLAY_FROZEN)
    assert await hands_rest(heard) == dealt
    await room.wallet("POST", "/admin/unfreeze", scope="play")
    await until_reasons(heard)
    await until(lambda: count(heard, wire.HandStarted) > dealt, 20.0)


async def _is_gone(room: Room, account: Account, table_id: TableId) -> None:
    async def is_not_listed() -> bool:
        return all(one.table_id != table_id for one in await account.lobby())

    await until_answered(is_not_listed)
    with pytest.raises(RequestRefused, match="no_such_table"):
        await account.ticket(table_id)
    (row,) = [
        row
        for row in (await room.wallet("GET", "/admin/tables?limit=200"))["tables"]  # type: ignore[attr-defined]
        if row["id"] == table_id
    ]
    assert (row["is_closed"], row["is_extra"]) == (True, True)
    answer = await room.wallet("GET", f"/admin/actions?subject=table:{table_id}")
    assert [one["action"] for one in answer["actions"]] == [  # type: ignore[attr-defined]
        "table_closing", "table_resumed", "table_paused", "table_made"]  # fmt: skip


async def _is_made_by_the_wallet_worker(room: Room, account: Account) -> None:
    """A table that is made past the stream comes to life, too, without anybody being started again."""
    made = await room.wallet("POST", "/admin/tables", shard=1, name="Extra", stake="low", seat_count=6)
    table_id = TableId(int(str(made["table_id"])))
    await wait_for_table(account, table_id)
    async with connect(await account.ticket(table_id)) as table:
        assert table.view.table_id == table_id
