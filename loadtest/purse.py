"""Money for players on a cluster that is not the load test's own: who has too little is given some."""

import httpx

from cardroom.client.account import http_errors, refusal_of
from cardroom.wire.lobby import LoggedIn
from loadtest.profile import Grant


class Purse:
    """Fills wallets, each once in a run."""

    def __init__(self, http: httpx.AsyncClient, grant: Grant) -> None:
        self._http = http
        self._grant = grant

    async def fill(self, login: LoggedIn) -> None:
        """Give a player the grant if the wallet holds less; may be repeated. Raises ``ClientError``."""
        balance = await self._ask("GET", "/api/v1/wallet/balance", login.token)
        if int(balance.json()["krw_balance"]) >= self._grant.amount:
            return
        body = {
            "user_id": login.user_id,
            "amount": self._grant.amount,
            "reason": "load test",
            "idempotency_key": f"load-{self._grant.run}-{login.user_id}",
        }
        await self._ask("POST", "/admin/promotions", self._grant.admin_token, body)

    async def _ask(
        self, method: str, path: str, token: str, body: dict[str, object] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        with http_errors():
            response = await self._http.request(method, path, json=body, headers=headers)
        if not response.is_success:
            raise refusal_of(response)
        return response
