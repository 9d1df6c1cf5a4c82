"""Letters that stood before they could be resolved keep their sense, up and down."""

import trio

from cardroom.service.settings import PostgresSettings
from cardroom.wire.ledger import ReopenTable, TableReopened
from tests.wallet_worker.house import House, hold
from tests.wallet_worker.letters import bury, bury_hand, retry_of
from wallet_worker.ledger.deadletter import retry_letter
from wallet_worker.store.migrate import migrate, unmigrate

BEFORE = "0006"


async def test_letters_marked_by_hand_count_as_voided_and_those_that_wait_go_on_waiting(
    house: House, owner_settings: PostgresSettings
) -> None:
    marked, _ = await bury(house, hold(house.players[2], house.tables[1], 2, 5))
    waiting, _ = await bury_hand(house)
    await trio.to_thread.run_sync(unmigrate, owner_settings, BEFORE)
    await house.change(f"UPDATE dead_letter SET resolved_at = now() WHERE id = {marked}")
    await trio.to_thread.run_sync(migrate, owner_settings)
    rows = await house.rows("SELECT id, resolution FROM dead_letter ORDER BY id")
    assert [tuple(row) for row in rows] == [(marked, "voided"), (waiting, None)]
    await retry_letter(house.tools, retry_of(waiting))
    assert await house.escrow(0) == {0: 900, 1: 1095}
    await trio.to_thread.run_sync(unmigrate, owner_settings, BEFORE)
    assert await house.number("SELECT count(resolved_at) FROM dead_letter") == 2
    assert await house.is_halted(0)
    await trio.to_thread.run_sync(migrate, owner_settings)
    (reopened,) = await house.ask(ReopenTable(house.tables[0]))
    assert isinstance(reopened, TableReopened)
    assert not reopened.table.is_halted
    await house.assert_sound()
