"""Which worker reads which streams: each decides for itself, on the same picture, by the same rule."""

from collections.abc import Collection, Mapping

from attrs import field, frozen

from cardroom.ids import ShardId


@frozen
class Standing:
    """Who is there and who holds what, at one moment.

    ``serves`` names the live workers, each with the shards whose streams it may read; ``holders`` says for
    each shard which live worker holds its term (None: nobody does). ``overdue`` are shards that nobody has
    held for so long that it does not matter whose turn it is.
    """

    serves: Mapping[str, Collection[ShardId]]
    holders: Mapping[ShardId, str | None]
    overdue: Collection[ShardId] = field(default=frozenset())


@frozen
class Duty:
    """What a worker does next: the terms it may take, and the one that it gives back."""

    take: frozenset[ShardId]
    give: ShardId | None


def share_streams(standing: Standing, worker: str) -> Duty:
    """Say what a live worker may take, and what it gives back.

    Free shards are dealt out to whoever has the fewest, so that workers who look at once don't want the same.
    Where none is free, the worker with the most gives one to another that has at least two fewer: then both
    are nearer to their share, and nobody has a reason to move it back. So it ends with everybody at their
    share, rounded down or up, as far as they serve the same shards.
    """
    deals = deal_out_free(standing)
    take = {shard for shard, taker in deals.items() if taker == worker}
    take |= {shard for shard in deals if shard in standing.overdue and shard in standing.serves[worker]}
    return Duty(frozenset(take), None if deals else _give_back(standing, worker))


def deal_out_free(standing: Standing) -> dict[ShardId, str]:
    """Give every shard that nobody holds to the live worker that has the fewest then; ties by name."""
    counts = count_terms(standing)
    deals = {}
    for shard, holder in sorted(standing.holders.items()):
        takers = [worker for worker, shards in standing.serves.items() if shard in shards]
        if holder is None and takers:
            taker = min(takers, key=lambda one: (counts[one], one))
            counts[taker] += 1
            deals[shard] = taker
    return deals


def count_terms(standing: Standing) -> dict[str, int]:
    """Count the terms that each live worker holds."""
    counts = dict.fromkeys(standing.serves, 0)
    for holder in standing.holders.values():
        if holder is not None:
            counts[holder] += 1
    return counts


def _give_back(standing: Standing, worker: str) -> ShardId | None:
    """Give the shard that this worker hands over; only one worker at a time has one to hand over."""
    counts = count_terms(standing)
    moves = [
        (counts[holder] - counts[taker], holder, shard)
        for shard, holder in standing.holders.items()
        if holder is not None
        for taker, shards in standing.serves.items()
        if shard in shards and counts[taker] + 2 <= counts[holder]
    ]
    if not moves:
        return None
    _, giver, shard = max(moves)
    return shard if giver == worker else None
