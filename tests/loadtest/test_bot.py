"""A bot's choice of tables, and its patience when nobody is there."""

from random import Random

import trio

from cardroom.local.servers import free_port
from loadtest.bot import Bot, make_random
from loadtest.entrance import open_entrance
from loadtest.profile import Pace, Profile, player
from loadtest.stop import Stop
from loadtest.tally import Tally


def test_each_bot_has_its_own_luck_that_the_seed_repeats() -> None:
    assert make_random(1, 1).random() == make_random(1, 1).random()
    assert make_random(1, 1).random() != make_random(1, 2).random()


async def test_a_bot_without_a_router_tries_again_until_the_order() -> None:
    profile = Profile(
        router_url=f"http://127.0.0.1:{free_port()}", players=1, seconds=0, seed=1, names="bot",
        password="x", pace=Pace(pause_seconds=0.01, longest_pause_seconds=0.05),
    )  # fmt: skip
    tally, stop = Tally(), Stop()
    with trio.fail_after(10):
        async with open_entrance(profile, None, tally) as entrance, trio.open_nursery() as nursery:
            bot = Bot(player(profile, 1), profile, Random(1), tally, stop, entrance)
            nursery.start_soon(bot.run, 0.0)
            while tally.numbers.counts["failed_attempts"] < 2:  # noqa: ASYNC110 (nothing to wait on but the count)
                await trio.sleep(0.01)
            stop.order()
    assert tally.numbers.counts["connections_lost"] == 1
    assert not bot.break_off()
