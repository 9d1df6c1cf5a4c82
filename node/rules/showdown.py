"""Who shows in which order, who may muck, who wins which pot, and the settlement of the hand."""

from collections.abc import Mapping, Sequence

from cardroom.ids import SeatIndex
from cardroom.money import Krw, split_evenly
from node.rules.betting import Player
from node.rules.blinds import HEADS_UP, Deal
from node.rules.cards import FULL_BOARD, Card
from node.rules.events import (
    STREETS,
    Event,
    HandEnded,
    HandMucked,
    HandSettlement,
    HandShown,
    PotAwarded,
    PotWinner,
    RakeTaken,
    SeatSettlement,
    Street,
    StreetDealt,
)
from node.rules.hand_rank import WORST_STRENGTH, HandRanking, rank_hand
from node.rules.pots import Pot, layer_pots, less_rake, split_pot, total_of
from node.rules.rake import contributed_rake, rake_of, take_from_pots
from node.rules.state import Hand, Phase

Rankings = Mapping[SeatIndex, HandRanking]
Board = tuple[Card, ...]


def complete_boards(lying: Board, undealt: Sequence[Card], count: int) -> tuple[Board, ...]:
    """Complete the board once or twice, each time from the next positions of the deck (rule 30)."""
    missing = FULL_BOARD - len(lying)
    return tuple((*lying, *undealt[number * missing : (number + 1) * missing]) for number in range(count))


def rank_live_hands(players: Sequence[Player], board: Board) -> dict[SeatIndex, HandRanking]:
    """Rank every hand that has not been folded on a complete board."""
    return {player.seat: rank_hand(player.hole_cards, board) for player in players if not player.has_folded}


def showdown_order(pots: Sequence[Pot], aggressor: SeatIndex | None) -> tuple[SeatIndex, ...]:
    """Give the order of showing: the last side pot first, the main pot last.

    Within a pot the last aggressor of the river comes first, else the first seat left of the button; then
    clockwise (TDA 2024 rule 17; rule 27). A pot that only one can win needs no showing.
    """
    order: list[SeatIndex] = []
    for pot in reversed(pots):
        seats = pot.eligible
        if len(seats) == 1:
            continue
        first = seats.index(aggressor) if aggressor in seats else 0
        order.extend([seat for seat in seats[first:] + seats[:first] if seat not in order])
    return tuple(order)


def hands_to_show(order: Sequence[SeatIndex], pots: Sequence[Pot], rankings: Rankings) -> set[SeatIndex]:
    """Give who has to show: each in turn whose hand is not beaten, in some pot, by one already shown."""
    contested = [pot.eligible for pot in pots if len(pot.eligible) > 1]
    best = [WORST_STRENGTH] * len(contested)
    shown: set[SeatIndex] = set()
    for seat in order:
        strength = rankings[seat].strength
        can_win = [place for place, pot in enumerate(contested) if strength <= best[place] and seat in pot]
        for place in can_win:
            best[place] = strength
        if can_win:
            shown.add(seat)
    return shown


def show_hands(
    pots: Sequence[Pot], rankings: Rankings, aggressor: SeatIndex | None
) -> tuple[HandShown | HandMucked, ...]:
    """Show, in order, the hands that must be shown; the others are mucked and go to nobody else."""
    order = showdown_order(pots, aggressor)
    shown = hands_to_show(order, pots, rankings)
    return tuple(
        [
            HandShown(seat, rankings[seat].hole_cards, rankings[seat]) if seat in shown else HandMucked(seat)
            for seat in order
        ]
    )


def award_pots(pots: Sequence[Pot], rankings: Sequence[Rankings]) -> tuple[PotAwarded, ...]:
    """Award every pot (rake already off) to the best hand on each board, given by its rankings.

    Run twice, a pot is halved and the odd won goes to the first board (rule 30).
    """
    if len(rankings) == 1:
        return tuple([_award(index, pot, 1, rankings[0]) for index, pot in enumerate(pots)])
    parts = [split_evenly(pot.amount, len(rankings)) for pot in pots]
    return tuple(
        _award(index, Pot(parts[index][board], pot.eligible), board + 1, on_board)
        for board, on_board in enumerate(rankings)
        for index, pot in enumerate(pots)
    )


def award_uncontested(pots: Sequence[Pot], winner: SeatIndex) -> tuple[PotAwarded, ...]:
    """Award everything to the only player left; he need not show."""
    return tuple(
        PotAwarded(index, pot.amount, (PotWinner(winner, pot.amount, None),), 1)
        for index, pot in enumerate(pots)
    )


