"""The rules beside pokerkit, in lock step: who is asked, what he may do, the pots, the stacks at the end.

Hypothesis draws the table and every decision, so a failure shrinks to a short hand. Where both play
differently, the house rules win, and the difference has to be one of ``KNOWN_DIFFERENCES``, each of which
cites its rule. ``PROVE_HANDS`` sets the number of hands and asks for others than the usual ones;
``PROVE_SEED`` repeats them.
"""

import os
import sys
from collections.abc import Callable, Iterable
from random import SystemRandom

import attrs
import pytest

from cardroom.money import Krw
from node.rules.actions import Action, AllIn, Call, Check, Fold, RaiseTo
from node.rules.blinds import HEADS_UP, AnteKind, HandRules, PostKind
from node.rules.cards import FULL_DECK, parse_cards
from node.rules.events import Street
from tests.node.rules.lock_step import (
    Asked,
    Decide,
    Difference,
    KnownDifference,
    MismatchError,
    Pots,
    Stacks,
    Turn,
    play_both,
)
from tests.node.rules.oracle import Game, Posts, create_state, posts_in
from tests.node.rules.reading import Decision, Rule
from tests.prove.hands import prove_hands

HANDS = int(os.environ.get("PROVE_HANDS", "300"))
USUAL_SEED = 0 if "PROVE_HANDS" not in os.environ else SystemRandom().getrandbits(32)
SEED = int(os.environ.get("PROVE_SEED") or USUAL_SEED)


def _reads(rule: Rule) -> Callable[[Difference], bool]:
    """Give the test whether this rule is among the fewest that lead to exactly pokerkit's answer."""
    return lambda difference: isinstance(difference, Decision) and rule in difference.replaced


def _takes_dead_money_first(difference: Difference) -> bool:
    """The blinds are paid first; pokerkit takes antes and dead blinds first, so it is told the amounts."""
    return isinstance(difference, Posts) and difference.ours != difference.theirs


def _big_blind_opens(difference: Difference) -> bool:
    if not isinstance(difference, Turn) or difference.moves or difference.hand.street is not Street.PREFLOP:
        return False
    setup = difference.hand.setup
    return (
        len(setup.deal.players) == HEADS_UP
        and setup.rules.small_blind == setup.rules.big_blind
        and (difference.legal.seat, difference.theirs) == (setup.deal.button, setup.deal.big_blind)
    )


def _poster_is_passed_over(difference: Difference) -> bool:
    if not isinstance(difference, Turn) or not difference.is_idle:
        return False
    player = difference.hand.player(difference.legal.seat)
    posts = difference.hand.setup.deal.posts
    return not player.has_acted and any(
        post.kind is PostKind.LIVE_BLIND and post.seat == player.seat for post in posts
    )


def _ante_comes_back(difference: Difference) -> bool:
    """The only pot more is what the longest ante exceeds the second longest; it is its owner's alone."""
    if not isinstance(difference, Pots) or not difference.antes:
        return False
    second, longest = sorted(difference.antes)[-2:]
    lone = (longest - second, (difference.antes.index(longest),))
    return longest > second and difference.ours == (*difference.theirs, lone)


def _last_player_is_asked(difference: Difference) -> bool:
    return isinstance(difference, Asked) and difference.able == 1 and not difference.call


def _folded_bet_is_called(difference: Difference) -> bool:
    """The bet to call is that of a poster who has folded; nobody who is in has as much against it."""
    return (
        isinstance(difference, Asked)
        and difference.able == 1
        and difference.call > 0
        and difference.own_bet >= difference.others_bet
    )


def _odd_won_go_to_one(difference: Difference) -> bool:
    return (
        isinstance(difference, Stacks) and difference.ours != difference.theirs == difference.odd_won_to_one
    )


KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = (
    KnownDifference(
        "3",
        "short all-ins add up for each player; pokerkit adds up the last ones, alike for all who have acted",
        _reads(Rule.SHORT_ALL_INS_ADD_UP_PER_PLAYER),
    ),
    KnownDifference(
        "5",
        "a bet or raise below the big blind does not re-open; in pokerkit it does",
        _reads(Rule.SHORT_BETS_DO_NOT_REOPEN),
    ),
    KnownDifference(
        "6, 7, 16",
        "behind short blinds the call and the smallest raise stay; pokerkit goes by the chips that lie there",
        _reads(Rule.SHORT_BLINDS_COUNT_IN_FULL),
    ),
    KnownDifference(
        "6",
        "no call exceeds what an opponent can still match; pokerkit has the bet of a folded poster called",
        _folded_bet_is_called,
    ),
    KnownDifference(
        "10",
        "heads-up the button opens; in pokerkit the big blind does if both blinds are equal",
        _big_blind_opens,
    ),
    KnownDifference(
        "11",
        "an ante is never uncalled, so it is a pot; pokerkit gives back what nobody else had",
        _ante_comes_back,
    ),
    KnownDifference(
        "12",
        "the last player with chips is not asked when nothing is left to call; pokerkit waits for his check",
        _last_player_is_asked,
    ),
    KnownDifference(
        "16, 21",
        "blinds are paid before a big-blind ante or a dead blind; pokerkit takes those first",
        _takes_dead_money_first,
    ),
    KnownDifference(
        "17",
        "a straddle is a full bet, so the smallest raise is to twice of it; in pokerkit one big blind more",
        _reads(Rule.STRADDLE_IS_A_FULL_BET),
    ),
    KnownDifference(
        "21",
        "who posts has the option; pokerkit passes over him if no opponent has more than he has posted",
        _poster_is_passed_over,
    ),
    KnownDifference(
        "25",
        "odd won go one each to the first winners; pokerkit gives them all to the first",
        _odd_won_go_to_one,
    ),
)


