"""The lock step itself: it notices an engine that plays otherwise, and excuses nothing but what is known."""

from collections.abc import Callable, Iterator

import attrs
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from cardroom.money import Krw
from node.rules.actions import Action, AllIn, Call, Fold, RaiseTo
from node.rules.blinds import AnteKind, HandRules
from node.rules.cards import FULL_DECK
from node.rules.events import Street
from tests.node.rules.lock_step import (
    Asked,
    Difference,
    LockStep,
    MismatchError,
    Pots,
    Stacks,
    Turn,
    play_both,
)
from tests.node.rules.oracle import Game, Offer, Oracle, Posts, start_ours
from tests.node.rules.random_games import chooser, games
from tests.node.rules.reading import Decision
from tests.node.rules.test_differential import DEMONSTRATIONS, KNOWN_DIFFERENCES, Demonstration, follow

RULES = HandRules(small_blind=Krw(1_000), big_blind=Krw(2_000), ante=Krw(200), ante_kind=AnteKind.PER_SEAT)
GAME = Game(attrs.evolve(RULES, straddle=True), (50_000, 40_000, 30_000, 60_000))
ALL_IN: tuple[Action, ...] = (RaiseTo(Krw(8_000)), Fold(), AllIn(), AllIn(), Call())


def is_known(difference: Difference) -> bool:
    return any(entry.explains(difference) for entry in KNOWN_DIFFERENCES)


@pytest.mark.parametrize(
    "change",
    [
        lambda game: attrs.evolve(game, stacks=(50_000, 40_000, 30_000, 59_999)),
        lambda game: attrs.evolve(game, stacks=(50_000, 40_001, 30_000, 60_000)),
        lambda game: attrs.evolve(game, deck=FULL_DECK),
        lambda game: attrs.evolve(game, rules=attrs.evolve(game.rules, ante=Krw(201))),
        lambda game: attrs.evolve(game, rules=attrs.evolve(game.rules, big_blind=Krw(2_001))),
        lambda game: attrs.evolve(game, rules=attrs.evolve(game.rules, small_blind=Krw(999))),
        lambda game: attrs.evolve(game, rules=attrs.evolve(game.rules, ante_kind=AnteKind.BIG_BLIND)),
        lambda game: attrs.evolve(game, straddles=True),
        lambda game: attrs.evolve(game, live_posters=frozenset({2})),
        lambda game: attrs.evolve(game, has_dead_small_blind=True),
    ],
)
def test_another_game_is_noticed(change: Callable[[Game], Game]) -> None:
    """One chip, one card or one post otherwise, and the hand does not pass."""
    assert not play_both(GAME, follow(ALL_IN), KNOWN_DIFFERENCES).seen
    with pytest.raises(MismatchError):
        play_both(GAME, follow(ALL_IN), KNOWN_DIFFERENCES, theirs=change(GAME))


@attrs.define
class Suspicious(LockStep):
    """Changes every answer of pokerkit a little and sees that the change is not excused."""

    met: list[Difference] = attrs.Factory(list)

    def differ(self, difference: Difference) -> None:
        super().differ(difference)
        self.met.append(difference)

    def compare_turn(self) -> Decision | None:
        decision = super().compare_turn()
        if decision is not None:
            for offer in nearly_offered(decision.theirs):
                assert not is_known(attrs.evolve(decision, theirs=offer))
        return decision


def nearly_offered(offer: Offer) -> Iterator[Offer]:
    """Give offers that are one chip or one permission away."""
    yield offer._replace(call=offer.call + 1)
    yield offer._replace(can_check=not offer.can_check)
    yield offer._replace(low=1, high=1) if offer.low is None else offer._replace(low=None, high=None)
    yield offer._replace(all_in=None if offer.all_in else 1)
    if offer.low is not None and offer.high is not None:
        yield offer._replace(low=offer.low - 1)
        yield offer._replace(low=offer.low + 1)
        yield offer._replace(high=offer.high + 1)


def suspect(game: Game) -> Suspicious:
    return Suspicious(start_ours(game), Oracle(game), KNOWN_DIFFERENCES, game)


@seed(0)
@settings(max_examples=40)
@given(game=games(), data=st.data())
def test_no_other_answer_of_pokerkit_is_excused(game: Game, data: st.DataObject) -> None:
    suspect(game).play(chooser(data))


@pytest.mark.parametrize("shown", DEMONSTRATIONS, ids=lambda shown: f"rule {shown.rule}")
def test_what_is_nearly_a_known_difference_is_none(shown: Demonstration) -> None:
    both = suspect(shown.game)
    both.play(follow(shown.actions))
    assert both.met
    for difference in both.met:
        assert is_known(difference)
        assert not any(is_known(other) for other in nearly(difference))


def nearly(difference: Difference) -> Iterator[Difference]:
    """Give differences that are a little other than one that was met."""
    match difference:
        case Decision():
            yield attrs.evolve(difference, theirs=difference.ours)
        case Stacks():
            first, second, *rest = difference.theirs
            yield attrs.evolve(difference, theirs=(first + 1, second - 1, *rest))
            yield attrs.evolve(difference, theirs=difference.ours)
        case Pots():
            (*before, (amount, owners)) = difference.ours
            yield attrs.evolve(difference, ours=(*before, (amount + 1, owners)))
            yield attrs.evolve(difference, ours=(*before, (amount, (0, 1))))
            yield attrs.evolve(difference, ours=(*before, (amount, owners), (amount, owners)))
            yield attrs.evolve(difference, antes=())
        case Asked():
            yield attrs.evolve(difference, call=1, own_bet=1, others_bet=2)
            yield attrs.evolve(difference, able=2)
        case Turn():
            acted = tuple(player._replace(has_acted=True) for player in difference.hand.players)
            late = difference.hand._replace(street=Street.FLOP, players=acted)
            yield attrs.evolve(difference, hand=late)
        case Posts():
            yield attrs.evolve(difference, theirs=difference.ours)
