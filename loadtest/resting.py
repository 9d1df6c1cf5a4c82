"""The garbage collector of a process that plays: it looks at new things only, and not often."""

import gc
from typing import Final

_YOUNG: Final = 20_000
_GENERATIONS: Final = 20


def rest_of_the_collector() -> None:
    """Leave all that there is now alone: bots, connections and code live until the end. May be repeated."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _GENERATIONS, _GENERATIONS)
