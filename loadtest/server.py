"""What the server's processes say of themselves, read from their ``/metrics`` pages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import trio
from attrs import frozen

from cardroom.client import ClientError, ClientLimits, RequestRefused
from cardroom.client.account import http_errors, open_http

_CPU: Final = "process_cpu_seconds_total"
_RSS: Final = "process_resident_memory_bytes"
_ACTIONS: Final = "holdem_action_seconds_count"
_CONNECTIONS: Final = "holdem_connections"
_TABLES: Final = "holdem_tables"
_KIB: Final = 1024

KINDS: Final = ("node", "wallet_worker", "shard_router")


@frozen
class Watched:
    """A process whose page is read."""

    name: str
    kind: str
    url: str


@frozen
class Sample:
    """One look at a process; ``at`` is steady time in seconds."""

    at: float
    cpu_seconds: float
    rss_kib: float
    actions: float
    connections: float | None
    tables: float | None

    def cpu_share_since(self, earlier: "Sample") -> float:
        """Give the share of one processor between two looks."""
        return (self.cpu_seconds - earlier.cpu_seconds) / max(1e-6, self.at - earlier.at)


def read_sample(page: str, at: float) -> Sample:
    """Read one page; numbers of the same name with other labels are added up."""
    sums: dict[str, float] = {}
    for line in page.splitlines():
        name, _, rest = line.partition("{") if "{" in line else line.partition(" ")
        if name in (_CPU, _RSS, _ACTIONS, _CONNECTIONS, _TABLES):
            sums[name] = sums.get(name, 0.0) + float(rest.rpartition(" ")[2])
    return Sample(
        at=at,
        cpu_seconds=sums.get(_CPU, 0.0),
        rss_kib=sums.get(_RSS, 0.0) / _KIB,
        actions=sums.get(_ACTIONS, 0.0),
        connections=sums.get(_CONNECTIONS),
        tables=sums.get(_TABLES),
    )


class Server:
    """All watched processes, and what they said: before the players came, and around the measuring."""

    def __init__(self, watched: Sequence[Watched]) -> None:
        self.watched = watched
        self.samples: dict[str, dict[str, Sample]] = {one.name: {} for one in watched}

    async def look(self, moment: str) -> Mapping[str, Sample]:
        """Look at every process, and keep what it said under ``moment``; who does not answer is left out."""
        found = {}
        for one in self.watched:
            sample = await look_at(one.url)
            if sample is not None:
                found[one.name] = self.samples[one.name][moment] = sample
        return found

    def as_json(self) -> dict[str, Any]:
        """Write what measuring has cost each process; null where it did not say."""
        actions = sum(
            _difference(self.samples[one.name], "actions") or 0.0
            for one in self.watched
            if one.kind == "node"
        )
        return {one.name: self._describe(one, actions) for one in self.watched}

    def _describe(self, one: Watched, all_actions: float) -> dict[str, Any]:
        samples = self.samples[one.name]
        before, begin, end = (samples.get(moment) for moment in ("before", "begin", "end"))
        if begin is None or end is None:
            return {"kind": one.kind} | dict.fromkeys(_KEYS)
        actions = end.actions - begin.actions if one.kind == "node" else all_actions
        cpu = end.cpu_seconds - begin.cpu_seconds
        grown = None if before is None else end.rss_kib - before.rss_kib
        return {
            "kind": one.kind,
            "cpu_us_per_action": round(cpu * 1e6 / actions, 1) if actions else None,
            "cpu_share": round(end.cpu_share_since(begin), 3),
            "actions": round(actions),
            "rss_kib_start": round((before or begin).rss_kib),
            "rss_kib_end": round(end.rss_kib),
            "connections": end.connections,
            "tables": end.tables,
            "kib_per_connection": _per(grown, end.connections),
            "kib_per_table": _per(grown, end.tables),
        }


_KEYS: Final = (
    "cpu_us_per_action", "cpu_share", "actions", "rss_kib_start", "rss_kib_end", "connections", "tables",
    "kib_per_connection", "kib_per_table",
)  # fmt: skip


def _difference(samples: Mapping[str, Sample], name: str) -> float | None:
    begin, end = samples.get("begin"), samples.get("end")
    return None if begin is None or end is None else getattr(end, name) - getattr(begin, name)


def _per(kib: float | None, count: float | None) -> float | None:
    return round(kib / count, 2) if kib is not None and count else None


async def look_at(url: str) -> Sample | None:
    """Read one process's page; None if it does not answer."""
    try:
        async with open_http(url, ClientLimits()) as http:
            with http_errors():
                response = await http.get("/metrics")
                response.raise_for_status()
    except ClientError:
        return None
    return read_sample(response.text, trio.current_time())


async def read_reconciliation(wallet_url: str, admin_token: str) -> bool | None:
    """Ask the wallet worker whether all money is where it has to be; None if it does not say."""
    try:
        async with open_http(wallet_url, ClientLimits(answer_seconds=30.0)) as http:
            with http_errors():
                response = await http.get(
                    "/admin/reconciliation", headers={"Authorization": f"Bearer {admin_token}"}
                )
                response.raise_for_status()
            return bool(response.json()["balanced"])
    except (ClientError, RequestRefused, httpx.HTTPError, ValueError, KeyError):
        return None
