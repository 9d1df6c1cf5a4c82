"""Followers of one worker: how many there may be, what they are told, and when they are told no more."""

from contextlib import ExitStack
from typing import Any

import pytest

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.http import RefusedRequest
from cardroom.service.redis import Redis
from cardroom.service.settings import BadSettings
from cardroom.wire.notices import (
    DepositNotice,
    DepositState,
    NoticesMissed,
    WithdrawalNotice,
    WithdrawalState,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import LOG
from wallet_worker.api.event_feed import EventFeed, Follower, write_event
from wallet_worker.payment_settings import NoticeSettings

ONE, TWO = UserId(1), UserId(2)
CONFIRMING = DepositNotice(7, "BTC", "0.001", DepositState.CONFIRMING, 1, 3)
SENT = WithdrawalNotice(8, "ETH", WithdrawalState.SENT, Krw(50_000), "0.01", "0xab\n\ndata: x")
SMALL = NoticeSettings(followers=3, followers_per_user=2, waiting_events=3)


def test_an_event_is_one_line_of_data_whatever_is_in_it() -> None:
    assert write_event(NoticesMissed()) == b'event: notices_missed\ndata: {"type":"notices_missed"}\n\n'
    text = write_event(SENT)
    assert text.startswith(b'event: withdrawal_notice\ndata: {"type":"withdrawal_notice","withdrawal":8,')
    assert text.count(b"\n") == 3
    assert b"\r" not in write_event(DepositNotice(7, "\r\u2028\n", "1", DepositState.GONE, 0, 3))


async def test_a_follower_is_told_what_may_be_missed_and_then_all_that_comes(redis: Redis) -> None:
    feed = EventFeed(redis, SMALL, LOG)
    with feed.follow(ONE) as one, feed.follow(TWO) as two:
        feed.pass_on(ONE, CONFIRMING)
        feed.pass_on(UserId(3), SENT)
        feed.tell_missed()
        told = [await one.next() for _ in range(3)]
        assert told == [write_event(event) for event in (NoticesMissed(), CONFIRMING, NoticesMissed())]
        assert [await two.next() for _ in range(2)] == [write_event(NoticesMissed())] * 2


async def test_there_are_so_many_of_one_player_and_so_many_in_all(redis: Redis) -> None:
    feed = EventFeed(redis, SMALL, LOG)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(feed.follow(ONE))
        with pytest.raises(RefusedRequest) as refused:
            stack.enter_context(feed.follow(ONE))
        assert (refused.value.status, refused.value.code) == (429, Refusal.RATE_LIMITED)
        stack.enter_context(feed.follow(TWO))
        with pytest.raises(RefusedRequest) as refused:
            stack.enter_context(feed.follow(UserId(3)))
        assert (refused.value.status, refused.value.code) == (503, Refusal.BUSY)
        assert refused.value.retry_seconds
        assert len(feed) == 3
    assert len(feed) == 0
    with feed.follow(ONE):
        assert len(feed) == 1


async def test_who_leaves_too_much_unread_is_told_what_waits_and_no_more(redis: Redis) -> None:
    feed = EventFeed(redis, SMALL, LOG)
    with feed.follow(ONE) as slow:
        for _ in range(100):
            feed.pass_on(ONE, CONFIRMING)
        told = [await slow.next() for _ in range(5)]
        assert told == [write_event(NoticesMissed()), *[write_event(CONFIRMING)] * 2, None, None]


async def test_when_the_worker_stops_all_end_and_nobody_comes(redis: Redis) -> None:
    feed = EventFeed(redis, SMALL, LOG)
    with feed.follow(ONE) as one:
        feed.stop()
        assert [await one.next(), await one.next()] == [write_event(NoticesMissed()), None]
    with pytest.raises(RefusedRequest) as refused:
        feed.check(ONE)
    assert (refused.value.status, refused.value.code) == (503, Refusal.UNAVAILABLE)


async def test_closing_again_changes_nothing() -> None:
    follower = Follower(1)
    follower.close()
    follower.close()
    follower.offer(b"x")
    assert await follower.next() is None


@pytest.mark.parametrize(
    "bad",
    [
        {"waiting": 0},
        {"followers": -1},
        {"followers_per_user": 0},
        {"waiting_events": 0},
        {"beat_seconds": 50.0},
    ],
)
def test_bad_settings_stop_the_start(bad: dict[str, Any]) -> None:
    with pytest.raises(BadSettings, match="notices"):
        NoticeSettings(**bad)
