"""Failures slow down those that follow: strictly where they come from, mildly elsewhere, not at home."""

import pytest
import trio

from cardroom.ids import UserId
from cardroom.service.redis import Redis
from cardroom.service.settings import Secret
from shard_router.settings import FailureSettings, PauseSettings
from shard_router.store.failures import Failures, Slowed, Try

ALICE, BOB = "alice@example.com", "bob@example.com"
HOME, CAFE = "192.0.2.1", "198.51.100.7"
SETTINGS = FailureSettings(
    here=PauseSettings(2, 60.0, 100.0),
    account=PauseSettings(4, 10.0, 15.0),
    address=PauseSettings(6, 30.0, 40.0),
    code=PauseSettings(2, 60.0, 200.0),
)


@pytest.fixture
async def failures(redis: Redis) -> Failures:
    return Failures(redis, SETTINGS, Secret("k" * 32))


async def _fail(failures: Failures, email: str, address: str, times: int = 1) -> None:
    for _ in range(times):
        await failures.fail(await failures.begin(email, address), address)


async def _seconds(failures: Failures, email: str, address: str) -> int:
    """Say how long one has to wait; a try that may begin is taken back."""
    try:
        attempt = await failures.begin(email, address)
    except Slowed as slowed:
        return slowed.seconds
    await failures.take_back(attempt)
    return 0


async def _pass_time(redis: Redis) -> None:
    """Let every wait be over, as if time had passed; the counts stay."""
    for key in await redis.keys("failures:*"):
        if await redis.type(key) == b"hash":
            await redis.hdel(key, ["until"])


async def test_the_wait_doubles_up_to_a_limit(failures: Failures, redis: Redis) -> None:
    waits = []
    for _ in range(4):
        await _fail(failures, ALICE, HOME)
        waits.append(await _seconds(failures, ALICE, HOME))
        await _pass_time(redis)
    assert waits == [0, 60, 100, 100]


async def test_other_accounts_and_other_addresses_are_not_slowed_by_a_few(failures: Failures) -> None:
    await _fail(failures, ALICE, HOME, 2)
    assert await _seconds(failures, ALICE, HOME) == 60
    assert await _seconds(failures, BOB, HOME) == 0
    assert await _seconds(failures, ALICE, CAFE) == 0


async def test_many_at_once_are_no_more_than_many_in_a_row(failures: Failures) -> None:
    begun: list[Try | None] = []

    async def begin() -> None:
        try:
            begun.append(await failures.begin(ALICE, HOME))
        except Slowed:
            begun.append(None)

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(begin)
    assert len([one for one in begun if one is not None]) == 2


async def test_an_account_is_slowed_mildly_from_everywhere_but_where_its_player_was(
    failures: Failures,
) -> None:
    """A crowd guesses: it waits, and the player at home does not."""
    await failures.forgive(await failures.begin(ALICE, HOME))
    for number in range(4):
        await _fail(failures, ALICE, f"203.0.113.{number}")
    assert await _seconds(failures, ALICE, CAFE) == 10
    assert await _seconds(failures, ALICE, HOME) == 0
    await _fail(failures, ALICE, HOME, 2)
    assert await _seconds(failures, ALICE, HOME) == 60, "who sits there does not guess either"


async def test_an_address_that_tries_many_accounts_is_slowed(failures: Failures) -> None:
    await failures.forgive(await failures.begin(BOB, CAFE))
    for number in range(6):
        await _fail(failures, f"{number}@example.com", CAFE)
    assert await _seconds(failures, ALICE, CAFE) == 30
    assert await _seconds(failures, BOB, CAFE) == 0, "whose player has logged in there before"
    assert await _seconds(failures, ALICE, HOME) == 0


async def test_all_of_an_ipv6_connection_is_one_address(failures: Failures) -> None:
    await _fail(failures, ALICE, "2001:db8::1")
    await _fail(failures, ALICE, "2001:db8::2")
    assert await _seconds(failures, ALICE, "2001:db8::3") == 60
    assert await _seconds(failures, ALICE, "2001:db8:0:1::3") == 0


async def test_a_login_forgives_what_its_address_has_failed(failures: Failures) -> None:
    for number in range(2):
        await _fail(failures, ALICE, f"203.0.113.{number}")
    await _fail(failures, ALICE, HOME)
    await failures.forgive(await failures.begin(ALICE, HOME))
    await _fail(failures, ALICE, CAFE)
    assert await _seconds(failures, ALICE, "198.51.100.8") == 0, "three of four are left"
    assert await _seconds(failures, ALICE, HOME) == 0
    await _fail(failures, ALICE, "198.51.100.9")
    assert await _seconds(failures, ALICE, "198.51.100.8") == 10


async def test_what_was_taken_back_does_not_count(failures: Failures) -> None:
    for _ in range(5):
        await failures.take_back(await failures.begin(ALICE, HOME))
    assert await _seconds(failures, ALICE, HOME) == 0


async def test_exempt_networks_are_not_slowed_as_an_address(redis: Redis) -> None:
    settings = FailureSettings(address=PauseSettings(2, 30.0, 40.0), exempt=("192.0.2.0/24",))
    failures = Failures(redis, settings, Secret("k" * 32))
    for number in range(4):
        await _fail(failures, f"{number}@example.com", HOME)
    assert await _seconds(failures, ALICE, HOME) == 0
    for number in range(2):
        await _fail(failures, f"{number}@example.com", CAFE)
    assert await _seconds(failures, ALICE, CAFE) == 30


async def test_codes_of_a_player(failures: Failures) -> None:
    for _ in range(2):
        await failures.begin_code(UserId(1))
    with pytest.raises(Slowed) as slowed:
        await failures.begin_code(UserId(1))
    assert slowed.value.seconds == 60
    await failures.begin_code(UserId(2))
    await failures.forgive_code(UserId(1))
    await failures.begin_code(UserId(1))


async def test_redis_holds_neither_addresses_nor_mail_and_not_for_ever(
    failures: Failures, redis: Redis
) -> None:
    await _fail(failures, ALICE, HOME)
    await failures.forgive(await failures.begin(BOB, HOME))
    await failures.begin_code(UserId(1))
    names = await redis.keys("*")
    assert len(names) == 5
    assert not [name for name in names if b"example" in name or b"192.0" in name]
    lives = sorted([await redis.pttl(name) for name in names])
    assert lives[0] > 3_500_000
    assert lives[-2] <= 3_600_000 < 2_500_000_000 < lives[-1] <= 2_592_000_000
    slots = {name.split(b"{")[1].split(b"}")[0] for name in names if b"{" in name}
    assert len(slots) == 2, "one for each account"
