"""pokerkit as a second opinion: the same game, told in its words and driven step by step.

It is given the posts and the cards of the house and decides everything else by itself. Players are named by
their place in the dealing order, on both sides.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import attrs
from pokerkit import Automation, Mode, NoLimitTexasHoldem, State
from pokerkit import Card as OracleCard

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.actions import Action, AllIn, Call, Check, Fold, LegalActions, RaiseTo
from node.rules.blinds import (
    HEADS_UP,
    AnteKind,
    Deal,
    DealtSeat,
    HandRules,
    PayingSeat,
    Positions,
    PostKind,
    posts_of,
)
from node.rules.cards import FULL_DECK, Card, format_card, format_cards
from node.rules.hand import Hand, start

AUTOMATIONS = (
    Automation.ANTE_POSTING,
    Automation.BET_COLLECTION,
    Automation.BLIND_OR_STRADDLE_POSTING,
    Automation.HAND_KILLING,
    Automation.CHIPS_PULLING,
)
CARDS = {card: next(OracleCard.parse(format_card(card))) for card in FULL_DECK}
EVERY_19TH = tuple(Card(place * 19 % 52) for place in range(52))
"""A deck that looks shuffled, for hands in which the cards do not matter."""
DEAD_POSTS = (PostKind.ANTE, PostKind.BIG_BLIND_ANTE, PostKind.DEAD_BLIND)

SharedPot = tuple[int, tuple[int, ...]]
"""A pot as both understand it: the amount, and the places that can win it."""


@attrs.frozen(repr=False)
class Game:
    """One table, the same for both engines; stacks and places in dealing order."""

    rules: HandRules
    stacks: tuple[int, ...]
    deck: tuple[Card, ...] = EVERY_19TH
    has_dead_small_blind: bool = False
    straddles: bool = False
    live_posters: frozenset[int] = frozenset()
    dead_posters: frozenset[int] = frozenset()
    agrees_to_run_twice: bool = False

    def __repr__(self) -> str:
        """Tell the table as a dealer would note it."""
        rules, count = self.rules, len(self.stacks)
        notes = {
            f"ante {rules.ante_kind.value} {rules.ante}": rules.ante > 0,
            "dead small blind": self.has_dead_small_blind,
            "straddle": self.is_straddled,
            f"live posts of {sorted(self.live_posters)}": bool(self.live_posters),
            f"dead posts of {sorted(self.dead_posters)}": bool(self.dead_posters),
            "run it twice": rules.run_it_twice and self.agrees_to_run_twice,
        }
        hole = [format_cards((self.deck[place], self.deck[place + count])) for place in range(count)]
        seats = " | ".join(f"{place}: {stack} {hole[place]}" for place, stack in enumerate(self.stacks))
        table = [f"blinds {rules.small_blind}/{rules.big_blind}", *[note for note in notes if notes[note]]]
        return f"{', '.join(table)}\n{seats}\nboard {format_cards(self.deck[2 * count : 2 * count + 10])}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Tell Hypothesis the same."""
        printer.text(repr(self))

    @property
    def is_straddled(self) -> bool:
        """Whether the straddle is posted."""
        return any(post.kind is PostKind.STRADDLE for post in self.deal.posts)

    @property
    def deal(self) -> Deal:
        """Seats and posts of the house; the last place is the button."""
        seats = tuple(SeatIndex(place) for place in range(len(self.stacks)))
        small, big = (seats[1], seats[0]) if len(seats) == HEADS_UP else (seats[0], seats[1])
        small_or_dead = None if self.has_dead_small_blind else small
        if self.has_dead_small_blind:
            big = seats[0]
        paying = [
            PayingSeat(
                seat,
                Krw(self.stacks[seat]),
                owes_big_blind=seat in self.live_posters,
                owes_small_blind=seat in self.dead_posters,
                straddles=self.straddles,
            )
            for seat in seats
        ]
        posts = posts_of(self.rules, Positions(seats[-1], small_or_dead, big, seats), paying)
        players = tuple(DealtSeat(seat.seat, seat.stack) for seat in paying)
        return Deal(seats[-1], small_or_dead, big, players, posts)


def start_ours(game: Game) -> Hand:
    """Start the hand in our engine."""
    return start(game.rules, game.deal, game.deck)[0]


@attrs.frozen
class Posts:
    """What each place posts: blinds as they are called, and what is taken for antes and dead blinds."""

    blinds: tuple[int, ...]
    """Nominal; a live post of who enters is negative, as pokerkit wants it."""
    ours: tuple[int, ...]
    """Antes and dead blinds as the house takes them, in the order of its posts (rules 16, 21)."""
    theirs: tuple[int, ...]
    """Antes and dead blinds if they were taken before every blind, as pokerkit would take them."""


