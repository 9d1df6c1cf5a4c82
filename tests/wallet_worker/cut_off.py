"""Cancels work at one await after the other, as a worker that is stopped or dies would be cut off."""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import trio


@types.coroutine
def _counted(work: Coroutine[Any, Any, Any], on_await: Callable[[], None]) -> Generator[Any, Any, None]:
    answer = None
    while True:
        try:
            asked = work.send(answer)
        except StopIteration:
            return
        on_await()
        answer = yield asked


async def cut_off_at(work: Coroutine[Any, Any, Any], number: int) -> bool:
    """Run work up to its await of this number, from 1, and cancel it there; gives whether it came so far."""
    awaits = 0
    with trio.CancelScope() as scope:

        def count() -> None:
            nonlocal awaits
            awaits += 1
            if awaits == number:
                scope.cancel()

        await _counted(work, count)
    return awaits >= number
