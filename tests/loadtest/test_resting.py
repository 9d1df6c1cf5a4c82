"""The garbage collector of a process that plays."""

import gc
from collections.abc import Iterator

import pytest

from loadtest.resting import rest_of_the_collector


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_there_is_is_left_alone() -> None:
    rest_of_the_collector()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] > 700
