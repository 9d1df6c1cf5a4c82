"""Whatever is sent, repeated, lost or interrupted: money is where the sheet of paper says.

Two workers serve two shards whose players cross. Every command has one outcome, and the ledger is sound at
the end. Hypothesis draws the steps and shortens a history that fails. The database and Redis are real; a
worker crashes at points that have names.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cardroom.local.servers import EmbeddedValkey
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.crashing import CRASHES, Loop
from tests.wallet_worker.crossing_room import WORKERS, CrossingRoom, Wish
from tests.wallet_worker.house import PURSE

crashes = st.sampled_from(CRASHES)
workers = st.sampled_from(WORKERS)
two, five, six = st.integers(0, 1), st.integers(0, 4), st.integers(0, 5)
amounts = st.sampled_from([1, 700, 40_000, PURSE])
wishes = st.builds(
    Wish,
    what=st.sampled_from(["buy in", "leave", "play", "play"]),
    table=two,
    player=five,
    seat=six,
    amount=amounts,
    oddity=st.integers(0, 7),
)


class LedgerMachine(RuleBasedStateMachine):
    """What may happen, in any order."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self._loop = loop
        self._room: CrossingRoom | None = None

    @property
    def room(self) -> CrossingRoom:
        assert self._room is not None, "the room is opened first"
        return self._room

    @initialize()
    def open(self) -> None:
        room = CrossingRoom(self._loop)
        self._loop.call(room.open)
        self._room = room

    @rule(place=two, wishes=st.lists(wishes, min_size=1, max_size=6))
    def send(self, place: int, wishes: list[Wish]) -> None:
        for wish in wishes:
            self._loop.call(self.room.send, place, wish)

    @rule(place=two, wrong=st.integers(0, 3))
    def open_anew(self, place: int, wrong: int) -> None:
        self._loop.call(self.room.open_anew, place, int(wrong == 0))

    @rule(place=two, which=st.integers(0, 10**6), change=st.integers(0, 5))
    def send_again(self, place: int, which: int, change: int) -> None:
        """Send an old command again: under today's epoch, as it was, or as another body under its id."""
        self._loop.call(self.room.send_again, place, which, change)

    @rule(player=five, amount=amounts)
    def give(self, player: int, amount: int) -> None:
        self._loop.call(self.room.give, player, amount)

    @rule(place=two, worker=workers, crash=crashes)
    def serve(self, place: int, worker: str, crash: str | None) -> None:
        self._loop.call(self.room.serve, place, worker, crash)

    @rule(place=two, crash=crashes)
    def both_serve_at_once(self, place: int, crash: str | None) -> None:
        self._loop.call(self.room.both_serve, place, crash)

    @rule(place=two)
    def the_holder_falls_silent(self, place: int) -> None:
        """From now on the other worker may take the term."""
        self._loop.call(self.room.silence_the_holder, place)

    @rule(place=two, which=st.integers(0, 10**6))
    def redis_loses_an_entry(self, place: int, which: int) -> None:
        self._loop.call(self.room.lose, place, which)

    @invariant()
    def money_is_where_the_sheet_says(self) -> None:
        if self._room is not None:
            self._loop.call(self._room.compare)

    def teardown(self) -> None:
        if self._room is not None:
            self._loop.call(self._room.close)


HISTORIES = int(os.environ.get("HISTORIES", "10"))
"""How many are drawn; ``make prove`` draws more."""


@pytest.mark.timeout(300 + 30 * HISTORIES)
def test_no_history_loses_or_doubles_a_won(
    wallet_settings: PostgresSettings, owner_settings: PostgresSettings, valkey: EmbeddedValkey
) -> None:
    loop = Loop(wallet_settings, owner_settings, valkey.settings)
    with loop.running():
        run_state_machine_as_test(
            lambda: LedgerMachine(loop),  # type: ignore[arg-type] # it calls whatever makes one
            settings=settings(
                max_examples=15,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