def settle(
    deal: Deal, players: Sequence[Player], awards: tuple[PotAwarded, ...], rake: Krw
) -> HandSettlement:
    """Book the awards: per seat the stack after the hand, the net and the share of the rake it bore.

    ``players`` stand as they are after uncalled bets have come back.
    """
    stacks = {player.seat: player.stack for player in players}
    for award in awards:
        for winner in award.winners:
            stacks[winner.seat] = Krw(stacks[winner.seat] + winner.amount)
    put_in = [player.put_in for player in players]
    shares = contributed_rake(rake, put_in)
    seats = [
        SeatSettlement(seat, dealt.stack, after, Krw(after - dealt.stack), paid, share)
        for dealt, (seat, after), paid, share in zip(
            deal.players, stacks.items(), put_in, shares, strict=True
        )
    ]
    return HandSettlement(tuple(seats), rake, Krw(sum(put_in)), awards)


def run_out(hand: Hand, boards: int, events: list[Event]) -> Hand:
    """Deal what is missing of the board, once or twice, and show down."""
    lying = hand.board
    dealt = complete_boards(lying, hand.next_cards(boards * (FULL_BOARD - len(lying))), boards)
    for number, board in enumerate(dealt, start=1):
        before = len(lying)
        for street in STREETS:
            after = street.board_after
            if after > before:
                events.append(StreetDealt(street, board[before:after], number))
                before = after
    return show_down(hand._replace(street=Street.RIVER, boards=dealt), events)


def show_down(hand: Hand, events: list[Event]) -> Hand:
    """Show the hands that have to be shown, unless they lie open already, and pay the pots."""
    pots = layer_pots(hand.players)
    rankings = [rank_live_hands(hand.players, board) for board in hand.boards]
    shown = hand.shown
    if not shown:
        position = hand.betting.aggressor
        aggressor = None if position is None else hand.players[position].seat
        hands = show_hands(pots, rankings[0], aggressor)
        shown = frozenset([event.seat for event in hands if isinstance(event, HandShown)])
        events.extend(hands)
    raked, rake = _rake(hand, pots, events)
    return _pay(hand, award_pots(raked, rankings), rake, shown, events)


def win_uncontested(hand: Hand, events: list[Event]) -> Hand:
    """Pay everything to the only player left; his cards stay hidden (rule 29)."""
    raked, rake = _rake(hand, layer_pots(hand.players), events)
    (winner,) = hand.live_seats
    return _pay(hand, award_uncontested(raked, winner), rake, hand.shown, events)


def _rake(hand: Hand, pots: tuple[Pot, ...], events: list[Event]) -> tuple[tuple[Pot, ...], Krw]:
    """Take the rake once per hand from the called pot (rules 37 to 39)."""
    rules = hand.setup.rules
    rule = rules.heads_up_rake if len(hand.players) == HEADS_UP else rules.rake
    rake = rake_of(rule, total_of(pots), flop_was_dealt=bool(hand.board))
    if not rake:
        return pots, rake
    parts = take_from_pots(rake, [pot.amount for pot in pots])
    events.append(RakeTaken(rake, parts))
    return less_rake(pots, parts), rake


def _pay(
    hand: Hand,
    awards: tuple[PotAwarded, ...],
    rake: Krw,
    shown: frozenset[SeatIndex],
    events: list[Event],
) -> Hand:
    result = settle(hand.setup.deal, hand.players, awards, rake)
    players = tuple(
        [
            player._replace(stack=part.stack) if part.stack != player.stack else player
            for player, part in zip(hand.players, result.seats, strict=True)
        ]
    )
    chips = sum([player.stack for player in players]) + rake
    assert chips == hand.setup.chips, "no chip comes or goes but the rake"
    events.extend(awards)
    events.append(HandEnded(result))
    return Hand(
        hand.setup,
        players,
        hand.street,
        hand.boards,
        hand.betting,
        Phase.OVER,
        hand.turn,
        leaving=hand.leaving,
        shown=shown,
        result=result,
    )


def _award(index: int, pot: Pot, board: int, rankings: Rankings) -> PotAwarded:
    if len(pot.eligible) == 1:
        (seat,) = pot.eligible
        return PotAwarded(index, pot.amount, (PotWinner(seat, pot.amount, None),), board)
    best = min([rankings[seat].strength for seat in pot.eligible])
    winners = [seat for seat in pot.eligible if rankings[seat].strength == best]
    return PotAwarded(
        index,
        pot.amount,
        tuple([PotWinner(seat, amount, rankings[seat]) for seat, amount in split_pot(pot.amount, winners)]),
        board,
    )
