"""Senders of payouts that are killed at points which are counted, and people who decide what is doubtful."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio
from attrs import define, field, frozen

from cardroom.service.postgres import Postgres, Row, Transaction
from tests.fakes.payout_gateway import HttpGateway, PayoutServer
from tests.wallet_worker.house import LINK, House
from tests.wallet_worker.withdrawals import SendingRoom, age, row_of, sending_room
from wallet_worker.gateways.port import Gateway, PayoutFound, PayoutOrder, PayoutTaken
from wallet_worker.store.decide_payout import NotPaidWord, PaidWord, not_paid_within, paid_within


class Killed(BaseException):
    """The process is gone, here and now: nothing of it goes on."""


@define
class Reaper:
    """Counts the points at which a process may be killed, and kills it at one of them."""

    at: int | None = None
    points: list[str] = field(factory=list)

    def pass_by(self, point: str) -> None:
        self.points.append(point)
        if len(self.points) == self.at:
            raise Killed(point)


class MortalPostgres:
    """A database whose client may be killed before and after each commit, and before each question."""

    def __init__(self, postgres: Postgres, reaper: Reaper) -> None:
        self._postgres = postgres
        self._reaper = reaper

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._postgres.transaction() as transaction:
            yield transaction
            self._reaper.pass_by("before a commit")
        self._reaper.pass_by("after a commit")

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        self._reaper.pass_by("before a question")
        return await self._postgres.fetch(sql, *values)

    async def fetch_one(self, sql: str, *values: object) -> Row | None:
        self._reaper.pass_by("before a question")
        return await self._postgres.fetch_one(sql, *values)


class MortalGateway:
    """A gateway whose client may be killed before and after each call."""

    def __init__(self, gateway: Gateway, reaper: Reaper) -> None:
        self._gateway = gateway
        self._reaper = reaper

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)

    async def send(self, order: PayoutOrder) -> PayoutTaken:
        self._reaper.pass_by("before the payout")
        taken = await self._gateway.send(order)
        self._reaper.pass_by("after the payout")
        return taken

    async def find_payout(self, external_id: str, task_id: str | None) -> PayoutFound:
        self._reaper.pass_by("before a look-up")
        found = await self._gateway.find_payout(external_id, task_id)
        self._reaper.pass_by("after a look-up")
        return found


def mortal_room(house: House, server: PayoutServer, reaper: Reaper, **changes: Any) -> SendingRoom:
    gateway = HttpGateway(server.url, server.finds)
    return mortal_room_of(house, gateway, reaper, **changes)


def mortal_room_of(house: House, gateway: Gateway, reaper: Reaper, **changes: Any) -> SendingRoom:
    """Give a worker at whatever gateway, that may be killed."""
    mortal: Any = MortalGateway(gateway, reaper)
    postgres = MortalPostgres(house.database, reaper)
    return sending_room(house, {gateway.name: mortal}, postgres=postgres, **changes)


async def live(room: SendingRoom, rounds: int = 2) -> bool:
    """Let a worker work until it is killed, or all is done; says whether it was."""
    try:
        await room.go_on(rounds=rounds)
    except Killed:
        return True
    except BaseExceptionGroup as group:
        others = group.split(Killed)[1]
        if others is not None:
            raise
        return True
    return False


@frozen
class People:
    """Two administrators who look into the gateway's own books, and say what is so."""

    house: House
    server: PayoutServer

    async def decide(self, number: int, *, sends_again: bool) -> None:
        """Decide a doubtful payout, of which the sender is surely gone."""
        row = await row_of(self.house, number)
        if row["state"] != "doubtful":
            return
        await age(self.house, 1000)
        name = f"w{number}-{row['attempt']}"
        taken = [one for one in self.server.taken if one.external_id == name and one.stage != "failed"]
        async with self.house.database.transaction() as transaction:
            if taken:
                tx_hash = self.server.pay(taken[0]).tx_hash
                assert tx_hash is not None
                word = PaidWord(number, int(row["coin_amount"]), tx_hash, is_manual=False)
                await paid_within(transaction, word, LINK)
                return
        await say_not_paid(self.house, number, sends_again=sends_again)


async def say_not_paid(house: House, number: int, *, sends_again: bool) -> None:
    """Let two administrators say so."""
    async with house.database.transaction() as transaction:
        for admin in ("kim", "lee"):
            word = NotPaidWord(number, admin, "looked", sends_again, False, 900.0)
            await not_paid_within(transaction, word, LINK)


async def settle(room: SendingRoom, people: People, numbers: Sequence[int], *, sends_again: bool) -> None:
    """Let a worker that nothing happens to, and people, bring all to an end."""
    for _ in range(3):
        await age(room.house, 100)
        await room.go_on(rounds=2)
        for number in numbers:
            await people.decide(number, sends_again=sends_again)


async def assert_paid_at_most_once(house: House, server: PayoutServer, number: int) -> None:
    """Compare a withdrawal that has ended with what the gateway pays for it."""
    row = await row_of(house, number)
    paid = server.payments_of(number)
    assert len(paid) == (1 if row["state"] == "confirmed" else 0), (row, server.taken)
    assert row["state"] in ("confirmed", "failed", "cancelled", "rejected"), row
    if paid:
        assert (paid[0].tx_hash, paid[0].amount) == (row["tx_hash"], row["coin_amount"])


async def wait_for(event: Any) -> None:
    assert await trio.to_thread.run_sync(event.wait, 10.0)
