"""Requests that wait for their answers, by number."""

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from cardroom.client.errors import ClientError


class Answer:
    """The answer to one request, once it is there."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._arrived = trio.Event()
        self._error: ClientError | None = None

    async def wait(self) -> None:
        """Return when the request was carried out; raises what else became of it."""
        await self._arrived.wait()
        if self._error is not None:
            raise self._error

    def settle(self, error: ClientError | None) -> None:
        """Let the waiting task go on."""
        self._error = error
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

    def settle(self, number: int, error: ClientError | None) -> None:
        """Answer a request; one that nobody waits for any more is passed over."""
        if answer := self._waiting.get(number):
            answer.settle(error)

    def fail_all(self, error: ClientError) -> None:
        """Tell everybody who waits that no answer will come."""
        for answer in self._waiting.values():
            answer.settle(error)
