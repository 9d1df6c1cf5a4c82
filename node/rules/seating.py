"""Between hands: who sits where, who plays the next hand, and who owes which blind.

The button moves forward and may be dead (TDA 2024 rule 32): the big blind is the next
seat clockwise that can play it, the small blind stands on the seat of the last big blind, the button on
that of the last small blind, whether somebody still sits there or not. Amounts are won.
"""

from collections.abc import Iterable, Sequence

import attrs

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.blinds import (
    HEADS_UP,
    MAX_SEATS,
    Deal,
    DealtSeat,
    HandRules,
    PayingSeat,
    Positions,
    posts_of,
)
from node.rules.errors import IllegalAction, IllegalReason
from node.rules.events import HandSettlement

MISSED_BLINDS_LIMIT = 3


@attrs.frozen
class Occupant:
    """One taken seat between hands."""

    stack: Krw
    is_sitting_out: bool = False
    posts_to_enter: bool = False
    """Owing blinds he posts as soon as he may, instead of waiting for the big blind."""
    owes_big_blind: bool = False
    """New at the table, or the big blind has passed him while he sat out."""
    owes_small_blind: bool = False
    """A dead small blind: he has missed one."""
    missed_big_blinds: int = 0
    """How often in a row the big blind has passed him."""
    straddles: bool = False
    """He straddles when he is under the gun and the table allows it."""

    @property
    def is_ready(self) -> bool:
        """Whether he wants to play and has chips."""
        return not self.is_sitting_out and self.stack > 0

    @property
    def owes(self) -> bool:
        """Whether he owes any blind."""
        return self.owes_big_blind or self.owes_small_blind


@attrs.frozen
class Seating:
    """The seats of a table, and where button and blinds stood in the last hand (None before the first)."""

    seats: tuple[Occupant | None, ...]
    button: SeatIndex | None = None
    small_blind: SeatIndex | None = None
    """The seat of the small blind, even if it was dead."""
    big_blind: SeatIndex | None = None

    def occupant(self, seat: SeatIndex) -> Occupant:
        """Give who sits there; refused for an empty seat and one that does not exist."""
        if not 0 <= seat < len(self.seats):
            raise IllegalAction(IllegalReason.NO_SUCH_SEAT)
        occupant = self.seats[seat]
        if occupant is None:
            raise IllegalAction(IllegalReason.SEAT_EMPTY)
        return occupant


def empty_table(seats: int) -> Seating:
    """Make a table of 2 to 9 empty seats."""
    assert HEADS_UP <= seats <= MAX_SEATS, "a table has two to nine seats"
    return Seating((None,) * seats)


def seat_player(seating: Seating, seat: SeatIndex, stack: Krw, *, posts: bool = False) -> Seating:
    """Seat a new player, who posts a big blind as soon as he may, or waits for it (rule 20).

    Refused when the seat is taken or does not exist.
    """
    if not 0 <= seat < len(seating.seats):
        raise IllegalAction(IllegalReason.NO_SUCH_SEAT)
    if seating.seats[seat] is not None:
        raise IllegalAction(IllegalReason.SEAT_TAKEN)
    return _with_seat(seating, seat, Occupant(stack, posts_to_enter=posts, owes_big_blind=True))


def remove_player(seating: Seating, seat: SeatIndex) -> Seating:
    """Free a seat; button and blinds keep their places. Refused when the seat is empty."""
    seating.occupant(seat)
    return _with_seat(seating, seat, None)


def sit_out(seating: Seating, seat: SeatIndex) -> Seating:
    """Let a player sit out from the next hand on. Can be repeated; refused for an empty seat."""
    return _with_seat(seating, seat, attrs.evolve(seating.occupant(seat), is_sitting_out=True))


def sit_in(seating: Seating, seat: SeatIndex, *, posts: bool = False) -> Seating:
    """Let a player return, who posts what he owes as soon as he may, or waits for the big blind (rule 21).

    Can be repeated to change that choice; refused for an empty seat.
    """
    occupant = attrs.evolve(seating.occupant(seat), is_sitting_out=False, posts_to_enter=posts)
    return _with_seat(seating, seat, occupant)


