"""The wallet's events through real sockets: who hears what, who is refused, and when a stream ends."""

from contextlib import AsyncExitStack
from hashlib import sha256

import httpx
import pytest
import trio

from cardroom.client import RequestRefused, follow_wallet
from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.notices import (
    DepositNotice,
    DepositState,
    NoticesMissed,
    WithdrawalNotice,
    WithdrawalState,
)
from cardroom.wire.refusals import Refusal
from tests.node.tables.house import until
from tests.wallet_worker.followers import PATH, open_desk, publish, stream_of
from tests.wallet_worker.house import LOG, House
from tests.wallet_worker.office import log_in
from wallet_worker.cashier.notice_board import RedisNoticeBoard
from wallet_worker.payment_settings import NoticeSettings

CONFIRMING = DepositNotice(7, "BTC", "0.001", DepositState.CONFIRMING, 1, 3)
SENT = WithdrawalNotice(8, "ETH", WithdrawalState.SENT, Krw(50_000), "0.01", "0xab")
QUICK = NoticeSettings(beat_seconds=0.05)


async def test_a_player_hears_the_own_coins_and_nobody_elses(house: House, redis: Redis) -> None:
    user, other = house.players[:2]
    async with open_desk(house, redis) as desk:
        async with (
            stream_of(desk, await log_in(redis, user)) as mine,
            stream_of(desk, await log_in(redis, other)) as theirs,
        ):
            assert [await mine.next(), await theirs.next()] == [NoticesMissed()] * 2
            await publish(redis, user, CONFIRMING)
            await publish(redis, other, SENT)
            assert [await mine.next(), await theirs.next()] == [CONFIRMING, SENT]
        await until(lambda: len(desk.feed) == 0)


async def test_what_one_worker_books_is_heard_at_all_workers(house: House, redis: Redis) -> None:
    user = house.players[0]
    token = await log_in(redis, user)
    async with AsyncExitStack() as stack:
        desks = [await stack.enter_async_context(open_desk(house, redis)) for _ in range(2)]
        streams = [await stack.enter_async_context(stream_of(desk, token)) for desk in desks]
        assert [await stream.next() for stream in streams] == [NoticesMissed()] * 2
        async with trio.open_nursery() as nursery:
            board = RedisNoticeBoard(redis, 10, LOG)
            nursery.start_soon(board.run)
            board.tell(user, CONFIRMING)
            assert [await stream.next() for stream in streams] == [CONFIRMING] * 2
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic x"}])
async def test_who_is_not_logged_in_hears_nothing(
    house: House, redis: Redis, headers: dict[str, str]
) -> None:
    async with open_desk(house, redis) as desk, httpx.AsyncClient(base_url=desk.url) as http:
        answer = await http.get(PATH, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_a_head_is_answered_and_nothing_is_followed(house: House, redis: Redis) -> None:
    token = await log_in(redis, house.players[0])
    async with open_desk(house, redis) as desk, httpx.AsyncClient(base_url=desk.url) as http:
        answer = await http.head(PATH, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.content, len(desk.feed)) == (200, b"", 0)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"


async def test_few_streams_of_a_player_and_a_bounded_number_in_all(house: House, redis: Redis) -> None:
    settings = NoticeSettings(followers=5, followers_per_user=3)
    tokens = [await log_in(redis, user) for user in house.players[:3]]
    async with open_desk(house, redis, settings) as desk, AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=desk.url))

        async def refused(token: str) -> tuple[int, str, str | None]:
            answer = await http.get(PATH, headers={"Authorization": f"Bearer {token}"})
            return answer.status_code, answer.json()["code"], answer.headers.get("Retry-After")

        for token in (*tokens[:1] * 3, *tokens[1:2] * 2):
            await stack.enter_async_context(stream_of(desk, token))
        await until(lambda: len(desk.feed) == 5)
        assert await refused(tokens[0]) == (429, "rate_limited", None)
        assert await refused(tokens[2]) == (503, "busy", "5")


