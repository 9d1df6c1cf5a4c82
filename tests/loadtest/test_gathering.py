"""What several processes tell, put together."""

from loadtest.client_load import Load
from loadtest.crowd import Second
from loadtest.gathering import Gathering, node_numbers
from loadtest.latencies import Latencies
from loadtest.numbers import Numbers
from loadtest.server import Sample


def second(actions: int, *, is_measured: bool = True) -> Second:
    numbers = Numbers()
    for _ in range(actions):
        numbers.own_ack.add(0.002)
    numbers.counts["hands_seen"] += 1
    return Second(is_measured, numbers, Load(0.5, 1.0, Latencies()), 3, 2)


def test_only_what_is_measured_counts_and_a_second_is_that_of_all() -> None:
    gathering = Gathering(2)
    gathering.take(0, second(5, is_measured=False))
    gathering.take(0, second(7))
    gathering.take(1, second(1))
    assert (len(gathering.whole.own_ack), len(gathering.measured.own_ack)) == (13, 8)
    assert (gathering.connected, gathering.seated) == (6, 4)
    assert [load.cpu_share for load in gathering.loads] == [0.5, 0.5]
    gathering.close_window(1.0, 1.0, "measuring", {})
    line = gathering.timeline[0]
    assert (line["actions_per_s"], line["hands_per_s"], line["client_cpu_share"]) == (13.0, 3.0, 1.0)
    assert len(gathering.close_window(2.0, 1.0, "measuring", {}).own_ack) == 0


def test_two_halves() -> None:
    gathering = Gathering(1)
    gathering.take(0, second(2))
    gathering.split()
    gathering.take(0, second(3))
    assert [len(half.own_ack) for half in gathering.halves] == [2, 3]


def test_a_second_comes_through_a_pipe_whole() -> None:
    told = Second.of_document(second(4).to_document())
    assert (told.is_measured, len(told.numbers.own_ack), told.connected, told.seated) == (True, 4, 3, 2)


def test_nodes_are_told_of_between_two_looks() -> None:
    earlier = {"node-1": Sample(10.0, 1.0, 100.0, 0.0, None, None)}
    newest = {name: Sample(12.0, 2.0, 104.0, 0.0, None, None) for name in ("node-1", "node-2")}
    assert node_numbers(newest, earlier) == {"node-1": {"cpu_share": 0.5, "rss_kib": 104}}
