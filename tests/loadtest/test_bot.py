"""A bot's choice of tables, and its patience when nobody is there."""

from random import Random

import trio

from cardroom.ids import TableId
from cardroom.local.servers import free_port
from cardroom.money import Krw
from cardroom.wire.lobby import LobbyTable
from loadtest.bot import Bot, choose_table, make_random, pace_start
from loadtest.profile import Pace, Profile, player
from loadtest.stop import Stop
from loadtest.tally import Tally


def line(table_id: int, players: int, stake: str = "low", is_open: bool = True) -> LobbyTable:
    return LobbyTable(
        TableId(table_id), "Han", stake, Krw(1), Krw(2), Krw(80), Krw(200), 6, players, 0, 0, is_open
    )


def chosen(*tables: LobbyTable, too_dear: set[str] | None = None, last: int | None = None) -> TableId | None:
    return choose_table(tables, too_dear or set(), None if last is None else TableId(last), Random(1))


def test_the_emptiest_open_table_with_a_free_seat() -> None:
    assert chosen(line(1, 5), line(2, 3), line(3, 6), line(4, 0, is_open=False)) == 2


def test_another_table_than_the_last_if_there_is_one() -> None:
    assert chosen(line(1, 0), line(2, 5), last=1) == 2
    assert chosen(line(1, 0), line(2, 6), last=1) == 1


def test_no_stake_that_is_too_dear() -> None:
    assert chosen(line(1, 0, "high"), line(2, 5), too_dear={"high"}) == 2
    assert chosen(line(1, 0, "high"), too_dear={"high"}) is None


def test_each_bot_has_its_own_luck_that_the_seed_repeats() -> None:
    assert make_random(1, 1).random() == make_random(1, 1).random()
    assert make_random(1, 1).random() != make_random(1, 2).random()
    assert pace_start(Pace(start_spacing_seconds=0.1), 1) == 0


async def test_a_bot_without_a_router_tries_again_until_the_order() -> None:
    profile = Profile(
        router_url=f"http://127.0.0.1:{free_port()}", players=1, seconds=0, seed=1, names="bot",
        password="x", pace=Pace(pause_seconds=0.01, longest_pause_seconds=0.05),
    )  # fmt: skip
    tally, stop = Tally(), Stop()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Bot(player(profile, 1), profile, Random(1), tally, stop).run, 0.0)
            while tally.failed_attempts < 2:  # noqa: ASYNC110 (nothing to wait on but the count)
                await trio.sleep(0.01)
            stop.order()
    assert tally.connections_lost == 1
