"""The stake of a table, and what has to be posted before the cards are dealt.

Posts are nominal: who has less posts what he has. ``hand.start`` collects them in the given order.
"""

from collections.abc import Sequence
from enum import Enum, unique

import attrs

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.betting import ZERO, Player
from node.rules.rake import NO_RAKE, RakeRule

STRADDLE_BIG_BLINDS = 2
STRADDLE_MIN_PLAYERS = 3
HEADS_UP = 2
MAX_SEATS = 9


@unique
class AnteKind(Enum):
    """Who posts the ante, if anybody."""

    NONE = "none"
    PER_SEAT = "per_seat"
    BIG_BLIND = "big_blind"


@unique
class PostKind(Enum):
    """Why chips were posted. Dead money lies in the main pot and matches no bet."""

    ANTE = "ante"
    SMALL_BLIND = "small_blind"
    BIG_BLIND = "big_blind"
    BIG_BLIND_ANTE = "big_blind_ante"
    STRADDLE = "straddle"
    LIVE_BLIND = "live_blind"
    DEAD_BLIND = "dead_blind"


@attrs.frozen(kw_only=True)
class HandRules:
    """The stake of a table: everything that the rules of a hand can be told; amounts in won."""

    small_blind: Krw
    big_blind: Krw
    ante: Krw = ZERO
    ante_kind: AnteKind = AnteKind.NONE
    straddle: bool = False
    rake: RakeRule = NO_RAKE
    heads_up_rake: RakeRule = NO_RAKE
    run_it_twice: bool = False

    def __attrs_post_init__(self) -> None:
        assert 0 < self.small_blind <= self.big_blind, "blinds are above zero and in order"
        assert (self.ante > 0) == (self.ante_kind is not AnteKind.NONE), "an ante has a kind and an amount"


@attrs.frozen
class Post:
    """One nominal post of a seat."""

    seat: SeatIndex
    kind: PostKind
    amount: Krw


@attrs.frozen
class DealtSeat:
    """One player who gets cards, with his stack before posting, in won."""

    seat: SeatIndex
    stack: Krw


@attrs.frozen
class Positions:
    """Where button and blinds stand and who is dealt in, in any order. The button seat may be empty."""

    button: SeatIndex
    small_blind: SeatIndex | None
    """None when the small blind is dead."""
    big_blind: SeatIndex
    dealt: tuple[SeatIndex, ...]


@attrs.frozen
class PayingSeat:
    """One dealt-in player as far as posting goes: stack in won, blinds he owes besides his own."""

    seat: SeatIndex
    stack: Krw
    owes_big_blind: bool = False
    owes_small_blind: bool = False
    straddles: bool = False


@attrs.frozen
class Deal:
    """Who plays the next hand, and from which positions.

    ``players`` stand in dealing order: clockwise from the first dealt-in seat left of the button.
    ``button`` may be an empty seat; ``small_blind`` is None when the small blind is dead. The missed
    blinds are those that pass a sitting-out player in this hand; ``seating.after_hand`` books them.
    """

    button: SeatIndex
    small_blind: SeatIndex | None
    big_blind: SeatIndex
    players: tuple[DealtSeat, ...]
    posts: tuple[Post, ...]
    missed_big_blind: tuple[SeatIndex, ...] = ()
    missed_small_blind: tuple[SeatIndex, ...] = ()


def posts_of(rules: HandRules, places: Positions, order: Sequence[PayingSeat]) -> tuple[Post, ...]:
    """Say who posts what, in the order in which it is collected; ``order`` is the dealing order.

    Per-seat antes come before the blinds, the big-blind ante after them (rule 16). Blinds owed come live
    first, then dead (rule 21). The straddle is the last of the live posts.
    """
    posts: list[Post] = []
    if rules.ante_kind is AnteKind.PER_SEAT:
        posts += [Post(paying.seat, PostKind.ANTE, rules.ante) for paying in order]
    if places.small_blind is not None:
        posts.append(Post(places.small_blind, PostKind.SMALL_BLIND, rules.small_blind))
    posts.append(Post(places.big_blind, PostKind.BIG_BLIND, rules.big_blind))
    straddler = _straddler(rules, places, order)
    if straddler is not None:
        posts.append(Post(straddler, PostKind.STRADDLE, straddle_of(rules)))
    for paying in order:
        if paying.owes_big_blind:
            posts.append(Post(paying.seat, PostKind.LIVE_BLIND, rules.big_blind))
        if paying.owes_small_blind:
            posts.append(Post(paying.seat, PostKind.DEAD_BLIND, rules.small_blind))
    if rules.ante_kind is AnteKind.BIG_BLIND:
        posts.append(Post(places.big_blind, PostKind.BIG_BLIND_ANTE, rules.ante))
    return tuple(posts)


def straddle_of(rules: HandRules) -> Krw:
    """Give the amount of a straddle: twice the big blind."""
    return Krw(STRADDLE_BIG_BLINDS * rules.big_blind)


def _straddler(rules: HandRules, places: Positions, order: Sequence[PayingSeat]) -> SeatIndex | None:
    """Give who straddles: the player left of the big blind, if he wants to and can post it in full.

    Who posts to come in does not straddle as well.
    """
    if not rules.straddle or len(order) < STRADDLE_MIN_PLAYERS:
        return None
    seats = [paying.seat for paying in order]
    under_the_gun = order[(seats.index(places.big_blind) + 1) % len(order)]
    ante = rules.ante if rules.ante_kind is AnteKind.PER_SEAT else 0
    owes = under_the_gun.owes_big_blind or under_the_gun.owes_small_blind
    can = under_the_gun.stack - ante >= straddle_of(rules)
    return under_the_gun.seat if under_the_gun.straddles and can and not owes else None


def post_chips(player: Player, kind: PostKind, amount: Krw) -> Player:
    """Move a post out of the stack.

    Antes are layered but match no bet, dead money neither, blinds do both (rules 16, 21).
    """
    stack = Krw(player.stack - amount)
    street_bet, contribution, dead = player.street_bet, player.contribution, player.dead
    match kind:
        case PostKind.SMALL_BLIND | PostKind.BIG_BLIND | PostKind.STRADDLE | PostKind.LIVE_BLIND:
            street_bet = Krw(street_bet + amount)
            contribution = Krw(contribution + amount)
        case PostKind.ANTE:
            contribution = Krw(contribution + amount)
        case PostKind.BIG_BLIND_ANTE | PostKind.DEAD_BLIND:
            dead = Krw(dead + amount)
    return Player(player.seat, player.hole_cards, stack, street_bet, contribution, dead)
