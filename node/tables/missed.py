"""What a viewer who comes back has missed: the events as they were told, with the clock as it stands now."""

from collections.abc import Sequence

from attrs import evolve

from cardroom.ids import UserId
from cardroom.wire.table import AnyTableEvent, RunItTwiceOffered, TimeExtended, TurnBegan
from node.tables.dealing import Dealer

_Timed = TurnBegan | TimeExtended | RunItTwiceOffered
"""Events that say how much time there is, at the moment of sending."""


def events_missed(
    dealer: Dealer, last_seq: int, user_id: UserId, now: float
) -> Sequence[AnyTableEvent] | None:
    """Give what a viewer is to be told after ``last_seq``; None if that is not known (any more).

    The turn that is on now has the time that is left of it; how long earlier ones had matters no more.
    """
    missed = dealer.history.missed_since(last_seq, user_id)
    if missed is None or dealer.play is None:
        return missed
    for place, event in reversed([*enumerate(missed)]):
        if isinstance(event, _Timed):
            return [*missed[:place], _with_time_left(event, dealer.clock.left_ms(now)), *missed[place + 1 :]]
    return missed


def _with_time_left(event: _Timed, left_ms: int) -> _Timed:
    match event:
        case TurnBegan(turn=turn):
            return evolve(event, turn=evolve(turn, left_ms=left_ms))
        case TimeExtended():
            return evolve(event, left_ms=left_ms)
        case RunItTwiceOffered(offer=offer):
            return evolve(event, offer=evolve(offer, left_ms=left_ms))
