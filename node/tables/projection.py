"""Rules to wire: what each viewer may see. The only code that decides who sees hole cards."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, assert_never

from attrs import frozen

from cardroom.ids import HandId, SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode, HandCategory, MadeHand
from node.rules import events as rules
from node.rules.actions import ActionCause, ActionKind, LegalActions
from node.rules.cards import Card
from node.rules.hand import Hand
from node.rules.hand_rank import HandRanking
from node.tables.deck import CommittedDeck
from node.tables.history import History
from node.tables.turn_clock import ClockPhase, TurnClock

# Rules and wire have words of their own for the same things. They are looked up here, because an enum finds a
# member by its value five times as slowly.
_MOVE_KINDS: Final = {kind: wire.MoveKind(kind.value) for kind in ActionKind}
_MOVE_CAUSES: Final = {cause: wire.MoveCause(cause.value) for cause in ActionCause}
_PHASES: Final = {phase: wire.ClockPhase(phase.value) for phase in ClockPhase}


def tell_deal(
    events: Sequence[rules.Event],
    deck: CommittedDeck,
    players: Mapping[SeatIndex, UserId],
    history: History,
) -> Sequence[rules.Event]:
    """Tell the opening of a hand as two events, posts in one and hole cards in the other; give the rest.

    The first tells what the deck is committed to, before anybody sees a card of it. Each player's
    ``CardsDealt`` carries that player's own cards; everybody else's carries none.
    """
    started = events[0]
    assert isinstance(started, rules.HandStarted), "a hand begins with its start"
    posts = [event for event in events if isinstance(event, rules.Posted)]
    holes = [event for event in events if isinstance(event, rules.HoleCardsDealt)]
    history.tell(
        wire.HandStarted(
            *history.next_header(),
            hand_id=deck.hand_id,
            button=started.button,
            small_blind_seat=started.small_blind,
            big_blind_seat=started.big_blind,
            seats=tuple(wire.DealtSeat(player.seat, player.stack) for player in started.players),
            posts=tuple(
                wire.Post(post.seat, wire.PostKind(post.kind.value), post.amount, post.street_bet, post.stack)
                for post in posts
            ),
            commitment=deck.commitment,
        )
    )
    header = history.next_header()
    own = {players[hole.seat]: wire.CardsDealt(*header, cards=card_codes(hole.cards)) for hole in holes}
    history.tell(wire.CardsDealt(*header, cards=()), own)
    return events[1 + len(posts) + len(holes) :]


def tell(events: Iterable[rules.Event], history: History, clock: TurnClock, now: float) -> None:
    """Tell what happened in a hand after its deal. All of it is for everybody's eyes."""
    for event in events:
        message = _public_event(event, history, clock, now)
        if message is not None:
            history.tell(message)


def _public_event(
    event: rules.Event, history: History, clock: TurnClock, now: float
) -> wire.AnyTableEvent | None:
    match event:
        case rules.TurnBegan(seat, turn, legal):
            return wire.TurnBegan(*history.next_header(), turn=_turn_view(seat, turn, legal, clock, now))
        case rules.ActionTaken():
            return _acted(event, history)
        case rules.StreetDealt(street, cards, board):
            street_dealt = wire.Street(street.value)
            return wire.StreetDealt(
                *history.next_header(), street=street_dealt, board=board, cards=card_codes(cards)
            )
        case rules.UncalledReturned(seat, amount, stack):
            return wire.UncalledReturned(*history.next_header(), seat=seat, amount=amount, stack=stack)
        case rules.PotAwarded():
            return _pot_awarded(event, history)
        case rules.HandShown() | rules.HandMucked() | rules.CardsShown():
            return _showing(event, history)
        case rules.RunItTwiceOffered() | rules.RunItTwiceDecided():
            return _run_it_twice(event, history, clock, now)
        case rules.RakeTaken() | rules.HandEnded():
            return None  # told with the end of the hand
        case rules.HandStarted() | rules.Posted() | rules.HoleCardsDealt():
            raise AssertionError("the opening of a hand is told by tell_deal")
        case _ as unreachable:
            assert_never(unreachable)


def _acted(event: rules.ActionTaken, history: History) -> wire.Acted:
    return wire.Acted(
        *history.next_header(),
        seat=event.seat,
        kind=_MOVE_KINDS[event.kind],
        amount=event.amount,
        street_bet=event.street_bet,
        stack=event.stack,
        is_all_in=event.is_all_in,
        cause=_MOVE_CAUSES[event.cause],
    )


def _run_it_twice(
    event: rules.RunItTwiceOffered | rules.RunItTwiceDecided, history: History, clock: TurnClock, now: float
) -> wire.RunItTwiceOffered | wire.RunItTwiceDecided:
    match event:
        case rules.RunItTwiceOffered(seats):
            offer = wire.RunItTwiceView(seats, clock.left_ms(now))
            return wire.RunItTwiceOffered(*history.next_header(), offer=offer)
        case rules.RunItTwiceDecided(twice):
            return wire.RunItTwiceDecided(*history.next_header(), twice=twice)
        case _ as unreachable:
            assert_never(unreachable)


def _pot_awarded(event: rules.PotAwarded, history: History) -> wire.PotAwarded:
    wins = tuple(
        wire.PotWin(winner.seat, winner.amount, _made_hand(winner.ranking)) for winner in event.winners
    )
    return wire.PotAwarded(*history.next_header(), pot=event.pot, board=event.board, wins=wins)


