"""One hand of no-limit hold'em as a state machine: values in, values out.

``hand, events = apply(hand, seat, action)``: states and events are frozen, a refused action raises
``IllegalAction`` and changes nothing. Numbers of rules in this package are those of the house rules.
"""

from collections.abc import Sequence

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules import betting as rounds
from node.rules.actions import Action, ActionCause, LegalActions
from node.rules.betting import FOLDS, ZERO, BettingRound, Move, Player
from node.rules.blinds import Deal, HandRules, Post, PostKind, post_chips, straddle_of
from node.rules.cards import Card
from node.rules.errors import IllegalAction, IllegalReason
from node.rules.events import (
    ActionTaken,
    CardsShown,
    Event,
    HandSettlement,
    HandShown,
    HandStarted,
    HoleCardsDealt,
    Posted,
    RunItTwiceDecided,
    RunItTwiceOffered,
    Street,
    StreetDealt,
    TurnBegan,
    UncalledReturned,
)
from node.rules.showdown import run_out, show_down, win_uncontested
from node.rules.state import HOLE_CARDS, Hand, HandSetup, Phase, Step

__all__ = [
    "Hand",
    "Phase",
    "Step",
    "agree_run_twice",
    "apply",
    "legal_actions",
    "mark_leaving",
    "settlement",
    "show_cards",
    "start",
    "time_out",
]


LAST_TO_ACT = (PostKind.BIG_BLIND, PostKind.STRADDLE)


def start(rules: HandRules, deal: Deal, deck: Sequence[Card]) -> Step:
    """Post, deal the hole cards and ask the first player.

    ``deck`` is the shuffled deck, or any prefix of it that covers what comes to be dealt. Cards are dealt
    from its start (rule 46): one hole card each, then a second one, both rounds clockwise from the first
    dealt-in seat left of the button, which is the small blind if it is posted (heads-up: the big blind);
    then flop, turn and river, 3 + 1 + 1, without burning; a second board goes on from there.
    """
    count = len(deal.players)
    assert len(deck) >= count * HOLE_CARDS, "the deck covers the hole cards"
    assert len(set(deck)) == len(deck), "no card is in the deck twice"
    setup = HandSetup(rules, deal, tuple(deck), Krw(sum([dealt.stack for dealt in deal.players])))
    players = [
        Player(dealt.seat, (deck[place], deck[place + count]), dealt.stack)
        for place, dealt in enumerate(deal.players)
    ]
    events: list[Event] = [HandStarted(deal.players, deal.button, deal.small_blind, deal.big_blind)]
    last = _post_all(players, deal.posts, events)
    events.extend([HoleCardsDealt(player.seat, player.hole_cards) for player in players])
    is_straddled = PostKind.STRADDLE in [post.kind for post in deal.posts]
    bet = straddle_of(rules) if is_straddled else rules.big_blind
    dealt = Hand(setup, tuple(players), Street.PREFLOP, ((),), BettingRound(bet, bet), Phase.BETTING, 0)
    return _finish_step(_go_on(dealt, dealt.players, dealt.betting, last, events), events)


def apply(hand: Hand, seat: SeatIndex, action: Action) -> Step:
    """Take the action of the player to act.

    Refused with a reason: out of turn, a hand that is over, an action that ``legal_actions`` does not
    allow. A raise above the stack is refused, not trimmed; a call with a shorter stack is an all-in.
    """
    legal = hand.legal
    if legal is None or legal.seat != seat:
        raise IllegalAction(_why_not_now(hand, seat))
    events: list[Event] = []
    return _finish_step(_take(hand, rounds.resolve(legal, action), events), events)


def time_out(hand: Hand, seat: SeatIndex) -> Step:
    """Decide for the player to act whose clock has run out: check if free, else fold (rule 31).

    Refused for anybody else: who is all-in cannot be timed out (rule 13).
    """
    legal = hand.legal
    if legal is None or legal.seat != seat:
        raise IllegalAction(_why_not_now(hand, seat))
    events: list[Event] = []
    move = rounds.CHECK if legal.can_check else rounds.FOLD
    return _finish_step(_take(hand, move, events, ActionCause.TIME_OUT), events)


def mark_leaving(hand: Hand, seat: SeatIndex) -> Step:
    """Note that a player leaves: he folds at once if it is his turn, else when his turn comes (rule 33).

    When no turn comes any more his hand stays live to the showdown. Can be repeated. Refused for a seat
    that is not in the hand.
    """
    hand.player(seat)
    if hand.is_over or seat in hand.leaving:
        return hand, ()
    left = hand._replace(leaving=hand.leaving | {seat})
    return _finish_step(left, []) if hand.seat_to_act == seat else (left, ())


def agree_run_twice(hand: Hand, agreed: bool) -> Step:
    """Run the board out, twice if all live players have agreed (rule 30); refused when not awaited."""
    if not hand.awaiting_run_it_twice:
        raise IllegalAction(IllegalReason.RUN_IT_TWICE_NOT_OFFERED)
    events: list[Event] = [RunItTwiceDecided(agreed)]
    return _finish_step(run_out(hand, 2 if agreed else 1, events), events)


def legal_actions(hand: Hand) -> LegalActions | None:
    """Give what the player to act may do; None when nobody's decision is awaited."""
    return hand.legal


def settlement(hand: Hand) -> HandSettlement:
    """Give the money of a finished hand; asking before is our mistake."""
    assert hand.result is not None, "a hand is settled when it is over"
    return hand.result


