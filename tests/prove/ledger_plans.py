"""Prove that every statement of the product finds what it wants by an index, on a ledger of a given size."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import trio
from attrs import frozen

from cardroom.local.servers import EmbeddedPostgres
from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings
from tests.prove.big_ledger import Size, write_ledger
from tests.prove.expectations import Expected
from tests.prove.expected import EXPECTED, FRAGMENTS, PREFIXES, VIEWS, WHOLE_MAPPINGS
from tests.prove.plans import Connection, Plan, explain, in_words, read_catalog
from tests.prove.queries import find_queries
from wallet_worker.store.migrate import migrate

_CALL_SECONDS: Final = 300.0


@frozen
class Finding:
    """A statement, how it is carried out, and what is wrong with that."""

    name: str
    plan: Plan
    faults: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        how = ", ".join([*sorted(self.plan.indexes), *in_words(self.plan.months)])
        whole = f"  reads all of {', '.join(sorted(self.plan.read_whole))}" if self.plan.read_whole else ""
        return f"{self.name:60} {how or '-'}{whole}"


def expectations() -> Mapping[str, tuple[str, Expected]]:
    """Give every statement with what is expected of it; what the list lacks is missing here."""
    found = {}
    queries = find_queries()
    for name, sql in queries.items():
        mapping = name.partition("[")[0]
        expected = EXPECTED.get(name) or WHOLE_MAPPINGS.get(mapping)
        if expected is not None:
            found[name] = (queries.get(PREFIXES.get(mapping, ""), "") + sql, expected)
    return found | {f"schema:{name}": entry for name, entry in VIEWS.items()}


def unlisted(fragments: Collection[str] = FRAGMENTS) -> Sequence[str]:
    """Name the statements that the list lacks."""
    return sorted(find_queries().keys() - expectations().keys() - set(fragments))


def gone() -> Sequence[str]:
    """Name what the list has and the product has not any more."""
    queries = find_queries().keys()
    mappings = {name.partition("[")[0] for name in queries}
    return sorted((EXPECTED.keys() | FRAGMENTS) - queries | WHOLE_MAPPINGS.keys() - mappings)


def prove_plans(server: EmbeddedPostgres, name: str, size: Size) -> list[Finding]:
    """Write a ledger into a new database of the server and explain everything on it."""
    asyncio.run(_create(server.dsn, name))
    dsn = f"postgresql://postgres@/{name}?{urlsplit(server.dsn).query}"
    settings = PostgresSettings(dsn=dsn, call_seconds=_CALL_SECONDS, connections=1)
    migrate(settings)
    trio.run(_write, settings, size)
    return asyncio.run(_explain_all(dsn, size.rows))


async def _create(dsn: str, name: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10.0)
    await connection.execute(f"CREATE DATABASE {name}", timeout=20.0)
    await connection.close(timeout=5.0)


async def _write(settings: PostgresSettings, size: Size) -> None:
    async with open_postgres(settings) as owner:
        await write_ledger(owner, size)


async def _explain_all(dsn: str, rows: int) -> list[Finding]:
    connection = await asyncpg.connect(dsn, timeout=10.0)
    try:
        return await explain_all(connection, rows)
    finally:
        connection.terminate()


async def explain_all(connection: Connection, rows: int) -> list[Finding]:
    """Explain every statement on the ledger of a connection, and say what is wrong."""
    catalog = await read_catalog(connection)
    findings = []
    for name, (sql, expected) in expectations().items():
        try:
            plan = await explain(connection, catalog, sql, expected.values, rows)
        except asyncpg.PostgresError as trouble:
            trouble.add_note(f"in {name}")
            raise
        findings.append(Finding(name, plan, tuple(_faults(plan, expected)), expected.why))
    return findings


def _faults(plan: Plan, expected: Expected) -> Iterator[str]:
    for table in sorted(plan.read_whole - expected.may_read):
        yield f"reads all of {table}"
    for index in sorted(expected.uses - plan.indexes):
        yield f"does not use {index}"
    for table, count in expected.months.items():
        if plan.months.get(table, 0) > count:
            yield f"reads {plan.months[table]} months of {table}, not {count}"
