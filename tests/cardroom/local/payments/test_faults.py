"""What is to go wrong, and how often."""

from cardroom.local.payments.faults import Fault, Faults, RateFault
from cardroom.local.payments.prices import Source


def test_a_fault_strikes_so_many_times() -> None:
    faults = Faults()
    faults.set(Fault.PAYOUT_FAILS, 2)
    assert [faults.strikes(Fault.PAYOUT_FAILS) for _ in range(3)] == [True, True, False]
    assert not faults.strikes(Fault.WEBHOOK_LOST)
    assert set(faults.left.values()) == {0}


def test_sources_are_well_unless_told() -> None:
    faults = Faults()
    faults.set_source(Source.UPBIT, RateFault.SLOW)
    faults.shift_price(Source.UPBIT, "btc", 400)
    assert [faults.of_source(source) for source in Source] == [RateFault.NONE, RateFault.SLOW, RateFault.NONE]
    assert (faults.shift_of(Source.UPBIT, "btc"), faults.shift_of(Source.UPBIT, "eth")) == (400, 0)
