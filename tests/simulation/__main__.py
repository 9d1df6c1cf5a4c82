"""``make simulate``: seeds one after another, each hours of play in which everything goes wrong.

``SEEDS`` says how many, ``SEED`` which is the first, ``HOURS`` how long each; ``TRACE=1`` prints all that
happens, ``FAULTS`` names the only kinds. Ends with 1 at the first seed that fails, and says how to run it
alone; ``KEEP_GOING=1`` tries the others, too.
"""

import json
import os
import sys
from collections import Counter
from time import perf_counter

from tests.simulation.course import Verdict, simulate

_LINES = 60


def say(text: str) -> None:
    """Write one line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the seeds."""
    first, seeds = int(os.environ.get("SEED") or 1), int(os.environ.get("SEEDS") or 100)
    hours, is_loud = float(os.environ.get("HOURS") or 1.0), bool(os.environ.get("TRACE"))
    kinds = tuple(os.environ.get("FAULTS", "").split())
    began, total, simulated, failed = perf_counter(), Counter[str](), 0.0, []
    for seed in range(first, first + seeds):
        verdict = simulate(seed, hours, is_loud=is_loud, kinds=kinds)
        total.update(verdict.counts)
        simulated += verdict.hours
        if verdict.troubles:
            failed.append(seed)
            _report(verdict)
            if not os.environ.get("KEEP_GOING"):
                break
        if (seed - first + 1) % 20 == 0 or seed == first + seeds - 1:
            say(_line(seed - first + 1, simulated, total, perf_counter() - began))
    figures = {
        "seeds": seed - first + 1, "failed": failed, "hours": round(simulated, 1), "hands": total["settled"],
        "faults": total["fault"], "hands_seen": total["hands seen"], "hands_void": total["hands void"],
        "seconds": round(perf_counter() - began, 1),
    }  # fmt: skip
    say(json.dumps(figures))
    return 1 if failed else 0


def _report(verdict: Verdict) -> None:
    for line in verdict.last_lines[-_LINES:]:
        say(f"  {line[:400]}")
    for trouble in verdict.troubles:
        say(f"seed {verdict.seed}: {trouble[:2000]}")
    say(f"run it alone: make simulate SEEDS=1 SEED={verdict.seed}")


def _line(seeds: int, hours: float, total: Counter[str], seconds: float) -> str:
    return (
        f"{seeds} seeds, {hours:.1f} simulated hours, {total['settled']} hands settled,"
        f" {total['fault']} faults, {total['hands void']} hands void; {seconds:.0f} s"
    )


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # else sets of words are walked through in another order
        os.execve(
            sys.executable, [sys.executable, "-m", "tests.simulation"], os.environ | {"PYTHONHASHSEED": "0"}
        )
    sys.exit(main())
