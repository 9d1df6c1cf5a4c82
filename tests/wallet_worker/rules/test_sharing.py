"""Workers that look at the same picture share the streams evenly, come to rest, and stay there."""

from collections.abc import Collection, Mapping
from random import Random

from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import ShardId
from wallet_worker.rules.sharing import Duty, Standing, count_terms, deal_out_free, share_streams


def standing(
    serves: Mapping[str, Collection[int]], holders: Mapping[int, str | None], overdue: Collection[int] = ()
) -> Standing:
    return Standing(
        serves={worker: frozenset(map(ShardId, shards)) for worker, shards in serves.items()},
        holders={ShardId(shard): holder for shard, holder in holders.items()},
        overdue=frozenset(map(ShardId, overdue)),
    )


FOUR = tuple(map(ShardId, range(4)))


def test_one_alone_takes_everything() -> None:
    alone = standing({"a": FOUR}, dict.fromkeys(FOUR))
    assert share_streams(alone, "a") == Duty(frozenset(FOUR), None)


def test_two_that_start_at_once_want_different_streams() -> None:
    both = standing({"a": FOUR, "b": FOUR}, dict.fromkeys(FOUR))
    assert share_streams(both, "a").take == {0, 2}
    assert share_streams(both, "b").take == {1, 3}


def test_who_has_too_many_gives_one_back_and_takes_it_not_again() -> None:
    late = standing({"a": FOUR, "b": FOUR}, dict.fromkeys(FOUR, "a"))
    assert share_streams(late, "a").give == FOUR[3]
    assert share_streams(late, "b") == Duty(frozenset(), None)
    given_back = standing({"a": FOUR, "b": FOUR}, {0: "a", 1: "a", 2: "a", 3: None})
    assert share_streams(given_back, "a") == Duty(frozenset(), None)
    assert share_streams(given_back, "b").take == {3}


def test_one_worker_at_a_time_gives_back() -> None:
    seven = tuple(map(ShardId, range(7)))
    held: dict[int, str | None] = dict(zip(seven, "aaabbbc", strict=True))
    uneven = standing(dict.fromkeys("abc", seven), held)
    assert [share_streams(uneven, worker).give for worker in "abc"] == [None, seven[5], None]


def test_shares_that_differ_by_one_are_left_alone() -> None:
    fair = standing({"a": FOUR, "b": FOUR, "c": FOUR}, {0: "a", 1: "a", 2: "b", 3: "c"})
    assert {share_streams(fair, worker) for worker in "abc"} == {Duty(frozenset(), None)}


def test_what_a_dead_worker_held_is_shared_by_the_others() -> None:
    dead = standing({"a": FOUR, "b": FOUR}, {0: "a", 1: "b", 2: None, 3: None})
    assert share_streams(dead, "a").take == {2}
    assert share_streams(dead, "b").take == {3}


def test_a_stream_that_nobody_took_in_time_is_anybody_s() -> None:
    stuck = standing({"a": FOUR, "b": FOUR}, {0: "a", 1: "a", 2: "a", 3: None}, overdue=[3])
    assert share_streams(stuck, "a") == Duty(frozenset({FOUR[3]}), None)


def test_nobody_is_given_what_it_does_not_serve() -> None:
    apart = standing({"a": FOUR, "b": (0,)}, {0: None, 1: None, 2: None, 3: None})
    assert share_streams(apart, "a").take == set(FOUR)
    all_held = standing({"a": FOUR, "b": (0,)}, dict.fromkeys(FOUR, "a"))
    assert share_streams(all_held, "a").give == 0
    served = standing({"a": FOUR, "b": (0,)}, {0: "b", 1: "a", 2: "a", 3: "a"})
    assert share_streams(served, "a").give is None


def test_a_stream_that_no_live_worker_serves_keeps_nothing_from_being_shared() -> None:
    orphan = standing({"a": FOUR, "b": FOUR}, {0: "a", 1: "a", 2: "a", 3: "a", 9: None})
    assert share_streams(orphan, "a").give == 3