def show_cards(hand: Hand, seat: SeatIndex, cards: tuple[Card, ...]) -> CardsShown:
    """Show one or both of one's cards of one's own will after the hand (rule 29).

    Refused before the hand is over, and for cards that are not the player's.
    """
    if not hand.is_over:
        raise IllegalAction(IllegalReason.HAND_IS_NOT_OVER)
    if not cards or len(set(cards)) < len(cards) or not set(cards) <= set(hand.player(seat).hole_cards):
        raise IllegalAction(IllegalReason.NOT_YOUR_CARDS)
    return CardsShown(seat, cards)


def _why_not_now(hand: Hand, seat: SeatIndex) -> IllegalReason:
    if hand.is_over:
        return IllegalReason.HAND_IS_OVER
    if all(player.seat != seat for player in hand.players):
        return IllegalReason.NOT_IN_HAND
    return IllegalReason.NOT_YOUR_TURN


def _post_all(players: list[Player], posts: Sequence[Post], events: list[Event]) -> int:
    """Collect the posts in order; give the position of the big blind or straddle, who acts last."""
    places = {player.seat: place for place, player in enumerate(players)}
    last = -1
    for post in posts:
        place = places[post.seat]
        if post.kind in LAST_TO_ACT:
            last = place
        player = players[place]
        amount = min(post.amount, player.stack)
        if amount:
            players[place] = player = post_chips(player, post.kind, amount)
            events.append(Posted(post.seat, post.kind, amount, player.street_bet, player.stack))
    return last


def _take(hand: Hand, move: Move, events: list[Event], cause: ActionCause = ActionCause.PLAYER) -> Hand:
    """Carry out a legal move of the player to act and find out what follows."""
    position = hand.position_to_act
    assert position is not None, "a move needs a player to act"
    kind, amount = move
    folds = kind is FOLDS
    player = rounds.act(hand.players[position], amount, folds=folds)
    changed = list(hand.players)
    changed[position] = player
    players = tuple(changed)
    betting = hand.betting
    if player.street_bet > betting.bet:
        betting = rounds.raised(betting, player.street_bet, position)
    is_all_in = not player.stack and not folds
    events.append(ActionTaken(player.seat, kind, amount, player.street_bet, player.stack, is_all_in, cause))
    if folds and rounds.count_live(players) == 1:
        return win_uncontested(_gather(hand, players, betting, events), events)
    return _go_on(hand, players, betting, position, events)


def _go_on(
    hand: Hand, players: tuple[Player, ...], betting: BettingRound, after: int, events: list[Event]
) -> Hand:
    """Ask the next player after a position, or close the street."""
    following = rounds.next_turn(players, betting, after)
    if following is None:
        return _close_street(_gather(hand, players, betting, events), events)
    position, legal = following
    return Hand(
        hand.setup,
        players,
        hand.street,
        hand.boards,
        betting,
        hand.phase,
        hand.turn + 1,
        position,
        legal,
        hand.leaving,
    )


def _finish_step(hand: Hand, events: list[Event]) -> Step:
    """Fold for those who have left, then announce the turn."""
    while (legal := hand.legal) is not None and legal.seat in hand.leaving:
        hand = _take(hand, rounds.FOLD, events, ActionCause.LEAVING)
    if legal is not None:
        events.append(TurnBegan(legal.seat, hand.turn, legal))
    return hand, tuple(events)


def _gather(hand: Hand, players: tuple[Player, ...], betting: BettingRound, events: list[Event]) -> Hand:
    """Give back what nobody called, then move the bets into the pots (rule 11)."""
    uncalled = rounds.uncalled_bet(players)
    if uncalled is not None:
        position, amount = uncalled
        player = rounds.give_back(players[position], amount)
        events.append(UncalledReturned(player.seat, amount, player.stack))
        players = (*players[:position], player, *players[position + 1 :])
    players = rounds.next_street(players)
    chips = sum([player.stack + player.contribution + player.dead for player in players])
    assert chips == hand.setup.chips, "no chip comes or goes"
    return Hand(
        hand.setup,
        players,
        hand.street,
        hand.boards,
        betting,
        hand.phase,
        hand.turn + 1,
        leaving=hand.leaving,
    )


def _close_street(hand: Hand, events: list[Event]) -> Hand:
    """Show down, run the board out, or deal the next street; the bets are gathered already."""
    if hand.street is Street.RIVER:
        return show_down(hand, events)
    if rounds.count_able(hand.players) > 1:
        return _deal_street(hand, events)
    hand = hand._replace(shown=frozenset(hand.live_seats))
    events.extend([HandShown(p.seat, p.hole_cards, None) for p in hand.players if not p.has_folded])
    if hand.setup.rules.run_it_twice:
        events.append(RunItTwiceOffered(hand.live_seats))
        return hand._replace(phase=Phase.AWAITING_RUN_IT_TWICE)
    return run_out(hand, 1, events)


def _deal_street(hand: Hand, events: list[Event]) -> Hand:
    """Deal the next street and ask the first player with chips left of the button."""
    street = hand.street.following
    cards = hand.next_cards(street.board_after - len(hand.board))
    events.append(StreetDealt(street, cards, 1))
    betting = BettingRound(ZERO, hand.setup.rules.big_blind)
    following = rounds.next_turn(hand.players, betting, -1)
    assert following is not None, "two players have chips to bet"
    position, legal = following
    return Hand(
        hand.setup,
        hand.players,
        street,
        (hand.boards[0] + cards,),
        betting,
        hand.phase,
        hand.turn,
        position,
        legal,
        hand.leaving,
    )
