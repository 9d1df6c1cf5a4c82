"""A reconnect storm: many connections break at one instant, and all of them come back."""

from collections.abc import Sequence
from random import Random

from loadtest.bot import Bot
from loadtest.profile import Storm
from loadtest.share import Share
from loadtest.tally import Tally


def break_connections(storm: Storm, bots: Sequence[Bot], share: Share, tally: Tally) -> None:
    """Break the connections of a share of the bots; each one's way back is measured as a wait, ``storm``."""
    random = Random(f"storm-{share.profile.seed}-{share.index}")  # noqa: S311 (play, not secrets)
    for bot in random.sample(bots, round(storm.share * len(bots))):
        if bot.break_off():
            tally.count("storm_broken")
