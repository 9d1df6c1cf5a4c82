"""What a code is good for: one time, for its half minute and the two beside it."""

import pyotp
import pytest
import trio
from attrs import define, field

from cardroom.ids import UserId
from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import Secret
from shard_router.store.accounts import Accounts
from shard_router.store.factor_seal import FactorSeal
from shard_router.store.factors import FactorOff, FactorOn, SecondFactors, WrongCode
from shard_router.store.logins import AccountChanged, Logins, Origin, SessionRules


@define
class Safe:
    """Second factors with a clock that stands until it is moved."""

    pool: Postgres
    logins: Logins
    alice: UserId
    now: float = 1_700_000_010.0
    factors: SecondFactors = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.factors = SecondFactors(self.pool, self.logins, FactorSeal(Secret("f" * 32)), lambda: self.now)

    async def enrol(self) -> tuple[str, tuple[str, ...]]:
        """Give secret and recovery codes; the code of this half minute is used then."""
        secret = await self.factors.offer(self.alice)
        return secret, await self.factors.confirm(self.alice, self.code(secret))

    def code(self, secret: str, steps: int = 0) -> str:
        return str(pyotp.TOTP(secret).generate_otp(int(self.now) // 30 + steps))

    async def takes(self, code: str) -> bool:
        try:
            await self.factors.use(self.alice, code)
        except WrongCode:
            return False
        return True


@pytest.fixture
async def safe(pool: Postgres, redis: Redis) -> Safe:
    user_id = await Accounts(pool).register("앨리스", "alice@example.com", "hash")
    assert isinstance(user_id, int)
    return Safe(pool, Logins(LoginLookup(redis, pool, LookupSettings()), pool, SessionRules(60)), user_id)


async def test_each_step_of_time_is_taken_once(safe: Safe) -> None:
    secret, _ = await safe.enrol()
    assert not await safe.takes(safe.code(secret)), "it has confirmed"
    assert not await safe.takes(safe.code(secret, -1)), "older than the one that was used"
    assert await safe.takes(safe.code(secret, +1)), "a clock that is ahead"
    assert not await safe.takes(safe.code(secret, +1))
    assert not await safe.takes(safe.code(secret, +2))
    safe.now += 90
    assert await safe.takes(safe.code(secret, -1)), "a clock that is behind"
    assert await safe.takes(safe.code(secret))


async def test_one_code_shown_many_times_at_once_is_taken_once(safe: Safe) -> None:
    secret, codes = await safe.enrol()
    safe.now += 60
    taken: list[bool] = []

    async def show(code: str) -> None:
        taken.append(await safe.takes(code))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(show, safe.code(secret))
            nursery.start_soon(show, codes[0])
    assert taken.count(True) == 2


async def test_recovery_codes_are_for_one_time_each_and_one_player(safe: Safe) -> None:
    _, codes = await safe.enrol()
    bob = await Accounts(safe.pool).register("Bob", "bob@example.com", "hash")
    assert isinstance(bob, int)
    secret = await safe.factors.offer(bob)
    others = await safe.factors.confirm(bob, safe.code(secret))
    assert not await safe.takes(others[0])
    assert [await safe.takes(code) for code in (codes[0], codes[0], codes[9])] == [True, False, True]
    assert await safe.factors.count_recovery_codes(safe.alice) == 8


async def test_an_offer_counts_once_it_is_confirmed(safe: Safe) -> None:
    first = await safe.factors.offer(safe.alice)
    second = await safe.factors.offer(safe.alice)
    with pytest.raises(FactorOff):
        await safe.factors.use(safe.alice, safe.code(second))
    with pytest.raises(WrongCode):
        await safe.factors.confirm(safe.alice, safe.code(first))
    with pytest.raises(WrongCode):
        await safe.factors.confirm(safe.alice, "ABCD-EFGH-IJKL-MNOP")
    await safe.factors.confirm(safe.alice, safe.code(second))
    with pytest.raises(FactorOn):
        await safe.factors.offer(safe.alice)
    with pytest.raises(FactorOn):
        await safe.factors.confirm(safe.alice, safe.code(second, 1))


async def test_a_session_that_is_being_opened_sees_that_a_second_factor_came(safe: Safe) -> None:
    """The password was checked, and then somebody confirmed a second factor."""
    account = (await Accounts(safe.pool).find("alice@example.com")).account
    assert account is not None
    opened = await safe.logins.open(account, Origin())
    await safe.enrol()
    with pytest.raises(AccountChanged):
        await safe.logins.open(account, Origin())
    login = await safe.logins.find(opened.token)
    assert login is not None
    assert login.has_second_factor
    stepped_up = await safe.factors.step_up(login, (await _new_codes(safe))[0])
    assert stepped_up is not None
    found = await safe.logins.find(opened.token)
    assert found == stepped_up


async def _new_codes(safe: Safe) -> tuple[str, ...]:
    """Take the second factor away as an administrator would, and give the codes of a new one."""
    async with safe.pool.transaction() as transaction:
        assert await safe.factors.take_away(transaction, safe.alice)
    async with safe.pool.transaction() as transaction:
        assert not await safe.factors.take_away(transaction, safe.alice)
    safe.now += 60
    return (await safe.enrol())[1]


async def test_a_session_that_has_ended_does_not_step_up(safe: Safe) -> None:
    account = (await Accounts(safe.pool).find("alice@example.com")).account
    assert account is not None
    token = (await safe.logins.open(account, Origin())).token
    login = await safe.logins.find(token)
    _, codes = await safe.enrol()
    await safe.logins.close(token)
    assert login is not None
    assert await safe.factors.step_up(login, codes[0]) is None
    assert await safe.logins.find(token) is None
