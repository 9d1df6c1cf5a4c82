"""The tables of a shard out of what an earlier owner has left: money once; one that breaks breaks alone."""

from collections.abc import Collection, Mapping
from typing import cast

import pytest
import trio
from attrs import define, evolve, field
from trio.testing import MockClock

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import LedgerTable
from cardroom.wire.player import ActionKind
from cardroom.wire.refusals import Refusal
from node.journal.fields import FORM, MEMORY, deal_field, move_field
from node.journal.memory import memory_codec
from node.journal.port import ShardStore, StoredJournals
from node.journal.writer import JournalWriter
from node.sessions.fanout import Fanout, Framer
from node.settings import StakesFile
from node.shards.opening import NotOpened, TableMaker
from node.shards.recovering import Recovery
from node.tables.table import Table
from tests.node.tables.house import BUY_IN, HALF, LOG, SEAL, STAKE, TABLE, House, open_house, settle
from tests.node.tables.test_restoring import ledger_has

OTHER = TableId(2)
EMPTY = LedgerTable(OTHER, "Busan", "low", 6, False, None, 0, (), "", ())


@define
class Left:
    """What of journals is left; and what the writer is told to go on with."""

    journals: dict[TableId, dict[bytes, bytes]]
    adopted: dict[TableId, Mapping[bytes, bytes]] = field(factory=dict)

    async def read_journals(self, tables: Collection[TableId]) -> StoredJournals:
        await trio.lowlevel.checkpoint()
        return {one: fields for one, fields in self.journals.items() if one in tables}

    def adopt(self, table_id: TableId, fields: Mapping[bytes, bytes]) -> None:
        self.adopted[table_id] = fields


def left_by(house: House) -> Left:
    return Left({one: dict(fields) for one, fields in house.journal.kept.items()})


async def recovered(house: House, left: Left, *more: LedgerTable) -> dict[TableId, Table]:
    """Recover the shard: the house's table, and others."""
    told = ledger_has(house)
    house.ledger.tables[TABLE] = told
    recovery = Recovery(
        shard=ShardId(1),
        store=cast("ShardStore", left),
        writer=cast("JournalWriter", left),
        ledger=house.ledger,
        maker=TableMaker(
            StakesFile({"low": STAKE}),
            house.table.seats.game.limits,
            Fanout({one: Framer(one) for one in Encoding}),
            LOG,
        ),
        seal=SEAL,
        seconds=10.0,
        log=LOG,
    )
    tables = await recovery.recover([told, *more])
    return {one.seats.game.table_id: one for one in tables}


