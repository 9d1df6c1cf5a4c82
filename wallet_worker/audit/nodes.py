"""Asks the nodes what they believe to lie at their tables, and compares it with the ledger."""

from collections.abc import Mapping, Sequence
from typing import Final

import httpx
import trio
from attrs import define, field, frozen

from cardroom.ids import TableId
from cardroom.service.postgres import Postgres
from cardroom.service.settings import Secret
from cardroom.wire.codec import Malformed
from cardroom.wire.escrow import ESCROW_PATH, HeldMoney, HeldTables, escrow_codec
from wallet_worker.audit.report import Check
from wallet_worker.audit.table_escrow import differs
from wallet_worker.store.read_escrow import TableEscrow, read_escrow

ESCROW: Final = "what lies at the tables is what their nodes believe"

_PAUSE_SECONDS: Final = 0.1
_MAX_FAULTS: Final = 5


@frozen
class NodeDoors:
    """Where the nodes answer, what opens their doors, and how patient to be while money moves."""

    urls: Sequence[str]
    token: Secret
    call_seconds: float
    tries: int


@define
class _Comparison:
    """What is known so far. A table that was the same once, at one moment, is sound."""

    same: set[TableId] = field(factory=set)
    different: dict[TableId, str] = field(factory=dict)
    notes: list[str] = field(factory=list)

    def take(self, held: Sequence[HeldMoney], ledger: Mapping[TableId, TableEscrow]) -> None:
        """Compare all tables that were not the same yet."""
        self.different.clear()
        for one in held:
            if one.table_id in self.same:
                continue
            booked = ledger.get(one.table_id)
            fault = "is not in the ledger" if booked is None else differs(one, booked)
            if fault is None:
                self.same.add(one.table_id)
                self.different.pop(one.table_id, None)
            else:
                self.different[one.table_id] = fault

    def note_unseen(self, held: Sequence[HeldMoney], ledger: Mapping[TableId, TableEscrow]) -> None:
        """Name tables with money that no node which answered has."""
        seen = {one.table_id for one in held}
        unseen = sorted(one.table_id for one in ledger.values() if one.escrow and one.table_id not in seen)
        if unseen:
            tables = ", ".join(map(str, unseen[:_MAX_FAULTS])) + (" ..." if len(unseen) > _MAX_FAULTS else "")
            self.notes.append(f"not compared, and money lies there: tables {tables}")


async def compare_with_nodes(postgres: Postgres, doors: NodeDoors) -> Check:
    """Compare every table that a node has; asks again, up to a limit, while something differs.

    The ledger is read after the nodes have answered: so it may be ahead of them, but not behind.
    """
    comparison = _Comparison()
    limits = httpx.Timeout(doors.call_seconds)
    headers = {"Authorization": f"Bearer {doors.token.value}"}
    async with httpx.AsyncClient(timeout=limits, headers=headers, trust_env=False) as http:
        for number in range(doors.tries):
            if number:
                await trio.sleep(_PAUSE_SECONDS)
            answers, comparison.notes = await _ask_all(http, doors.urls)
            held = [table for answer in answers for table in answer.tables]
            async with postgres.transaction() as transaction:
                ledger = await read_escrow(transaction)
            comparison.take(held, ledger)
            if not comparison.different:
                break
        comparison.note_unseen(held, ledger)
    faults = [f"table {table_id}: {fault}" for table_id, fault in sorted(comparison.different.items())]
    return Check(ESCROW, tuple(faults[:_MAX_FAULTS]), tuple(comparison.notes))


async def _ask_all(http: httpx.AsyncClient, urls: Sequence[str]) -> tuple[list[HeldTables], list[str]]:
    """Give the nodes' answers, and in words which node gave none."""
    answers: list[HeldTables] = []
    notes: list[str] = []

    async def ask(url: str) -> None:
        try:
            answer = await http.get(url.rstrip("/") + ESCROW_PATH)
            answer.raise_for_status()
            held = escrow_codec().decode(answer.content)
        except (httpx.HTTPError, httpx.InvalidURL, Malformed) as trouble:
            notes.append(f"the node at {url} was not compared: {str(trouble) or type(trouble).__name__}")
            return
        answers.append(held)
        if held.unanswered:
            notes.append(f"the node at {url} has tables that do not answer: {list(held.unanswered)}")

    async with trio.open_nursery() as nursery:
        for url in urls:
            nursery.start_soon(ask, url)
    return answers, sorted(notes)
