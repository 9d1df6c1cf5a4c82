"""Numbers of spans and processes together."""

import json

from loadtest.numbers import Numbers


def some(seconds: float) -> Numbers:
    numbers = Numbers()
    numbers.own_ack.add(seconds)
    numbers.all_seats.add(seconds)
    numbers.http["login"].add(seconds)
    numbers.waits["storm"].add(seconds)
    numbers.counts["hands_seen"] += 2
    numbers.refusals["busy"] += 1
    numbers.protocol_errors["gap"] += 3
    return numbers


def test_they_come_through_a_pipe_whole_and_add_up() -> None:
    total = some(0.001)
    total.add(Numbers.of_document(json.loads(json.dumps(some(1.0).to_document()))))
    assert (len(total.own_ack), len(total.all_seats)) == (2, 2)
    assert (len(total.http["login"]), len(total.waits["storm"])) == (2, 2)
    assert (total.counts["hands_seen"], total.refusals["busy"], total.protocol_errors["gap"]) == (4, 2, 6)
