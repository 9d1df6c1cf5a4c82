"""All around a table: players on several devices and watchers, who come, go, talk and ask for proofs."""

from collections.abc import Callable
from random import Random

from attrs import define, field

from cardroom.ids import UserId
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Emote
from cardroom.wire.codec import Encoding
from node.tables.commands import Announce, Watch
from tests.node.tables.house import House, settle
from tests.node.tables.random_play import DEEP_PURSE
from tests.node.tables.recorder import Recorder

WATCHERS = (91, 92, 93)
MOST_DEVICES = 8
"""So many connections besides the players' first ones and the one that watches it all."""


@define
class Crowd:
    """At every step some of them do something. The first device of each player never goes."""

    house: House
    draw: Random
    players: list[Recorder] = field(factory=list)
    """The first device of each player."""
    lines: list[Recorder] = field(factory=list)
    """All devices there ever were, gone ones too."""
    away: list[Recorder] = field(factory=list)
    devices: list[Recorder] = field(factory=list)
    shown: list[tuple[UserId, int, tuple[CardCode, ...]]] = field(factory=list)
    """Who has asked to show which cards of which hand."""
    crashes: int = 0

    def enter(self, *users: int) -> Recorder:
        """Let one who watches it all come first, then the players."""
        steady = self._connect(99)
        for user in users:
            self.players.append(self._connect(user))
            self.house.guests[user] = self.players[-1]
        return steady

    def _connect(self, user: int) -> Recorder:
        """Let somebody connect who has heard nothing yet."""
        encoding = list(Encoding)[len(self.lines) % 2]
        line = Recorder(UserId(user), self.house.table, encoding=encoding)
        self.house.give_wallet(line.user_id, DEEP_PURSE)
        self.house.table.entry.inbox.deliver(Watch(line))
        self.lines.append(line)
        return line

    async def stir(self) -> None:
        """Let some do something, and see that nothing is wrong."""
        if self.draw.random() < 0.002:
            await self._crash()
        for _ in range(self.draw.randrange(3)):
            self._do_something()
        await settle()
        if self.house.ledger.is_silent and self.draw.random() < 0.3:
            self.house.ledger.speak()
            await settle()

    def _do_something(self) -> None:
        line = self.draw.choice([*self.players, *(one for one in self.devices if one not in self.away)])
        doings: list[Callable[[Recorder], None]] = [
            self._prove,
            self._prove,
            self._come,
            self._go,
            self._return,
            self._return,
            self._talk,
            self._show,
            self._resync,
            self._announce,
            self._silence_ledger,
        ]
        self.draw.choice(doings)(line)

    def _prove(self, line: Recorder) -> None:
        line.prove(self.house.table.history.hand_no - self.draw.choice((0, 0, 0, 1, 2, 19, 20, 21)))

    def _come(self, line: Recorder) -> None:
        """Another device of a player, or a watcher, comes; the oldest one goes for good."""
        user = self.draw.choice([*(int(player.user_id) for player in self.players), *WATCHERS])
        self.devices.append(self._connect(user))
        if len(self.devices) > MOST_DEVICES:
            gone = self.devices.pop(0)
            if gone in self.away:
                self.away.remove(gone)
            self.house.goes(gone)

    def _go(self, line: Recorder) -> None:
        """A connection breaks."""
        if line not in self.players:
            self.away.append(line)
            self.house.goes(line)

    def _return(self, line: Recorder) -> None:
        """A broken connection is taken up where it was."""
        if self.away:
            back = self.away.pop(self.draw.randrange(len(self.away)))
            numbered = wire.Snapshot | wire.TableEvent
            heard = (one.table_seq for one in reversed(back.heard) if isinstance(one, numbered))
            self.house.table.entry.inbox.deliver(Watch(back, last_seq=next(heard, None)))

    def _talk(self, line: Recorder) -> None:
        match self.draw.randrange(3):
            case 0:
                line.say(f"this is hand {self.house.table.history.hand_no}")
            case 1:
                line.emote(self.draw.choice(list(Emote)))
            case _:
                line.mute(self.draw.randrange(1, 6), muted=self.draw.random() < 0.5)

    def _show(self, line: Recorder) -> None:
        """Ask for a card to be shown that is anybody's, of a hand that may be played still."""
        card, hand_no = CardCode(self.draw.randrange(52)), self.house.table.history.hand_no
        self.shown.append((line.user_id, hand_no, (card,)))
        line.show(card, hand_no=hand_no)

    def _resync(self, line: Recorder) -> None:
        newest = self.house.table.history.table_seq
        line.resync(self.draw.choice((None, newest, max(0, newest - self.draw.randrange(300)))))

    def _announce(self, line: Recorder) -> None:
        self.house.table.entry.inbox.deliver(Announce("the bar is open", lambda table_seq: None))

    def _silence_ledger(self, line: Recorder) -> None:
        self.house.ledger.is_silent = True

    async def _crash(self) -> None:
        self.crashes += 1
        await self.house.crash()
