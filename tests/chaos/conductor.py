"""One run: fault after fault while bots play, a look at the ledger after each, a long one at the end."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import trio
from attrs import evolve, frozen

from cardroom.service.postgres import PostgresAway
from tests.chaos.checker import check_hands
from tests.chaos.cluster import BOTS, Cluster, ClusterFailed, Place, open_cluster
from tests.chaos.faults import NODES, WORKERS, Fault
from tests.chaos.follow import Follower, now
from tests.chaos.inject import inject
from tests.chaos.ledger import Money, read_hands, read_money
from tests.chaos.outcome import Course, Findings, attribute
from tests.chaos.seen import Seen

Say = Callable[[str], None]

_WARM_UP_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 2.0
_STEADY_LIMIT: Final = 20.0
_RECOVERY_LIMIT: Final = 45.0
_LEDGER_LIMIT: Final = 30.0
_QUIET_LIMIT: Final = 40.0
_QUIET_SECONDS: Final = 4.0
_POLL_SECONDS: Final = 0.3
_FAULT_LIMIT: Final = 150.0
_BAD_CARDS: Final = frozenset(
    {"foreign_cards", "other_cards_shown", "card_twice", "cards_missing", "cards_not_proved"}
)


@frozen
class Conductor:
    """Leads one run on a cluster that is up."""

    cluster: Cluster
    follower: Follower
    random: Random
    say: Say

    async def run(self, faults: Sequence[Fault]) -> Findings:
        """Do all faults, one after another; gives what they have shown."""
        began = now()
        await self._warm_up()
        courses = []
        for fault in faults:
            with trio.fail_after(_FAULT_LIMIT):
                courses.append(await self._do(fault))
        return await self._finish(courses, began)

    async def _warm_up(self) -> None:
        """Wait until the first hands are settled."""
        with trio.move_on_after(_WARM_UP_SECONDS):
            while not self.cluster.place.record.exists():  # noqa: ASYNC110 (another process makes it)
                await trio.sleep(0.1)
            while (await read_money(self.cluster.dsn)).hands < 1:  # noqa: ASYNC110 (another process settles)
                await trio.sleep(0.2)
            return
        raise ClusterFailed("no hand was settled before the first fault")

    async def _do(self, fault: Fault) -> Course:
        await self._wait_until_steady()
        await trio.sleep(self.random.uniform(0.2, 1.0))
        self.follower.look()
        fault = self._at_a_node_that_plays(fault)
        began = now()
        tables = self.follower.tables_in_play(since=began - 3.0)
        self.say(f"{fault.number:3} {fault}")
        since = await inject(self.cluster, fault)
        self.follower.look()
        recoveries = await self.follower.wait_for_all(tables, since, _RECOVERY_LIMIT)
        slowest = list(recoveries.values())
        recovery = None if None in slowest else max((one for one in slowest if one is not None), default=0.0)
        ended = since + (recovery or 0.0)
        course = Course(fault, began, since, recovery, self.follower.longest_pause(tables, began, ended))
        course.complaints = await self._check()
        self._tell(course, recoveries)
        return course

    def _at_a_node_that_plays(self, fault: Fault) -> Fault:
        """Let a fault strike the other node where the one that was chosen has no tables now."""
        if fault.target not in NODES or self.follower.tables_of(fault.target):
            return fault
        other = next(node for node in NODES if node != fault.target)
        return evolve(fault, target=other)

    def _tell(self, course: Course, recoveries: Any) -> None:
        took = course.recovery_seconds
        words = (
            f"play went on after {took:.2f} s" if took is not None else f"play did not go on: {recoveries}"
        )
        self.say(f"      {words}, longest pause {course.pause_seconds:.2f} s")
        for complaint in course.complaints:
            self.say(f"      WRONG: {complaint}")

    async def _wait_until_steady(self) -> None:
        """Let all tables where bots sit be in play; one that is not after a while is not waited for."""
        await self.cluster.servers.wait_until_whole()
        with trio.move_on_after(_STEADY_LIMIT):
            while True:
                self.follower.look()
                playing = self.follower.tables_in_play(since=now() - _STEADY_SECONDS)
                if all(table in playing for table in self.follower.tables_with_players()):
                    return
                await trio.sleep(0.1)

    async def _check(self) -> list[str]:
        """Wait until hands are settled again, and let the ledger be checked; gives what is wrong."""
        before, money = None, None
        with trio.move_on_after(_LEDGER_LIMIT):
            while before is None or money is None or money.hands <= before.hands:
                await trio.sleep(_POLL_SECONDS)
                money = await self._money()
                before = before or money
        if money is None or before is None:
            return ["the ledger cannot be read"]
        is_settling = money.hands > before.hands
        found = money.faults() + ([] if is_settling else [f"no hand was settled for {_LEDGER_LIMIT:g} s"])
        worker = self.random.choice(WORKERS)
        return found + complaints_of(worker, await self.cluster.verify(worker))

    async def _money(self) -> Money | None:
        try:
            return await read_money(self.cluster.dsn)
        except PostgresAway:
            return None

    async def _finish(self, courses: list[Course], began: float) -> Findings:
        """Let the bots leave, the last hands be settled, and everything be compared."""
        self.say("The bots leave; the ledger is checked in full ...")
        bots = self.cluster.processes[BOTS]
        await bots.stop()
        complaints = [] if bots.starts == 1 else [f"the bots were started {bots.starts} times: {bots.codes}"]
        money = await self._wait_until_quiet()
        complaints += money.faults()
        for worker in WORKERS:
            complaints += complaints_of(worker, await self.cluster.verify(worker, is_full=True))
        settled = await read_hands(self.cluster.dsn)
        seen = await trio.to_thread.run_sync(read_seen, self.cluster.place)
        excused = attribute(courses, seen.hands, settled)
        errors = read_protocol_errors(self.cluster.place)
        complaints += [f"bots: {kind} ({count})" for kind, count in errors.items() if kind in _BAD_CARDS]
        return Findings(
            courses, money.krw_off, check_hands(seen.hands, settled, excused), complaints,
            hands_settled=len(settled), actions=seen.accepted, seconds=now() - began, protocol_errors=errors,
        )  # fmt: skip

    async def _wait_until_quiet(self) -> Money:
        """Wait until no hand has been settled for some seconds, or nothing lies on tables any more."""
        money, since = await read_money(self.cluster.dsn), now()
        with trio.move_on_after(_QUIET_LIMIT):
            while money.escrow and now() - since < _QUIET_SECONDS:
                await trio.sleep(_POLL_SECONDS)
                newest = await read_money(self.cluster.dsn)
                if (newest.hands, newest.escrow) != (money.hands, money.escrow):
                    money, since = newest, now()
        return money


def complaints_of(worker: str, report: dict[str, Any]) -> list[str]:
    """Name what a verification found, by a worker's copies."""
    if report.get("ok"):
        return []
    if "checks" not in report:
        return [f"verify by {worker}: {report.get('error', report)}"]
    faults = [(check["name"], check["faults"]) for check in report["checks"] if not check["ok"]]
    return [f"verify by {worker}: {name}: {'; '.join(map(str, found))[:500]}" for name, found in faults]


def read_seen(place: Place) -> Seen:
    """Read the bots' record."""
    with place.record.open(encoding="utf-8") as file:
        return Seen().read(file)


def read_protocol_errors(place: Place) -> dict[str, int]:
    """Read what the bots found broken, from the report that they wrote at their end."""
    try:
        report = json.loads((place.folder / "bots.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"no report": 1}
    errors: dict[str, int] = report["protocol_errors"]
    return errors


async def run_chaos(place: Place, faults: Sequence[Fault], say: Say, *, replicated: bool = False) -> Findings:
    """Bring a cluster up, lead a run, and end it."""
    say(f"Starting {'servers in groups' if replicated else 'single servers'}, processes and bots ...")
    async with open_cluster(place, replicated=replicated) as cluster:
        conductor = Conductor(cluster, Follower(place.record), Random(place.seed), say)
        return await conductor.run(faults)
