"""Expired sessions and mailed tokens are removed, step by step, for as long as the router lives."""

from typing import Final

import trio
from prometheus_client import Counter

from cardroom.service.logs import Log
from cardroom.service.postgres import PostgresAway, PostgresRefused
from shard_router.settings import PurgeSettings
from shard_router.store.logins import Logins
from shard_router.store.registrations import Registrations

PURGED: Final = Counter("holdem_router_sessions_purged_total", "Expired login sessions removed")
PURGED_TOKENS: Final = Counter("holdem_router_mailed_tokens_purged_total", "Expired mailed tokens removed")


async def purge_expired(
    logins: Logins, registrations: Registrations, settings: PurgeSettings, log: Log
) -> None:
    """Purge each ``every_seconds``, until cancelled; a database that is away is asked again next time."""
    while True:
        try:
            await purge_once(logins, settings)
            PURGED_TOKENS.inc(await registrations.purge(settings.rows))
        except (PostgresAway, PostgresRefused) as trouble:
            log.warning("sessions.not_purged", trouble=str(trouble))
        await trio.sleep(settings.every_seconds)


async def purge_once(logins: Logins, settings: PurgeSettings) -> int:
    """Remove up to ``steps`` times ``rows`` sessions, each step a transaction; gives how many went."""
    total = 0
    for _ in range(settings.steps):
        gone = await logins.purge(settings.rows)
        PURGED.inc(gone)
        total += gone
        if gone < settings.rows:
            break
    return total