@define
class Floor:
    """Workers that come, go, and act on a picture that may be old by the time they do."""

    shards: tuple[ShardId, ...]
    chance: Random
    serves: dict[str, frozenset[ShardId]] = field(factory=dict)
    holders: dict[ShardId, str | None] = field(factory=dict)
    moves: int = 0

    def look(self) -> Standing:
        return Standing(dict(self.serves), dict(self.holders))

    def act(self, worker: str, seen: Standing) -> None:
        """Do one thing as a worker does: take what is still free, give back what is still its own."""
        duty = share_streams(seen, worker)
        for shard in duty.take:
            if self.holders[shard] is None:
                self.holders[shard] = worker
                self.moves += 1
        if duty.give is not None and self.holders[duty.give] == worker:
            self.holders[duty.give] = None

    def round(self, old: Standing) -> None:
        """Let everybody act once, in any order, each on the present picture or on an older one."""
        workers = [worker for worker in self.serves if worker in old.serves]
        self.chance.shuffle(workers)
        for worker in workers:
            self.act(worker, old if self.chance.random() < 0.5 else self.look())

    def kill(self, worker: str) -> None:
        del self.serves[worker]
        self.holders = {shard: None if one == worker else one for shard, one in self.holders.items()}


@given(
    shards=st.integers(1, 12),
    workers=st.integers(1, 6),
    killed=st.integers(0, 5),
    all_serve_all=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_it_comes_to_rest_evenly_and_nothing_moves_any_more(
    shards: int, workers: int, killed: int, all_serve_all: bool, seed: int
) -> None:
    chance = Random(seed)
    every = tuple(map(ShardId, range(shards)))
    floor = Floor(every, chance, holders=dict.fromkeys(every))
    for number in range(workers):
        served = every if all_serve_all else tuple(chance.sample(every, chance.randint(1, shards)))
        floor.serves[f"w{number}"] = frozenset(served)
        floor.round(floor.look())
    for worker in list(floor.serves)[: min(killed, workers - 1)]:
        floor.kill(worker)
    for _ in range(4 * shards + 8):
        floor.round(floor.look())
    _assert_at_rest(floor, even=all_serve_all)


def _assert_at_rest(floor: Floor, *, even: bool) -> None:
    seen = floor.look()
    served = {shard for shards in floor.serves.values() for shard in shards}
    assert all((seen.holders[shard] is None) == (shard not in served) for shard in floor.shards)
    assert {share_streams(seen, worker) for worker in floor.serves} == {Duty(frozenset(), None)}
    moves = floor.moves
    for _ in range(3):
        floor.round(floor.look())
    assert floor.moves == moves
    counts = count_terms(seen)
    if even:
        assert max(counts.values()) - min(counts.values()) <= 1
        assert max(counts.values()) == -(-len(floor.shards) // len(floor.serves))


@given(shards=st.integers(1, 16), workers=st.integers(1, 8), seed=st.integers(0, 2**32))
def test_a_newcomer_costs_no_more_moves_than_its_share(shards: int, workers: int, seed: int) -> None:
    every = tuple(map(ShardId, range(shards)))
    floor = Floor(every, Random(seed), holders=dict.fromkeys(every))
    floor.serves = {f"w{number}": frozenset(every) for number in range(workers)}
    for _ in range(3 * shards + 5):
        floor.round(floor.look())
    floor.serves["new"] = frozenset(every)
    before = floor.moves
    for _ in range(4 * shards + 8):
        floor.round(floor.look())
    assert count_terms(floor.look())["new"] == shards // (workers + 1)
    assert floor.moves - before == shards // (workers + 1)


@given(shards=st.integers(1, 16), workers=st.integers(1, 8))
def test_all_deal_the_same_way(shards: int, workers: int) -> None:
    seen = standing({f"w{number}": range(shards) for number in range(workers)}, dict.fromkeys(range(shards)))
    deals = deal_out_free(seen)
    taken = [share_streams(seen, worker).take for worker in seen.serves]
    assert sum(map(len, taken)) == len(deals) == shards
