"""Players who sit nowhere and look at the lobby every few seconds, as people do who have not chosen yet."""

from random import Random

import trio

from cardroom.client import ClientError
from loadtest.entrance import Entrance
from loadtest.profile import LobbyWatchers
from loadtest.share import Share
from loadtest.stop import Stop
from loadtest.tally import Tally


async def watch_lobby(
    watching: LobbyWatchers, share: Share, entrance: Entrance, tally: Tally, stop: Stop
) -> None:
    """Let all watchers of this process look; each call is counted under the route ``lobby``."""
    async with trio.open_nursery() as nursery:
        for number in range(1, watching.watchers + 1):
            random = Random(f"lobby-{share.profile.seed}-{share.index}-{number}")  # noqa: S311 (play)
            nursery.start_soon(_watch, watching, share, number, random, (entrance, tally, stop))


async def _watch(
    watching: LobbyWatchers,
    share: Share,
    number: int,
    random: Random,
    place: tuple[Entrance, Tally, Stop],
) -> None:
    entrance, tally, stop = place
    who = share.account_of(number)
    account = entrance.account()
    await stop.pause(random.random() * max(share.start_seconds, watching.period_seconds))
    while not stop.is_ordered:
        try:
            if account.login is None:
                await entrance.log_in(account, who)
            await entrance.look_at_lobby(account)
            tally.count("lobby_looks")
        except ClientError as error:
            tally.count(f"lobby_failed_{type(error).__name__}")
        await stop.pause(watching.period_seconds * random.uniform(0.5, 1.5))
