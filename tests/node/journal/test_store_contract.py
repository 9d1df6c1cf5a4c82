"""What ``ShardStore`` promises, held to by the adapter over Valkey and by the one in memory."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import trio

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId, TableId
from cardroom.service.redis import RedisAway
from cardroom.wire.presence import Lease
from node.journal.port import (
    Behind,
    Fenced,
    Flush,
    FlushOutcome,
    Kept,
    ServerChanged,
    ShardStore,
    TableChange,
    Unheld,
)
from tests.node.journal.stores import DEAD_SECONDS, MemoryStage, Stage, open_valkey_stage

ONE, TWO, THREE = NodeId("node-1"), NodeId("node-2"), NodeId("node-3")
BOOT, OTHER, NEXT = BootNonce("a" * 32), BootNonce("b" * 32), BootNonce("c" * 32)
TABLE, SECOND = TableId(7), TableId(8)


@pytest.fixture(params=["memory", "valkey"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    if request.param == "memory":
        yield MemoryStage(ShardId(1))
        return
    async with open_valkey_stage(ShardId(1), tmp_path) as stage:
        yield stage


def change(
    number: int, expected: int | None, table: TableId = TABLE, removed: Sequence[bytes] = (), **fields: bytes
) -> TableChange:
    named = {name.encode(): value for name, value in fields.items()}
    return TableChange(table, number, expected, named, removed)


async def keep(store: ShardStore, *changes: TableChange, epoch: int = 1) -> FlushOutcome:
    return await store.flush(Flush(Epoch(epoch), changes))


async def held(stage: Stage, node: NodeId = ONE, boot: BootNonce = BOOT) -> ShardStore:
    store = stage.store(node, boot)
    assert await store.take(absent=True)
    return await known(store)


async def known(store: ShardStore) -> ShardStore:
    """The first flush of a node start may say that the server is a new one to it; so it is made here."""
    assert await store.flush(Flush(Epoch(0))) in (Kept(), ServerChanged())
    return store


async def journal_of(store: ShardStore, table: TableId = TABLE) -> dict[bytes, bytes] | None:
    """Give what lies there of what tests write: the adapter may have fields of its own besides."""
    stored = (await store.read_journals([table])).get(table)
    return None if stored is None else {name: stored[name] for name in stored if name.startswith(b"x")}


# The lease.


async def test_an_absent_lease_is_taken_only_by_who_may(stage: Stage) -> None:
    store = stage.store(ONE, BOOT)
    assert await store.look() is None
    assert not await store.take(absent=False)
    assert await store.look() is None
    assert await store.take(absent=True)
    found = await store.look()
    assert found is not None
    assert (found.node, found.boot, found.epoch) == (ONE, BOOT, 0)


async def test_the_same_node_started_again_takes_its_lease_at_once_and_no_other_does(stage: Stage) -> None:
    old = await held(stage)
    await old.flush(Flush(Epoch(5)))
    assert not await stage.store(TWO, OTHER).take(absent=True)
    again = stage.store(ONE, NEXT)
    assert await again.take(absent=False)
    found = await again.look()
    assert found is not None
    assert (found.node, found.boot, found.epoch) == (ONE, NEXT, 0)
    assert await old.flush(Flush(Epoch(5))) == Fenced()


async def test_each_flush_renews_the_lease_and_says_its_epoch(stage: Stage) -> None:
    store = await held(stage)
    seen = []
    for epoch in (0, 3, 3):
        assert await store.flush(Flush(Epoch(epoch))) == Kept()
        seen.append(await store.look())
    assert [lease.epoch for lease in seen if lease is not None] == [0, 3, 3]
    counters = [lease.counter for lease in seen if lease is not None]
    assert counters == sorted(set(counters)), "a standby sees that it lives"


async def test_a_lease_that_nobody_renews_runs_out(stage: Stage) -> None:
    store = await held(stage)
    for _ in range(3):
        await trio.sleep(DEAD_SECONDS / 2)
        assert await store.flush(Flush(Epoch(1))) == Kept()
    await trio.sleep(DEAD_SECONDS * 1.2)
    assert await store.look() is None
    assert await store.flush(Flush(Epoch(1))) == Unheld()
    assert await stage.store(TWO, OTHER).take(absent=True)


async def test_a_lease_is_taken_over_only_as_it_was_seen(stage: Stage) -> None:
    owner, standby = await held(stage), stage.store(TWO, OTHER)
    seen = await standby.look()
    await owner.flush(Flush(Epoch(4)))
    assert not await standby.take_over(seen), "it was renewed since"
    seen = await standby.look()
    assert await standby.take_over(seen)
    assert await standby.look() == Lease(TWO, OTHER, Epoch(0), 0)
    assert await owner.flush(Flush(Epoch(4))) == Fenced()
    await known(standby)
    assert await standby.flush(Flush(Epoch(5))) == Kept()


async def test_a_lease_that_has_gone_meanwhile_is_taken_over_too(stage: Stage) -> None:
    await held(stage)
    standby = stage.store(TWO, OTHER)
    seen = await standby.look()
    await stage.lose_lease()
    assert await standby.take_over(seen)
    await stage.lose_lease()
    assert await stage.store(THREE, NEXT).take_over(None)


async def test_where_no_lease_was_seen_one_that_stands_now_is_not_taken_over(stage: Stage) -> None:
    standby = stage.store(TWO, OTHER)
    assert await standby.look() is None
    await held(stage)
    assert not await standby.take_over(None)


async def test_an_offered_lease_is_its_taker_s(stage: Stage) -> None:
    owner, taker = await held(stage), stage.store(TWO, OTHER)
    await owner.flush(Flush(Epoch(4)))
    assert await owner.offer(TWO)
    offered = await owner.look()
    assert offered is not None
    assert (offered.node, offered.boot) == (TWO, "")
    assert await owner.flush(Flush(Epoch(4))) == Fenced(), "who has offered it holds it no more"
    assert not await stage.store(THREE, NEXT).take(absent=True)
    assert await taker.take(absent=False)
    assert not await owner.take_back(TWO, Epoch(4))
    await known(taker)
    assert await taker.flush(Flush(Epoch(5))) == Kept()


async def test_an_offer_is_taken_back_under_its_epoch(stage: Stage) -> None:
    owner = await held(stage)
    await owner.flush(Flush(Epoch(4)))
    assert await owner.offer(TWO)
    assert await owner.take_back(TWO, Epoch(4))
    found = await owner.look()
    assert found is not None
    assert (found.node, found.boot, found.epoch) == (ONE, BOOT, 4)
    assert await owner.flush(Flush(Epoch(4))) == Kept()
    assert not await stage.store(TWO, OTHER).take(absent=True)


async def test_only_the_holder_offers(stage: Stage) -> None:
    await held(stage)
    assert not await stage.store(TWO, OTHER).offer(THREE)
    await stage.lose_lease()
    assert not await stage.store(ONE, BOOT).offer(TWO)


async def test_a_lease_is_released_by_its_holder_alone(stage: Stage) -> None:
    owner = await held(stage)
    await stage.store(TWO, OTHER).release()
    assert await owner.flush(Flush(Epoch(1))) == Kept()
    await owner.release()
    assert await owner.look() is None
    await owner.release()


# The flush.


async def test_commands_stand_in_the_stream_in_order_where_it_was_said(stage: Stage) -> None:
    store = await held(stage)
    outcome = await store.flush(Flush(Epoch(1), (), (b"first", b"second")))
    assert isinstance(outcome, Kept)
    assert len(set(outcome.entries)) == 2
    assert await stage.commands() == [b"first", b"second"]
    assert [await store.stands_in_stream(entry) for entry in outcome.entries] == [True, True]
    await stage.take_out(outcome.entries[0])
    assert [await store.stands_in_stream(entry) for entry in outcome.entries] == [False, True]


async def test_a_journal_grows_and_shrinks_by_what_a_flush_says(stage: Stage) -> None:
    store = await held(stage)
    assert await keep(store, change(1, None, xa=b"1", xb=b"2")) == Kept()
    assert await keep(store, change(3, 1, xb=b"3", xc=b"4", removed=[b"xa", b"xz"])) == Kept()
    assert await journal_of(store) == {b"xb": b"3", b"xc": b"4"}


async def test_a_journal_that_is_written_whole_has_nothing_of_before(stage: Stage) -> None:
    store = await held(stage)
    await keep(store, change(1, None, xa=b"1", xb=b"2"))
    assert await keep(store, change(9, None, xc=b"3")) == Kept()
    assert await journal_of(store) == {b"xc": b"3"}
    assert await keep(store, change(10, 9, xd=b"4")) == Kept()


async def test_tables_have_journals_of_their_own(stage: Stage) -> None:
    store = await held(stage)
    assert await keep(store, change(1, None, xa=b"1"), change(5, None, SECOND, xa=b"2")) == Kept()
    assert await keep(store, change(2, 1, xb=b"3"), change(6, 5, SECOND, xb=b"4")) == Kept()
    stored = await store.read_journals([TABLE, SECOND, TableId(9)])
    assert set(stored) == {TABLE, SECOND}
    assert await journal_of(store) == {b"xa": b"1", b"xb": b"3"}
    assert await journal_of(store, SECOND) == {b"xa": b"2", b"xb": b"4"}


async def test_where_one_journal_stands_elsewhere_nothing_is_kept(stage: Stage) -> None:
    store = await held(stage)
    await keep(store, change(1, None, xa=b"1"))
    changes = (change(2, 1, xa=b"2"), change(4, 3, SECOND, xa=b"3"))
    outcome = await store.flush(Flush(Epoch(1), changes, (b"command",)))
    assert outcome == Behind((SECOND,))
    assert await journal_of(store) == {b"xa": b"1"}
    assert await stage.commands() == []
    whole = (change(2, 1, xa=b"2"), change(4, None, SECOND, xa=b"3"))
    assert await keep(store, *whole) == Kept()


async def test_a_flush_that_came_through_unheard_is_behind_when_it_comes_again(stage: Stage) -> None:
    store = await held(stage)
    await keep(store, change(1, None, xa=b"1"))
    assert await keep(store, change(2, 1, xa=b"2")) == Kept()
    assert await keep(store, change(2, 1, xa=b"2")) == Behind((TABLE,))


async def test_the_journals_outlive_their_writer(stage: Stage) -> None:
    old = await held(stage)
    await keep(old, change(3, None, xa=b"1"))
    await old.release()
    new = await held(stage, TWO, OTHER)
    assert await journal_of(new) == {b"xa": b"1"}
    assert await keep(new, change(4, 3, xb=b"2")) == Kept()


async def test_what_was_held_up_since_an_older_epoch_is_refused_and_keeps_no_newer_one_out(
    stage: Stage,
) -> None:
    store = await held(stage)
    assert await keep(store, epoch=4) == Kept()
    assert await store.take(absent=False)
    assert await keep(store, epoch=4) == Kept(), "nobody knows yet that there will be a newer one"
    assert await keep(store, epoch=5) == Kept()
    assert await keep(store, epoch=4) == Fenced()


async def test_an_older_state_never_takes_the_place_of_a_newer_one(stage: Stage) -> None:
    store = await held(stage)
    await keep(store, change(7, None, xa=b"7"), epoch=3)
    assert await keep(store, change(6, None, xa=b"6"), epoch=3) == Behind((TABLE,))
    assert await store.take(absent=False)
    assert await keep(store, change(9, None, xa=b"9"), epoch=2) == Behind((TABLE,))
    assert await journal_of(store) == {b"xa": b"7"}
    assert await store.take(absent=False)
    assert await keep(store, change(1, None, xa=b"1"), epoch=4) == Kept()
    assert await journal_of(store) == {b"xa": b"1"}


@pytest.mark.parametrize("outcome", [Fenced(), Unheld()], ids=["another's", "no lease"])
async def test_without_the_lease_nothing_is_kept(stage: Stage, outcome: FlushOutcome) -> None:
    store = await held(stage)
    await keep(store, change(1, None, xa=b"1"))
    seen = await store.look()
    if outcome == Fenced():
        assert await stage.store(TWO, OTHER).take_over(seen)
    else:
        await stage.lose_lease()
    assert await store.flush(Flush(Epoch(1), (change(2, 1, xa=b"2"),), (b"command",))) == outcome
    assert await journal_of(store) == {b"xa": b"1"}
    assert await stage.commands() == []


# Replies.


async def test_replies_come_in_order_each_once_to_whom_they_belong(stage: Stage) -> None:
    store = await held(stage)
    await stage.reply(BOOT, b"one", b"two")
    await stage.reply(OTHER, b"not mine")
    assert await store.next_replies(1.0) == (b"one", b"two")
    await stage.reply(BOOT, b"three")
    assert await store.next_replies(1.0) == (b"three",)
    assert await store.next_replies(0.1) == ()


async def test_who_waits_gets_the_reply_that_comes(stage: Stage) -> None:
    store = await held(stage)
    heard: list[bytes] = []

    async def listen() -> None:
        heard.extend(await store.next_replies(5.0))

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await trio.sleep(0.05)
            await stage.reply(BOOT, b"late")
    assert heard == [b"late"]


# Accidents of the server.


async def test_after_a_restart_the_first_flush_is_refused_and_the_next_goes_to_the_new_server(
    stage: Stage,
) -> None:
    store = await held(stage)
    await keep(store, change(1, None, xa=b"1"))
    await stage.restart()
    await store.take(absent=True)  # it may have run out meanwhile
    assert await store.flush(Flush(Epoch(1), (change(2, 1, xa=b"2"),), (b"command",))) == ServerChanged()
    assert await stage.commands() == []
    assert await keep(store, change(2, None, xa=b"2")) == Kept()
    assert await journal_of(store) == {b"xa": b"2"}


async def test_a_journal_of_before_a_restart_is_not_to_be_trusted(stage: Stage) -> None:
    store = await held(stage)
    await keep(store, change(1, None, xa=b"1"), change(1, None, SECOND, xa=b"2"))
    await stage.restart()
    new = stage.store(ONE, NEXT)
    await new.take(absent=True)
    assert await journal_of(new) is None
    assert await keep(new, change(8, None, xa=b"8")) in (Kept(), ServerChanged())
    assert await keep(new, change(8, None, xa=b"8")) == Kept()
    assert await journal_of(new) == {b"xa": b"8"}
    assert await journal_of(new, SECOND) is None


async def test_an_emptied_server_holds_no_lease_and_no_journal(stage: Stage) -> None:
    store = await held(stage)
    await keep(store, change(1, None, xa=b"1"))
    await stage.empty()
    assert await keep(store, change(2, 1, xa=b"2")) == Unheld()
    assert await journal_of(store) is None
    assert await store.take(absent=True)
    assert await keep(store, change(2, 1, xa=b"2")) == Behind((TABLE,))
    assert await keep(store, change(2, None, xa=b"2")) == Kept()


async def test_a_server_that_is_away_says_so_to_every_call(stage: Stage) -> None:
    store = await held(stage)
    await stage.go_away()
    calls = (
        store.look, lambda: store.take(absent=True), lambda: store.take_over(None), lambda: store.offer(TWO),
        lambda: store.take_back(TWO, Epoch(1)), store.release, lambda: store.flush(Flush(Epoch(1))),
        lambda: store.read_journals([TABLE]), lambda: store.next_replies(0.1),
        lambda: store.stands_in_stream(b"1-1"),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(RedisAway):
            await call()


async def test_a_journal_is_removed_by_the_owner_only(stage: Stage) -> None:
    store = await held(stage)
    await keep(store, change(1, None, a=b"1"), change(2, None, SECOND, b=b"2"))
    stranger = stage.store(TWO, OTHER)
    await stranger.remove_journal(TABLE)
    assert set(await store.read_journals([TABLE, SECOND])) == {TABLE, SECOND}
    for _ in range(2):
        await store.remove_journal(TABLE)
        assert set(await store.read_journals([TABLE, SECOND])) == {SECOND}
    assert isinstance(await keep(store, change(3, 1, a=b"2")), Behind), "it is not changed, but written anew"
    assert await keep(store, change(4, None, a=b"2")) == Kept()
