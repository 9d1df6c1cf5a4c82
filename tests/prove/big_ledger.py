"""A ledger as large as asked for, written by SQL: months of hands, entries that sum to zero and run along.

Hands of six, spread evenly over tables and months; every step of each seat's money is there. The seals of
batches are made up: this ledger is for plans, not for verification.
"""

from pathlib import Path
from string import Template
from typing import Final

from attrs import asdict, frozen

from cardroom.service.postgres import Postgres

_SCRIPT: Final = Path(__file__).with_suffix(".sql")
_SEATS: Final = 6
_SHAPE: Final = {
    "seats": _SEATS,
    "won": 100 * (_SEATS - 1) - 10,  # the others pay 100 each, the rake is 10
    "shards": 4,
    "days": 170,
    "hands_of_a_batch": 5,
    "events_of_a_hand": 25,
}


@frozen
class Size:
    """How large. Each hand is seven entries, each player two more, each seat of a table two more."""

    players: int
    tables: int
    hands: int
    hands_with_events: int
    sessions: int
    commands: int
    rooms: int
    rows: int
    """So many commands, players or hands a statement is asked for at once."""


MILLION: Final = Size(
    players=10_000,
    tables=1_000,
    hands=145_000,
    hands_with_events=20_000,
    sessions=100_000,
    commands=200_000,
    rooms=5_000,
    rows=50,
)


def sized(hands: int) -> Size:
    """Give a ledger with so many hands, and with as much less or more of everything else."""

    def share(whole: int, least: int) -> int:
        return max(least, whole * hands // MILLION.hands)

    return Size(
        players=share(MILLION.players, 2_000),
        tables=share(MILLION.tables, 600),
        hands=hands,
        hands_with_events=share(MILLION.hands_with_events, 1_000),
        sessions=share(MILLION.sessions, 4_000),
        commands=share(MILLION.commands, 4_000),
        rooms=share(MILLION.rooms, 2_000),
        rows=share(MILLION.rows, 5),
    )


async def write_ledger(owner: Postgres, size: Size) -> None:
    """Fill an empty, migrated database; ``owner`` may do everything and has minutes for a call."""
    script = Template(_SCRIPT.read_text(encoding="utf-8")).substitute(_SHAPE | asdict(size))
    for statement in script.split(";\n\n"):
        async with owner.transaction() as transaction:
            await transaction.execute("SET LOCAL work_mem = '128MB'")
            await transaction.execute(statement)
