"""Notices are published in order by a task; nobody waits for it, and what cannot be told is counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import trio
from attrs import evolve
from prometheus_client import REGISTRY

from cardroom.ids import UserId
from cardroom.local.servers import free_port, valkey_server
from cardroom.money import Krw
from cardroom.service.player_notices import NoticeEar, NoticeListener
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire.notices import (
    DepositNotice,
    DepositState,
    PlayerNotice,
    WithdrawalNotice,
    WithdrawalState,
)
from tests.node.tables.house import until
from tests.wallet_worker.house import LOG
from wallet_worker.cashier.notice_board import RedisNoticeBoard
from wallet_worker.cashier.notices import NoticeBoard

ONE = UserId(1)
REJECTED = WithdrawalNotice(8, "ETH", WithdrawalState.REJECTED, Krw(50_000), reason="돈" * 2000)
TOO_LONG = WithdrawalNotice(8, "ETH", WithdrawalState.SENT, Krw(50_000), tx_hash="f" * 2000)


def notice(number: int) -> DepositNotice:
    return DepositNotice(number, "BTC", "0.001", DepositState.CONFIRMING, 1, 3)


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("holdem_notices_told_total", {"outcome": outcome}) or 0.0


@asynccontextmanager
async def hearing(redis: Redis) -> AsyncIterator[list[PlayerNotice]]:
    """Give what is published for players, as other processes hear it."""
    heard: list[PlayerNotice] = []
    ear = NoticeEar(redis, NoticeListener(lambda _: True, lambda _, one: heard.append(one)), LOG)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.run)
        await until(lambda: ear.is_listening)
        yield heard
        nursery.cancel_scope.cancel()


async def test_notices_are_published_in_order(redis: Redis) -> None:
    board, before = RedisNoticeBoard(redis, 1000, LOG), counted("published")
    as_asked: NoticeBoard = board
    async with hearing(redis) as heard, trio.open_nursery() as nursery:
        for number in range(300):
            as_asked.tell(ONE, notice(number))
        nursery.start_soon(board.run)
        await until(lambda: len(heard) == 300)
        as_asked.tell(ONE, notice(300))
        await until(lambda: len(heard) == 301)
        nursery.cancel_scope.cancel()
    assert heard == [notice(number) for number in range(301)]
    assert counted("published") == before + 301


async def test_more_than_may_wait_are_dropped_and_counted(redis: Redis) -> None:
    board, before = RedisNoticeBoard(redis, 10, LOG), counted("dropped_full")
    async with hearing(redis) as heard, trio.open_nursery() as nursery:
        for number in range(1000):
            board.tell(ONE, notice(number))
        nursery.start_soon(board.run)
        await until(lambda: len(heard) == 10)
        nursery.cancel_scope.cancel()
    assert heard == [notice(number) for number in range(10)]
    assert counted("dropped_full") == before + 990


async def test_a_long_reason_is_cut(redis: Redis) -> None:
    board = RedisNoticeBoard(redis, 10, LOG)
    async with hearing(redis) as heard, trio.open_nursery() as nursery:
        nursery.start_soon(board.run)
        board.tell(ONE, REJECTED)
        await until(lambda: bool(heard))
        nursery.cancel_scope.cancel()
    assert heard == [evolve(REJECTED, reason="돈" * 100)]


async def test_what_cannot_be_written_is_dropped_and_the_others_are_told(redis: Redis) -> None:
    board, before = RedisNoticeBoard(redis, 10, LOG), counted("dropped_unwritable")
    async with hearing(redis) as heard, trio.open_nursery() as nursery:
        nursery.start_soon(board.run)
        board.tell(ONE, TOO_LONG)
        board.tell(ONE, cast("Any", None))
        board.tell(ONE, notice(1))
        await until(lambda: bool(heard))
        nursery.cancel_scope.cancel()
    assert heard == [notice(1)]
    assert counted("dropped_unwritable") == before + 2


async def test_while_redis_is_away_notices_are_dropped_and_nobody_waits(tmp_path: Path) -> None:
    port, before = free_port(), counted("dropped_away")
    settings = RedisSettings("127.0.0.1", port, connect_seconds=0.3, call_seconds=0.3)
    async with open_redis(settings) as redis, trio.open_nursery() as nursery:
        board = RedisNoticeBoard(redis, 10, LOG)
        nursery.start_soon(board.run)
        board.tell(ONE, notice(1))
        await until(lambda: counted("dropped_away") == before + 1)
        with valkey_server(tmp_path, port):
            async with hearing(redis) as heard:
                board.tell(ONE, notice(2))
                await until(lambda: bool(heard))
        board.tell(ONE, notice(3))
        await until(lambda: counted("dropped_away") == before + 2)
        nursery.cancel_scope.cancel()
    assert heard == [notice(2)]
