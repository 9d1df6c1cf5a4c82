"""The worker as it is built with payments and without."""

from pathlib import Path

import pytest

from cardroom.ids import ShardId
from cardroom.service.postgres import open_postgres
from cardroom.service.redis import open_redis
from cardroom.service.settings import BadSettings, Bind, PostgresSettings, RedisSettings, Secret
from tests.wallet_worker.house import LINK, LOG
from wallet_worker.app import beside_money, build_worker
from wallet_worker.audit.handover import Handover
from wallet_worker.audit.recorder import RecorderServices
from wallet_worker.cashier.held_watch import HeldWatch
from wallet_worker.payment_settings import GatewayKind, GatewaySettings, PaymentSettings
from wallet_worker.payments import ALL_MAKERS, Ground, open_payments
from wallet_worker.settings import AuditSettings, WalletSettings
from wallet_worker.store.house_transfer import HOUSE

NOWHERE = RedisSettings(host="127.0.0.1", port=1)
NO_DATABASE = PostgresSettings(dsn="postgresql://nobody@127.0.0.1:1/none")
DEV_COINS = Path(__file__).parents[2] / "configs" / "dev" / "coins.toml"
SANDBOX = GatewaySettings(GatewayKind.SANDBOX, Secret("s" * 32), url="http://127.0.0.1:1")


def settings_with(payments: PaymentSettings | None) -> WalletSettings:
    return WalletSettings(
        shards=(ShardId(0),), redis=NOWHERE, postgres=NO_DATABASE, http=Bind("127.0.0.1", 0),
        admins_file=Path("admins.toml"), chain_key=Secret("k" * 32), audit=AuditSettings(Path("nowhere")),
        payments=payments,
    )  # fmt: skip


async def loops_of(payments: PaymentSettings | None) -> int | None:
    async with open_postgres(NO_DATABASE, must_answer=False) as pages, open_redis(NOWHERE) as redis:
        ground = Ground(settings_with(payments), redis, pages, LINK, "worker", LOG)
        async with open_payments(ground) as built:
            return None if built is None else len(built.beside)


async def test_without_payments_nothing_of_them_is_built() -> None:
    assert await loops_of(None) is None


async def test_payments_are_built_before_any_server_answers() -> None:
    assert await loops_of(PaymentSettings(DEV_COINS, {"sandbox": SANDBOX})) == 9


async def test_coins_of_a_gateway_that_is_not_there_stop_the_start() -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(BadSettings, match="gateway"), flatten_subgroups=True, allow_unwrapped=True
    ):
        await loops_of(PaymentSettings(DEV_COINS, {"other": SANDBOX}))


def test_every_kind_of_gateway_is_made() -> None:
    assert set(ALL_MAKERS) == set(GatewayKind)


async def test_players_are_told_of_held_deposits_that_the_watch_releases() -> None:
    settings = settings_with(PaymentSettings(DEV_COINS, {"sandbox": SANDBOX}))
    async with open_postgres(NO_DATABASE, must_answer=False) as pages, open_redis(NOWHERE) as redis:
        services = RecorderServices(pages, Handover([ShardId(0), HOUSE], 1), settings.audit, LOG)
        worker = build_worker(settings, pages, services, redis)
        async with open_payments(Ground(settings, redis, pages, LINK, "worker", LOG)) as built:
            assert built is not None
            for payments, told in ((built, built.deposits.tell_credited), (None, None)):
                watch = beside_money(settings, worker, payments, LOG)[0].__self__  # type: ignore[attr-defined]
                assert isinstance(watch, HeldWatch)
                assert watch._on_released == told
