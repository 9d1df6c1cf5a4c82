"""What lies in Redis after any run of flushes, kept or lost, is what the tables have said: nothing else."""

from random import Random

import pytest
from attrs import define, field

from cardroom.ids import TableId
from node.journal.mirror import Mirror, Taken
from node.journal.port import Changes, TableChange

ONE, TWO = TableId(1), TableId(2)


def changes_of(taken: list[Taken]) -> list[TableChange]:
    return [one.change for one in taken]


def change(mirror: Mirror, table: TableId, *removed: bytes, **fields: bytes) -> None:
    mirror.change(table, Changes({name.encode(): data for name, data in fields.items()}, removed))


def test_a_table_begins_whole_and_goes_on_with_what_is_new() -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1", b=b"2")
    first = mirror.take_changes()
    assert changes_of(first) == [TableChange(ONE, 1, None, {b"a": b"1", b"b": b"2"})]
    mirror.are_kept(first)
    assert mirror.take_changes() == []
    change(mirror, ONE, b=b"3")
    change(mirror, ONE, b"a", c=b"4")
    assert changes_of(mirror.take_changes()) == [
        TableChange(ONE, 3, 1, {b"b": b"3", b"c": b"4"}, (b"a",)),
    ]


def test_numbers_grow_over_all_tables() -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1")
    change(mirror, TWO, a=b"1")
    change(mirror, ONE, a=b"2")
    assert {one.table_id: one.number for one in changes_of(mirror.take_changes())} == {ONE: 3, TWO: 2}


def test_what_came_and_went_between_two_flushes_leaves_no_trace() -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1")
    mirror.are_kept(mirror.take_changes())
    change(mirror, ONE, b=b"1")
    change(mirror, ONE, b"b")
    change(mirror, ONE, b"a")
    change(mirror, ONE, a=b"2")
    (taken,) = mirror.take_changes()
    assert (taken.change.fields, taken.change.removed) == ({b"a": b"2"}, (b"b",))


def test_a_change_that_removes_and_sets_a_field_sets_it() -> None:
    mirror = Mirror()
    mirror.change(ONE, Changes({b"a": b"2"}, (b"a",)))
    assert mirror.take_changes()[0].change.fields == {b"a": b"2"}


def test_what_is_lost_is_written_whole_with_what_came_meanwhile() -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1")
    mirror.are_kept(mirror.take_changes())
    change(mirror, ONE, b=b"1")
    lost = mirror.take_changes()
    change(mirror, ONE, c=b"1")
    mirror.are_lost(lost)
    assert changes_of(mirror.take_changes()) == [
        TableChange(ONE, 3, None, {b"a": b"1", b"b": b"1", b"c": b"1"})
    ]


def test_a_flush_that_is_kept_while_more_came_stands_at_its_own_number() -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1")
    first = mirror.take_changes()
    change(mirror, ONE, b=b"1")
    mirror.are_kept(first)
    assert changes_of(mirror.take_changes()) == [TableChange(ONE, 2, 1, {b"b": b"1"})]


def test_what_was_taken_does_not_change_any_more() -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1")
    (taken,) = mirror.take_changes()
    change(mirror, ONE, a=b"2", b=b"1")
    assert taken.change.fields == {b"a": b"1"}


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_table_that_is_forgotten_in_flight_begins_anew(is_kept: bool) -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1")
    taken = mirror.take_changes()
    mirror.forget(ONE)
    assert len(mirror) == 0
    change(mirror, ONE, b=b"1")
    (mirror.are_kept if is_kept else mirror.are_lost)(taken)
    assert changes_of(mirror.take_changes()) == [TableChange(ONE, 2, None, {b"b": b"1"})]


def test_a_table_that_is_forgotten_is_not_written_again() -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1")
    taken = mirror.take_changes()
    mirror.forget(ONE)
    mirror.are_lost(taken)
    mirror.distrust([ONE, TWO])
    mirror.distrust_all()
    assert mirror.take_changes() == []
    mirror.forget(ONE)


def test_what_is_adopted_is_written_with_the_next_change() -> None:
    mirror, left = Mirror(), {b"8/d": b"deal"}
    mirror.adopt(ONE, left)
    assert mirror.take_changes() == []
    change(mirror, ONE, a=b"1")
    assert changes_of(mirror.take_changes()) == [TableChange(ONE, 1, None, {b"8/d": b"deal", b"a": b"1"})]
    assert left == {b"8/d": b"deal"}


def test_all_that_is_distrusted_is_written_whole() -> None:
    mirror = Mirror()
    change(mirror, ONE, a=b"1")
    change(mirror, TWO, a=b"1")
    mirror.are_kept(mirror.take_changes())
    mirror.distrust([TWO])
    assert changes_of(mirror.take_changes()) == [TableChange(TWO, 2, None, {b"a": b"1"})]


@define
class Shelf:
    """What lies in Redis, by the contract of ``TableChange``."""

    lying: dict[TableId, tuple[int, dict[bytes, bytes]]] = field(factory=dict)

    def take(self, change: TableChange) -> None:
        stands, fields = self.lying.get(change.table_id, (None, {}))
        if change.expected is None:
            fields = {}
        else:
            assert stands == change.expected, "the mirror expects what is there"
        assert stands is None or change.number >= stands, "numbers only grow"
        fields = {name: data for name, data in fields.items() if name not in change.removed}
        self.lying[change.table_id] = (change.number, fields | dict(change.fields))


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_kept_or_lost_redis_has_in_the_end_what_was_said(seed: int) -> None:
    draw, mirror, shelf = Random(seed), Mirror(), Shelf()
    said: dict[TableId, dict[bytes, bytes]] = {}
    names = [bytes([letter]) for letter in b"abcde"]
    for _ in range(200):
        table = TableId(draw.randint(1, 3))
        match draw.randrange(8):
            case 0 | 1 | 2 | 3:
                fields = {name: draw.randbytes(2) for name in draw.sample(names, draw.randint(0, 3))}
                removed = tuple(draw.sample(names, draw.randint(0, 2)))
                mirror.change(table, Changes(fields, removed))
                kept = {name: one for name, one in said.get(table, {}).items() if name not in removed}
                said[table] = kept | fields
            case 4:
                mirror.forget(table)
                said.pop(table, None)
                shelf.lying.pop(table, None)
            case 5:
                mirror.distrust([table])
            case _:
                taken = mirror.take_changes()
                outcome = draw.choice(["kept", "kept", "kept", "lost before", "lost after"])
                if outcome != "lost before":
                    for one in taken:
                        shelf.take(one.change)
                (mirror.are_kept if outcome == "kept" else mirror.are_lost)(taken)
    taken = mirror.take_changes()
    for one in taken:
        shelf.take(one.change)
    assert {table: fields for table, (_, fields) in shelf.lying.items()} == said
