"""Addresses that players pay to, one per player and coin; the first one that a gateway gave stays.

A row without address is one that the gateway is being asked for: whoever asks next asks for the same.
"""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, PostgresRefused, Reader, Row, Transaction

_FACTS: Final = "id, user_id, coin, gateway, external_id, address"

FIND_STANDING: Final = "SELECT is_frozen, is_self_excluded FROM player_standing WHERE id = $1"

FIND_OF_PLAYER: Final = f"""
SELECT {_FACTS} FROM deposit_address WHERE user_id = $1 AND coin = $2 AND retired_at IS NULL
"""

FIND_AT: Final = f"SELECT {_FACTS} FROM deposit_address WHERE address = ANY($1::text[]) ORDER BY id"

_RESERVE: Final = """
INSERT INTO deposit_address (user_id, coin, gateway, external_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id, coin) WHERE retired_at IS NULL DO NOTHING
"""

_RETIRE: Final = """
UPDATE deposit_address SET retired_at = now()
WHERE user_id = $1 AND coin = $2 AND gateway <> $3 AND retired_at IS NULL
"""

_KEEP: Final = """
UPDATE deposit_address SET address = $2, gateway_ref = $3, given_at = now() WHERE id = $1 AND address IS NULL
"""

_WANT: Final = """
UPDATE deposit_address SET wanted_at = now(), next_look_at = least(next_look_at, now() + make_interval(secs => $2))
WHERE id = $1 AND wanted_at < now() - make_interval(secs => $2)
"""

HURRY_LOOK: Final = """
UPDATE deposit_address SET next_look_at = least(next_look_at, now() + make_interval(secs => $3))
WHERE coin = $1 AND address = $2
"""

# Who takes an address puts its next look off, so that no other worker looks meanwhile.
CLAIM_LOOKS: Final = f"""
UPDATE deposit_address SET next_look_at = now() + make_interval(
    secs => least(greatest(extract(epoch FROM now() - wanted_at) / 10, $3), $4))
WHERE id IN (
    SELECT id FROM deposit_address WHERE next_look_at <= now() AND address IS NOT NULL AND gateway = $1
    ORDER BY next_look_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING {_FACTS}
"""

_TAKEN: Final = "deposit_address_key"


class AddressTaken(Exception):
    """The gateway gave an address that is another player's."""


@frozen
class DepositAddress:
    """Where a player pays a coin to; ``address`` is None while the gateway has not given one."""

    number: int
    user_id: UserId
    coin: str
    gateway: str
    external_id: str
    address: str | None


@frozen
class Standing:
    """Whether money of a player's may come in."""

    is_frozen: bool
    is_self_excluded: bool


async def find_standing(reader: Reader, user_id: UserId) -> Standing | None:
    """Say how a player stands; None for nobody."""
    row = await reader.fetch_one(FIND_STANDING, user_id)
    return None if row is None else Standing(row["is_frozen"], row["is_self_excluded"])


async def find_address(reader: Reader, user_id: UserId, coin: str) -> DepositAddress | None:
    """Give where a player pays a coin to now."""
    row = await reader.fetch_one(FIND_OF_PLAYER, user_id, coin)
    return None if row is None else _address(row)


async def find_at(reader: Reader, *addresses: str) -> Sequence[DepositAddress]:
    """Give whose addresses these are, each by coin; also those that are not given out any more."""
    return [_address(row) for row in await reader.fetch(FIND_AT, addresses)]


async def reserve_address(
    postgres: Postgres, user_id: UserId, coin: str, gateway: str, external_id: str
) -> DepositAddress:
    """Give the row of a player's address at a gateway; several who ask at once get the same.

    One of another gateway is not given out any more; what comes to it is credited nevertheless.
    """
    async with postgres.transaction() as transaction:
        await transaction.execute(_RETIRE, user_id, coin, gateway)
        await transaction.execute(_RESERVE, user_id, coin, gateway, external_id)
        found = await find_address(transaction, user_id, coin)
    assert found is not None, "the row is there, by whomever it was written"
    return found


async def keep_address(postgres: Postgres, row: DepositAddress, address: str, gateway_ref: str) -> str:
    """Write down what the gateway gave, and give what holds: the first one that was written.

    Raises ``AddressTaken``.
    """
    try:
        async with postgres.transaction() as transaction:
            await transaction.execute(_KEEP, row.number, address, gateway_ref or None)
            found = await find_address(transaction, row.user_id, row.coin)
    except PostgresRefused as refused:
        if refused.constraint == _TAKEN:
            raise AddressTaken from refused
        raise
    if found is None or found.address is None:  # retired meanwhile: who asks again gets the next one
        raise AddressTaken
    return found.address


async def want_address(postgres: Postgres, number: int, seconds: float) -> None:
    """Note that a player looks at an address, so that the gateway is soon asked what came to it."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_WANT, number, seconds)


async def hurry_look(transaction: Transaction, coin: str, address: str) -> None:
    """Let the gateway be asked at once what came to an address."""
    await transaction.execute(HURRY_LOOK, coin, address, 0.0)


async def look_again(postgres: Postgres, one: DepositAddress, seconds: float) -> None:
    """Let a look that failed be taken again so soon, however seldom the address is looked at."""
    async with postgres.transaction() as transaction:
        await transaction.execute(HURRY_LOOK, one.coin, one.address, seconds)


async def claim_looks(
    postgres: Postgres, gateway: str, at_most: int, least_seconds: float, most_seconds: float
) -> Sequence[DepositAddress]:
    """Take a gateway's addresses that are due to be looked at; nobody else gets them before they are due again."""
    async with postgres.transaction() as transaction:
        rows = await transaction.fetch(CLAIM_LOOKS, gateway, at_most, least_seconds, most_seconds)
    return [_address(row) for row in rows]


def _address(row: Row) -> DepositAddress:
    return DepositAddress(
        number=row["id"],
        user_id=UserId(row["user_id"]),
        coin=row["coin"],
        gateway=row["gateway"],
        external_id=row["external_id"],
        address=row["address"],
    )
