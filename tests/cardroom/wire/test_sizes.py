"""Binary messages are at most 35 % of the same messages in JSON: in random hands, each kind by itself."""

from bench.wire import measure

MOST = 0.35


def test_binary_is_a_third_of_json() -> None:
    ratios = measure(hands=20)
    assert len(ratios) == 3
    assert {name: ratio for name, ratio in ratios.items() if not 0.0 < ratio <= MOST} == {}
