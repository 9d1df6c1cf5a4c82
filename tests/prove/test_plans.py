"""Every statement is in the list of what it may cost, and costs no more, on a ledger of some 90,000 entries.

Small, but large enough that the planner has to choose: nothing is switched off to make it choose well.
"""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest

from cardroom.local.servers import EmbeddedPostgres
from tests.prove.big_ledger import sized
from tests.prove.expected import EXPECTED, FRAGMENTS, WHOLE_MAPPINGS
from tests.prove.ledger_plans import Finding, explain_all, gone, prove_plans, unlisted
from tests.prove.queries import find_hidden

SMALL = sized(12_000)
NAME = "plans"


@pytest.fixture(scope="session")
def findings(postgres: EmbeddedPostgres) -> list[Finding]:
    return prove_plans(postgres, NAME, SMALL)


def test_every_statement_is_in_the_list() -> None:
    """A new one is looked at once, and then written down in ``expected.py``."""
    assert unlisted() == []
    assert gone() == []
    assert unlisted(fragments=()) == sorted(FRAGMENTS), "the look for them sees what it has to"


def test_no_statement_hides_in_a_function() -> None:
    assert find_hidden() == []


def test_whatever_uses_no_index_says_why() -> None:
    silent = [
        name
        for name, expected in [*EXPECTED.items(), *WHOLE_MAPPINGS.items()]
        if not (expected.uses or expected.months or expected.why)
    ]
    assert silent == []


def test_no_statement_costs_more_than_it_may(findings: list[Finding]) -> None:
    assert len(findings) > 60
    assert {finding.name: finding.faults for finding in findings if finding.faults} == {}


def test_an_index_that_is_missing_is_seen(postgres: EmbeddedPostgres, findings: list[Finding]) -> None:
    assert findings
    faults = asyncio.run(_faults_without(f"postgresql://postgres@/{NAME}?{urlsplit(postgres.dsn).query}"))
    assert faults == {
        "_HANDS_OF_TABLE": ("reads all of hand", "does not use hand_started"),
        "hands": ("reads all of hand", "does not use hand_started"),
    }


async def _faults_without(dsn: str) -> dict[str, tuple[str, ...]]:
    """Explain everything while an index is gone, and let it come back."""
    connection = await asyncpg.connect(dsn, timeout=10.0)
    try:
        async with asyncio.timeout(20):
            await connection.execute("BEGIN; DROP INDEX hand_started")
            found = await explain_all(connection, SMALL.rows)
            return {finding.name.rpartition(":")[2]: finding.faults for finding in found if finding.faults}
    finally:
        await connection.close(timeout=5.0)


def test_what_reads_all_of_a_large_table_is_seen(findings: list[Finding]) -> None:
    """The look at plans itself: the sums over accounts cannot be done otherwise."""
    (sums,) = [finding for finding in findings if finding.name.endswith("_SUM_KINDS")]
    assert sums.plan.read_whole == {"account"}
    faults = [finding for finding in findings if "FAULTS[transfers sum" in finding.name]
    assert "entry" in faults[0].plan.read_whole
    (events,) = [finding for finding in findings if finding.name.endswith("read_hands:_EVENTS")]
    assert dict(events.plan.months) == {"hand_event": 1}
