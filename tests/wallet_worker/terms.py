"""Terms of players for tests, and time that has passed: what is booked moves into the past."""

from datetime import UTC, datetime

from cardroom.ids import UserId
from cardroom.service.protection import ProtectionSettings
from tests.wallet_worker.house import House
from wallet_worker.rules.protection import Limits
from wallet_worker.store.read_terms import Usage, read_usage


def far_from_midnight() -> ProtectionSettings:
    """Give a time zone in which it is past noon: some hours ago was today, and today does not end soon."""
    hour = datetime.now(UTC).hour
    east = (15 - hour) % 24
    east -= 24 if east > 12 else 0
    return ProtectionSettings(time_zone=f"Etc/GMT{-east:+d}")


HERE = far_from_midnight()

_BOOKED = ("entry", "transfer", "hand", "hand_result")


async def limit(
    house: House, player: int, kind: str, value: int | None, before: int | None = None, waits: str = "0 s"
) -> None:
    """Let a player have asked for a limit just now that begins after a wait; below zero it was asked then."""
    shown = ["NULL" if one is None else str(one) for one in (value, before)]
    user = house.players[player]
    await house.change(
        "INSERT INTO player_term (user_id, kind, value, before, asked_at, begins_at, set_by) VALUES "
        f"({user}, '{kind}', {shown[0]}, {shown[1]}, now() + least('0 s', interval '{waits}'),"
        f" now() + interval '{waits}', 'player')",
        f"UPDATE player SET has_terms = true WHERE id = {user}",
    )


async def exclude(house: House, player: int, until: str = "now() + interval '1 day'") -> None:
    user = house.players[player]
    await house.change(f"UPDATE player SET has_terms = true, self_excluded_until = {until} WHERE id = {user}")


async def block(house: House, player: int, seconds: int | None = None) -> None:
    """Let an administrator have blocked a player, for good or for so long."""
    end = "NULL" if seconds is None else f"now() + interval '{seconds} s'"
    await house.change(
        "INSERT INTO block (user_id, reason, blocked_by, expires_at) "
        f"VALUES ({house.players[player]}, 'bots', 'kim', {end})"
    )


async def unblock(house: House) -> None:
    await house.change(
        "UPDATE block SET removed_at = now(), removed_by = 'lee', removed_reason = 'a mistake'"
    )


async def age(house: House, interval: str) -> None:
    """Let all that is booked have happened so much earlier, up to two months."""
    if "day" in interval:
        await house.rows("SELECT open_months((now() - interval '3 months')::date, 3)")
    moved = [f"UPDATE {table} SET booked_at = booked_at - interval '{interval}'" for table in _BOOKED]
    await house.change(*moved)


async def usage_of(house: House, player: int, settings: ProtectionSettings = HERE) -> Usage:
    user: UserId = house.players[player]
    return (await read_usage(house.database, [user], settings))[user]


async def limits_of(house: House, player: int, settings: ProtectionSettings = HERE) -> Limits:
    return (await usage_of(house, player, settings)).limits
