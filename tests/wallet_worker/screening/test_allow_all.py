"""Whoever screens nothing finds nothing."""

from wallet_worker.screening.allow_all import AllowAll
from wallet_worker.screening.port import Direction, Screened


async def test_everything_is_clear() -> None:
    assert (await AllowAll().check(Screened(Direction.OUT, "BTC", "anywhere", 1, None))).is_clear
