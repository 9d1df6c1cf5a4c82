"""Players' wallet pages: who is kept out, how often they may be asked; the ledger does not wait for them."""

from collections.abc import AsyncIterator

import pytest
import trio
from attrs import evolve
from quart_trio import QuartTrio

from cardroom.ids import UserId
from cardroom.service.entry import Entry, EntrySettings, GuardSettings, add_entry, make_entry
from cardroom.service.http import make_app
from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.protection import ProtectionSettings
from cardroom.service.rate_limits import LimitSettings
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import LOG, House
from tests.wallet_worker.office import get, log_in, make_office
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.wallet import wallet_pages
from wallet_worker.settings import OfficeSettings

BALANCE = "/api/v1/wallet/balance"
SETTINGS = EntrySettings((), LimitSettings(default="5/minute"), GuardSettings())


@pytest.fixture
async def entry(house: House, redis: Redis, nursery: trio.Nursery) -> Entry:
    made = make_entry(SETTINGS, house.database, redis, LOG)
    await nursery.start(made.run)
    return made


@pytest.fixture
def app(house: House, redis: Redis, entry: Entry) -> QuartTrio:
    app = make_office(house, redis)
    add_entry(app, entry)
    return app


async def block(house: House, column: str, value: object) -> None:
    async with house.owner.transaction() as transaction:
        await transaction.execute(
            f"INSERT INTO block ({column}, reason, blocked_by) VALUES ($1, 'why', 'kim')", value
        )


async def test_a_blocked_player_sees_no_wallet_and_others_do(
    app: QuartTrio, house: House, redis: Redis, entry: Entry
) -> None:
    token, others = await log_in(redis, house.players[0]), await log_in(redis, house.players[1])
    await block(house, "user_id", house.players[0])
    await entry.blocklist.look()
    status, problem = await get(app, BALANCE, token)
    assert (status, problem["code"]) == (403, "user_blocked")
    assert (await get(app, BALANCE, others))[0] == 200


async def test_wallet_pages_are_counted_and_administrators_have_a_rule_of_their_own(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    token = await log_in(redis, house.players[0])
    answers = [await get(app, BALANCE, token) for _ in range(6)]
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert answers[-1][1]["code"] == "rate_limited"
    summaries = [await get(app, "/admin/ledger/summary") for _ in range(8)]
    assert [status for status, _ in summaries] == [200] * 8


@pytest.fixture
async def pages(wallet_settings: PostgresSettings) -> AsyncIterator[Postgres]:
    few = evolve(wallet_settings, connections=1, connect_seconds=0.3)
    async with open_postgres(few) as pool:
        yield pool


async def test_pages_that_have_all_their_connections_wait_and_the_ledger_does_not(
    house: House, redis: Redis, pages: Postgres
) -> None:
    app = make_app("wallet", LOG)
    add_away_answers(app, LOG)
    logins = LoginLookup(redis, pages, LookupSettings())
    app.register_blueprint(wallet_pages(pages, logins, OfficeSettings(), ProtectionSettings()))
    token = await log_in(redis, UserId(house.players[0]))
    async with pages.transaction():
        status, problem = await get(app, BALANCE, token)
        assert (status, problem["code"]) == (503, "unavailable")
        await house.seat(0, 1000, 1000)  # through the ledger
    assert (await get(app, BALANCE, token))[0] == 200