# One hand for each entry: the table, and what the players do until it shows; then all check or call.


@attrs.frozen
class Demonstration:
    """A short hand in which one known difference shows, and no other."""

    rule: str
    game: Game
    actions: tuple[Action, ...] = ()


def _rules(small: int = 1_000, big: int = 2_000, kind: AnteKind = AnteKind.NONE, ante: int = 0) -> HandRules:
    return HandRules(small_blind=Krw(small), big_blind=Krw(big), ante=Krw(ante), ante_kind=kind)


def _raise(amount: int) -> Action:
    return RaiseTo(Krw(amount))


STRADDLED = attrs.evolve(_rules(), straddle=True)
ROYAL = parse_cards("TsJsQsKsAs")
ALL_TIE = (*FULL_DECK[:10], *ROYAL, *[card for card in FULL_DECK[10:] if card not in ROYAL])
"""Five are dealt in, and the royal flush lies on the board."""

DEMONSTRATIONS = (
    Demonstration(
        "3",
        Game(_rules(), (90_000, 90_000, 90_000, 8_000, 10_000, 12_000, 90_000)),
        (_raise(6_000), AllIn(), AllIn(), AllIn(), Call(), Fold(), Fold()),
    ),
    Demonstration("5", Game(_rules(), (90_000, 90_000, 90_000, 3_000)), (Call(), AllIn(), Fold(), Call())),
    Demonstration("6, 7, 16", Game(_rules(), (90_000, 700, 90_000, 90_000)), (_raise(6_000), Call())),
    Demonstration("6", Game(_rules(), (3_000, 700, 3_000), live_posters=frozenset({2})), (Fold(),)),
    Demonstration("10", Game(_rules(3, 3), (90, 90))),
    Demonstration("11", Game(_rules(1, 2, AnteKind.PER_SEAT, 2), (1, 1, 1, 2))),
    Demonstration("12", Game(_rules(), (90_000, 90_000, 500)), (AllIn(), Fold())),
    Demonstration(
        "16, 21", Game(_rules(kind=AnteKind.BIG_BLIND, ante=2_000), (90_000, 2_500, 90_000)), (_raise(6_000),)
    ),
    Demonstration("17", Game(STRADDLED, (90_000,) * 4, straddles=True), (Fold(), _raise(8_000), Fold())),
    Demonstration(
        "21", Game(_rules(), (2_000, 2_000, 90, 2_001), live_posters=frozenset({3})), (Call(), Call())
    ),
    Demonstration(
        "25", Game(_rules(1, 2), (9, 9, 9, 9, 9), ALL_TIE), (_raise(4), Fold(), Call(), Call(), Fold())
    ),
)


def follow(actions: Iterable[Action]) -> Decide:
    """Take the actions of a script, then check or call."""
    script = iter(actions)
    return lambda legal, low, high: next(script, Check() if legal.can_check else Call())


@pytest.mark.parametrize("shown", DEMONSTRATIONS, ids=lambda shown: f"rule {shown.rule}")
def test_every_known_difference_occurs_and_is_the_only_one_that_explains_it(shown: Demonstration) -> None:
    """With its entry alone the hand passes, with all the others it does not."""
    own = [entry for entry in KNOWN_DIFFERENCES if entry.rule == shown.rule]
    assert set(play_both(shown.game, follow(shown.actions), own).seen) == {shown.rule}
    others = [entry for entry in KNOWN_DIFFERENCES if entry not in own]
    with pytest.raises(MismatchError, match="no known difference"):
        play_both(shown.game, follow(shown.actions), others)


def test_every_entry_has_its_demonstration() -> None:
    assert [shown.rule for shown in DEMONSTRATIONS] == [entry.rule for entry in KNOWN_DIFFERENCES]


@pytest.mark.timeout(60 + HANDS)
def test_lock_step_with_pokerkit() -> None:
    """Every difference is a known one; pokerkit can follow nearly every hand to its end."""
    sys.stdout.write(f"PROVE_HANDS={HANDS} PROVE_SEED={SEED} plays the same hands\n")
    tally = prove_hands(HANDS, SEED, KNOWN_DIFFERENCES)
    assert tally.hands >= HANDS
    assert tally.abandoned <= tally.most_abandoned
    assert set(tally.players) == set(range(2, 10))


@pytest.mark.parametrize(
    "taken_first", [(0, 2_000, 0), (0, 500, 0)], ids=["nominal", "as the house takes it"]
)
def test_rule_16_pokerkit_takes_an_ante_before_the_blind(taken_first: tuple[int, ...]) -> None:
    """Told the nominal ante it leaves 500 for the blind; told what the house takes, the blind is whole."""
    shown = next(shown for shown in DEMONSTRATIONS if shown.rule == "16, 21")
    posts = posts_in(shown.game)
    assert (posts.theirs, posts.ours) == ((0, 2_000, 0), (0, 500, 0))
    state = create_state(shown.game, taken_first, posts.blinds)
    assert state.bets == [1_000, 2_500 - taken_first[1], 0]
