"""What the bots of one process count and measure, in windows that are closed one after another."""

from cardroom.wire.refusals import Refusal
from loadtest.fanout import Fanout
from loadtest.numbers import Numbers
from loadtest.record import Record


class Tally:
    """The numbers since the last ``close_window``, how many play now, and the record of what was seen."""

    def __init__(self, record: Record | None = None) -> None:
        self.record = record or Record()
        self.numbers = Numbers()
        self.fanout = Fanout(self.reached_all)
        self.connected = 0
        self.seated = 0

    def acted(self, seconds: float) -> None:
        """Count an action that was carried out, with the time from sending it to its answer."""
        self.numbers.own_ack.add(seconds)

    def reached_all(self, seconds: float) -> None:
        """Count an action that all seats know of, with the time from sending it to the last of them."""
        self.numbers.all_seats.add(seconds)

    def called(self, route: str, seconds: float) -> None:
        """Count an HTTP call that was answered, whatever the answer."""
        self.numbers.http[route].add(seconds)

    def waited(self, name: str, seconds: float) -> None:
        """Count another time, by what was waited for."""
        self.numbers.waits[name].add(seconds)

    def count(self, name: str) -> None:
        """Count something by its name."""
        self.numbers.counts[name] += 1

    def refused(self, code: Refusal) -> None:
        """Count a refusal."""
        self.numbers.refusals[code.value] += 1

    def broken(self, kind: str) -> None:
        """Count something that the protocol does not allow."""
        self.numbers.protocol_errors[kind] += 1

    def close_window(self) -> Numbers:
        """Give what was counted since the last call, and begin anew."""
        window, self.numbers = self.numbers, Numbers()
        return window
