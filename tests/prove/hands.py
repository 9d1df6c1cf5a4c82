"""Many random hands in lock step with pokerkit, and what they were."""

from collections import Counter
from collections.abc import Sequence

import attrs
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from node.rules.blinds import AnteKind
from tests.node.rules.lock_step import KnownDifference, Outcome, play_both
from tests.node.rules.oracle import Game
from tests.node.rules.random_games import chooser, games

BATCH = 1_000
"""Hypothesis remembers every hand that it has drawn, so it gets no more than this at once."""


@attrs.define
class Tally:
    """What has been played so far."""

    hands: int = 0
    decisions: int = 0
    abandoned: int = 0
    players: Counter[int] = attrs.Factory(Counter)
    kinds: Counter[str] = attrs.Factory(Counter)
    """Hands by what was special about them."""
    differences: Counter[str] = attrs.Factory(Counter)
    """Hands in which a known difference was met, by its rule."""

    @property
    def most_abandoned(self) -> int:
        """How many hands pokerkit may not follow to their end: one in 25, and some more by chance."""
        return 20 + self.hands // 25

    def add(self, game: Game, outcome: Outcome) -> None:
        """Count one hand."""
        self.hands += 1
        self.decisions += outcome.decisions
        self.abandoned += outcome.is_abandoned
        self.players[len(game.stacks)] += 1
        self.kinds.update(_kinds_of(game, outcome))
        self.differences.update(set(outcome.seen))


def _kinds_of(game: Game, outcome: Outcome) -> list[str]:
    rules = game.rules
    kinds = {
        "ante per seat": rules.ante_kind is AnteKind.PER_SEAT,
        "big-blind ante": rules.ante_kind is AnteKind.BIG_BLIND,
        "straddle": game.is_straddled,
        "posts of entering players": bool(game.live_posters or game.dead_posters),
        "dead small blind": game.has_dead_small_blind,
        "stacks below the big blind": min(game.stacks) < rules.big_blind,
        "side pots": outcome.side_pots > 0,
        "run twice": outcome.has_run_twice,
    }
    return [kind for kind, applies in kinds.items() if applies]


def prove_hands(hands: int, number: int, known: Sequence[KnownDifference]) -> Tally:
    """Play the hands that follow from the number; the first mismatch is shrunk and raised."""
    tally = Tally()
    for start in range(0, hands, BATCH):
        _play_batch(min(BATCH, hands - start), number + start, known, tally)
    return tally


def _play_batch(hands: int, number: int, known: Sequence[KnownDifference], tally: Tally) -> None:
    @seed(number)
    @settings(
        max_examples=hands,
        deadline=None,
        database=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(game=games(), data=st.data())
    def both_engines_agree(game: Game, data: st.DataObject) -> None:
        tally.add(game, play_both(game, chooser(data), known))

    both_engines_agree()
