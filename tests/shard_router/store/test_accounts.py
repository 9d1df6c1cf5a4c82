import pytest
import trio

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres
from shard_router.store.accounts import Account, Accounts, Found, Standing, Taken


async def test_register_and_find(pool: Postgres) -> None:
    accounts = Accounts(pool)
    first = await accounts.register("Alice", "alice@example.com", "hash 1")
    second = await accounts.register("Bob", "bob@example.com", "hash 2")
    assert first != second
    assert isinstance(first, int)
    assert isinstance(second, int)
    assert await accounts.find("alice@example.com") == Found(Account(first, "Alice", "hash 1"))
    assert await accounts.find("ALICE@example.com") == Found(Account(first, "Alice", "hash 1"))
    assert await accounts.find("nobody@example.com") == Found()
    assert await accounts.find_by_id(second) == Account(second, "Bob", "hash 2")
    assert await accounts.find_by_id(UserId(99)) is None


async def test_taken(pool: Postgres) -> None:
    accounts = Accounts(pool)
    await accounts.register("Alice", "alice@example.com", "hash")
    assert await accounts.register("ALICE", "other@example.com", "hash") is Taken.NICKNAME
    assert await accounts.register("other", "Alice@example.com", "hash") is Taken.EMAIL
    assert await accounts.register("alice", "alice@example.com", "hash") is Taken.EMAIL


@pytest.mark.parametrize(
    ("first", "second"), [("Bob_1", "b0b-l"), ("ILLI", "1111"), ("앨리스_o", "앨리스-0")]
)
async def test_names_that_look_alike_are_the_same(pool: Postgres, first: str, second: str) -> None:
    accounts = Accounts(pool)
    assert isinstance(await accounts.register(first, "one@example.com", "hash"), int)
    assert await accounts.register(second, "other@example.com", "hash") is Taken.NICKNAME
    assert isinstance(await accounts.register("다른_이름", "third@example.com", "hash"), int)


async def test_a_name_that_is_being_taken_is_waited_for(pool: Postgres) -> None:
    accounts = Accounts(pool)
    outcomes: list[UserId | Taken] = []

    async def register_second() -> None:
        outcomes.append(await accounts.register("alice", "second@example.com", "hash"))

    async with trio.open_nursery() as nursery:  # noqa: SIM117
        # The nursery stays open longer than the transaction: what waits for the name can go on.
        async with pool.transaction() as transaction:
            await transaction.execute(
                "INSERT INTO player (nickname, email, password_hash) VALUES ('Alice', 'a@b.cd', 'hash')"
            )
            nursery.start_soon(register_second)
            await _wait_until_one_waits(pool)
            assert not outcomes
    assert outcomes == [Taken.NICKNAME]


async def _wait_until_one_waits(pool: Postgres) -> None:
    waiting = "SELECT count(*) AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with trio.fail_after(5):
        while True:
            async with pool.transaction() as transaction:
                row = await transaction.fetch_one(waiting)
            if row is not None and row["waiting"]:
                return


async def test_frozen(pool: Postgres, owner: Postgres) -> None:
    accounts = Accounts(pool)
    user_id = await accounts.register("Alice", "alice@example.com", "hash")
    assert isinstance(user_id, int)
    assert await accounts.standing(user_id) == Standing(is_frozen=False, is_excluded=False)
    async with owner.transaction() as transaction:
        await transaction.execute("UPDATE player SET frozen_at = now()")
    assert await accounts.standing(user_id) == Standing(is_frozen=True, is_excluded=False)
    assert await accounts.standing(UserId(user_id + 1)) is None


async def test_replace_hash_unless_it_was_changed(pool: Postgres) -> None:
    accounts = Accounts(pool)
    await accounts.register("Alice", "alice@example.com", "old")
    account = (await accounts.find("alice@example.com")).account
    assert account is not None
    await accounts.replace_hash(account, "new")
    await accounts.replace_hash(account, "too late")
    found = (await accounts.find("alice@example.com")).account
    assert found is not None
    assert found.password_hash == "new"


def test_an_account_does_not_show_its_hash() -> None:
    assert "secret" not in repr(Account(UserId(1), "Alice", "secret"))
