"""Commands and replies through a real Valkey; the test is the wallet worker at the other end."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from uuid import uuid4

import pytest
import trio
from attrs import define, evolve, field

from cardroom.ids import BootNonce, CommandId, Epoch, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedValkey, valkey_server
from cardroom.money import Krw
from cardroom.service.redis import Redis, open_redis
from cardroom.wire import keys
from cardroom.wire.ledger import (
    BuyInHeld,
    CommandRefused,
    HoldBuyIn,
    LedgerCommand,
    LedgerReply,
    OutOfOrder,
    ReopenTable,
    ReplyBody,
    StaleEpoch,
    TableReleased,
    command_codec,
    reply_codec,
)
from cardroom.wire.refusals import Refusal
from node.journal.port import ShardLost
from node.journal.writer import JournalWriter
from node.ledger.stream import LedgerAddress, StreamLedger
from node.settings import JournalSettings, LeaseSettings, LedgerSettings
from node.shards.lease import NodeIdentity
from node.shards.store import RedisShardStore
from tests.node.tables.house import LOG

SHARDS = count(1000)
BOOT = BootNonce("a" * 32)


def buy_in(user: int) -> HoldBuyIn:
    return HoldBuyIn(UserId(user), TableId(1), SeatIndex(0), Krw(1))


HELD = BuyInHeld(TableId(1), SeatIndex(0), Krw(1), Krw(1))


@define
class Worker:
    """The other end: reads the head of the stream, deletes, pushes replies."""

    redis: Redis
    shard: ShardId

    async def read(self, how_many: int) -> list[LedgerCommand]:
        """Wait for this many commands; they stay in the stream."""
        with trio.fail_after(5):
            while True:
                entries = await self.redis.xrange(keys.commands(self.shard))
                if len(entries) >= how_many:
                    return [
                        command_codec().decode(entry.field_values[keys.COMMAND_FIELD]) for entry in entries
                    ]
                await trio.sleep(0.01)

    async def drop(self) -> None:
        """Take all entries out of the stream."""
        await self.redis.delete([keys.commands(self.shard)])

    async def reply(self, command: LedgerCommand, body: ReplyBody) -> None:
        await self.redis.rpush(
            keys.replies(self.shard, command.boot), [reply_codec().encode(LedgerReply(command.id, body))]
        )


@define
class Desk:
    """Who asks, and what the answers were."""

    ledger: StreamLedger
    writer: JournalWriter
    worker: Worker
    answers: list[ReplyBody] = field(factory=list)
    _came: trio.Event = field(factory=trio.Event)

    def answer(self, reply: ReplyBody) -> None:
        self.answers.append(reply)
        came, self._came = self._came, trio.Event()
        came.set()

    async def answered(self, how_many: int) -> list[ReplyBody]:
        with trio.fail_after(5):
            while len(self.answers) < how_many:
                await self._came.wait()
        return self.answers


@asynccontextmanager
async def open_desk(valkey: EmbeddedValkey) -> AsyncIterator[Desk]:
    shard = ShardId(next(SHARDS))
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        store = RedisShardStore(shard, NodeIdentity(NodeId("node-1"), BOOT), redis, 30)
        assert await store.take(absent=True)
        writer = JournalWriter(store, JournalSettings(), LeaseSettings(), LOG)
        ledger = StreamLedger(
            LedgerAddress(shard, BOOT),
            store,
            writer,
            LedgerSettings(resend_seconds=0.2, poll_seconds=1.0),
            LOG,
        )
        writer.resume(Epoch(3))
        await nursery.start(writer.run)
        await nursery.start(ledger.run)
        yield Desk(ledger, writer, Worker(redis, shard))
        nursery.cancel_scope.cancel()


async def test_commands_stand_in_the_stream_in_order_and_each_gets_its_answer(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        ids = [desk.ledger.submit(buy_in(user), desk.answer) for user in range(300)]
        commands = await desk.worker.read(300)
        assert [command.id for command in commands] == ids
        assert {(command.epoch, command.boot, command.shard) for command in commands} == {
            (3, BOOT, desk.worker.shard)
        }
        assert desk.ledger.unanswered == 300
        await desk.worker.drop()
        for command in commands:
            await desk.worker.reply(command, HELD)
        assert await desk.answered(300) == [HELD] * 300
        with trio.fail_after(1):
            await desk.ledger.wait_until_answered()


async def test_who_waits_for_all_answers_is_told_though_more_was_asked_meanwhile(
    valkey: EmbeddedValkey,
) -> None:
    async with open_desk(valkey) as desk, trio.open_nursery() as nursery:
        desk.ledger.submit(buy_in(1), desk.answer)
        nursery.start_soon(desk.ledger.wait_until_answered)
        await trio.lowlevel.checkpoint()
        desk.ledger.submit(buy_in(2), desk.answer)
        for command in await desk.worker.read(2):
            await desk.worker.reply(command, HELD)
        nursery.cancel_scope.deadline = trio.current_time() + 5
    assert not nursery.cancel_scope.cancelled_caught


async def test_an_answer_that_comes_twice_counts_once(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        desk.ledger.submit(buy_in(1), desk.answer)
        (command,) = await desk.worker.read(1)
        await desk.worker.drop()
        for _ in range(2):
            await desk.worker.reply(command, CommandRefused(Refusal.FROZEN))
        desk.ledger.submit(buy_in(2), desk.answer)
        (second,) = await desk.worker.read(1)
        await desk.worker.reply(second, HELD)
        assert await desk.answered(2) == [CommandRefused(Refusal.FROZEN), HELD]


async def test_a_command_whose_entry_is_lost_is_sent_again_under_its_id(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        command_id = desk.ledger.submit(buy_in(1), desk.answer)
        await desk.worker.read(1)
        await desk.worker.drop()
        (again,) = await desk.worker.read(1)
        assert again.id == command_id


async def test_a_command_that_still_stands_is_not_sent_again(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        desk.ledger.submit(buy_in(1), desk.answer)
        await desk.worker.read(1)
        await trio.sleep(0.7)  # three times the age at which it would be sent again
        assert len(await desk.worker.read(1)) == 1


async def test_what_is_forgotten_is_neither_sent_again_nor_answered(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        desk.ledger.submit(buy_in(1), desk.answer)
        kept = desk.ledger.submit(evolve(buy_in(2), table_id=TableId(2)), desk.answer)
        old, _ = await desk.worker.read(2)
        desk.ledger.forget(TableId(1))
        assert desk.ledger.unanswered == 1
        await desk.worker.drop()
        await desk.worker.reply(old, HELD)
        (again,) = await desk.worker.read(1)
        assert again.id == kept
        await trio.sleep(0.5)
        assert [command.id for command in await desk.worker.read(1)] == [kept]
        assert desk.answers == []
        desk.ledger.forget(TableId(2))
        with trio.fail_after(1):
            await desk.ledger.wait_until_answered()


async def test_what_is_forgotten_before_it_was_sent_is_never_sent(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        desk.ledger.submit(buy_in(1), desk.answer)
        desk.ledger.forget(TableId(1))
        reopen = desk.ledger.submit(ReopenTable(TableId(1)), desk.answer)
        (command,) = await desk.worker.read(1)
        assert command.id == reopen


async def test_a_release_is_told_to_who_serves_the_tables(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        told: list[TableReleased] = []
        desk.ledger.on_released = told.append
        command_id = desk.ledger.submit(buy_in(1), desk.answer)
        (command,) = await desk.worker.read(1)
        await desk.worker.reply(evolve(command, id=CommandId(uuid4())), TableReleased(TableId(1), 7))
        await desk.worker.reply(command, HELD)
        assert await desk.answered(1) == [HELD]
        assert (told, command.id) == ([TableReleased(TableId(1), 7)], command_id)


async def test_what_came_out_of_order_is_sent_again(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        command_id = desk.ledger.submit(buy_in(1), desk.answer)
        (command,) = await desk.worker.read(1)
        await desk.worker.drop()
        await desk.worker.reply(command, OutOfOrder(None, 0))
        (again,) = await desk.worker.read(1)
        assert again.id == command_id
        assert desk.answers == []


async def test_nothing_is_appended_once_the_lease_names_another(valkey: EmbeddedValkey) -> None:
    with pytest.RaisesGroup(ShardLost, flatten_subgroups=True):
        await _submit_after_a_take_over(valkey)


async def _submit_after_a_take_over(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        await desk.worker.redis.hset(keys.lease(desk.worker.shard), {"boot": "b" * 32})
        desk.ledger.submit(buy_in(1), desk.answer)
        with trio.move_on_after(5):
            await trio.sleep_forever()
        raise AssertionError("the shard should have been lost")


async def test_a_stale_epoch_loses_the_shard(valkey: EmbeddedValkey) -> None:
    with pytest.RaisesGroup(ShardLost, flatten_subgroups=True):
        await _hear_of_a_newer_epoch(valkey)


async def _hear_of_a_newer_epoch(valkey: EmbeddedValkey) -> None:
    async with open_desk(valkey) as desk:
        desk.ledger.submit(buy_in(1), desk.answer)
        (command,) = await desk.worker.read(1)
        await desk.worker.reply(command, StaleEpoch(Epoch(4)))
        with trio.move_on_after(5):
            await trio.sleep_forever()
        raise AssertionError("the shard should have been lost")


async def test_commands_wait_while_redis_is_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("away")
    with valkey_server(folder, port=0) as first:
        port = first.settings.port
        async with open_desk(first) as desk:
            desk.ledger.submit(buy_in(1), desk.answer)
            await desk.worker.read(1)
            await trio.to_thread.run_sync(_stop, first)
            desk.ledger.submit(buy_in(2), desk.answer)
            with valkey_server(folder, port) as second:
                assert second.settings.port == port
                commands = await desk.worker.read(2)
                assert [command.body for command in commands[:2]] == [buy_in(1), buy_in(2)]


def _stop(server: EmbeddedValkey) -> None:

    os.kill(server.pid, signal.SIGTERM)
    os.waitpid(server.pid, 0)
