"""``make bench``: every measurement that takes under five minutes, as a table and one JSON object."""

import json
import sys

from bench import engine, journal, ledger, storm, telling, verify, wire

PARTS = (engine, wire, telling, journal, ledger, verify, storm)


def main() -> None:
    """Measure, print a table, and as the last line one JSON object with the same numbers."""
    figures = {name: round(value, 3) for part in PARTS for name, value in part.measure().items()}
    for name, value in figures.items():
        sys.stdout.write(f"{name:32} {value:>14,.3f}\n")
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
