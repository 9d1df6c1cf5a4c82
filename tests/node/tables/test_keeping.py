"""What a table's steps change in its journal, read again by who reads journals."""

from uuid import UUID

from attrs import evolve

from cardroom.ids import HandId, SeatIndex
from node.journal.fields import (
    FORM,
    FORM_NUMBER,
    MEMORY,
    TALK,
    TOLD,
    JournaledHand,
    JournalReader,
    deal_field,
    move_field,
)
from node.journal.memory import TableMemory
from node.journal.moves import ClockActs, PlayerLeaves
from node.journal.port import Changes
from node.tables.keeping import Keeper
from tests.node.journal.written import DEAL
from tests.node.journal.written import MEMORY as REMEMBERED
from tests.node.journal.written import TALK as TALKED

SEATED = evolve(REMEMBERED, players=(evolve(REMEMBERED.players[0], buy_in=None),))
NEXT = evolve(DEAL, hand_no=9, hand_id=HandId(UUID(int=6)), previous_hand_id=DEAL.hand_id)
ACTS, LEAVES = ClockActs(SeatIndex(0)), PlayerLeaves(SeatIndex(1))


def begun() -> Keeper:
    """A keeper whose first step is over."""
    keeper = Keeper()
    keeper.take_changes(5, SEATED, None)
    return keeper


def changed(keeper: Keeper, seq: int = 5, memory: TableMemory | None = None) -> Changes:
    changes = keeper.take_changes(seq, memory, None)
    assert changes is not None
    return changes


def test_the_first_step_writes_down_form_number_and_memory() -> None:
    keeper = Keeper()
    assert keeper.is_touched
    changes = keeper.take_changes(5, SEATED, TALKED)
    assert changes is not None
    assert set(changes.fields) == {FORM, TOLD, MEMORY, TALK}
    assert (changes.fields[FORM], changes.fields[TOLD]) == (FORM_NUMBER, b"5")
    journal = JournalReader().read(changes.fields)
    assert (journal.memory, journal.talk, journal.table_seq) == (SEATED, TALKED, 5)


def test_a_step_that_changes_nothing_keeps_nothing() -> None:
    keeper = begun()
    assert keeper.take_changes(5, None, None) is None
    assert keeper.take_changes(5, SEATED, None) is None, "the same memory need not be written again"


def test_what_was_looked_at_is_not_touched_any_more() -> None:
    keeper = begun()
    keeper.is_touched = keeper.is_talked = True
    keeper.take_changes(5, SEATED, TALKED)
    assert not keeper.is_touched
    assert not keeper.is_talked


def test_a_number_a_memory_and_the_talk_that_are_others_are_kept() -> None:
    keeper = begun()
    assert set(changed(keeper, seq=6).fields) == {TOLD}
    assert set(changed(keeper, seq=6, memory=evolve(SEATED, waiting=())).fields) == {MEMORY}
    talked = keeper.take_changes(6, None, TALKED)
    assert talked is not None
    assert set(talked.fields) == {TALK}


def test_moves_are_counted_from_one_in_their_hand() -> None:
    keeper = begun()
    keeper.dealt(DEAL)
    keeper.moved(ACTS)
    assert set(changed(keeper).fields) == {deal_field(8), move_field(8, 1)}
    keeper.moved(LEAVES)
    assert set(changed(keeper).fields) == {move_field(8, 2)}
    keeper.dealt(NEXT)
    keeper.moved(ACTS)
    assert set(changed(keeper).fields) == {deal_field(9), move_field(9, 1)}
    assert keeper.last_hand_no == 9


def test_all_of_a_settled_hand_goes_and_nothing_of_a_later_one() -> None:
    keeper = begun()
    keeper.dealt(DEAL)
    keeper.moved(ACTS)
    keeper.moved(ACTS)
    keeper.dealt(NEXT)
    changed(keeper)
    keeper.settled(8)
    assert set(changed(keeper).removed) == {deal_field(8), move_field(8, 1), move_field(8, 2)}
    keeper.settled(8)
    assert keeper.take_changes(5, None, None) is None, "it may be told again"
    assert keeper.last_hand_no == 9


def test_a_hand_that_is_settled_before_it_is_kept_leaves_nothing() -> None:
    keeper = begun()
    keeper.dealt(DEAL)
    keeper.moved(ACTS)
    keeper.settled(8)
    changes = changed(keeper)
    assert changes.fields == {}
    assert set(changes.removed) == {deal_field(8), move_field(8, 1)}
    assert keeper.last_hand_no == 0


def test_a_void_hand_goes_and_its_number_may_be_dealt_again() -> None:
    keeper = begun()
    keeper.dealt(DEAL)
    keeper.moved(ACTS)
    keeper.moved(ACTS)
    changed(keeper)
    keeper.voided()
    again = evolve(DEAL, hand_id=HandId(UUID(int=9)))
    keeper.dealt(again)
    keeper.moved(LEAVES)
    changes = changed(keeper)
    fields = dict.fromkeys([deal_field(8), move_field(8, 1), move_field(8, 2)], b"of the void hand")
    for name in changes.removed:
        fields.pop(name, None)
    fields |= dict(changes.fields)
    journal = JournalReader().read(fields | {FORM: FORM_NUMBER, TOLD: b"5", MEMORY: _memory()})
    assert journal.hands == (JournaledHand(again, (LEAVES,)),)


def _memory() -> bytes:
    first = Keeper().take_changes(5, SEATED, None)
    assert first is not None
    return first.fields[MEMORY]


def test_who_adopts_goes_on_counting_and_removes_what_was_left() -> None:
    keeper = Keeper()
    keeper.adopt((JournaledHand(DEAL, (ACTS, ACTS)), JournaledHand(NEXT, (ACTS,))))
    keeper.moved(LEAVES)
    changes = changed(keeper)
    assert set(changes.fields) == {FORM, TOLD, move_field(9, 2)}
    keeper.settled(9)
    assert set(changed(keeper).removed) == {
        deal_field(8),
        move_field(8, 1),
        move_field(8, 2),
        deal_field(9),
        move_field(9, 1),
        move_field(9, 2),
    }


def test_what_was_taken_is_not_changed_by_later_steps() -> None:
    keeper = begun()
    keeper.dealt(DEAL)
    first = changed(keeper)
    keeper.moved(ACTS)
    changed(keeper)
    assert set(first.fields) == {deal_field(8)}