def set_straddle(seating: Seating, seat: SeatIndex, *, straddles: bool) -> Seating:
    """Note whether a player straddles under the gun (rule 17). Refused for an empty seat."""
    return _with_seat(seating, seat, attrs.evolve(seating.occupant(seat), straddles=straddles))


def set_stack(seating: Seating, seat: SeatIndex, stack: Krw) -> Seating:
    """Set a stack in won, between hands. Refused for an empty seat."""
    return _with_seat(seating, seat, attrs.evolve(seating.occupant(seat), stack=stack))


def add_chips(seating: Seating, seat: SeatIndex, amount: Krw) -> Seating:
    """Add a top-up or rebuy in won, between hands (rule 34). Refused for an empty seat."""
    return set_stack(seating, seat, Krw(seating.occupant(seat).stack + amount))


def ready_seats(seating: Seating) -> tuple[SeatIndex, ...]:
    """Give the seats that want to play and have chips."""
    return tuple(
        SeatIndex(seat)
        for seat, occupant in enumerate(seating.seats)
        if occupant is not None and occupant.is_ready
    )


def next_deal(seating: Seating, rules: HandRules) -> Deal | None:
    """Work out the next hand: who is dealt in, where button and blinds stand, who posts what.

    None when fewer than two players are ready (rule 23). When all who are ready owe blinds, so that
    nobody could open the game, it starts anew: nobody posts more than his blind.
    """
    ready = ready_seats(seating)
    if len(ready) < HEADS_UP:
        return None
    places = None
    if seating.big_blind is not None:
        candidates = _clockwise(ready, seating.big_blind, len(seating.seats))
        found = (_positions(seating, seat) for seat in candidates)
        places = next((positions for positions in found if positions is not None), None)
    starts_anew = places is None
    if places is None:
        places = _opening_positions(seating, ready)
    return _deal(seating, rules, places, starts_anew=starts_anew)


def after_hand(seating: Seating, deal: Deal, settlement: HandSettlement) -> Seating:
    """Book a finished hand: stacks, places of button and blinds, debts paid and blinds missed.

    ``seating`` may have changed since the deal: a seat that has been freed stays free.
    """
    seats = list(seating.seats)
    for part in settlement.seats:
        occupant = seats[part.seat]
        if occupant is not None:
            seats[part.seat] = Occupant(
                part.stack,
                occupant.is_sitting_out,
                occupant.posts_to_enter,
                owes_big_blind=False,
                owes_small_blind=False,
                missed_big_blinds=0,
                straddles=occupant.straddles,
            )
    for seat in deal.missed_big_blind:
        occupant = seats[seat]
        if occupant is not None:
            seats[seat] = _passed_by_big_blind(occupant)
    for seat in deal.missed_small_blind:
        occupant = seats[seat]
        if occupant is not None:
            seats[seat] = attrs.evolve(occupant, owes_small_blind=True)
    small = seating.big_blind if deal.small_blind is None else deal.small_blind
    return Seating(tuple(seats), deal.button, small, deal.big_blind)


def seats_to_give_up(seating: Seating, limit: int = MISSED_BLINDS_LIMIT) -> tuple[SeatIndex, ...]:
    """Give the seats that are lost: the big blind has passed them ``limit`` times in a row (rule 22)."""
    return tuple(
        SeatIndex(seat)
        for seat, occupant in enumerate(seating.seats)
        if occupant is not None and not occupant.is_ready and occupant.missed_big_blinds >= limit
    )


def _passed_by_big_blind(occupant: Occupant) -> Occupant:
    """A player who has never played owes the big blind only, however often it passes him."""
    is_new = occupant.owes_big_blind and not occupant.owes_small_blind
    return attrs.evolve(
        occupant,
        owes_big_blind=True,
        owes_small_blind=not is_new,
        missed_big_blinds=occupant.missed_big_blinds + 1,
    )


