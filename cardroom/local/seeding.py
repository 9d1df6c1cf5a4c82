"""Fills a new cluster: tables, players, money. Every step may be repeated and then changes nothing."""

from collections.abc import Sequence
from typing import Any

import httpx
from attrs import asdict

from cardroom.client import Account, ClientLimits, RequestRefused, open_account
from cardroom.client.account import http_errors, open_http, refusal_of
from cardroom.ids import UserId
from cardroom.local.plan import BotPlan, TablePlan
from cardroom.money import Krw
from cardroom.wire.lobby import LoggedIn
from cardroom.wire.refusals import Refusal


async def make_tables(wallet_url: str, admin_token: str, tables: Sequence[TablePlan]) -> None:
    """Make the tables that are not there, once: who closes one of them later has closed it."""
    async with open_http(wallet_url, ClientLimits()) as http:
        await add_tables(http, admin_token, tables)


async def add_tables(http: httpx.AsyncClient, admin_token: str, tables: Sequence[TablePlan]) -> None:
    """Ask the wallet worker for each table."""
    for table in tables:
        why = {"reason": "a table of the plan", "idempotency_key": f"plan:{table.shard}:{table.name}"}
        await ask(http, "POST", "/admin/tables", admin_token, asdict(table) | why)


class Cashier:
    """Sees to it that bots have an account and money."""

    def __init__(self, http: httpx.AsyncClient, admin_token: str, bots: BotPlan, run: str) -> None:
        self._http = http
        self._admin_token = admin_token
        self._bots = bots
        self._run = run

    async def provide(self, account: Account, number: int, password: str) -> None:
        """Register a bot if it is new, and top its wallet up if it is low."""
        login = await sign_in(account, self._bots.nickname(number), password)
        if await self._balance(login.token) < self._bots.low_wallet:
            await grant(self._http, self._admin_token, login.user_id, self._bots.grant, self._run)

    async def _balance(self, token: str) -> Krw:
        return Krw(int((await ask(self._http, "GET", "/api/v1/wallet/balance", token))["krw_balance"]))


async def sign_in(account: Account, nickname: str, password: str) -> LoggedIn:
    """Log a bot in, which is registered if it is new."""
    email = f"{nickname}@bots.invalid"
    try:
        return await account.log_in(email, password)
    except RequestRefused as refusal:
        if refusal.code is not Refusal.WRONG_CREDENTIALS:
            raise
    await account.register(nickname, email, password)
    return await account.log_in(email, password)


async def grant(http: httpx.AsyncClient, admin_token: str, user_id: UserId, amount: Krw, run: str) -> None:
    """Give a player money of the house, once per ``run``."""
    body = {
        "user_id": user_id,
        "amount": amount,
        "reason": "local cluster",
        "idempotency_key": f"local-{run}-{user_id}",
    }
    await ask(http, "POST", "/admin/promotions", admin_token, body)


async def ask(http: httpx.AsyncClient, method: str, path: str, token: str, body: Any = None) -> Any:
    """Send one request with a bearer token and give the answer's JSON; raises ``ClientError``."""
    with http_errors():
        response = await http.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
    if not response.is_success:
        raise refusal_of(response)
    return response.json()


async def provide_players(
    router_url: str, wallet_url: str, bots: BotPlan, secrets: tuple[str, str], run: str
) -> None:
    """Give every bot an account and money; ``secrets`` are the admin token and the bots' password."""
    admin_token, password = secrets
    async with open_http(wallet_url, ClientLimits()) as http, open_account(router_url) as account:
        cashier = Cashier(http, admin_token, bots, run)
        for number in range(1, bots.players + 1):
            await cashier.provide(account, number, password)
