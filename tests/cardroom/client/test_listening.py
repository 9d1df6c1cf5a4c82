"""A listener of a table is told what happens there without asking, against a node that follows a script."""

import pytest
import trio

from cardroom.client import ClientError, ConnectionLost, Table, TableUpdate, connect
from cardroom.money import Krw
from cardroom.wire.notices import DepositNotice, DepositState, PlayerNotice, WithdrawalNotice, WithdrawalState
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import Leave
from cardroom.wire.table import StateChanged, TableState
from tests.fakes.node import SEATED, TABLE, Stage, scripted_node

HALTED = StateChanged(TABLE, 11, 3, TableState.HALTED)


class Heard:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.updates: list[TableUpdate] = []
        self.end: ClientError | None = None
        self.is_over = trio.Event()

    def heard(self, update: TableUpdate) -> None:
        self.updates.append(update)

    def ended(self, end: ClientError) -> None:
        self.end = end
        self.is_over.set()


async def test_a_listener_hears_what_came_before_it_and_all_after_until_the_connection_breaks() -> None:
    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(PlaceChanged(TABLE, SEATED, None))
        assert isinstance(await stage.hear(), Leave)
        await stage.tell(HALTED)
        await trio.sleep_forever()

    listener = Heard()
    with trio.fail_after(5):
        async with scripted_node(node) as ticket, connect(ticket) as table:
            await trio.sleep(0.05)
            table.listen(listener)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_leave_in_vain, table)
                while len(listener.updates) < 2:  # noqa: ASYNC110 (nothing to wait on but the list)
                    await trio.sleep(0.01)
                table.break_off()
                await listener.is_over.wait()
    assert listener.updates == [PlaceChanged(TABLE, SEATED, None), HALTED]
    assert isinstance(listener.end, ConnectionLost)


async def _leave_in_vain(table: Table) -> None:
    with pytest.raises(ConnectionLost):
        await table.leave()


async def test_notices_of_coins_are_given_and_the_view_is_as_it_was() -> None:
    """At whatever table they come: they belong to none."""
    told: list[PlayerNotice] = [
        DepositNotice(7, "BTC", "0.001", DepositState.CONFIRMING, 1, 3),
        WithdrawalNotice(8, "ETH", WithdrawalState.SENT, Krw(50_000), "0.01", "0xab"),
    ]

    async def node(stage: Stage) -> None:
        await stage.welcome()
        await stage.tell(*told)
        await trio.sleep_forever()

    async with scripted_node(node) as ticket, connect(ticket) as table:
        before = table.view
        assert [await anext(table), await anext(table)] == told
        assert table.view is before
