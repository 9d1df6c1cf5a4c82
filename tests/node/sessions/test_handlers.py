"""Where a player's message goes, and which are refused before a table sees them."""

from trio.testing import MockClock

from cardroom.ids import TableId
from cardroom.wire.player import Hello, Leave, Ping, Resume
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import Pong, Refused
from node.sessions.handlers import handle
from node.settings import TableLimits
from node.tables.directory import Directory
from tests.node.tables.house import TABLE, open_house, settle


async def test_a_full_inbox_answers_busy_and_empties_again(autojump_clock: MockClock) -> None:
    async with open_house(limits=TableLimits(inbox=3)) as house:
        directory = Directory()
        directory.add(house.table.entry)
        guest = house.guest(1)
        await settle()
        for number in range(5):
            handle(Leave(number, TABLE, False), guest, TABLE, directory)
        assert guest.all(Refused) == [Refused(3, Refusal.BUSY), Refused(4, Refusal.BUSY)]
        await settle()
        handle(Leave(9, TABLE, False), guest, TABLE, directory)
        await settle()
        assert guest.last(Refused) == Refused(9, Refusal.NOT_SEATED)


async def test_other_tables_and_other_messages_are_refused_at_once() -> None:
    async with open_house() as house:
        directory = Directory()
        directory.add(house.table.entry)
        guest = house.guest(1)
        handle(Leave(1, TableId(77), False), guest, TABLE, directory)
        handle(Leave(2, TABLE, False), guest, TableId(5), directory)
        handle(Hello("again", ""), guest, TABLE, directory)
        handle(Resume("again", None), guest, TABLE, directory)
        handle(Ping(4), guest, TABLE, directory)
        assert guest.heard == [
            Refused(1, Refusal.NO_SUCH_TABLE),
            Refused(2, Refusal.FORBIDDEN),
            Refused(None, Refusal.UNEXPECTED_MESSAGE),
            Refused(None, Refusal.UNEXPECTED_MESSAGE),
            Pong(4),
        ]
