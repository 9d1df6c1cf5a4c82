"""A table with players who are values in memory: real actor, real rules, no sockets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar, cast

import trio
import trio.testing
from attrs import define, field

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.money import BasisPoints, Krw
from cardroom.service.logs import open_log
from cardroom.service.settings import LogSettings, Secret
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Emote
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import LedgerTable, SeatEscrow
from cardroom.wire.moved import Moved
from cardroom.wire.notices import PlayerNotice
from cardroom.wire.place import Place, PlaceChanged
from cardroom.wire.refusals import Refusal
from node.journal.seal import DeckSeal
from node.rules.cards import FULL_DECK, parse_cards
from node.sessions.fanout import Fanout, Framer
from node.settings import ConnectionTime, RakeSettings, StakeSettings, StakesFile, TableLimits, TimeBank
from node.shards.opening import TableMaker, set_up_table
from node.shards.table_tasks import keep_table_running
from node.tables.commands import Ask, Command, TellNotice, Unwatch, Watch
from node.tables.deck import Shuffle, shuffled_deck
from node.tables.table import Table, TableServices
from tests.fakes.journal import JournalInMemory
from tests.fakes.ledger import LedgerInMemory

Heard = TypeVar("Heard")

TABLE = TableId(1)
STAKE = StakeSettings(
    small_blind=Krw(1_000),
    big_blind=Krw(2_000),
    rake=RakeSettings(BasisPoints(500), 3),
    heads_up_rake=RakeSettings(BasisPoints(500), 1),
    time_bank=TimeBank(first_seconds=0.0, gift_seconds=0.0),
    connection_time=ConnectionTime(allowed_breaks=0),
)
"""A game with no time but the clock's; time bank and broken connections have tests of their own."""
PURSE = Krw(1_000_000)
BUY_IN, HALF = Krw(200_000), Krw(100_000)
_FIRST = parse_cards("KsAsKhAh2c7d9h3s4sQc")
FIRST_SEAT_WINS = (*_FIRST, *(card for card in FULL_DECK if card not in _FIRST))
"""A deck for two: the big blind of the first hand, who is dealt first, has kings, the button aces."""
NO_COMMAND = cast("Command", "a mistake of ours")
"""What no table understands: its task breaks off."""
CODECS = {encoding: wire.table_codec(encoding) for encoding in Encoding}
LOG = open_log(LogSettings(level="error"), "tests")
SEAL = DeckSeal(Secret("a key of the tests"))


