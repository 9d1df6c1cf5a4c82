"""A crowd ends when it is told to, also when there is nobody to play with."""

from collections.abc import AsyncIterator
from itertools import groupby

import trio

from cardroom.local.servers import free_port
from loadtest.crowd import Order, Second, play
from loadtest.profile import Pace, Profile
from loadtest.share import divide

PROFILE = Profile(
    router_url=f"http://127.0.0.1:{free_port()}", players=3, seconds=0.2, seed=1, names="bot", password="x",
    pace=Pace(pause_seconds=0.02, start_spacing_seconds=0.01),
)  # fmt: skip


class Ordered:
    """Gives one order after another."""

    def __init__(self, *orders: Order) -> None:
        self._left = list(orders)

    def __aiter__(self) -> AsyncIterator[Order]:
        return self

    async def __anext__(self) -> Order:
        await trio.sleep(0.2)
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop(0)


async def told(*orders: Order) -> list[Second]:
    seconds: list[Second] = []
    with trio.fail_after(10):
        await play(divide(PROFILE, 1, [])[0], Ordered(*orders), seconds.append)
    return seconds


async def test_it_plays_until_the_order_to_stop_and_tells_what_counts() -> None:
    seconds = await told(Order.WARM_UP, Order.MEASURE, Order.END_MEASURE, Order.STOP)
    assert [key for key, _ in groupby(second.is_measured for second in seconds)] == [False, True, False]
    assert sum(second.numbers.counts["connections_lost"] for second in seconds) == 3


async def test_the_end_of_the_orders_is_the_order_to_stop() -> None:
    assert not any(second.is_measured for second in await told())
