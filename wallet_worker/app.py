"""Builds the wallet worker and runs its tasks; a batch that has begun is finished before it stops."""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import trio
from attrs import evolve, frozen
from quart_trio import QuartTrio

from cardroom.ids import ShardId
from cardroom.service.admin_guard import guard_admin_pages
from cardroom.service.admins import AdminBook
from cardroom.service.entry import Entry, add_entry, make_entry
from cardroom.service.http import add_health_pages, add_metrics_page, make_app, serve_http
from cardroom.service.logins import LoginLookup
from cardroom.service.logs import Log
from cardroom.service.metrics import probe_loop_lag
from cardroom.service.openapi import About, is_for_players
from cardroom.service.openapi_served import add_documents
from cardroom.service.postgres import Postgres, PostgresAway, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.retry import wait_for_start
from cardroom.service.run import notify_supervisor
from cardroom.service.settings import PostgresSettings
from cardroom.wire.ledger import command_codec, reply_codec
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.letters import letter_pages
from wallet_worker.api.office import Office
from wallet_worker.api.roles import PAGES
from wallet_worker.api.wallet import wallet_pages
from wallet_worker.audit.chain import chain_linker
from wallet_worker.audit.copies import Copy, FileCopy, RedisRecords
from wallet_worker.audit.handover import Handover
from wallet_worker.audit.node_actions import NodeActions
from wallet_worker.audit.nodes import NodeDoors, compare_with_nodes
from wallet_worker.audit.places import FilePlace, Place, RedisPlace
from wallet_worker.audit.recorder import Recorder, RecorderServices, recording
from wallet_worker.audit.redis_copy import RedisCopy
from wallet_worker.audit.verify import Copies, Report, Scope, verify
from wallet_worker.cashier.freeze_watch import FreezeWatch
from wallet_worker.cashier.held_watch import HeldWatch
from wallet_worker.cashier.terms_watch import TermsWatch
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.housekeeping import Housekeeping
from wallet_worker.ledger.letter_desk import LetterDesk
from wallet_worker.ledger.notices import Notices
from wallet_worker.ledger.sharing import Sharing
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.ledger.unpacker import Unpacker
from wallet_worker.payments import Ground, Payments, add_payment_pages, open_payments
from wallet_worker.settings import WalletSettings
from wallet_worker.store.house_transfer import HOUSE
from wallet_worker.store.terms import add_shards

_START_SECONDS: Final = 15.0
_ALL_PAGES: Final = About(
    "Wallet worker",
    "What players ask of their wallet, and what administrators ask and order. Amounts are whole won.",
)
_PLAYERS_PAGES: Final = About(
    "Wallet",
    "What players ask of their wallet; they show the token of their login. Amounts are whole won.",
    prefix="/api/v1/wallet",
    shows=is_for_players,
)
_RECORDER_CONNECTIONS: Final = 2


@frozen
class Worker:
    """The parts of a worker, built and not yet running; ``beside`` runs for as long as the worker does."""

    name: str
    tools: BatchTools
    consumers: Mapping[ShardId, Consumer]
    sharing: Sharing
    recorder: Recorder
    freeze_watch: FreezeWatch
    notices: Notices
    beside: Sequence[Callable[[], Awaitable[None]]]


