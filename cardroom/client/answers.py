"""Requests that wait for their answers, by number."""

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from cardroom.client.errors import ClientError
from cardroom.wire.proof import Openings

Outcome = ClientError | Openings | None
"""What became of a request: an error, what was asked for, or just done."""


class Answer:
    """The answer to one request, once it is there."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._arrived = trio.Event()
        self._outcome: Outcome = None

    async def wait(self) -> Openings | None:
        """Return when the request was carried out, with what it asked for; raises what else became of it."""
        await self._arrived.wait()
        if isinstance(self._outcome, ClientError):
            raise self._outcome
        return self._outcome

    def settle(self, outcome: Outcome) -> None:
        """Let the waiting task go on."""
        self._outcome = outcome
        self._arrived.set()


class Answers:
    """All requests under way on one connection.

    Numbers go on from a first one that no earlier connection of the player used: the node knows an
    action by its number also after a reconnect.
    """

    def __init__(self, first_number: int) -> None:
        self._next = first_number
        self._waiting: dict[int, Answer] = {}

    @contextmanager
    def expect(self) -> Iterator[Answer]:
        """Give the next request its number, and take its answer for as long as the block lasts."""
        answer = Answer(self._next)
        self._next += 1
        self._waiting[answer.number] = answer
        try:
            yield answer
        finally:
            del self._waiting[answer.number]

    def settle(self, number: int, outcome: Outcome) -> None:
        """Answer a request; one that nobody waits for any more is passed over."""
        if answer := self._waiting.get(number):
            answer.settle(outcome)

    def fail_all(self, error: ClientError) -> None:
        """Tell everybody who waits that no answer will come."""
        for answer in self._waiting.values():
            answer.settle(error)