async def test_a_crowd_that_comes_at_once_is_no_more_than_may_be(house: House, redis: Redis) -> None:
    """Who was looked at before somebody else took the last place hears nothing, and may come back."""
    settings = NoticeSettings(followers=4, followers_per_user=4)
    token = await log_in(redis, house.players[0])
    begun: list[bytes] = []

    async def follow() -> None:
        async with await trio.open_tcp_stream("127.0.0.1", desk.port) as stream:
            await stream.send_all(asked.encode())
            begun.append(await stream.receive_some())
            await trio.sleep_forever()

    asked = f"GET {PATH} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n\r\n"
    async with open_desk(house, redis, settings) as desk, trio.open_nursery() as nursery:
        for _ in range(40):
            nursery.start_soon(follow)
        await until(lambda: len(begun) == 40)
        assert len(desk.feed) == 4
        nursery.cancel_scope.cancel()


async def test_a_stream_shows_life_and_ends_when_the_login_does(house: House, redis: Redis) -> None:
    user = house.players[0]
    token = await log_in(redis, user)
    async with open_desk(house, redis, QUICK) as desk, stream_of(desk, token) as stream:
        assert await stream.next() == NoticesMissed()
        await trio.sleep(0.3)
        await publish(redis, user, CONFIRMING)
        assert await stream.next() == CONFIRMING
        assert stream.beats > 0
        await redis.delete([keys.login(sha256(token.encode()).hexdigest())])
        assert await stream.next() is None
        await until(lambda: len(desk.feed) == 0)


async def test_a_login_that_ended_is_noticed_however_much_is_told(house: House, redis: Redis) -> None:
    user = house.players[0]
    token = await log_in(redis, user)
    async with (
        open_desk(house, redis, QUICK) as desk,
        stream_of(desk, token) as stream,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(_tell_for_ever, redis, user)
        await stream.next()
        await redis.delete([keys.login(sha256(token.encode()).hexdigest())])
        while await stream.next() is not None:
            pass
        nursery.cancel_scope.cancel()


async def _tell_for_ever(redis: Redis, user: UserId) -> None:
    while True:
        await publish(redis, user, CONFIRMING)
        await trio.sleep(0.002)


async def test_who_is_kept_out_meanwhile_is_sent_away(house: House, redis: Redis) -> None:
    kept_out: set[UserId] = set()
    user = house.players[0]
    async with (
        open_desk(house, redis, QUICK, lambda one: one not in kept_out) as desk,
        stream_of(desk, await log_in(redis, user)) as stream,
    ):
        assert await stream.next() == NoticesMissed()
        kept_out.add(user)
        assert await stream.next() is None


async def test_who_does_not_read_is_sent_away_and_others_hear_all(house: House, redis: Redis) -> None:
    user, other = house.players[:2]
    async with (
        open_desk(house, redis, NoticeSettings(waiting_events=4)) as desk,
        stream_of(desk, await log_in(redis, user), reads=False) as slow,
        stream_of(desk, await log_in(redis, other)) as quick,
    ):
        assert await quick.next() == NoticesMissed()
        for _ in range(100):
            await publish(redis, user, *[CONFIRMING] * 200)
        await publish(redis, other, SENT)
        assert await quick.next() == SENT
        heard = 0
        while await slow.next() is not None:
            heard += 1
        assert heard < 20_000


async def test_when_the_worker_stops_streams_end_soon(house: House, redis: Redis) -> None:
    token = await log_in(redis, house.players[0])
    async with AsyncExitStack() as after:
        async with open_desk(house, redis) as desk:
            stream = await after.enter_async_context(stream_of(desk, token))
            await until(lambda: len(desk.feed) == 1)
        with trio.fail_after(3):
            assert [await stream.next(), await stream.next()] == [NoticesMissed(), None]


async def test_the_library_follows_comes_back_and_is_told_of_an_ended_login(
    house: House, redis: Redis
) -> None:
    user = house.players[0]
    token = await log_in(redis, user)
    async with open_desk(house, redis, QUICK) as desk, follow_wallet(desk.url, token) as events:
        assert await anext(events) == NoticesMissed()
        await publish(redis, user, CONFIRMING, SENT)
        assert [await anext(events), await anext(events)] == [CONFIRMING, SENT]
        await redis.delete([keys.login(sha256(token.encode()).hexdigest())])
        with pytest.raises(RequestRefused) as refused:
            await anext(events)
        assert refused.value.code is Refusal.NOT_AUTHENTICATED
