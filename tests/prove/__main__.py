"""``make prove``: at least 20,000 hands beside pokerkit and 10^6 shuffles, as tables and one JSON object.

``PROVE_HANDS`` and ``PROVE_SHUFFLES`` set the numbers, ``PROVE_SEED`` repeats the hands of an earlier run;
the shuffles come from the operating system and cannot be repeated. Ends with 1 if anything is not as it
must be.
"""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from random import SystemRandom
from time import perf_counter

from node.tables.deck import shuffled_deck
from tests.node.rules.lock_step import KnownDifference, MismatchError
from tests.node.rules.test_differential import KNOWN_DIFFERENCES
from tests.prove.hands import Tally, prove_hands
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


def main(known: Sequence[KnownDifference] = KNOWN_DIFFERENCES) -> int:
    """Prove both; the last line is one JSON object."""
    figures = prove_engine(known) | prove_shuffle()
    say(json.dumps(figures))
    return 0 if figures["is_complete"] and not figures["unfair"] else 1


if __name__ == "__main__":
    sys.exit(main())