@define
class Guest:
    """A viewer that keeps every message it got, decoded from the very bytes that would go out."""

    user_id: UserId
    table: Table
    nickname: str = field(init=False)
    encoding: Encoding = Encoding.MSGPACK
    address: str = "192.0.2.1"
    heard: list[wire.TableMessage] = field(factory=list)
    kicked: wire.CloseCode | None = None
    _requests: int = 0

    def __attrs_post_init__(self) -> None:
        self.nickname = f"player-{self.user_id}"

    def answer(self, message: wire.TableMessage) -> None:
        self.heard.append(message)

    def offer_frames(self, frames: bytes) -> None:
        """Take frames apart: a two-byte or four-byte header, then the message."""
        codec = CODECS[self.encoding]
        while frames:
            length, start = frames[1], 2
            assert length != 127, "no message to a player is that long"
            if length == 126:
                length, start = int.from_bytes(frames[2:4]), 4
            self.heard.append(codec.decode(frames[start : start + length]))
            frames = frames[start + length :]

    def notify(self, notice: PlayerNotice) -> None:
        self.table.entry.inbox.hint(TellNotice(self, notice))

    def kick(self, code: wire.CloseCode) -> None:
        self.kicked = code

    def move(self, url: str) -> None:
        self.answer(Moved(self.table.seats.game.table_id, url, "a token"))
        self.kick(wire.CloseCode.MOVED)

    def ask(self, request: asks.TableRequest) -> None:
        assert self.table.entry.inbox.offer(Ask(self, request, trio.current_time()))

    def next_id(self) -> int:
        self._requests += 1
        return self._requests

    def sit(self, seat: int | None = None, buy_in: Krw = BUY_IN) -> None:
        wanted = None if seat is None else SeatIndex(seat)
        self.ask(asks.SitDown(self.next_id(), TABLE, wanted, buy_in, posts_blind=True))

    def leave(self, *, after_hand: bool = False) -> None:
        self.ask(asks.Leave(self.next_id(), TABLE, after_hand))

    def sit_out(self, *, at_big_blind: bool = False) -> None:
        self.ask(asks.SitOut(self.next_id(), TABLE, at_big_blind))

    def sit_in(self, *, posts_blind: bool = True) -> None:
        self.ask(asks.SitIn(self.next_id(), TABLE, posts_blind))

    def top_up(self, amount: int, request_id: int | None = None) -> None:
        self.ask(asks.TopUp(request_id or self.next_id(), TABLE, Krw(amount)))

    def auto_top_up(self, up_to: int) -> None:
        self.ask(asks.AutoTopUp(self.next_id(), TABLE, Krw(up_to)))

    def join_waiting_list(self) -> None:
        self.ask(asks.JoinWaitingList(self.next_id(), TABLE))

    def leave_waiting_list(self) -> None:
        self.ask(asks.LeaveWaitingList(self.next_id(), TABLE))

    def resync(self, last_seq: int | None) -> None:
        self.ask(asks.Resync(self.next_id(), TABLE, last_seq))

    def act(self, kind: asks.ActionKind, amount: int = 0) -> None:
        """Use the turn that was announced last."""
        began = self.last(wire.TurnBegan)
        self.act_in(began.hand_no, began.turn.turn, kind, amount)

    def act_in(self, hand_no: int, turn: int, kind: asks.ActionKind, amount: int = 0) -> None:
        """Act in this turn, as good or late as that is."""
        self.ask(asks.Act(self.next_id(), TABLE, hand_no, turn, kind, Krw(amount)))

    def straddle(self, *, straddles: bool = True) -> None:
        self.ask(asks.Straddle(self.next_id(), TABLE, straddles))

    def run_it_twice(self, *, agrees: bool = True) -> None:
        """Answer the offer that was made last."""
        offered = self.last(wire.RunItTwiceOffered)
        self.ask(asks.RunItTwice(self.next_id(), TABLE, offered.hand_no, agrees))

    def show(self, *cards: int, hand_no: int | None = None) -> None:
        """Show cards of the hand that was dealt last."""
        number = self.last(wire.HandStarted).hand_no if hand_no is None else hand_no
        shown = tuple(CardCode(card) for card in cards)
        self.ask(asks.ShowCards(self.next_id(), TABLE, number, shown))

    def say(self, text: str) -> None:
        self.ask(asks.Chat(self.next_id(), TABLE, text))

    def emote(self, emote: Emote = Emote.NICE_HAND) -> None:
        self.ask(asks.ShowEmote(self.next_id(), TABLE, emote))

    def mute(self, user: int, *, muted: bool = True) -> None:
        self.ask(asks.Mute(self.next_id(), TABLE, UserId(user), muted))

    def prove(self, hand_no: int) -> None:
        self.ask(asks.Prove(self.next_id(), TABLE, hand_no))

    def all(self, kind: type[Heard]) -> list[Heard]:
        return [message for message in self.heard if isinstance(message, kind)]

    def last(self, kind: type[Heard]) -> Heard:
        return next(message for message in reversed(self.heard) if isinstance(message, kind))

    @property
    def place(self) -> Place:
        """The player's own business with the table, as it was told last."""
        for message in reversed(self.heard):
            if isinstance(message, wire.Snapshot):
                return message.you
            if isinstance(message, PlaceChanged):
                return message.place
        raise AssertionError("who watches is told the own place")

    @property
    def refusals(self) -> list[Refusal]:
        """All that was refused, the first first."""
        return [refused.code for refused in self.all(wire.Refused)]


