"""Health and metrics know of a freeze; while the database is away the last word stands."""

import trio
from prometheus_client import REGISTRY

from cardroom.local.servers import free_port
from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import LINK, LOG, House
from wallet_worker.cashier.freeze_watch import FreezeWatch
from wallet_worker.store.freezes import freeze_everything, unfreeze_everything


async def test_it_follows_the_freeze(house: House) -> None:
    watch = FreezeWatch(house.database, 0.01, LOG)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run)
        for is_frozen in (True, False):
            async with house.database.transaction() as transaction:
                if is_frozen:
                    await freeze_everything(transaction, "kim", "breach", LINK)
                else:
                    await unfreeze_everything(transaction, LINK)
            with trio.fail_after(5):
                while watch.notes() != {"everything_frozen": is_frozen}:
                    await trio.lowlevel.checkpoint()
            assert REGISTRY.get_sample_value("holdem_everything_frozen") == is_frozen
        nursery.cancel_scope.cancel()


async def test_a_database_that_is_away_does_not_end_it() -> None:
    nowhere = PostgresSettings(dsn=f"postgresql://nobody@127.0.0.1:{free_port()}/none", connect_seconds=0.2)
    async with open_postgres(nowhere, must_answer=False) as postgres:
        watch = FreezeWatch(postgres, 0.01, LOG)
        watch.is_everything_frozen = True
        with trio.move_on_after(0.5) as running:
            await watch.run()
    assert running.cancelled_caught
    assert watch.notes() == {"everything_frozen": True}
