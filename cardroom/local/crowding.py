"""Seats a crowd quickly: thousands of accounts by one statement, and money through the wallet worker.

All of them have the same password, hashed once. Every step may be repeated and then changes nothing.
"""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import httpx
import trio
from argon2 import PasswordHasher

from cardroom.client import ClientLimits
from cardroom.client.account import open_http
from cardroom.ids import UserId
from cardroom.local.cluster import SHARD_ROUTER, Cluster, Servers
from cardroom.local.credentials import ADMIN_TOKEN, BOTS_PASSWORD
from cardroom.local.plan import BotPlan
from cardroom.local.seeding import grant
from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings

_AT_ONCE: Final = 6
"""So many gifts under way; the ledger books those one after the other anyway."""

_REGISTER: Final = """
INSERT INTO player (nickname, email, password_hash)
SELECT name, name || '@bots.invalid', $2 FROM unnest($1::text[]) AS name
ON CONFLICT DO NOTHING
"""
_FIND: Final = "SELECT id FROM player WHERE nickname = ANY($1::text[]) ORDER BY id"


async def provide_crowd(cluster: Cluster, run: str) -> None:
    """Give every bot of the plan an account, and the plan's grant once per ``run``."""
    servers = cluster.servers
    user_ids = await register_all(servers, servers.plan.bots)
    async with open_http(cluster.wallet_url, ClientLimits()) as http:
        await grant_all(http, servers.credential(ADMIN_TOKEN), user_ids, servers.plan.bots, run)


async def register_all(servers: Servers, bots: BotPlan) -> Sequence[UserId]:
    """Add the accounts that are not there yet; gives the ids of all."""
    names = [bots.nickname(number) for number in range(1, bots.players + 1)]
    password = servers.credential(BOTS_PASSWORD)
    password_hash = await trio.to_thread.run_sync(_hash, password, servers.config_of(SHARD_ROUTER))
    settings = PostgresSettings(dsn=servers.credential("router_dsn"), connections=1, call_seconds=60.0)
    async with open_postgres(settings) as postgres, postgres.transaction() as transaction:
        await transaction.execute(_REGISTER, names, password_hash)
        return [UserId(row["id"]) for row in await transaction.fetch(_FIND, names)]


async def grant_all(
    http: httpx.AsyncClient, admin_token: str, user_ids: Sequence[UserId], bots: BotPlan, run: str
) -> None:
    """Give each player money of the house, several at once."""

    async def grant_next(waiting: Iterator[UserId]) -> None:
        for user_id in waiting:
            await grant(http, admin_token, user_id, bots.grant, run)

    waiting = iter(user_ids)
    async with trio.open_nursery() as nursery:
        for _ in range(_AT_ONCE):
            nursery.start_soon(grant_next, waiting)


def _hash(password: str, router_config: Path) -> str:
    """Hash at the router's cost: it would hash anew at each first login what was made at another."""
    cost = tomllib.loads(router_config.read_text(encoding="utf-8"))["hashing"]
    hasher = PasswordHasher(
        time_cost=cost["time_cost"], memory_cost=cost["memory_kib"], parallelism=cost["lanes"],
        hash_len=32, salt_len=16,
    )  # fmt: skip
    return hasher.hash(password)