@define
class House:
    """One table that runs, its ledger and its guests."""

    table: Table
    ledger: LedgerInMemory
    journal: JournalInMemory = field(factory=JournalInMemory)
    may_deal: bool = True
    guests: dict[int, Guest] = field(factory=dict)
    money: int = 0
    """All that was ever put into wallets."""

    def guest(self, user: int, purse: Krw = PURSE, address: str = "192.0.2.1", invitation: str = "") -> Guest:
        """Let a player with a wallet watch the table, or ask to."""
        guest = self.guests[user] = Guest(UserId(user), self.table, address=address)
        self.give_wallet(guest.user_id, purse)
        self.table.entry.inbox.deliver(Watch(guest, invitation=invitation))
        return guest

    def give_wallet(self, user_id: UserId, purse: Krw) -> None:
        """Let a player have money, who has no wallet yet."""
        if user_id not in self.ledger.wallets:
            self.ledger.wallets[user_id] = purse
            self.money += purse

    def comes_back(self, guest: Guest, last_seq: int | None = None) -> Guest:
        """Let a player connect again, who has heard the events up to this one."""
        device = Guest(guest.user_id, self.table, encoding=guest.encoding, address=guest.address)
        self.table.entry.inbox.deliver(Watch(device, last_seq))
        return device

    def goes(self, guest: Guest) -> None:
        """Let a connection end."""
        self.table.entry.inbox.deliver(Unwatch(guest))

    async def crash(self) -> None:
        """Let the table's task break off, and wait until a new one serves the table."""
        self.table.entry.inbox.deliver(NO_COMMAND)
        await trio.sleep(0.6)

    def check_money(self) -> None:
        """Assert that no won is lost or made, and that what is shown is what the ledger has (rule 44)."""
        assert self.ledger.total == self.money
        seats, history = self.table.seats, self.table.history
        seats.check_balance()
        shown = history.public.at(history.table_seq, history.hand_no)
        here = sum(
            holder.escrow + seats.settlements.net_of(holder.user_id) - holder.arriving
            for holder in seats.holders.values()
        )
        assert sum(seat.stack for seat in shown.seats) + shown.pot == here

    def stack(self, guest: Guest) -> int:
        """Give a player's chips between hands."""
        return self.table.seats.stack(self.table.seats.held_by(guest.user_id))

    def to_act(self) -> Guest:
        """Give the guest whose turn was announced last."""
        anybody = next(iter(self.guests.values()))
        seat = anybody.last(wire.TurnBegan).turn.seat
        return self.guests[self.table.seats.holders[seat].user_id]

    async def heads_up(self, first: int = HALF, second: int = BUY_IN) -> tuple[Guest, Guest]:
        """Seat two players; the first one is on the button in the first hand."""
        one, two = self.guest(1), self.guest(2)
        one.sit(0, Krw(first))
        two.sit(3, Krw(second))
        await settle()
        self.check_money()
        return one, two

    async def dealt(self, first: int = HALF, second: int = BUY_IN) -> tuple[Guest, Guest]:
        """Seat two players and wait for the first hand."""
        players = await self.heads_up(first, second)
        await trio.sleep(1.01)
        return players

    async def fold(self) -> None:
        """Let whose turn it is fold."""
        self.to_act().act(asks.ActionKind.FOLD)
        await settle()

    async def all_in(self) -> None:
        """Heads-up: let both put in all they have."""
        for _ in range(2):
            self.to_act().act(asks.ActionKind.ALL_IN)
            await settle()

    async def play_passively(self) -> None:
        """Check or call until the hand in play has ended."""
        anybody = next(iter(self.guests.values()))
        ended = len(anybody.all(wire.HandEnded))
        while len(anybody.all(wire.HandEnded)) == ended:
            legal = anybody.last(wire.TurnBegan).turn.legal
            self.to_act().act(asks.ActionKind.CHECK if legal.can_check else asks.ActionKind.CALL)
            await settle()


async def until(holds: Callable[[], bool], seconds: float = 8.0) -> None:
    """Wait, with real sockets, until something holds."""
    with trio.fail_after(seconds):
        while True:
            if holds():
                return
            await trio.sleep(0.01)


async def settle() -> None:
    """Let every task do what it can without time passing."""
    await trio.testing.wait_all_tasks_blocked()


@asynccontextmanager
async def open_house(
    seats: int = 6,
    shuffle: Shuffle = shuffled_deck,
    limits: TableLimits | None = None,
    stake: StakeSettings = STAKE,
    invitation: str = "",
    escrow: tuple[SeatEscrow, ...] = (),
) -> AsyncIterator[House]:
    """Run one table; the pause between hands is one (mock) second. Who has escrow there holds a seat."""
    limits = limits or TableLimits(between_hands_seconds=1.0, after_showdown_seconds=1.0)
    maker = TableMaker(
        StakesFile({"low": stake}), limits, Fanout({encoding: Framer(encoding) for encoding in Encoding}), LOG
    )
    told = LedgerTable(TABLE, "Seoul", "low", seats, False, None, 0, escrow, invitation, ())
    lying = {(TABLE, one.seat): (one.user_id, one.amount) for one in escrow}
    house = House(set_up_table(told, ShardId(1), maker), LedgerInMemory({}, lying))
    house.money = house.ledger.total
    services = TableServices(house.ledger, house.journal, SEAL, shuffle, lambda: house.may_deal)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_table_running, house.table, services)
        await settle()
        yield house
        nursery.cancel_scope.cancel()
