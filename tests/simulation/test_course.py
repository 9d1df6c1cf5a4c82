"""Twenty seeds, in each of which everything goes wrong; and a seed is a course of things, always the same."""

import pytest

from tests.simulation.course import simulate

SEEDS = range(1, 21)
HOURS = 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_every_hand_goes_on_and_every_won_is_kept(seed: int) -> None:
    verdict = simulate(seed, HOURS)
    assert verdict.troubles == (), f"run it alone: make simulate SEEDS=1 SEED={seed} HOURS={HOURS}"
    assert verdict.counts["settled"] > 0


def test_a_seed_has_one_course() -> None:
    first, again, other = simulate(6, 0.1), simulate(6, 0.1), simulate(7, 0.1)
    assert first.digest == again.digest
    assert first.counts == again.counts
    assert first.digest != other.digest
