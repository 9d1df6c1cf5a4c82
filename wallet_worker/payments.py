"""Builds what takes coins in and sends them out, where the settings want it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Final

import httpx
from attrs import evolve, field, frozen
from quart_trio import QuartTrio

from cardroom.service.entry import Entry
from cardroom.service.logins import LoginLookup
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis
from wallet_worker.api.admin_deposits import admin_deposit_pages
from wallet_worker.api.admin_withdrawals import admin_withdrawal_pages
from wallet_worker.api.coins import coin_pages
from wallet_worker.api.deposits import deposit_pages
from wallet_worker.api.event_feed import EventFeed
from wallet_worker.api.events import event_pages
from wallet_worker.api.gateway_reconciliation import gateway_reconciliation_pages
from wallet_worker.api.office import Office
from wallet_worker.api.payout_addresses import payout_address_pages
from wallet_worker.api.quotes import quote_pages
from wallet_worker.api.rates import rate_pages
from wallet_worker.api.webhooks import Webhooks, add_webhooks
from wallet_worker.api.withdrawal_orders import WithdrawalOffice
from wallet_worker.api.withdrawals import withdrawal_pages
from wallet_worker.cashier.approvals import Approvals
from wallet_worker.cashier.deposit_addresses import AddressDesk
from wallet_worker.cashier.deposit_loop import DepositLoop
from wallet_worker.cashier.deposits import DepositDesk, DepositTools
from wallet_worker.cashier.notice_board import RedisNoticeBoard
from wallet_worker.cashier.notices import NoticeBoard
from wallet_worker.cashier.payout_tools import PayoutTools
from wallet_worker.cashier.payout_watch import PayoutWatch
from wallet_worker.cashier.payouts import PayoutDesk
from wallet_worker.cashier.quotes import QuoteDesk
from wallet_worker.cashier.rate_desk import Rates
from wallet_worker.cashier.reconciliation import GatewayReconciler
from wallet_worker.cashier.withdrawal_desk import Prices, WithdrawalDesk, WithdrawalPolicy
from wallet_worker.gateways.calls import open_gateway_http
from wallet_worker.gateways.sandbox import make_sandbox
from wallet_worker.gateways.table import MAKERS, GatewayTable, Maker, make_gateways
from wallet_worker.jobs.reconcile_gateways import gateway_job
from wallet_worker.jobs.worker import JobWorker
from wallet_worker.payment_settings import CoinBook, GatewayKind, PaymentSettings, load_coins
from wallet_worker.rates.market import Market, open_market, read_clock
from wallet_worker.rates.port import RateDesk
from wallet_worker.rules.coins import COINS
from wallet_worker.screening.port import Screening
from wallet_worker.screening.table import check_screening, make_screening
from wallet_worker.settings import WalletSettings
from wallet_worker.store.coin_rates import note_used
from wallet_worker.store.seal_batch import Link

ALL_MAKERS: Final[Mapping[GatewayKind, Maker]] = MappingProxyType(
    {**MAKERS, GatewayKind.SANDBOX: make_sandbox}
)
"""Who makes the adapter of each kind of gateway."""


@frozen
class Ground:
    """What payments stand on. ``pages`` are the connections of players' pages; ``worker`` is its name."""

    settings: WalletSettings
    redis: Redis
    pages: Postgres
    link: Link = field(repr=False)
    worker: str
    log: Log


@frozen
class Reach:
    """What payments reach beyond the ground; ``postgres`` is for the loops, gateways' messages and orders."""

    settings: PaymentSettings
    book: CoinBook
    gateways: GatewayTable
    market: Market
    postgres: Postgres


@frozen
class Checks:
    """What a payment passes in either direction before money moves."""

    rates: RateDesk
    screening: Screening


@frozen
class Payments:
    """The desks and the loops of payments, built and not yet running."""

    reach: Reach
    deposits: DepositDesk
    addresses: AddressDesk
    payouts: PayoutDesk
    payout_tools: PayoutTools
    withdrawals: WithdrawalDesk
    rates: Rates
    quotes: QuoteDesk
    reconciler: GatewayReconciler
    feed: EventFeed
    beside: Sequence[Callable[[], Awaitable[None]]]


def check_payments(settings: PaymentSettings) -> None:
    """Look at all of the settings that a start would stumble over: coins, what screens them, gateways and
    their secrets. Nobody is asked. Raises ``BadSettings``.
    """
    book = load_coins(settings, COINS)
    check_screening(settings.screening)
    make_gateways(settings, book, httpx.AsyncClient(trust_env=False), ALL_MAKERS)


