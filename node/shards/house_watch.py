"""What the node knows of the house: whether all play is frozen."""

from contextlib import closing
from typing import Final

import trio
from attrs import define, field

from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors
from cardroom.service.redis_line import RedisLine
from cardroom.wire import keys
from cardroom.wire.house import HouseWord, read_house
from node.tables.commands import HearHouse
from node.tables.directory import Directory

LOOK_SECONDS: Final = 1.0


@define
class HouseWatch:
    """Reads the word of the house again and again, and tells the tables when it is another.

    The last word stands while there is none, or Redis is away; an older one is passed over.
    """

    redis: Redis
    directory: Directory
    log: Log
    seconds: float = LOOK_SECONDS
    word: HouseWord = field(factory=HouseWord)
    has_looked: bool = False
    """Whether a word, or that there is none, was read since the start: before, no shard is taken."""

    async def run(self) -> None:
        """Look until cancelled."""
        is_away = False
        with closing(make_line(self.redis)) as line:
            while True:
                try:
                    await self.look(line)
                    is_away = False
                except RedisAway as away:
                    if not is_away:
                        self.log.warning("house.redis_away", reason=str(away))
                    is_away = True
                await trio.sleep(self.seconds)

    async def look(self, line: RedisLine) -> None:
        """Read once; raises ``RedisAway``."""
        with redis_errors():
            (found,) = await line.ask((b"HGETALL", keys.house()))
        assert isinstance(found, list), "fields and their values in turn"
        self.hear(read_house(dict(zip(found[::2], found[1::2], strict=True))))
        self.has_looked = True

    def hear(self, word: HouseWord | None) -> None:
        """Take a word; every table of this node is told of a new one."""
        if word is None or word == self.word or word.number < self.word.number:
            return
        self.word = word
        self.log.warning("house.play_frozen", is_frozen=word.is_play_frozen, number=word.number)
        for entry in self.directory:
            entry.inbox.deliver(HearHouse(word))
