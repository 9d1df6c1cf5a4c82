"""``make prove``: hands beside pokerkit, shuffles, statements on a large ledger, and all HTTP pages.

As tables and one JSON object. ``PROVE_HANDS``, ``PROVE_SHUFFLES``, ``PROVE_LEDGER_HANDS`` set the numbers,
``PROVE_EXAMPLES`` and ``PROVE_PAGE_SECONDS`` how much is asked of each page and for how long,
``PROVE_SEED`` repeats the hands of an earlier run; the shuffles come from the operating system and cannot be
repeated. Ends with 1 if anything is not as it must be.
"""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from time import perf_counter

import trio

from cardroom.local.servers import postgres_server
from node.tables.deck import shuffled_deck
from tests.node.rules.lock_step import KnownDifference, MismatchError
from tests.node.rules.test_differential import KNOWN_DIFFERENCES
from tests.prove.big_ledger import MILLION, sized
from tests.prove.hands import Tally, prove_hands
from tests.prove.http_pages import Effort, prove_pages
from tests.prove.ledger_plans import prove_plans, unlisted
from tests.prove.shuffles import ChiSquare, chi_squares, count_shuffles

Figures = dict[str, object]


def say(text: str) -> None:
    """Write one line at once: a run takes minutes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def prove_engine(known: Sequence[KnownDifference]) -> Figures:
    """Play the hands and print what they were."""
    hands = int(os.environ.get("PROVE_HANDS", "20000"))
    number = int(os.environ.get("PROVE_SEED") or SystemRandom().getrandbits(32))
    say(f"{hands:,} random hands in lock step with pokerkit (PROVE_SEED={number} repeats them)")
    began = perf_counter()
    try:
        tally = prove_hands(hands, number, known)
    except MismatchError:
        say(traceback.format_exc())
        return {"hands": hands, "mismatches": 1, "is_complete": False, "seed": number}
    report_hands(tally)
    return {
        "hands": tally.hands,
        "decisions": tally.decisions,
        "mismatches": 0,
        "abandoned": tally.abandoned,
        "is_complete": tally.hands >= hands and tally.abandoned <= tally.most_abandoned,
        "known_differences": {entry.rule: tally.differences[entry.rule] for entry in KNOWN_DIFFERENCES},
        "seed": number,
        "hands_seconds": round(perf_counter() - began, 1),
    }


def report_hands(tally: Tally) -> None:
    """Print hands by players, by kind, and by the known differences that they met."""
    rows = {"hands": tally.hands, "decisions compared": tally.decisions}
    rows |= {f"  with {count} players": tally.players[count] for count in sorted(tally.players)}
    rows |= {f"  {kind}": count for kind, count in tally.kinds.most_common()}
    rows |= {"given up, as pokerkit cannot follow": tally.abandoned, "mismatches": 0}
    for name, count in rows.items():
        say(f"{name:42} {count:>12,}")
    say("\nhands that met a known difference")
    for entry in KNOWN_DIFFERENCES:
        say(f"{tally.differences[entry.rule]:>8,}  rule {entry.rule}: {entry.words}")


def prove_shuffle() -> Figures:
    """Shuffle, test the shuffles and print how far from even they are."""
    shuffles = int(os.environ.get("PROVE_SHUFFLES", "1000000"))
    say(f"\n{shuffles:,} shuffles; the worst of its kind where a test names places")
    began = perf_counter()
    tests = chi_squares(count_shuffles(shuffled_deck, shuffles))
    say(f"{'test':18} {'chi-square':>12} {'degrees':>8} {'z':>7} {'chance':>9}")
    for test in tests:
        say(f"{test.name:18} {test.statistic:>12,.1f} {test.freedom:>8,} {test.z:>7.2f} {test.chance:>9.2g}")
    return {
        "shuffles": shuffles,
        **_figures("chi_square_positions", tests[0]),
        **_figures("chi_square_pairs", tests[-1]),
        "unfair": sum(not test.is_fair for test in tests),
        "shuffles_seconds": round(perf_counter() - began, 1),
    }


def _figures(name: str, test: ChiSquare) -> Figures:
    return {name: round(test.statistic, 1), f"{name}_df": test.freedom, f"{name}_z": round(test.z, 3)}


def prove_ledger() -> Figures:
    """Write a large ledger, and print of every statement of the product how it finds its rows there."""
    hands = int(os.environ.get("PROVE_LEDGER_HANDS", str(MILLION.hands)))
    say(f"\nEvery statement on a ledger of {hands:,} hands: its indexes, and how many months of each table")
    began = perf_counter()
    with (
        TemporaryDirectory(prefix="holdem-prove-") as folder,
        postgres_server(Path(folder) / "postgres") as server,
    ):
        findings = prove_plans(server, "prove", sized(hands))
    for finding in findings:
        say(str(finding))
    faults = [f"{finding.name} {fault}" for finding in findings for fault in finding.faults]
    faults += [f"{name} is in no list" for name in unlisted()]
    for fault in faults:
        say(f"FAULT: {fault}")
    return {
        "ledger_hands": hands,
        "statements": len(findings),
        "statements_by_index": sum(bool(finding.plan.indexes) for finding in findings),
        "plan_faults": len(faults),
        "plans_seconds": round(perf_counter() - began, 1),
    }


def prove_http() -> Figures:
    """Ask every page of every service well and badly, and print what of it was not as its document says."""
    effort = Effort(
        examples=int(os.environ.get("PROVE_EXAMPLES", "60")),
        seconds=int(os.environ.get("PROVE_PAGE_SECONDS", "75")),
        seed=int(os.environ.get("PROVE_SEED") or 1),
    )
    say(f"\nEvery page as its OpenAPI document says, and otherwise, for {effort.seconds} s")
    began = perf_counter()
    with TemporaryDirectory(prefix="holdem-prove-") as folder:
        asked, is_ledger_right = trio.run(prove_pages, Path(folder), effort)
    say(f"{'service':14} {'operations':>10} {'tested':>8} {'cases':>8} {'accepted':>9} {'faults':>7}")
    for one in asked:
        numbers = (
            f"{one.operations:>10} {one.tested:>8} {one.cases:>8,} {one.accepted:>9,} {len(one.faults):>7}"
        )
        say(f"{one.service:14} {numbers}")
        for fault in one.faults:
            say(f"FAULT: {one.service}: {fault}")
        if not one.is_clean:
            say(one.output)
    if not is_ledger_right:
        say("FAULT: the ledger is not right after it")
    return {
        "http_operations": sum(one.operations for one in asked),
        "http_cases": sum(one.cases for one in asked),
        "http_faults": sum(not one.is_clean for one in asked) + (not is_ledger_right),
        "http_seconds": round(perf_counter() - began, 1),
    }


def main(known: Sequence[KnownDifference] = KNOWN_DIFFERENCES) -> int:
    """Prove all of it; the last line is one JSON object."""
    figures = prove_engine(known) | prove_shuffle() | prove_ledger() | prove_http()
    say(json.dumps(figures))
    faults = (figures["unfair"], figures["plan_faults"], figures["http_faults"])
    return 0 if figures["is_complete"] and not any(faults) else 1


if __name__ == "__main__":
    sys.exit(main())
