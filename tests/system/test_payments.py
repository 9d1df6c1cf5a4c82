"""Coins in and out, every process real: gateway and worker killed, answers lost, a chain in two minds."""

import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import trio

from cardroom.client import Account, ClientError, ClientLimits, Wallet, open_account
from cardroom.client.account import open_http
from cardroom.client.wallet import WithdrawalLine
from cardroom.local.cluster import (
    PAYMENTS_SANDBOX,
    WALLET_WORKER,
    Cluster,
    open_processes,
    open_servers,
    wait_until_ready,
)
from cardroom.local.patience import Patience
from cardroom.local.payments.client import Payer
from cardroom.local.plan import ClusterPlan
from cardroom.local.ports import free_ports
from cardroom.local.processes import Workplace
from cardroom.local.record import claim_folder
from cardroom.money import Krw
from cardroom.wire.notices import DepositState, WithdrawalState

pytestmark = pytest.mark.timeout(180)

COINS: Final = ("BTC", "ETH", "USDT", "USDC")
WORTH: Final = Krw(1_000_000)
TAKEN_OUT: Final = Krw(50_000)
PASSWORD: Final = "a long password"


@asynccontextmanager
async def open_house(project: Path, folder: Path) -> AsyncIterator[Cluster]:
    """Run a cluster with payments, at which nobody plays."""
    plan = ClusterPlan(project, folder, free_ports(), tables=(), has_payments=True)
    plan.logs.mkdir()
    with claim_folder(folder) as (record, _):
        workplace = Workplace(project, plan.logs, record, lambda _: None)
        async with open_servers(plan, workplace, Patience()) as servers, open_processes(servers) as cluster:
            yield cluster


class Player:
    """Somebody with an account here and coins outside."""

    def __init__(self, cluster: Cluster, wallet: Wallet, payments: httpx.AsyncClient) -> None:
        self.cluster = cluster
        self.wallet = wallet
        self.payer = Payer(payments, "tester")
        self._payments = payments

    async def order(self, page: str, body: Any) -> None:
        """Let the sandbox misbehave."""
        (await self._payments.post(f"/control/{page}", json=body)).raise_for_status()

    async def pay_in(self, coin: str) -> str:
        """Pay the address of a coin; gives the transaction."""
        given = await self.wallet.deposit_address(coin)
        return (await self.payer.pay(coin.lower(), given.address, WORTH)).tx_hash.removeprefix("0x")

    async def take_out(self, coin: str) -> tuple[int, str]:
        """Ask for a withdrawal to a new wallet; gives its number and the address."""
        address = await self.payer.make_wallet(coin.lower())
        await self.wallet.list_address(coin, address)
        taken = await self.wallet.withdraw(coin, address, TAKEN_OUT, f"key-{coin}-{address[-8:]}")
        return taken.withdrawal, address

    async def until(self, is_so: Callable[[], Awaitable[bool]], what: str) -> None:
        """Ask again and again, also while somebody who was killed is away."""
        with trio.move_on_after(60):
            while True:
                try:
                    if await is_so():
                        return
                except ClientError:
                    pass
                await trio.sleep(0.1)
        raise AssertionError(f"not within a minute: {what}")

    async def credited(self) -> list[str]:
        """Give the transactions that were credited."""
        return [one.tx_hash for one in await self.wallet.deposits() if one.state is DepositState.CREDITED]

    async def ended(self, number: int) -> WithdrawalLine:
        """Wait for the end of a withdrawal."""

        async def has_ended() -> bool:
            return (await self.wallet.withdrawal(number)).has_ended

        await self.until(has_ended, f"withdrawal {number} has ended")
        return await self.wallet.withdrawal(number)

    async def kill(self, name: str, url: str) -> None:
        """Kill a process and wait until it is there again."""
        child = self.cluster.children[name]
        pid = child.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        async def is_another() -> bool:
            return child.pid not in (pid, None)

        await self.until(is_another, f"{name} is started again")
        await wait_until_ready(child, url, 20.0)


@pytest.fixture
async def player(project_root: Path, tmp_path: Path) -> AsyncIterator[Player]:
    async with (
        open_house(project_root, tmp_path) as cluster,
        open_account(cluster.router_url) as account,
        open_http(cluster.wallet_url, ClientLimits()) as wallet,
        open_http(cluster.payments_url, ClientLimits()) as payments,
    ):
        yield Player(cluster, Wallet(wallet, await _open(account)), payments)


async def _open(account: Account) -> str:
    await account.register("tester", "tester@example.org", PASSWORD)
    return (await account.log_in("tester@example.org", PASSWORD)).token


async def verify(player: Player) -> Any:
    """Let the wallet worker check all books."""
    done = await player.cluster.servers.run_command(WALLET_WORKER, "verify", "--json", seconds=60.0)
    assert done.returncode == 0, done.stdout.decode()
    return json.loads(done.stdout.splitlines()[-1])


async def pay_each_coin_in(player: Player) -> set[str]:
    """Pay in each coin, once with a forged message, once with a reorganised chain."""
    await player.order("faults", {"fault": "webhook_forged", "times": 3})
    paid = {await player.pay_in(coin) for coin in COINS[1:]}
    moving = await player.pay_in("BTC")
    await player.order("mine", {"blocks": 1})
    await player.order("reorganise", {"tx_hash": moving, "comes_back_after": 2})
    return {*paid, moving}


async def test_each_coin_comes_in_once_and_goes_out_once_whatever_fails(player: Player) -> None:
    wallet, urls = player.wallet, (player.cluster.payments_url, player.cluster.wallet_url)
    paid = await pay_each_coin_in(player)
    await player.kill(PAYMENTS_SANDBOX, urls[0])

    async def all_credited() -> bool:
        return set(await player.credited()) == paid

    await player.until(all_credited, "all coins are credited")
    came_in = (await wallet.balance()).krw_balance
    assert 3_900_000 < came_in < 4_100_000

    await player.order("faults", {"fault": "payout_answer_lost"})
    doubtful, to_doubtful = await player.take_out("BTC")
    assert (await player.ended(doubtful)).state is WithdrawalState.CONFIRMED
    await player.order("faults", {"fault": "payout_fails"})
    failing, to_failing = await player.take_out("ETH")
    assert (await player.ended(failing)).state is WithdrawalState.FAILED
    await player.order("faults", {"fault": "payout_refused"})
    refused, to_refused = await player.take_out("USDT")
    killed, to_killed = await player.take_out("USDC")
    await trio.sleep(2.2)  # about when they are sent
    await player.kill(WALLET_WORKER, urls[1])
    assert (await player.ended(refused)).state is WithdrawalState.CONFIRMED
    assert (await player.ended(killed)).state is WithdrawalState.CONFIRMED

    counts = [
        len(await player.payer.received(one)) for one in (to_doubtful, to_failing, to_refused, to_killed)
    ]
    assert counts == [1, 0, 1, 1]
    left = await wallet.balance()
    assert (left.krw_balance, left.pending_withdrawal_krw) == (came_in - 3 * TAKEN_OUT, 0)
    assert (await verify(player))["ok"]
