"""How bad things are: links that are slow, cut, or fail before or after what they carried."""

from collections.abc import Callable
from random import Random
from typing import Final, TypeVar

import trio
from attrs import define, field, frozen

from cardroom.service.redis import RedisAway

Answer = TypeVar("Answer")

_CALL_SECONDS: Final = 2.0
"""How long a call waits on a link that is cut."""


@frozen
class Weather:
    """How often calls go wrong, each of them."""

    error: float = 0.0
    """The call fails: nothing was done, all of it was, or it will be done later."""
    delay: float = 0.0
    delay_seconds: float = 0.5
    """The longest delay on the way there, and again on the way back."""


CALM: Final = Weather()
MIST: Final = Weather(error=0.004, delay=0.05, delay_seconds=0.2)
DRIZZLE: Final = Weather(error=0.02, delay=0.1, delay_seconds=0.3)
STORM: Final = Weather(error=0.15, delay=0.3, delay_seconds=0.8)


@define
class FaultyLink:
    """The way of one process to a server, in the weather that rules now.

    ``later`` takes what still reaches the server after its sender has given it up.
    """

    draw: Random
    later: Callable[[float, Callable[[], object]], None]
    weather: Weather = field(default=CALM)
    is_cut: bool = False
    is_dead: bool = False
    """The process was killed: nothing of it reaches the server, and nothing comes back."""
    faults: int = 0

    async def carry(self, operation: Callable[[], Answer]) -> Answer:
        """Carry an operation out at the server; see ``Link``."""
        await trio.lowlevel.checkpoint()
        await self._travel()
        if self.draw.random() < self.weather.error:
            self._lose(operation)
        answer = operation()
        await self._travel()
        return answer

    async def _travel(self) -> None:
        if self.draw.random() < self.weather.delay:
            await trio.sleep(self.draw.random() * self.weather.delay_seconds)
        if self.is_dead:
            await trio.sleep_forever()
        if self.is_cut:
            await trio.sleep(_CALL_SECONDS)
            raise RedisAway("the link is cut")

    def _lose(self, operation: Callable[[], object]) -> None:
        """Fail. What was asked for is done not at all, at once, or when nobody expects it any more."""
        self.faults += 1
        match self.draw.randrange(3):
            case 0:
                raise RedisAway("lost on the way there")
            case 1:
                operation()
                raise RedisAway("lost on the way back")
            case _:
                self.later(self.draw.random() * _CALL_SECONDS, operation)
                raise RedisAway("held up on the way there")
