"""A crowd ends in time, also when there is nobody to play with."""

import trio
from attrs import evolve

from cardroom.local.servers import free_port
from loadtest.crowd import play
from loadtest.profile import Pace, Profile
from loadtest.stop import Stop

PROFILE = Profile(
    router_url=f"http://127.0.0.1:{free_port()}", players=3, seconds=0.2, seed=1, names="bot", password="x",
    pace=Pace(pause_seconds=0.02, start_spacing_seconds=0.01),
)  # fmt: skip


async def test_the_time_is_over() -> None:
    with trio.fail_after(10):
        report = await play(PROFILE, Stop())
    assert report["seconds"] >= 0.2
    assert report["connections_lost"] == 3
    assert report["actions"] == 0


async def test_an_order_comes_first() -> None:
    stop = Stop()
    stop.order()
    with trio.fail_after(10):
        report = await play(evolve(PROFILE, seconds=0.0), stop)
    assert report["connections_lost"] == 0