async def test_a_hand_in_play_and_its_fields_are_taken_over(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.dealt()
        house.to_act().act(ActionKind.CALL)
        await settle()
        left = left_by(house)
        tables = await recovered(house, left, EMPTY)
        assert tables[TABLE].left_by_owner is not None
        assert tables[TABLE].entry.run == house.table.entry.run, "who has heard all needs no snapshot"
        assert tables[OTHER].left_by_owner is None
        assert set(left.adopted) == {TABLE}
        assert set(left.adopted[TABLE]) == {deal_field(1), move_field(1, 1)}


async def test_a_buy_in_whose_money_came_unseen_is_seated(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.ledger.is_silent = True
        late = house.guest(3)
        late.sit(1)
        await settle()
        table = (await _loud(house))[TABLE]
        assert table.seats.stack(table.seats.held_by(late.user_id)) == BUY_IN
        assert table.entry.run != house.table.entry.run, "nobody was told, so everybody gets a snapshot"
        assert house.ledger.wallets[late.user_id] == 1_000_000 - BUY_IN
        assert house.ledger.total == house.money
        table.seats.check_balance()


async def _loud(house: House, left: Left | None = None) -> dict[TableId, Table]:
    """Recover from a journal that was left while the ledger was silent; the old node hears nothing more."""
    left = left or left_by(house)
    house.ledger._held_back.clear()
    house.ledger.is_silent = False
    return await recovered(house, left)


async def test_a_buy_in_that_was_refused_leaves_the_seat_free(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.ledger.is_silent = True
        house.guest(3, purse=Krw(5)).sit(1)
        await settle()
        table = (await _loud(house))[TABLE]
        assert not table.seats.holders
        assert table.entry.run != house.table.entry.run, "nobody was told, so everybody gets a snapshot"
        assert len(table.seats.free_seats) == 6
        assert house.ledger.wallets[UserId(3)] == 5


async def test_a_buy_in_that_the_ledger_never_saw_is_asked_for_once(autojump_clock: MockClock) -> None:
    """Its command was lost on the way: the journal has it, so it is asked for under the same id."""
    async with open_house() as house:
        house.ledger.is_silent = True
        late = house.guest(3)
        late.sit(1)
        await settle()
        (command_id,) = house.ledger.outcomes
        house.ledger.outcomes.clear()
        house.ledger.escrow.clear()
        house.ledger.wallets[late.user_id] = Krw(1_000_000)
        for _ in range(3):
            table = (await _loud(house))[TABLE]
            assert table.seats.stack(table.seats.held_by(late.user_id)) == BUY_IN
            assert command_id in house.ledger.outcomes
            assert house.ledger.total == house.money


async def test_a_top_up_is_paid_for_once_however_often_a_node_dies(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        house.ledger.is_silent = True
        one.top_up(50_000, request_id=500)
        await settle()
        for _ in range(3):
            table = (await _loud(house))[TABLE]
            holder = table.seats.held_by(one.user_id)
            assert (holder.escrow, holder.arriving) == (HALF + 50_000, 50_000)
            assert holder.answered_top_ups[500].refusal is None
            assert house.ledger.wallets[one.user_id] == 1_000_000 - HALF - 50_000


async def test_a_top_up_that_was_refused_is_known_as_refused(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt()
        house.ledger.is_silent, house.ledger.refuses = True, Refusal.FROZEN
        one.top_up(50_000, request_id=500)
        await settle()
        house.ledger.refuses = None
        holder = (await _loud(house))[TABLE].seats.held_by(one.user_id)
        assert (holder.escrow, holder.arriving, holder.top_up) == (HALF, 0, None)
        assert holder.answered_top_ups[500].refusal is Refusal.FROZEN


async def test_a_cash_out_is_paid_once_and_the_seat_is_free(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.heads_up()
        house.ledger.is_silent = True
        one.leave()
        await settle()
        left = left_by(house)
        for _ in range(2):
            table = (await _loud(house, left))[TABLE]
            assert [holder.user_id for holder in table.seats.holders.values()] == [two.user_id]
            assert house.ledger.wallets[one.user_id] == 1_000_000
            assert house.ledger.total == house.money


async def test_without_an_answer_the_shard_is_not_opened(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.ledger.is_silent = True
        house.guest(3).sit(1)
        await settle()
        with pytest.raises(NotOpened):
            await recovered(house, left_by(house))


def _other_form(fields: dict[bytes, bytes]) -> None:
    fields[FORM] = b"0"


def _no_deal(fields: dict[bytes, bytes]) -> None:
    del fields[deal_field(1)]


def _sealed_otherwise(fields: dict[bytes, bytes]) -> None:
    sealed = fields[deal_field(1)]
    fields[deal_field(1)] = sealed[:-1] + bytes([sealed[-1] ^ 1])


def _seats_astray(fields: dict[bytes, bytes]) -> None:
    memory = memory_codec().decode(fields[MEMORY])
    players = tuple(evolve(one, seat=SeatIndex(one.seat + 2)) for one in memory.players)
    fields[MEMORY] = memory_codec().encode(evolve(memory, players=players))


def _stacks_of_nobody(fields: dict[bytes, bytes]) -> None:
    memory = memory_codec().decode(fields[MEMORY])
    occupants = tuple(one and evolve(one, stack=Krw(one.stack + 1)) for one in memory.seating.seats)
    fields[MEMORY] = memory_codec().encode(evolve(memory, seating=evolve(memory.seating, seats=occupants)))


def _a_move_of_nobody(fields: dict[bytes, bytes]) -> None:
    fields[move_field(1, 1)] = bytes.fromhex("920209")


@pytest.mark.parametrize(
    "spoil",
    [_other_form, _no_deal, _sealed_otherwise, _seats_astray, _stacks_of_nobody, _a_move_of_nobody],
)
async def test_a_journal_that_does_not_fit_voids_its_own_hand_alone(
    autojump_clock: MockClock, spoil: object
) -> None:
    """Its players sit there with what lies in escrow, sitting out; the other table is opened all the same."""
    async with open_house() as house:
        await house.dealt()
        house.to_act().act(ActionKind.CALL)
        await settle()
        left = left_by(house)
        spoil(left.journals[TABLE])  # type: ignore[operator]
        tables = await recovered(house, left, EMPTY)
        assert set(tables) == {TABLE, OTHER}
        table = tables[TABLE]
        assert table.left_by_owner is None
        assert {one.user_id: table.seats.stack(one) for one in table.seats.holders.values()} == {
            1: HALF,
            2: BUY_IN,
        }
        assert left.adopted == {}
        table.seats.check_balance()


async def test_a_stake_that_is_not_on_offer_stays_closed_alone(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.dealt()
        tables = await recovered(house, left_by(house), evolve(EMPTY, stake="high"))
        assert set(tables) == {TABLE}
