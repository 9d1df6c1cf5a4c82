"""The one writer of a shard: what goes with what, what is told when, and what becomes of each outcome."""

from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from cardroom.ids import Epoch
from cardroom.service.redis import RedisAway
from node.journal.port import Behind, Changes, Fenced, ServerChanged, ShardLost, TableChange, Unheld
from tests.node.journal.script import ONE, TWO, Desk, ScriptedStore, open_desk

AWAY = RedisAway("no answer")


def tables(desk: Desk) -> dict[int, tuple[int | None, list[str]]]:
    """Give what the last flush writes: of each table what it expects, and the fields."""
    return {
        one.table_id: (one.expected, sorted(name.decode() for name in one.fields)) for one in desk.last.tables
    }


async def test_what_one_step_says_goes_in_one_flush_and_is_told_in_order(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.keep(ONE, "deal")
        desk.send("settle")
        desk.keep(TWO, "seat")
        desk.keep(ONE, "move")
        await wait_all_tasks_blocked()
        desk.keep(ONE, "next")
        await trio.sleep(0.01)
        first = next(one for one in desk.store.flushes if one.commands)
        assert first.commands == [b"settle/1"]
        assert {one.table_id: set(one.fields) for one in first.tables} == {
            ONE: {b"deal", b"move"},
            TWO: {b"seat"},
        }
        assert desk.told == ["settle at 0", "deal", "seat", "move", "next"]


async def test_while_a_flush_is_under_way_all_else_gathers(autojump_clock: MockClock) -> None:
    async with open_desk(ScriptedStore(seconds=0.1)) as desk:
        await trio.sleep(0.5)
        desk.keep(ONE, "a")
        await trio.sleep(0.05)
        began = len(desk.store.flushes)
        for number in range(100):
            desk.keep(ONE if number % 2 else TWO, f"step{number}")
            desk.send(f"command{number}")
        assert desk.told == []
        await trio.sleep(0.07)
        assert desk.told == ["a"]
        await trio.sleep(0.15)
        assert len(desk.store.flushes) == began + 1
        assert len(desk.last.commands) == 100
        assert [one for one in desk.told if one.startswith("step")] == [f"step{one}" for one in range(100)]


async def test_nothing_is_told_before_it_is_kept(autojump_clock: MockClock) -> None:
    store = ScriptedStore(is_away=True)
    async with open_desk(store) as desk:
        desk.keep(ONE, "a")
        desk.send("b")
        await trio.sleep(2)
        assert desk.told == []
        store.is_away = False
        await trio.sleep(1)
        assert desk.told == ["b at 0", "a"]


async def test_nobody_is_hurt_by_what_is_kept_while_telling(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.writer.keep(ONE, Changes({b"a": b""}), lambda: desk.keep(ONE, "from within"))
        await desk.writer.wait_until_kept()
        assert desk.told == ["from within"]


async def test_a_quiet_shard_renews_its_lease_each_second(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        await trio.sleep(10.5)
        assert 10 <= len(desk.store.flushes) <= 12
        assert not any(one.tables or one.commands for one in desk.store.flushes)
        assert {one.epoch for one in desk.store.flushes} == {1}


async def test_after_no_answer_the_tables_of_that_flush_are_written_whole(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.keep(ONE, "a")
        desk.keep(TWO, "a")
        await desk.writer.wait_until_kept()
        desk.store.answers.append(AWAY)
        desk.keep(ONE, "b")
        desk.send("settle")
        await desk.writer.wait_until_kept()
        assert tables(desk) == {ONE: (None, ["a", "b"])}
        assert [one.commands for one in desk.store.flushes[-2:]] == [[b"settle/1"], [b"settle/1"]]
        assert desk.told[-2:] == ["settle at 0", "b"]


async def test_what_comes_while_redis_is_away_joins_the_repeat_in_order(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.store.answers.extend([AWAY, AWAY])
        desk.keep(ONE, "a")
        await wait_all_tasks_blocked()
        desk.keep(ONE, "b")
        desk.send("c")
        await desk.writer.wait_until_kept()
        assert desk.told == ["c at 0", "a", "b"]
        assert tables(desk) == {ONE: (None, ["a", "b"])}


async def test_redis_is_tried_again_soon_and_then_less_often(autojump_clock: MockClock) -> None:
    async with open_desk(ScriptedStore(is_away=True)) as desk:
        desk.keep(ONE, "a")
        await trio.sleep(10)
        times = desk.store.times
        pauses = [round(later - earlier, 3) for earlier, later in pairwise(times)]
        assert pauses[:4] == [0.05, 0.1, 0.2, 0.4]
        assert set(pauses[4:]) == {0.5}


async def test_journals_that_are_behind_are_written_whole_and_no_other(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.keep(ONE, "a")
        desk.keep(TWO, "a")
        await desk.writer.wait_until_kept()
        desk.store.answers.append(Behind((TWO,)))
        desk.keep(TWO, "b")
        await desk.writer.wait_until_kept()
        assert tables(desk) == {TWO: (None, ["a", "b"])}
        assert desk.told == ["a", "a", "b"]


async def test_when_one_is_behind_the_other_of_that_flush_is_not_lost(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.keep(ONE, "a")
        desk.keep(TWO, "a")
        await desk.writer.wait_until_kept()
        desk.store.answers.append(Behind((TWO,)))
        desk.keep(ONE, "b")
        desk.keep(TWO, "b")
        await desk.writer.wait_until_kept()
        assert tables(desk) == {ONE: (None, ["a", "b"]), TWO: (None, ["a", "b"])}


async def test_who_may_not_even_write_a_journal_whole_has_lost_the_shard(autojump_clock: MockClock) -> None:
    with pytest.RaisesGroup(ShardLost, flatten_subgroups=True):
        async with open_desk() as desk:
            desk.store.answers.append(Behind((TWO,)))
            desk.keep(TWO, "a")
            await trio.sleep(1)


async def test_another_server_gets_every_journal_whole(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.keep(ONE, "a")
        desk.keep(TWO, "a")
        await desk.writer.wait_until_kept()
        desk.store.answers.append(ServerChanged())
        await trio.sleep(1.1)  # a mere renewal learns of it
        assert tables(desk) == {ONE: (None, ["a"]), TWO: (None, ["a"])}
        desk.keep(ONE, "b")
        await desk.writer.wait_until_kept()
        (change,) = desk.last.tables
        assert (change.expected is not None, set(change.fields)) == (True, {b"b"})


async def test_who_is_fenced_has_lost_the_shard_and_tells_nothing(autojump_clock: MockClock) -> None:
    with pytest.RaisesGroup(ShardLost, flatten_subgroups=True):
        async with open_desk(ScriptedStore(is_away=True)) as desk:
            desk.keep(ONE, "a")
            desk.store.is_away = False
            desk.store.answers.append(Fenced())
            await trio.sleep(5)
    assert desk.told == []


async def test_a_lease_that_is_gone_is_taken_again_and_only_the_asking_goes(
    autojump_clock: MockClock,
) -> None:
    async with open_desk(epoch=7) as desk:
        desk.store.answers.append(Unheld())
        desk.keep(ONE, "a")
        desk.send("settle")
        desk.send("open", opens=True)
        await wait_all_tasks_blocked()
        desk.keep(ONE, "b")
        desk.send("cash out")
        await trio.sleep(2)
        assert desk.told == ["unheld 7", "open at 0"]
        assert all(not one.tables and one.epoch == 0 for one in desk.store.flushes[2:])
        assert [one.commands for one in desk.store.flushes[2:] if one.commands] == [[b"open/0"]]
        assert not desk.writer.may_deal()
        desk.writer.resume(Epoch(8))
        await desk.writer.wait_until_kept()
        assert desk.told[2:] == ["settle at 1", "cash out at 2", "a", "b"]
        assert (desk.last.commands, desk.last.epoch) == ([b"settle/8", b"cash out/8"], 8)
        assert tables(desk) == {ONE: (None, ["a", "b"])}
        assert desk.writer.may_deal()


async def test_a_lease_that_goes_twice_is_asked_about_once(autojump_clock: MockClock) -> None:
    async with open_desk(epoch=7) as desk:
        desk.store.answers.extend([Unheld(), Unheld()])
        desk.keep(ONE, "a")
        await trio.sleep(1)
        assert desk.told == ["unheld 7"]
        assert desk.store.taken == 2
        desk.writer.resume(Epoch(8))
        desk.store.answers.append(Unheld())
        await trio.sleep(1)
        assert desk.told == ["unheld 7", "unheld 8"], "nothing was kept in between"
        desk.writer.resume(Epoch(9))
        await desk.writer.wait_until_kept()
        assert desk.told[-1] == "a"


async def test_a_lease_that_another_has_is_lost(autojump_clock: MockClock) -> None:
    with pytest.RaisesGroup(ShardLost, flatten_subgroups=True):
        async with open_desk() as desk:
            desk.store.answers.append(Unheld())
            desk.store.takes.append(False)
            desk.keep(ONE, "a")
            await trio.sleep(2)
    assert desk.told == []


async def test_a_lease_that_cannot_be_taken_now_is_taken_later(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.store.answers.extend([Unheld(), Unheld(), Unheld()])
        desk.store.takes.extend([AWAY, AWAY])
        desk.keep(ONE, "a")
        await trio.sleep(2)
        assert (desk.told, desk.store.taken) == (["unheld 1"], 3)


async def test_tables_pause_after_the_patience_and_go_on_with_the_next_flush(
    autojump_clock: MockClock,
) -> None:
    async with open_desk() as desk:
        await trio.sleep(1.5)
        desk.store.is_away = True
        desk.keep(ONE, "a")
        await trio.sleep(2.4)
        assert desk.told == []
        await trio.sleep(0.2)
        assert desk.told == ["paused"]
        assert desk.writer.is_paused
        assert not desk.writer.may_deal()
        desk.store.is_away = False
        await trio.sleep(0.6)
        assert desk.told == ["paused", "goes on", "a"], "told that it goes on before what was held back"
        assert desk.writer.may_deal()
        desk.store.is_away = True
        await trio.sleep(5)
        assert desk.told[3:] == ["paused"], "and again"


async def test_a_server_that_answers_slowly_is_away_too(autojump_clock: MockClock) -> None:
    """Frozen, not gone: the flush hangs, and the tables pause all the same."""
    async with open_desk() as desk:
        await trio.sleep(1.5)
        desk.store.seconds = 60
        desk.keep(ONE, "a")
        await trio.sleep(3.3)
        assert desk.told == ["paused"]


async def test_tables_stay_paused_while_the_lease_is_in_doubt(autojump_clock: MockClock) -> None:
    async with open_desk(epoch=7) as desk:
        desk.store.answers.append(Unheld())
        desk.keep(ONE, "a")
        await trio.sleep(10)
        assert desk.told == ["unheld 7", "paused"]
        desk.writer.resume(Epoch(8))
        await desk.writer.wait_until_kept()
        assert desk.told == ["unheld 7", "paused", "goes on", "a"]


async def test_no_hand_is_begun_when_two_thirds_of_the_lease_are_over(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.writer._patience_seconds = 100.0  # of a room that waits for Redis for long
        await trio.sleep(0.5)
        desk.store.is_away = True
        began = trio.current_time() - desk.writer.lag_seconds
        await trio.sleep_until(began + 19.9)
        assert desk.writer.may_deal()
        await trio.sleep_until(began + 20.1)
        assert not desk.writer.may_deal()
        desk.store.is_away = False
        await trio.sleep(2)
        assert desk.writer.may_deal()
        assert desk.writer.lag_seconds < 2


@pytest.mark.parametrize("is_kept", [True, False])
async def test_a_table_that_is_forgotten_in_flight_is_told_no_more(
    autojump_clock: MockClock, is_kept: bool
) -> None:
    async with open_desk(ScriptedStore(seconds=0.1)) as desk:
        await trio.sleep(0.5)
        if not is_kept:
            desk.store.answers.append(AWAY)
        desk.keep(ONE, "a")
        desk.keep(TWO, "a")
        await trio.sleep(0.05)
        desk.keep(ONE, "b")
        desk.writer.forget(ONE)
        desk.keep(ONE, "c")
        desk.send("still")
        await desk.writer.wait_until_kept()
        assert desk.told == (["a", "still at 0", "c"] if is_kept else ["still at 0", "a", "c"])
        last = {one.table_id: one for one in desk.last.tables}[ONE]
        assert (last.expected, set(last.fields)) == (None, {b"c"})


async def test_a_command_that_is_not_wanted_any_more_is_not_sent(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.writer.send(lambda: None, lambda _: desk.told.append("sent"))
        desk.send("b")
        desk.writer.send(lambda: None, lambda _: desk.told.append("sent"))
        desk.send("c")
        await desk.writer.wait_until_kept()
        assert desk.told == ["b at 0", "c at 1"]


async def test_a_command_that_is_answered_while_redis_is_away_is_not_sent_again(
    autojump_clock: MockClock,
) -> None:
    async with open_desk() as desk:
        wanted: list[bytes | None] = [b"once", None]
        desk.store.answers.append(AWAY)
        desk.writer.send(lambda: wanted.pop(0), lambda _: desk.told.append("sent"))
        await desk.writer.wait_until_kept()
        assert [one.commands for one in desk.store.flushes if one.commands] == [[b"once"]]
        assert desk.told == []


async def test_what_is_adopted_is_written_whole_with_the_first_step(autojump_clock: MockClock) -> None:
    async with open_desk() as desk:
        desk.writer.adopt(ONE, {b"8/d": b"deal"})
        await trio.sleep(3)
        assert not any(one.tables for one in desk.store.flushes)
        desk.keep(ONE, "a")
        await desk.writer.wait_until_kept()
        assert desk.last.tables == [TableChange(ONE, 1, None, {b"8/d": b"deal", b"a": b"a"})]


async def test_waiting_until_all_is_kept(autojump_clock: MockClock) -> None:
    async with open_desk(ScriptedStore(seconds=0.1)) as desk:
        await trio.sleep(0.5)
        started = trio.current_time()
        await desk.writer.wait_until_kept()
        assert trio.current_time() == started, "at once when nothing waits"
        desk.keep(ONE, "a")
        await trio.sleep(0.05)
        desk.keep(ONE, "b")
        await desk.writer.wait_until_kept()
        assert desk.told == ["a", "b"]


async def test_nobody_waits_for_ever_for_what_is_forgotten(autojump_clock: MockClock) -> None:
    async with open_desk(ScriptedStore(seconds=0.1)) as desk:
        await trio.sleep(0.5)
        desk.keep(ONE, "a")
        await trio.sleep(0.05)
        desk.keep(ONE, "b")
        desk.writer.forget(ONE)
        with trio.fail_after(5):
            await desk.writer.wait_until_kept()
        assert desk.told == []
