"""What players are told of held deposits that are credited: once, and whatever fails after the commit."""

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from quart_trio import QuartTrio

from cardroom.service.postgres import PostgresAway, Row
from tests.wallet_worker.coins_in import CoinRoom, open_coin_room
from tests.wallet_worker.house import LINK, LOG, PURSE, House
from tests.wallet_worker.office import guarded_app, post
from tests.wallet_worker.outside import deposit
from tests.wallet_worker.terms import HERE, limit
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.office import Office
from wallet_worker.cashier.deposits import DepositDesk
from wallet_worker.cashier.held_watch import HeldWatch
from wallet_worker.store import held_deposits
from wallet_worker.store.book_deposit import book_deposit

WHY = {"reason": "asked by telephone", "idempotency_key": "r1"}


@pytest.fixture
def room(house: House) -> CoinRoom:
    return open_coin_room(house)


async def hold(room: CoinRoom, *numbers: int) -> None:
    await limit(room.house, 0, "deposit_week", 10)
    for number in numbers:
        await room.hear(room.gateway.has(await room.told(0, number)))
        await room.work()
    assert await room.states() == ["held deposit_limit"] * len(numbers)
    room.board.told.clear()


class AwayAfterwards:
    """A database that answers no single statement: only transactions, such as bookings, go through."""

    def __init__(self, postgres: Any) -> None:
        self._postgres = postgres

    def __getattr__(self, name: str) -> Any:
        return getattr(self._postgres, name)

    async def fetch(self, *_: object) -> Sequence[Row]:
        raise PostgresAway

    async def fetch_one(self, *_: object) -> Row | None:
        raise PostgresAway


def without_answers(room: CoinRoom) -> DepositDesk:
    away: Any = AwayAfterwards(room.house.database)
    return DepositDesk(evolve(room.desk.tools, postgres=away))


async def test_what_is_released_by_the_limit_is_told_once(room: CoinRoom) -> None:
    await hold(room, 1)
    await limit(room.house, 0, "deposit_week", None)
    watch = HeldWatch(room.house.database, LINK, HERE, LOG, on_released=room.desk.tell_credited)
    await watch.look()
    await watch.look()
    assert room.board.states(room.house.players[0]) == ["credited 3/3"]


async def test_a_database_that_is_away_after_the_commit_stops_no_release(room: CoinRoom) -> None:
    await hold(room, 1, 2)
    await limit(room.house, 0, "deposit_week", None)
    desk = without_answers(room)
    await HeldWatch(room.house.database, LINK, HERE, LOG, on_released=desk.tell_credited).look()
    assert await room.states() == ["credited", "credited"]
    assert room.board.told == []


async def test_what_was_released_before_the_database_went_is_told(
    room: CoinRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold(room, 1, 2)
    await limit(room.house, 0, "deposit_week", None)
    fits, asked = held_deposits._fits, []

    async def fits_until_it_is_away(*what: Any) -> bool:
        asked.append(what)
        if len(asked) > 2:
            raise PostgresAway
        return await fits(*what)

    monkeypatch.setattr(held_deposits, "_fits", fits_until_it_is_away)
    with pytest.raises(PostgresAway):
        await HeldWatch(room.house.database, LINK, HERE, LOG, on_released=room.desk.tell_credited).look()
    assert await room.states() == ["credited", "held deposit_limit"]
    assert room.board.states(room.house.players[0]) == ["credited 3/3"]


async def test_an_alarm_that_is_raised_while_the_watch_looks_keeps_it_held(
    room: CoinRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold(room, 1)
    await limit(room.house, 0, "deposit_week", None)
    fits = held_deposits._fits

    async def fits_and_alarms(*what: Any) -> bool:
        await room.house.change("UPDATE chain_deposit SET alarm = 'deposit_reversed'")
        return await fits(*what)

    monkeypatch.setattr(held_deposits, "_fits", fits_and_alarms)
    await HeldWatch(room.house.database, LINK, HERE, LOG).look()
    assert (await room.states(), await room.house.wallet(0)) == (["held deposit_limit"], PURSE)


async def test_a_credit_is_told_though_the_balance_cannot_be_read(room: CoinRoom) -> None:
    await room.hear(room.gateway.has(await room.told(0)))
    desk = without_answers(room)
    deposit_number = (await room.one()).number
    before = await room.lock(deposit_number)
    await room.work()
    room.board.told.clear()
    change = type(await room.desk.change(deposit_number, lambda one: one))
    await desk.tell(change(before, await room.one()), 150_000)
    ((_, notice),) = room.board.told
    assert (notice.krw_amount, notice.krw_balance) == (150_000, None)


def released_office(room: CoinRoom, told: list[int]) -> QuartTrio:
    async def note(payment: int) -> None:
        told.append(payment)

    app = guarded_app()
    app.register_blueprint(admin_pages(Office(room.house.database, LINK, LOG, on_released=note)))
    return app


async def test_an_order_that_is_repeated_tells_the_player_once(room: CoinRoom) -> None:
    told: list[int] = []
    app = released_office(room, told)
    await limit(room.house, 0, "deposit_day", 10)
    held = await book_deposit(room.house.database, deposit(room.house.players[0]), LINK, HERE)
    page = f"/admin/deposits/held/{held['held_deposit']}/release"
    answers = [await post(app, page, WHY) for _ in range(2)]
    answers.append(await post(app, page, WHY | {"idempotency_key": "r2"}))
    assert [status for status, _ in answers] == [200] * 3
    assert told == [answers[0][1]["payment"]]
