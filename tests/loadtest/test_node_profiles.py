"""Profiles of nodes are taken in the middle of what is measured; who cannot be sampled does no harm."""

import pytest
import trio

from loadtest.node_profiles import NodeProfiles, middle_of
from tests.loadtest.spied import busy_python, no_python, running


@pytest.mark.parametrize(
    ("measured", "middle"),
    [(300.0, (15.0, 142.5)), (20.0, (15.0, 2.5)), (8.0, (6.0, 1.0)), (0.0, (15.0, 15.0))],
)
def test_the_middle(measured: float, middle: tuple[float, float]) -> None:
    assert middle_of(measured) == middle


async def test_a_node_is_sampled_and_who_cannot_be_is_told_of() -> None:
    said: list[str] = []
    with running(*busy_python()) as pid, running(*no_python()) as other:
        profiles = NodeProfiles({"node-1": pid, "node-2": other}, said.append)
        await profiles.take(1.4)
    assert list(profiles.found) == ["node-1"]
    assert profiles.found["node-1"]["top"]
    profiles.say_what_is_missing()
    assert len(said) == 1
    assert said[0].startswith("node-2: nothing_sampled: ")


async def test_who_is_cut_off_has_none() -> None:
    said: list[str] = []
    with running(*busy_python()) as pid, trio.move_on_after(0.2):
        profiles = NodeProfiles({"node-1": pid}, said.append)
        await profiles.take(60.0)
    assert profiles.found == {}
    profiles.say_what_is_missing()
    assert said == ["node-1: no profile, for measuring ended before it was whole."]