def _positions(seating: Seating, big_blind: SeatIndex) -> Positions | None:
    """Place button and blinds with this big blind; None when that makes no hand.

    Two dealt in: the other one has button and small blind (rule 18); he must not owe anything, else
    the big blind goes on to him.
    """
    assert seating.big_blind is not None, "the first hand has no last big blind"
    button = seating.big_blind if seating.small_blind is None else seating.small_blind
    dealt = [
        seat
        for seat in ready_seats(seating)
        if seat == big_blind or _may_play(seating, seat, button, big_blind)
    ]
    if len(dealt) < HEADS_UP:
        return None
    if len(dealt) == HEADS_UP:
        (other,) = (seat for seat in dealt if seat != big_blind)
        return None if seating.occupant(other).owes else Positions(other, other, big_blind, tuple(dealt))
    small = seating.big_blind if seating.big_blind in dealt else None
    return Positions(button, small, big_blind, tuple(dealt))


def _may_play(seating: Seating, seat: SeatIndex, button: SeatIndex, big_blind: SeatIndex) -> bool:
    """Say whether a ready player other than the big blind is dealt in (rules 20, 21).

    Nobody comes in between the button and the big blind but the small blind himself, who was the last
    big blind. Who owes a big blind does not come in on the button either: he waits until it has passed.
    """
    occupant = seating.occupant(seat)
    count = len(seating.seats)
    if 0 < (seat - button) % count < ((big_blind - button) % count or count):
        return seat == seating.big_blind and not occupant.owes
    if occupant.owes_big_blind and seat == button:
        return False
    return not occupant.owes or occupant.posts_to_enter


def _opening_positions(seating: Seating, ready: Sequence[SeatIndex]) -> Positions:
    """Start a game: the button goes to the first ready seat after the last big blind."""
    last = SeatIndex(-1) if seating.big_blind is None else seating.big_blind
    order = _clockwise(ready, last, len(seating.seats))
    if len(order) == HEADS_UP:
        return Positions(order[0], order[0], order[1], tuple(order))
    return Positions(order[0], order[1], order[2], tuple(order))


def _deal(seating: Seating, rules: HandRules, places: Positions, *, starts_anew: bool) -> Deal:
    count = len(seating.seats)
    order = _clockwise(places.dealt, places.button, count)
    paying = []
    for seat in order:
        occupant = seating.occupant(seat)
        debts = not starts_anew and seat != places.big_blind
        paying.append(
            PayingSeat(
                seat,
                occupant.stack,
                owes_big_blind=debts and occupant.owes_big_blind,
                owes_small_blind=debts and occupant.owes_small_blind,
                straddles=occupant.straddles,
            )
        )
    missed_big, missed_small = _missed(seating, places, starts_anew=starts_anew)
    return Deal(
        button=places.button,
        small_blind=places.small_blind,
        big_blind=places.big_blind,
        players=tuple(DealtSeat(seat.seat, seat.stack) for seat in paying),
        posts=posts_of(rules, places, paying),
        missed_big_blind=missed_big,
        missed_small_blind=missed_small,
    )


def _missed(
    seating: Seating, places: Positions, *, starts_anew: bool
) -> tuple[tuple[SeatIndex, ...], tuple[SeatIndex, ...]]:
    """Find who sits out while a blind passes him: big blind, small blind."""
    last = seating.big_blind
    if starts_anew or last is None:
        return (), ()
    count = len(seating.seats)
    absent = [
        SeatIndex(seat)
        for seat, occupant in enumerate(seating.seats)
        if occupant is not None and not occupant.is_ready
    ]
    width = (places.big_blind - last) % count or count
    big = tuple(seat for seat in absent if 0 < (seat - last) % count < width)
    small = tuple(seat for seat in absent if seat == last)
    return big, small


def _clockwise(seats: Iterable[SeatIndex], after: SeatIndex, count: int) -> list[SeatIndex]:
    """Order seats clockwise, the first one after ``after`` first and ``after`` itself last."""
    return sorted(seats, key=lambda seat: (seat - after - 1) % count)


def _with_seat(seating: Seating, seat: SeatIndex, occupant: Occupant | None) -> Seating:
    seats = (*seating.seats[:seat], occupant, *seating.seats[seat + 1 :])
    return attrs.evolve(seating, seats=seats)
