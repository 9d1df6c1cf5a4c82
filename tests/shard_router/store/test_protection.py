"""Terms in PostgreSQL: a history that nobody changes, and players who ask for two things at once."""

import pytest
import trio

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, PostgresRefused
from shard_router.rules.protection import ExclusionStands, in_force
from shard_router.store.accounts import Accounts
from shard_router.store.protection import Author, NoSuchPlayer, PlayerTermsStore

DAY = 24 * 3_600_000
FOR_EVER = 253_402_214_400_000
OWN = Author()


async def player(pool: Postgres) -> UserId:
    user_id = await Accounts(pool).register("Alice", "alice@example.com", "hash")
    assert isinstance(user_id, int)
    return user_id


async def test_terms_are_kept_as_a_history_with_who_and_why(pool: Postgres) -> None:
    store, user = PlayerTermsStore(pool), await player(pool)
    await store.set_limit(user, "loss_day", 100, DAY, OWN)
    await store.set_limit(user, "loss_day", 100, DAY, OWN)
    terms = await store.set_limit(user, "loss_day", None, DAY, Author("admin:kim", "asked by telephone"))
    assert in_force(terms.by_kind["loss_day"], terms.now_ms) == 100
    assert in_force(terms.by_kind["loss_day"], terms.now_ms + DAY) is None
    rows = await pool.fetch("SELECT value, before, set_by, reason FROM player_term ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        (100, None, "player", None),
        (None, 100, "admin:kim", "asked by telephone"),
    ]


async def test_two_who_change_one_limit_wait_for_each_other(pool: Postgres) -> None:
    """Whichever comes last, the tight one holds: a looser one that came first does not outlive it."""
    store, user = PlayerTermsStore(pool), await player(pool)
    await store.set_limit(user, "loss_day", 100, DAY, OWN)
    async with trio.open_nursery() as nursery:
        for wanted in (500, 10, 900, 700):
            nursery.start_soon(store.set_limit, user, "loss_day", wanted, DAY, OWN)
    terms = await store.read(user)
    assert in_force(terms.by_kind["loss_day"], terms.now_ms) == 10


async def test_an_exclusion_stands_whoever_writes(pool: Postgres, owner: Postgres) -> None:
    store, user = PlayerTermsStore(pool), await player(pool)
    until = (await store.exclude(user, 48, FOR_EVER, OWN)).excluded_until_ms
    with pytest.raises(ExclusionStands):
        await store.exclude(user, 24, FOR_EVER, OWN)
    for value in ("NULL", "now()"):
        with pytest.raises(PostgresRefused) as refusal:
            await owner.fetch(f"UPDATE player SET self_excluded_until = {value} RETURNING id")
        assert refusal.value.constraint == "exclusion_stands"
    assert (await store.read(user)).excluded_until_ms == until
    terms = await store.exclude(user, None, FOR_EVER, OWN)
    assert terms.excluded_until_ms == FOR_EVER
    rows = await pool.fetch("SELECT value FROM player_term WHERE kind = 'exclusion' ORDER BY id")
    assert [row["value"] for row in rows] == [until, FOR_EVER]


async def test_nobody_changes_the_history(pool: Postgres, owner: Postgres) -> None:
    store, user = PlayerTermsStore(pool), await player(pool)
    await store.set_limit(user, "loss_day", 100, DAY, OWN)
    for sql in ("UPDATE player_term SET value = 1", "DELETE FROM player_term"):
        with pytest.raises(PostgresRefused) as refusal:
            await pool.fetch(f"{sql} RETURNING id")
        assert refusal.value.state == "42501"
        with pytest.raises(PostgresRefused) as refusal:
            await owner.fetch(f"{sql} RETURNING id")
        assert refusal.value.constraint == "append_only"


async def test_nobody_has_no_terms(pool: Postgres) -> None:
    store = PlayerTermsStore(pool)
    with pytest.raises(NoSuchPlayer):
        await store.read(UserId(17))
    with pytest.raises(NoSuchPlayer):
        await store.set_limit(UserId(17), "loss_day", 1, DAY, OWN)
    with pytest.raises(NoSuchPlayer):
        await store.exclude(UserId(17), 24, FOR_EVER, OWN)
