"""Builds what takes coins in and sends them out, where the settings want it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Final

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
from wallet_worker.rules.coins import COINS
from wallet_worker.screening.table import make_screening
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
class Payments:
    """The desks and the loops of payments, built and not yet running."""

    settings: PaymentSettings
    book: CoinBook
    gateways: GatewayTable
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


@asynccontextmanager
async def open_payments(ground: Ground) -> AsyncIterator[Payments | None]:
    """Give payments over connections of their own; None where the settings want none. Raises
    ``BadSettings``.
    """
    payments = ground.settings.payments
    if payments is None:
        yield None
        return
    own = evolve(ground.settings.postgres, connections=payments.connections)
    async with (
        open_postgres(own, must_answer=False) as postgres,
        open_gateway_http() as http,
        open_market(payments.rates, ground.redis, ground.log) as market,
    ):
        book = load_coins(payments, COINS)
        gateways = make_gateways(payments, book, http, ALL_MAKERS)
        yield build_payments(ground, payments, book, gateways, market, postgres)


def build_payments(
    ground: Ground,
    settings: PaymentSettings,
    book: CoinBook,
    gateways: GatewayTable,
    market: Market,
    postgres: Postgres,
) -> Payments:
    """Make all objects; ``postgres`` is for the loops and what gateways and administrators ask."""
    log = ground.log
    board = RedisNoticeBoard(ground.redis, settings.notices.waiting, log)
    rates = Rates(market, postgres, settings.rates, book.coins, log)
    players_rates = Rates(market, ground.pages, settings.rates, book.coins, log)
    screening = make_screening(settings.screening, log)
    protection = ground.settings.protection
    blocks = ground.settings.guard.blocked_users
    deposit_tools = DepositTools(
        postgres, ground.link, log, gateways.gateways, book, rates, screening, board, note_used,
        settings.deposits, protection,
    )  # fmt: skip
    payout_tools = PayoutTools(
        postgres, ground.link, gateways.gateways, book, rates, screening, board, note_used, settings.payouts,
        protection.time_zone, ground.worker, log, blocks,
    )  # fmt: skip
    deposits, payouts = DepositDesk(deposit_tools), PayoutDesk(payout_tools)
    quotes = QuoteDesk(ground.redis, players_rates, book, read_clock)
    policy = WithdrawalPolicy(book, settings.withdrawals, protection.time_zone, blocks)
    reconciler = GatewayReconciler(postgres, gateways.gateways, book, log)
    feed = EventFeed(ground.redis, settings.notices, log)
    job = gateway_job(reconciler, settings.reconciliation)
    return Payments(
        settings=settings,
        book=book,
        gateways=gateways,
        deposits=deposits,
        addresses=AddressDesk(evolve(deposit_tools, postgres=ground.pages)),
        payouts=payouts,
        payout_tools=payout_tools,
        withdrawals=WithdrawalDesk(
            ground.pages, ground.link, policy, Prices(players_rates, quotes), board, log
        ),
        rates=rates,
        quotes=quotes,
        reconciler=reconciler,
        feed=feed,
        beside=[
            board.run,
            feed.run,
            rates.run,
            DepositLoop(deposits).run,
            Approvals(payout_tools, settings.withdrawals).run,
            payouts.run,
            PayoutWatch(payout_tools, payouts).run,
            JobWorker(postgres, [job], protection.time_zone, ground.worker, log).run,
        ],
    )


def add_payment_pages(
    app: QuartTrio, payments: Payments, office: Office, logins: LoginLookup, entry: Entry
) -> None:
    """Add the pages of players, administrators and gateways."""
    settings, book = payments.settings, payments.book
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
    add_webhooks(app, Webhooks(payments.deposits, payments.gateways, payments.payouts.report))
