"""No wait of a client is endless."""

from math import inf

from attrs import astuple

from cardroom.client import ClientLimits


def test_every_limit_is_finite_and_above_zero() -> None:
    assert all(0 < limit < inf for limit in astuple(ClientLimits()))