def posts_in(game: Game) -> Posts:
    """Walk through the posts of the house and note what each place can pay of them."""
    left, blinds, ours, nominal = list(game.stacks), Counter[int](), Counter[int](), Counter[int]()
    for post in game.deal.posts:
        paid = min(post.amount, left[post.seat])
        left[post.seat] -= paid
        if post.kind in DEAD_POSTS:
            ours[post.seat] += paid
            nominal[post.seat] += post.amount
        else:
            blinds[post.seat] += -post.amount if post.kind is PostKind.LIVE_BLIND else post.amount
    places = range(len(game.stacks))
    return Posts(
        tuple(blinds[place] for place in places),
        tuple(ours[place] for place in places),
        tuple(min(nominal[place], game.stacks[place]) for place in places),
    )


class Offer(NamedTuple):
    """What the player to act may do, as both engines can say it."""

    can_check: bool
    call: int
    low: int | None
    """The smallest raise; None when a raise is not allowed."""
    high: int | None
    all_in: int | None
    """The chips of an all-in, be it a call or a raise; None when neither is allowed."""


def our_offer(legal: LegalActions) -> Offer:
    """Read what our engine allows."""
    return Offer(
        legal.can_check, legal.call_amount, legal.min_raise_to, legal.max_raise_to, legal.all_in_amount
    )


def create_state(game: Game, antes: Sequence[int], blinds: Sequence[int]) -> State:
    """Set up pokerkit's hand; with two players it names the small blind first, though he sits last."""
    order = -1 if len(game.stacks) == HEADS_UP else 1
    return NoLimitTexasHoldem.create_state(
        AUTOMATIONS,
        # Antes of all are layered by amount; the others lie dead in the main pot.
        ante_trimming_status=game.rules.ante_kind is AnteKind.PER_SEAT,
        raw_antes=tuple(antes)[::order],
        raw_blinds_or_straddles=tuple(blinds)[::order],
        min_bet=game.rules.big_blind,
        raw_starting_stacks=game.stacks,
        player_count=len(game.stacks),
        mode=Mode.CASH_GAME,
    )


class Oracle:
    """One hand in pokerkit."""

    def __init__(self, game: Game) -> None:
        posts = posts_in(game)
        self.state = create_state(game, posts.ours, posts.blinds)
        self._deck = [CARDS[card] for card in game.deck]
        count = len(game.stacks)
        for place in range(count):
            self.state.deal_hole((self._deck[place], self._deck[place + count]))
        self._dealt = 2 * count
        self._burnt = 0

    @property
    def actor(self) -> int | None:
        """The place that is asked; None when nobody is."""
        return self.state.actor_index

    @property
    def highest_bet(self) -> int:
        """The largest street bet."""
        return max(self.state.bets)

    @property
    def bets_of_actor(self) -> tuple[int, int]:
        """The street bet of the player who is asked, and the largest of those still in against him."""
        state, actor = self.state, self.state.actor_index
        assert actor is not None
        others = [place for place in state.player_indices if state.statuses[place] and place != actor]
        return state.bets[actor], max(state.bets[place] for place in others)

    @property
    def pots(self) -> tuple[SharedPot, ...]:
        """The pots gathered so far."""
        return tuple((pot.amount, pot.player_indices) for pot in self.state.pots)

    def offer(self) -> Offer:
        """Read what pokerkit allows the player to act."""
        state, place = self.state, self.state.actor_index
        assert place is not None
        call = state.checking_or_calling_amount or 0
        low = state.min_completion_betting_or_raising_to_amount
        high = state.max_completion_betting_or_raising_to_amount
        stack = state.stacks[place]
        is_covered = stack <= self.highest_bet - state.bets[place]
        all_in = stack if high is not None else (call or None) if is_covered else None
        return Offer(not call, call, low, high, all_in)

    def act(self, action: Action) -> None:
        """Take the same action."""
        match action:
            case Fold():
                with warnings.catch_warnings():
                    # pokerkit allows a fold where a check is free, as the house does, but warns of it.
                    warnings.simplefilter("ignore")
                    self.state.fold()
            case Check() | Call():
                self.state.check_or_call()
            case RaiseTo(amount):
                self.state.complete_bet_or_raise_to(amount)
            case AllIn():
                raise AssertionError("an all-in is said as the raise or the call that it is")

    def deal(self) -> None:
        """Deal the board cards that pokerkit waits for, from the next positions of the deck (rule 46).

        It wants a card burnt before each street; it gets one from the far end of the deck.
        """
        state = self.state
        while state.card_burning_status or any(state.board_dealing_counts):
            if state.card_burning_status:
                self._burnt += 1
                state.burn_card((self._deck[-self._burnt],))
            else:
                count = next(filter(None, state.board_dealing_counts))
                state.deal_board(self._deck[self._dealt : self._dealt + count])
                self._dealt += count

    def finish(self, boards: int) -> tuple[int, ...]:
        """Run the board out, show every hand, push the pots; give the stacks after the hand."""
        state = self.state
        while state.status:
            if state.can_push_chips():
                state.push_chips()
            elif any(state.runout_count_selector_statuses):
                state.select_runout_count(boards)
            elif state.showdown_indices:
                state.show_or_muck_hole_cards(True)
            else:
                self.deal()
        return tuple(state.stacks)
