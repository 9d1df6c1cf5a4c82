"""A whole table as one viewer may see it."""

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire.table import AnteKind, SeatView, Snapshot, Street, TableOptions, TableState
from node.rules.blinds import straddle_of
from node.tables import projection
from node.tables.dealing import Dealer
from node.tables.game import Game
from node.tables.places import place_of
from node.tables.seats import SeatHolder


def take_snapshot(dealer: Dealer, state: TableState, viewer: UserId | None, now: float) -> Snapshot:
    """Show the table to a viewer; to nobody in particular (None) it shows no hidden card."""
    seats, history, game = dealer.seats, dealer.history, dealer.seats.game
    own = seats.of_user(viewer) if viewer is not None else None
    hand = dealer.play.hand if dealer.play is not None else None
    return Snapshot(
        table_id=game.table_id,
        table_seq=history.table_seq,
        hand_no=history.hand_no,
        name=game.name,
        stake=game.stake,
        small_blind=game.rules.small_blind,
        big_blind=game.rules.big_blind,
        min_buy_in=game.min_buy_in,
        max_buy_in=game.max_buy_in,
        seat_count=game.seat_count,
        options=_options(game),
        is_private=game.is_private,
        state=state,
        hand_id=dealer.play.hand_id if dealer.play is not None else None,
        button=dealer.play.deal.button if dealer.play is not None else seats.seating.button,
        street=Street(hand.street.value) if hand is not None else None,
        board=projection.card_codes(hand.board) if hand is not None else (),
        pots=projection.pot_views(hand) if hand is not None else (),
        seats=tuple(_seat_view(dealer, holder, own) for holder in seats.holders.values()),
        turn=projection.turn_view(hand, dealer.clock, now) if hand is not None else None,
        run_it_twice=projection.run_it_twice_view(hand, dealer.clock, now) if hand is not None else None,
        waiting=len(seats.waiting),
        you=place_of(seats, viewer, now),
    )


def _options(game: Game) -> TableOptions:
    rules = game.rules
    return TableOptions(
        ante_kind=AnteKind(rules.ante_kind.value),
        ante=rules.ante,
        straddle=straddle_of(rules) if rules.straddle else Krw(0),
        runs_twice=rules.run_it_twice,
        turn_ms=int(game.turn_seconds * 1000),
        same_address_seats=game.same_address_seats,
    )


def _seat_view(dealer: Dealer, holder: SeatHolder, viewer: SeatHolder | None) -> SeatView:
    hand = dealer.play.hand if dealer.play is not None else None
    player = next((one for one in hand.players if one.seat == holder.seat), None) if hand else None
    viewing_seat = viewer.seat if viewer is not None else None
    return SeatView(
        seat=holder.seat,
        user_id=holder.user_id,
        nickname=holder.nickname,
        stack=dealer.stack(holder),
        status=dealer.seats.status(holder),
        is_in_hand=player is not None and not player.has_folded,
        street_bet=player.street_bet if player is not None else Krw(0),
        cards=projection.visible_cards(hand, holder.seat, viewing_seat) if hand and player else (),
    )