async def serve_wallet(
    settings: WalletSettings,
    log: Log,
    stopping: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``stopping``; then finish the batches under way, give the terms back, end requests."""
    async with (
        open_postgres(page_connections(settings), must_answer=False) as pages,
        open_redis(settings.redis) as redis,
        _open_worker(settings, redis, log) as worker,
        open_payments(Ground(settings, redis, pages, worker.tools.link, worker.name, log)) as payments,
        trio.open_nursery() as background,
    ):
        for run in [*worker.beside, *beside_money(settings, worker, payments, log)]:
            background.start_soon(run)
        async with recording(worker.recorder, settings.audit.stop_seconds), trio.open_nursery() as serving:
            serving.start_soon(worker.sharing.run, stopping)
            for consumer in worker.consumers.values():
                serving.start_soon(consumer.run, worker.name, stopping)
            entry = make_entry(settings.entry, pages, redis, log)
            await background.start(entry.run)
            app = build_app(settings, worker, Desk(pages, redis, entry, payments), log)
            await serving.start(serve_http, app, settings.http, stopping)
            task_status.started()
            notify_supervisor("READY=1")
            await stopping.wait()
            if payments is not None:
                payments.feed.stop()
            for consumer in worker.consumers.values():
                consumer.stop_waiting()
            serving.cancel_scope.deadline = trio.current_time() + settings.ledger.stop_seconds + 1
        background.cancel_scope.cancel()


@asynccontextmanager
async def _open_worker(settings: WalletSettings, redis: Redis, log: Log) -> AsyncIterator[Worker]:
    """Give a worker, built over its connections, once the database answers."""
    async with (
        open_postgres(settings.postgres, must_answer=False) as postgres,
        open_postgres(few_connections(settings), must_answer=False) as beside,
    ):
        async for attempt in wait_for_start(PostgresAway, seconds=_START_SECONDS):
            with attempt:
                await add_shards(postgres, settings.shards)
        handover = Handover([*settings.shards, HOUSE], settings.audit.kept_batches)
        yield build_worker(settings, postgres, RecorderServices(beside, handover, settings.audit, log), redis)


def few_connections(settings: WalletSettings) -> PostgresSettings:
    """Give the recorder a way of its own to the database: no batch waits when it fills a copy up."""
    return evolve(settings.postgres, connections=_RECORDER_CONNECTIONS)


def page_connections(settings: WalletSettings) -> PostgresSettings:
    """Give players' pages a way of their own: however many ask, the ledger's connections are not theirs."""
    return evolve(settings.postgres, connections=settings.office.page_connections)


@frozen
class Desk:
    """What players' pages work with, apart from the ledger's."""

    postgres: Postgres
    redis: Redis
    entry: Entry
    payments: Payments | None = None
    """None where coins neither come in nor go out."""


def name_worker() -> str:
    """Give this start of a worker a name of its own, by which an operator finds the process."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"


def build_worker(
    settings: WalletSettings, postgres: Postgres, recorders: RecorderServices, redis: Redis
) -> Worker:
    """Make all objects that serve streams and record what they commit."""
    log = recorders.log
    link = chain_linker(settings.chain_key)
    blocks = settings.guard.blocked_users
    tools = BatchTools(postgres, reply_codec(), link, recorders.handover.offer, settings.protection, blocks)
    consumers = build_consumers(settings, tools, redis, log)
    name = name_worker()
    terms = {shard: consumer.term for shard, consumer in consumers.items()}
    watch = FreezeWatch(postgres, redis, settings.office.freeze_probe_seconds, log)
    notices = Notices(postgres, redis, tools.codec, settings.shards, settings.ledger.notice_seconds, log)
    beside = [
        probe_loop_lag,
        watch.run,
        notices.run,
        TermsWatch(postgres, redis, settings.protection, log, blocked_users=blocks).run,
        Housekeeping(postgres, settings.ledger, log, delivery_seconds=delivery_seconds(settings)).run,
        NodeActions(postgres, redis, log).run,
        *[consumer.probe_backlog for consumer in consumers.values()],
    ]
    if settings.hand_events.enabled:
        beside.append(
            Unpacker(postgres, settings.shards, settings.hand_events, log, recorders.handover.head).run
        )
    return Worker(
        name=name,
        tools=tools,
        consumers=consumers,
        sharing=Sharing(name, postgres, redis, terms, settings.ledger, log),
        recorder=build_recorder(settings, recorders, redis),
        freeze_watch=watch,
        notices=notices,
        beside=beside,
    )


def beside_money(
    settings: WalletSettings, worker: Worker, payments: Payments | None, log: Log
) -> list[Callable[[], Awaitable[None]]]:
    """Give what runs for outside money: held deposits are watched with payments and without."""
    told = None if payments is None else payments.deposits.tell_credited
    tools = worker.tools
    held = HeldWatch(tools.postgres, tools.link, settings.protection, log, on_released=told)
    return [held.run, *([] if payments is None else payments.beside)]


def delivery_seconds(settings: WalletSettings) -> float | None:
    """Give how long a gateway's message is remembered: twice as long as its time stamp is good."""
    return None if settings.payments is None else 2.0 * settings.payments.deposits.webhook_seconds


def build_consumers(
    settings: WalletSettings, tools: BatchTools, redis: Redis, log: Log
) -> dict[ShardId, Consumer]:
    """Give a consumer for each shard's stream."""
    commands = command_codec()
    return {
        shard: Consumer(
            tools, CommandStream(redis, shard, EntryReader(shard, commands)), shard, settings.ledger, log
        )
        for shard in settings.shards
    }


def build_recorder(settings: WalletSettings, services: RecorderServices, redis: Redis) -> Recorder:
    """Give who follows all chains, the house's too, to the files and to Redis."""
    audit = settings.audit
    places: dict[ShardId, list[Place]] = {
        shard: [
            FilePlace(audit.folder, shard),
            RedisPlace(RedisCopy(redis, shard, audit.redis_batches, audit.redis_bytes), audit.redis_batches),
        ]
        for shard in services.handover.shards
    }
    return Recorder(services, places)


def build_app(settings: WalletSettings, worker: Worker, desk: Desk, log: Log) -> QuartTrio:
    """Give the app with all its pages."""
    tools = worker.tools
    office = Office(tools.postgres, tools.link, log, settings.office, worker.notices.hurry)
    if desk.payments is not None:
        office = evolve(office, on_released=desk.payments.deposits.tell_credited)
    logins = LoginLookup(desk.redis, desk.postgres, settings.lookup)
    app = make_app("wallet_worker", log)
    add_entry(app, desk.entry)
    guard_admin_pages(app, AdminBook(settings.admins_file, log), PAGES)
    add_away_answers(app, log)
    app.register_blueprint(admin_pages(office))
    pages = wallet_pages(desk.postgres, logins, settings.office, settings.protection)
    app.register_blueprint(pages)
    app.register_blueprint(letter_pages(LetterDesk(tools, desk.redis, log)))
    if desk.payments is not None:
        add_payment_pages(app, desk.payments, office, logins, desk.entry)

    def health() -> dict[str, bool]:
        streams = {f"shard {shard}": one.is_well for shard, one in worker.consumers.items()}
        return streams | {"audit": worker.recorder.is_well}

    add_health_pages(app, health, worker.freeze_watch.notes)
    add_metrics_page(app)
    add_documents(app, _ALL_PAGES)
    add_documents(app, _PLAYERS_PAGES)
    return app


async def verify_ledger(settings: WalletSettings, scope: Scope) -> Report:
    """Check the ledger and its copies; raises ``PostgresAway`` when it cannot be read."""
    audit = settings.audit
    connections = max(2, settings.postgres.connections)
    patient = evolve(settings.postgres, call_seconds=audit.verify_call_seconds, connections=connections)
    link = chain_linker(settings.chain_key)
    async with open_postgres(patient) as postgres, open_redis(settings.redis) as redis:
        report = await verify(postgres, link, scope, copies_of(settings, redis))
        if settings.node_admin_token is None:
            return report
        urls = [node.admin_url for node in settings.nodes]
        doors = NodeDoors(urls, settings.node_admin_token, audit.node_call_seconds, audit.node_tries)
        return evolve(report, checks=(*report.checks, await compare_with_nodes(postgres, doors)))


def copies_of(settings: WalletSettings, redis: Redis) -> Copies:
    """Give the copies that this host can read."""
    of_shards: dict[ShardId, list[Copy]] = {
        shard: [FileCopy(settings.audit.folder, shard), RedisRecords(redis, shard)]
        for shard in (*settings.shards, HOUSE)
    }
    return Copies(of_shards, settings.audit.lag_seconds)
