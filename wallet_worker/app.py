"""Builds the wallet worker and runs its tasks; a batch that has begun is finished before it stops."""

import os
import secrets
import socket
from collections.abc import Mapping
from typing import Final

import trio
from quart_trio import QuartTrio

from cardroom.ids import ShardId
from cardroom.service.http import add_health_pages, add_metrics_page, make_app, serve_http
from cardroom.service.logins import LoginLookup
from cardroom.service.logs import Log
from cardroom.service.metrics import probe_loop_lag
from cardroom.service.postgres import Postgres, PostgresAway, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.retry import wait_for_start
from cardroom.service.run import notify_supervisor
from cardroom.wire.ledger import command_codec, reply_codec
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.letters import letter_pages
from wallet_worker.api.wallet import wallet_pages
from wallet_worker.audit.chain import chain_linker
from wallet_worker.audit.verify import Report, verify
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.housekeeping import Housekeeping
from wallet_worker.ledger.letter_desk import LetterDesk
from wallet_worker.ledger.sharing import Sharing
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.ledger.unpacker import Unpacker
from wallet_worker.settings import WalletSettings
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.terms import add_shards

_START_SECONDS: Final = 15.0


async def serve_wallet(
    settings: WalletSettings,
    log: Log,
    stopping: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``stopping``; then finish the batches under way, give the terms back, end requests."""
    link = chain_linker(settings.chain_key)
    async with (
        open_postgres(settings.postgres, must_answer=False) as postgres,
        open_redis(settings.redis) as redis,
        trio.open_nursery() as background,
    ):
        async for attempt in wait_for_start(PostgresAway, seconds=_START_SECONDS):
            with attempt:
                await add_shards(postgres, settings.shards)
        background.start_soon(probe_loop_lag)
        background.start_soon(Housekeeping(postgres, settings.ledger, log).run)
        if settings.hand_events.enabled:
            unpacker = Unpacker(postgres, settings.shards, settings.hand_events, log)
            background.start_soon(unpacker.run)
        consumers = build_consumers(settings, postgres, redis, link, log)
        worker = name_worker()
        terms = {shard: consumer.term for shard, consumer in consumers.items()}
        sharing = Sharing(worker, postgres, redis, terms, settings.ledger, log)
        async with trio.open_nursery() as serving:
            serving.start_soon(sharing.run, stopping)
            for consumer in consumers.values():
                serving.start_soon(consumer.run, worker, stopping)
                background.start_soon(consumer.probe_backlog)
            app = build_app(settings, postgres, redis, link, log, consumers)
            await serving.start(serve_http, app, settings.http, stopping)
            task_status.started()
            notify_supervisor("READY=1")
            await stopping.wait()
            serving.cancel_scope.deadline = trio.current_time() + settings.ledger.stop_seconds + 1
        background.cancel_scope.cancel()


def name_worker() -> str:
    """Give this start of a worker a name of its own, by which an operator finds the process."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"


def build_consumers(
    settings: WalletSettings, postgres: Postgres, redis: Redis, link: Link, log: Log
) -> dict[ShardId, Consumer]:
    """Give a consumer for each shard's stream."""
    tools = BatchTools(postgres, reply_codec(), link)
    commands = command_codec()
    return {
        shard: Consumer(
            tools, CommandStream(redis, shard, EntryReader(shard, commands)), shard, settings.ledger, log
        )
        for shard in settings.shards
    }


def build_app(
    settings: WalletSettings,
    postgres: Postgres,
    redis: Redis,
    link: Link,
    log: Log,
    consumers: Mapping[ShardId, Consumer],
) -> QuartTrio:
    """Give the app with all its pages."""
    app = make_app("wallet_worker", log)
    add_away_answers(app)
    app.register_blueprint(admin_pages(postgres, link, settings.admin_token, log))
    desk = LetterDesk(BatchTools(postgres, reply_codec(), link), redis, log)
    app.register_blueprint(letter_pages(desk, settings.admin_token))
    app.register_blueprint(wallet_pages(postgres, LoginLookup(redis, postgres, settings.lookup)))
    add_health_pages(app, lambda: {f"shard {shard}": one.is_well for shard, one in consumers.items()})
    add_metrics_page(app)
    return app


async def verify_ledger(settings: WalletSettings) -> Report:
    """Check the whole ledger; raises ``PostgresAway`` when it cannot be read."""
    async with open_postgres(settings.postgres) as postgres:
        return await verify(postgres, chain_linker(settings.chain_key))