def _showing(
    event: rules.HandShown | rules.HandMucked | rules.CardsShown, history: History
) -> wire.HandShown | wire.HandMucked:
    match event:
        case rules.HandShown(seat, cards, ranking):
            hand = _made_hand(ranking)
            return wire.HandShown(*history.next_header(), seat=seat, cards=card_codes(cards), hand=hand)
        case rules.HandMucked(seat):
            return wire.HandMucked(*history.next_header(), seat=seat)
        case rules.CardsShown(seat, shown):
            return wire.HandShown(*history.next_header(), seat=seat, cards=card_codes(shown), hand=None)
        case _ as unreachable:
            assert_never(unreachable)


def tell_end(hand_id: HandId, settlement: rules.HandSettlement, history: History) -> None:
    """Tell what the hand did to everybody."""
    results = tuple(wire.SeatNet(part.seat, part.net, part.stack) for part in settlement.seats)
    history.tell(
        wire.HandEnded(*history.next_header(), hand_id=hand_id, rake=settlement.rake, results=results)
    )


def visible_cards(hand: Hand, seat: SeatIndex, viewer: SeatIndex | None) -> tuple[CardCode, ...]:
    """Give the hole cards of a dealt-in seat that a viewer may see: the viewer's own, and shown ones."""
    if seat == viewer or seat in hand.shown:
        return card_codes(hand.player(seat).hole_cards)
    return ()


@frozen
class SeenCards:
    """Who has seen which cards of a hand, up to now."""

    by_all: set[Card]
    own: Mapping[UserId, tuple[Card, Card]]

    def by(self, user_id: UserId) -> set[Card]:
        """Give what one viewer has seen."""
        return self.by_all.union(self.own.get(user_id, ()))


def seen_cards(hand: Hand, players: Mapping[SeatIndex, UserId]) -> SeenCards:
    """Say who may see which cards now: all the boards and open hands, each player the own hole cards.

    What is shown after the hand is added to ``by_all`` when it is.
    """
    shown = [player.hole_cards for player in hand.players if player.seat in hand.shown]
    return SeenCards(
        by_all={card for lying in (*hand.boards, *shown) for card in lying},
        own={players[player.seat]: player.hole_cards for player in hand.players},
    )


def turn_view(hand: Hand, clock: TurnClock, now: float) -> wire.TurnView | None:
    """Give whose turn it is, if it is anybody's."""
    legal = hand.legal
    if legal is None:
        return None
    return _turn_view(legal.seat, hand.turn, legal, clock, now)


def _turn_view(
    seat: SeatIndex, turn: int, legal: LegalActions, clock: TurnClock, now: float
) -> wire.TurnView:
    return wire.TurnView(
        seat=seat,
        turn=turn,
        phase=_PHASES[clock.phase],
        left_ms=clock.left_ms(now),
        bank_ms=clock.bank_ms,
        legal=_legal_actions(legal),
    )


def tell_more_time(hand: Hand, history: History, clock: TurnClock, now: float) -> None:
    """Tell that the turn goes on in another phase of the clock."""
    assert hand.seat_to_act is not None, "a turn goes on"
    history.tell(
        wire.TimeExtended(
            *history.next_header(),
            seat=hand.seat_to_act,
            turn=hand.turn,
            phase=_PHASES[clock.phase],
            left_ms=clock.left_ms(now),
        )
    )


def tell_clock(hand: Hand, history: History, clock: TurnClock, now: float) -> None:
    """Tell how much time there is now, where the clock of a decision has begun anew."""
    if hand.awaiting_run_it_twice:
        offer = wire.RunItTwiceView(hand.live_seats, clock.left_ms(now))
        history.tell(wire.RunItTwiceOffered(*history.next_header(), offer=offer))
    elif hand.seat_to_act is not None:
        tell_more_time(hand, history, clock, now)


def run_it_twice_view(hand: Hand, clock: TurnClock, now: float) -> wire.RunItTwiceView | None:
    """Give who is asked whether to run it twice, if anybody is."""
    return wire.RunItTwiceView(hand.live_seats, clock.left_ms(now)) if hand.awaiting_run_it_twice else None


def pot_views(hand: Hand) -> tuple[wire.PotView, ...]:
    """Give the pots gathered so far, main pot first."""
    return tuple(wire.PotView(pot.amount, pot.eligible) for pot in hand.pots)


def card_codes(cards: Iterable[Card]) -> tuple[CardCode, ...]:
    """Give cards as they cross the wire; the numbering is the same."""
    return tuple(CardCode(card) for card in cards)


def _made_hand(ranking: HandRanking | None) -> MadeHand | None:
    if ranking is None:
        return None
    return MadeHand(
        category=HandCategory(ranking.category.value),
        cards=card_codes(ranking.best_five),
        english=ranking.english,
        korean=ranking.korean,
    )


def _legal_actions(legal: LegalActions) -> wire.LegalActions:
    return wire.LegalActions(
        can_check=legal.can_check,
        call_amount=Krw(legal.call_amount),
        min_raise_to=legal.min_raise_to,
        max_raise_to=legal.max_raise_to,
        all_in_amount=legal.all_in_amount,
    )
