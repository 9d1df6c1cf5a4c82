"""Lets bots play on a cluster, tells how it goes, and judges the run at its end."""

import json
from typing import Any, Final

import httpx
import trio
from attrs import frozen

from cardroom.client import ClientError, ClientLimits
from cardroom.client.account import open_http
from cardroom.local.bots import Live, bots_command, read_report, report_file
from cardroom.local.cluster import WALLET_WORKER, Cluster, Servers
from cardroom.local.console import Console, Summary
from cardroom.local.credentials import ADMIN_TOKEN, BOTS_PASSWORD
from cardroom.local.customers import Doors, open_customers
from cardroom.local.processes import ProcessFailed, ProcessSpec, keep_running
from cardroom.local.seeding import ask, provide_players

_PERIOD_SECONDS: Final = 1.0


@frozen
class Ledger:
    """What the ledger says of itself."""

    hands: int
    is_balanced: bool


@frozen
class Played:
    """A run as it went, before it is judged."""

    hands_before: int
    seconds: float
    p99_ms: float


class Round:
    """One round of play: the bots come, play, and leave."""

    def __init__(self, cluster: Cluster, console: Console) -> None:
        self._cluster = cluster
        self._servers = cluster.servers
        self._console = console
        self._live = Live()

    async def play(self, run: str, run_seconds: float | None) -> Played:
        """Let bots play for so long, or until cancelled; they leave their tables at the end."""
        servers, plan = self._servers, self._servers.plan
        token = servers.credential(ADMIN_TOKEN)
        secrets = (token, servers.credential(BOTS_PASSWORD))
        await self._provide(secrets, run)
        async with open_http(self._cluster.wallet_url, ClientLimits()) as wallet:
            hands_before = (await read_ledger(wallet, token)).hands
            async with keep_running(
                [self._bots()], servers.workplace, servers.patience, plan.limits.bots_stop
            ):
                await self._live.wait_until_playing()
                began = trio.current_time()
                with trio.move_on_after(run_seconds or float("inf")):
                    await self._follow(wallet, token, hands_before)
                seconds = trio.current_time() - began
        if plan.has_payments:
            await self._pay_out(secrets[1], run)
        return Played(hands_before, seconds, read_report(plan, self._live).get("p99_ms") or 0.0)

    async def _provide(self, secrets: tuple[str, str], run: str) -> None:
        """See to it that all bots have money: out of their own coins, or the house's."""
        cluster, plan = self._cluster, self._servers.plan
        if plan.has_payments:
            async with open_customers(self._doors(), plan.bots, secrets[1]) as customers:
                await customers.pay_in()
        else:
            await provide_players(cluster.router_url, cluster.wallet_url, plan.bots, secrets, run)

    async def _pay_out(self, password: str, run: str) -> None:
        """Let some bots take money out, and wait for it, so that it is in the books that are judged."""
        async with open_customers(self._doors(), self._servers.plan.bots, password) as customers:
            for line in await customers.pay_out(run):
                self._console.end_status()
                self._console.say(line)

    def _doors(self) -> Doors:
        cluster = self._cluster
        return Doors(cluster.router_url, cluster.wallet_url, cluster.payments_url)

    def _bots(self) -> ProcessSpec:
        plan = self._servers.plan
        report_file(plan).unlink(missing_ok=True)
        command = bots_command(plan, self._cluster.router_url)
        return ProcessSpec("bots", command, self._servers.environment, on_line=self._live.take)

    async def _follow(self, wallet: httpx.AsyncClient, token: str, hands_before: int) -> None:
        """Show each second how it goes."""
        began = trio.current_time()
        while True:
            try:
                ledger = await read_ledger(wallet, token)
            except ClientError:
                ledger = None
            self._console.show(self._summary(trio.current_time() - began, ledger, hands_before))
            await trio.sleep(_PERIOD_SECONDS)

    def _summary(self, seconds: float, ledger: Ledger | None, hands_before: int) -> Summary:
        report = self._live.report
        hands = None if ledger is None else ledger.hands - hands_before
        return Summary(
            seconds=seconds,
            tables=len(self._servers.plan.tables),
            players=report.get("seated", 0),
            hands_settled=hands,
            hands_per_s=None if hands is None or seconds < 1 else hands / seconds,
            p50_ms=report.get("p50_ms"),
            p99_ms=report.get("p99_ms"),
            is_balanced=None if ledger is None else ledger.is_balanced,
        )


async def read_ledger(wallet: httpx.AsyncClient, admin_token: str) -> Ledger:
    """Ask the wallet worker how many hands are settled, and whether the ledger balances."""
    answer = await ask(wallet, "GET", "/admin/ledger/summary", admin_token)
    return Ledger(hands=int(answer["hands_settled"]), is_balanced=bool(answer["balanced"]))


async def judge(servers: Servers, played: Played) -> dict[str, Any]:
    """Let the wallet worker verify what lies in the database, and give the result of the run."""
    seconds = servers.plan.limits.verify_seconds
    verdict = await servers.run_command(WALLET_WORKER, "verify", "--json", seconds=seconds)
    return result_of(played, verdict.stdout, is_sound=verdict.returncode == 0)


def result_of(played: Played, report: bytes, *, is_sound: bool) -> dict[str, Any]:
    """Put together how a run went and what the verified ledger holds; hands are those of this run."""
    try:
        found = json.loads(report.splitlines()[-1])
        hands = int(found["hands_settled"]) - played.hands_before
        krw_total = int(found["krw_total"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ProcessFailed("The ledger could not be verified; see the wallet worker's log") from error
    return {
        "hands_settled": hands,
        "hands_per_s": round(hands / played.seconds, 2),
        "actions_p99_ms": played.p99_ms,
        "ledger_balanced": is_sound,
        "krw_total": krw_total,
    }