@asynccontextmanager
async def open_payments(ground: Ground) -> AsyncIterator[Payments | None]:
    """Give payments over connections of their own; None where the settings want none. Raises
    ``BadSettings``.
    """
    settings = ground.settings.payments
    if settings is None:
        yield None
        return
    book = load_coins(settings, COINS)
    own = evolve(ground.settings.postgres, connections=settings.connections)
    async with (
        open_postgres(own, must_answer=False) as postgres,
        open_gateway_http() as http,
        open_market(settings.rates, ground.redis, ground.log) as market,
    ):
        gateways = make_gateways(settings, book, http, ALL_MAKERS)
        yield build_payments(ground, Reach(settings, book, gateways, market, postgres))


def build_payments(ground: Ground, reach: Reach) -> Payments:
    """Make all objects."""
    settings, log = reach.settings, ground.log
    time_zone = ground.settings.protection.time_zone
    board = RedisNoticeBoard(ground.redis, settings.notices.waiting, log)
    rates = Rates(reach.market, reach.postgres, settings.rates, reach.book.coins, log)
    players_rates = Rates(reach.market, ground.pages, settings.rates, reach.book.coins, log)
    quotes = QuoteDesk(ground.redis, players_rates, reach.book, read_clock)
    prices = Prices(players_rates, quotes)
    checks = Checks(rates, make_screening(settings.screening, log))
    deposit_tools = _deposit_tools(ground, reach, checks, board)
    payout_tools = _payout_tools(ground, reach, checks, board)
    deposits, payouts = DepositDesk(deposit_tools), PayoutDesk(payout_tools)
    reconciler = GatewayReconciler(reach.postgres, reach.gateways.gateways, reach.book, log)
    feed = EventFeed(ground.redis, settings.notices, log)
    jobs = [gateway_job(reconciler, settings.reconciliation)]
    return Payments(
        reach=reach,
        deposits=deposits,
        addresses=AddressDesk(evolve(deposit_tools, postgres=ground.pages)),
        payouts=payouts,
        payout_tools=payout_tools,
        withdrawals=_withdrawal_desk(ground, reach, prices, board),
        rates=rates,
        quotes=quotes,
        reconciler=reconciler,
        feed=feed,
        beside=[
            board.run,
            feed.run,
            rates.run,
            reconciler.watch,
            DepositLoop(deposits).run,
            Approvals(payout_tools, settings.withdrawals).run,
            payouts.run,
            PayoutWatch(payout_tools, payouts).run,
            JobWorker(reach.postgres, jobs, time_zone, ground.worker, log).run,
        ],
    )


def _deposit_tools(ground: Ground, reach: Reach, checks: Checks, board: NoticeBoard) -> DepositTools:
    return DepositTools(
        reach.postgres, ground.link, ground.log, reach.gateways.gateways, reach.book, checks.rates,
        checks.screening, board, note_used, reach.settings.deposits, ground.settings.protection,
    )  # fmt: skip


def _payout_tools(ground: Ground, reach: Reach, checks: Checks, board: NoticeBoard) -> PayoutTools:
    return PayoutTools(
        reach.postgres, ground.link, reach.gateways.gateways, reach.book, checks.rates, checks.screening,
        board, note_used, reach.settings.payouts,
        ground.settings.protection.time_zone, ground.worker, ground.log, ground.settings.guard.blocked_users,
        reach.settings.rates.stale_seconds,
    )  # fmt: skip


def _withdrawal_desk(ground: Ground, reach: Reach, prices: Prices, board: NoticeBoard) -> WithdrawalDesk:
    settings = ground.settings
    policy = WithdrawalPolicy(
        reach.book, reach.settings.withdrawals, settings.protection.time_zone, settings.guard.blocked_users
    )
    return WithdrawalDesk(ground.pages, ground.link, policy, prices, board, ground.log)


def add_payment_pages(
    app: QuartTrio, payments: Payments, office: Office, logins: LoginLookup, entry: Entry
) -> None:
    """Add the pages of players, administrators and gateways."""
    settings, book = payments.reach.settings, payments.reach.book
    withdrawals = WithdrawalOffice(office, payments.payout_tools, payments.payouts)
    for pages in (
        coin_pages(logins, book, settings.withdrawals),
        deposit_pages(payments.withdrawals.postgres, logins, payments.addresses),
        quote_pages(payments.quotes, logins),
        withdrawal_pages(payments.withdrawals, logins),
        payout_address_pages(payments.withdrawals, logins),
        event_pages(payments.feed, logins, settings.notices.beat_seconds, entry.is_welcome),
        admin_deposit_pages(office, payments.deposits),
        admin_withdrawal_pages(withdrawals),
        gateway_reconciliation_pages(office, payments.reconciler, book),
        rate_pages(office, payments.rates),
    ):
        app.register_blueprint(pages)
    add_webhooks(app, Webhooks(payments.deposits, payments.reach.gateways, payments.payouts.report))
