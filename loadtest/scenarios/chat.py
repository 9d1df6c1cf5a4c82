"""Players who talk: so many lines a minute each, at tables where they sit."""

from collections.abc import Sequence
from random import Random

from cardroom.client import ClientError
from loadtest.bot import Bot
from loadtest.habits import LINES
from loadtest.profile import Chatting
from loadtest.share import Share
from loadtest.stop import Stop

_MINUTE_SECONDS = 60.0


async def chat(chatting: Chatting, bots: Sequence[Bot], share: Share, stop: Stop) -> None:
    """Let one bot after another say something; those that are not at a table are passed over."""
    random = Random(f"chat-{share.profile.seed}-{share.index}")  # noqa: S311 (play, not secrets)
    lines_per_second = chatting.lines_per_minute * len(bots) / _MINUTE_SECONDS
    while not stop.is_ordered:
        await stop.pause(random.expovariate(lines_per_second))
        visit = random.choice(bots).visit
        if visit is None or stop.is_ordered:
            continue
        try:
            await visit.say(random.choice(LINES))
        except ClientError:
            continue  # the bot itself finds out that its connection is gone
