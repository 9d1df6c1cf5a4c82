from cardroom.ids import UserId
from cardroom.service.postgres import Postgres
from shard_router.store.standings import Standing, Standings


async def test_standing(pool: Postgres, owner: Postgres) -> None:
    standings = Standings(pool)
    assert await standings.find(UserId(1)) is None
    add = "INSERT INTO player (nickname, email, password_hash) VALUES ('a', 'a@example.com', 'x')"
    await _execute(owner, add)
    assert await standings.find(UserId(1)) == Standing(is_frozen=False, is_self_excluded=False)
    await _execute(owner, "UPDATE player SET frozen_at = now()")
    assert await standings.find(UserId(1)) == Standing(is_frozen=True, is_self_excluded=False)
    for until, is_excluded in (("now() + interval '1 hour'", True), ("now() - interval '1 second'", False)):
        await _execute(owner, f"UPDATE player SET frozen_at = NULL, self_excluded_until = {until}")
        assert await standings.find(UserId(1)) == Standing(is_frozen=False, is_self_excluded=is_excluded)


async def _execute(owner: Postgres, sql: str) -> None:
    async with owner.transaction() as transaction:
        await transaction.execute(sql)
