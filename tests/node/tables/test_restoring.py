"""A table out of its journal is the table that was, at every moment of random play; or the hand is void."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from uuid import uuid4

import pytest
import trio
from attrs import define, evolve
from trio.testing import MockClock

from cardroom.ids import HandId, SeatIndex, ShardId, UserId
from cardroom.money import Krw
from cardroom.service.settings import Secret
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import LedgerTable, SeatEscrow
from cardroom.wire.player import ActionKind
from cardroom.wire.state_hash import hash_state
from node.journal.fields import JournalReader, TableJournal
from node.journal.memory import TableMemory
from node.journal.seal import DeckSeal
from node.sessions.fanout import Fanout, Framer
from node.settings import StakesFile
from node.shards.opening import RestoredTable, TableMaker, set_up_table
from node.shards.table_tasks import keep_table_running
from node.tables.deck import shuffled_deck
from node.tables.remembering import remember
from node.tables.restoring import DoesNotFit, commands_under_way, kept_fields, restore_hands
from node.tables.table import Table, TableServices
from tests.node.tables.house import HALF, LOG, SEAL, STAKE, TABLE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle
from tests.node.tables.test_table_life import LIMITS, STAKES


def ledger_has(house: House) -> LedgerTable:
    """Give the table as the ledger would tell it to a new owner."""
    game, ledger = house.table.seats.game, house.ledger
    last = ledger.settled[-1] if ledger.settled else None
    lying = tuple(
        SeatEscrow(user_id, f"player-{user_id}", seat, amount)
        for (_, seat), (user_id, amount) in sorted(ledger.escrow.items())
        if amount > 0
    )
    hand_id, hand_no = (last.hand_id, last.hand_no) if last else (None, 0)
    return LedgerTable(TABLE, game.name, "low", game.seat_count, False, hand_id, hand_no, lying, "", ())


def journal_of(house: House) -> TableJournal:
    return JournalReader().read(house.journal.kept[TABLE])


def restored(house: House, told: LedgerTable | None = None, seal: DeckSeal = SEAL) -> Table:
    """Set the table up as a new owner would, from the bytes of the journal."""
    told, journal = told or ledger_has(house), journal_of(house)
    stakes = StakesFile({"low": STAKES if told.seat_count == 4 else STAKE})
    fanout = Fanout({one: Framer(one) for one in Encoding})
    maker = TableMaker(stakes, house.table.seats.game.limits, fanout, LOG)
    under_way = commands_under_way(journal.memory, told)
    outcomes = {command_id: house.ledger.outcomes[command_id] for command_id in under_way}
    hands = restore_hands(journal, told, seal)
    return set_up_table(told, ShardId(1), maker, RestoredTable(journal, hands, outcomes))


def state_of(table: Table) -> bytes:
    history = table.history
    return hash_state(history.public.at(history.table_seq, history.hand_no))


def memory_of(table: Table, now: float) -> TableMemory:
    """What a table remembers, but for the time that passes, and for who is known to be awake by an action."""
    memory = remember(table.seats, table.invitations, table.entry.run, now)
    return evolve(
        memory,
        offers=tuple(evolve(offer, left_ms=0) for offer in memory.offers),
        players=tuple(evolve(player, time_outs=0) for player in memory.players),
    )


@define
class Heir:
    """Sets the table up anew after every step, and holds it against the one that plays."""

    house: House
    decks: RecordingShuffle
    draw: Random
    in_play: int = 0
    between: int = 0
    resubmitted: int = 0
    told_before: LedgerTable | None = None
    settled_before: int = 0

    async def look(self) -> None:
        live, again = self.house.table, restored(self.house)
        live.seats.check_balance()
        again.seats.check_balance()
        if self.told_before is not None:
            self._look_behind_the_ledger(self.told_before)
        elif not any(holder.command_id for holder in live.seats.holders.values()):
            self._compare(live, again)
        if self.told_before is None and self.draw.random() < 0.05:
            self.told_before, self.settled_before = ledger_has(self.house), len(self.house.ledger.settled)
            self.house.ledger.is_silent = True
        elif self.told_before is not None and self.draw.random() < 0.1:
            self.told_before = None
            self.house.ledger.speak()
            await settle()

    def _compare(self, live: Table, again: Table) -> None:
        now = trio.current_time()
        assert again.history.table_seq == live.history.table_seq
        assert again.entry.run == live.entry.run
        assert state_of(again) == state_of(live)
        assert memory_of(again, now) == memory_of(live, now)
        assert again.rail.chat.remember(now) == live.rail.chat.remember(now)
        if again.left_by_owner is None:
            self.between += 1
        else:
            self.in_play += 1
            assert again.left_by_owner.play.deck.in_order == self.decks.decks[-1]

    def _look_behind_the_ledger(self, told: LedgerTable) -> None:
        """The ledger has lost what was sent since: the very same settlements are sent again."""
        again = restored(self.house, told)
        expected = tuple(self.house.ledger.settled[self.settled_before :])
        assert again.resubmits == expected
        self.resubmitted += len(expected)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_at_every_moment_the_journal_gives_the_same_table(autojump_clock: MockClock, seed: int) -> None:
    decks = RecordingShuffle(Random(seed))
    async with open_house(seats=4, shuffle=decks, stake=STAKES, limits=LIMITS) as house:
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 7)]
        await settle()
        heir = Heir(house, decks, Random(seed))
        await RandomPlay(house, players, Random(seed), heir.look, with_features=True).play(40)
        assert not house.table.has_crashed
        assert min(heir.in_play, heir.between, heir.resubmitted) > 20


@asynccontextmanager
async def gone_on_with(house: House) -> AsyncIterator[House]:
    """Let another owner go on with the table of a house whose owner is gone."""
    heir = House(restored(house), house.ledger, money=house.money)
    heir.journal.kept[TABLE] = kept_fields(journal_of(house), journal_of(house).hands)
    services = TableServices(heir.ledger, heir.journal, SEAL, shuffled_deck, lambda: heir.may_deal)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_table_running, heir.table, services)
        await settle()
        yield heir
        nursery.cancel_scope.cancel()


def returned(heir: House, *before: Guest) -> list[Guest]:
    """Let players come back with what they had heard last."""
    guests = []
    for guest in before:
        heard = [one.table_seq for one in guest.heard if isinstance(one, wire.TableEvent | wire.Snapshot)]
        guests.append(heir.comes_back(Guest(guest.user_id, heir.table), max(heard)))
        guests[-1]._requests = 1000
        heir.guests[guest.user_id] = guests[-1]
    return guests


async def test_a_hand_goes_on_where_it_stood_and_players_need_no_snapshot(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        players = await house.dealt()
        house.to_act().act(ActionKind.CALL)
        await trio.sleep(7)  # half of the next one's time is over
        async with gone_on_with(house) as heir:
            guests = returned(heir, *players)
            await settle()
            for guest, before in zip(guests, players, strict=True):
                assert not guest.all(wire.Snapshot)
                extended = guest.last(wire.TimeExtended)
                assert extended.table_seq == before.last(wire.TurnBegan).table_seq + 1
                assert extended.left_ms in (14_999, 15_000), "the clock is fresh"
                guest.heard.insert(0, before.last(wire.TurnBegan))
            await heir.play_passively()
            heir.check_money()
            assert guests[0].last(wire.HandEnded).hand_id == players[0].last(wire.HandStarted).hand_id
            assert [hand.hand_no for hand in heir.ledger.settled] == [1]
            await trio.sleep(2)
            assert guests[0].last(wire.HandStarted).hand_no == 2


async def test_an_action_that_was_done_is_not_done_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        players = await house.dealt()
        actor = house.to_act()
        began = actor.last(wire.TurnBegan)
        act = asks.Act(77, TABLE, began.hand_no, began.turn.turn, ActionKind.CALL, Krw(0))
        actor.ask(act)
        await settle()
        async with gone_on_with(house) as heir:
            guests = returned(heir, *players)
            again = next(guest for guest in guests if guest.user_id == actor.user_id)
            again.ask(act)
            again.ask(evolve(act, kind=ActionKind.FOLD))
            await settle()
            assert again.all(wire.Done) == [wire.Done(77)]
            assert again.all(wire.Refused) == [wire.Refused(77, again.refusals[0])]
            assert not again.all(wire.Acted)


async def _in_play(house: House) -> None:
    await house.dealt()
    house.to_act().act(ActionKind.CALL)
    await settle()


@pytest.mark.parametrize(
    "differs",
    [
        lambda told: evolve(told, last_hand_id=HandId(uuid4()), last_hand_no=1),  # voided: nobody played it
        lambda told: evolve(told, escrow=told.escrow[:1]),  # somebody was paid out
        lambda told: evolve(told, escrow=(evolve(told.escrow[0], user_id=UserId(9)), told.escrow[1])),
        lambda told: evolve(told, escrow=(evolve(told.escrow[0], amount=Krw(5)), told.escrow[1])),
        lambda told: evolve(told, seat_count=9),
    ],
    ids=["another hand", "paid out", "another player", "less", "other seats"],
)
async def test_a_hand_that_does_not_fit_is_void(autojump_clock: MockClock, differs: object) -> None:
    async with open_house() as house:
        await _in_play(house)
        with pytest.raises(DoesNotFit):
            restored(house, differs(ledger_has(house)))  # type: ignore[operator]


async def test_a_deck_that_does_not_open_is_void(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await _in_play(house)
        with pytest.raises(DoesNotFit):
            restored(house, seal=DeckSeal(Secret("another key")))


async def test_chips_that_nobody_was_told_of_play_from_the_next_hand(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        house.ledger.is_silent = True
        one.top_up(50_000, request_id=500)
        await settle()
        async with gone_on_with(house) as heir:
            holder = heir.table.seats.held_by(one.user_id)
            assert (holder.arriving, holder.escrow, holder.command_id) == (50_000, HALF + 50_000, None)
            (again,) = returned(heir, one)
            again.top_up(50_000, request_id=500)
            await settle()
            assert again.all(wire.Done) == [wire.Done(500)]
            assert heir.table.seats.held_by(one.user_id).escrow == HALF + 50_000
            heir.check_money()


async def test_a_seat_whose_money_came_unseen_is_the_players(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        players = await house.dealt()
        house.ledger.is_silent = True
        late, poor = house.guest(3), house.guest(4, purse=Krw(0))
        late.sit(1)
        poor.sit(4)
        await settle()
        table = restored(house)
        assert {holder.user_id for holder in table.seats.holders.values()} == {1, 2, 3}
        assert table.seats.stack(table.seats.held_by(late.user_id)) == 200_000
        assert table.seats.free_seats == tuple(map(SeatIndex, (2, 4, 5)))
        assert len(players) == 2
