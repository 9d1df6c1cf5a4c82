"""Windows and counts."""

from cardroom.wire.refusals import Refusal
from loadtest.tally import Tally


def test_a_window_holds_what_came_since_the_last() -> None:
    tally = Tally()
    tally.acted(0.001)
    assert len(tally.close_window().own_ack) == 1
    tally.acted(0.001)
    tally.reached_all(0.001)
    tally.called("login", 0.03)
    tally.waited("storm", 1.0)
    window = tally.close_window()
    assert (len(window.own_ack), len(window.all_seats)) == (1, 1)
    assert (len(window.http["login"]), len(window.waits["storm"])) == (1, 1)
    assert not len(tally.close_window().own_ack)


def test_refusals_and_faults_are_counted_by_name() -> None:
    tally = Tally()
    tally.refused(Refusal.TABLE_FULL)
    tally.broken("gap")
    tally.broken("gap")
    tally.count("buy_ins")
    assert tally.numbers.refusals == {"table_full": 1}
    assert tally.numbers.protocol_errors == {"gap": 2}
    assert tally.numbers.counts == {"buy_ins": 1}
