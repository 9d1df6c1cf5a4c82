"""Alembic's entry: takes the address from ``wallet_worker.store.migrate`` and runs the steps over asyncpg."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_ONE_AT_A_TIME = 4733000  # key of the advisory lock: two operators may start this together


def run_steps(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        context.run_migrations()


async def migrate() -> None:
    options = context.config.attributes
    engine = create_async_engine(
        options["url"], poolclass=NullPool, connect_args={"timeout": options["connect_seconds"]}
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run_steps)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(migrate())
