"""What a table keeps for one player and tells nobody else."""

from attrs import frozen

from cardroom.ids import SeatIndex, TableId
from cardroom.money import Krw
from cardroom.wire.refusals import Refusal


@frozen
class Place:
    """A player's own business with a table: seat, standing wishes, waiting list."""

    seat: SeatIndex | None
    """The player's seat, reserved or taken; None without one."""
    straddles: bool
    """A straddle is posted whenever that is possible."""
    posts_blind: bool
    """Who owes a blind posts it as soon as that is allowed, instead of waiting for the big blind."""
    sits_out_at_big_blind: bool
    """The player sits out when the big blind comes next."""
    leaves_after_hand: bool
    """The player leaves when the hand in play is over."""
    auto_top_up_to: Krw
    """After each hand a smaller stack is filled up to this from the wallet; 0: it is not."""
    arriving: Krw
    """A top-up that is paid and plays from the next hand."""
    min_buy_in: Krw
    """What a buy-in has to be at least; more than the table asks for who left with more within the hour."""
    max_buy_in: Krw
    """What a buy-in may be at most; for who has a seat, what a stack may be after a top-up."""
    waiting_number: int
    """The place in the waiting list, from 1; 0: not in it."""
    offered_seat: SeatIndex | None
    """A seat that is kept for the player of the waiting list, to be taken with ``SitDown``."""
    offer_left_ms: int
    """How long it is kept, at the moment of sending; 0 without an offer."""


@frozen
class PlaceChanged:
    """The player's own business with the table is another one; sent to all of the player's connections.

    No event: it has no number. ``reason`` says why where the player has not asked for it: a top-up that the
    ledger refused, an offer that ran out.
    """

    table_id: TableId
    place: Place
    reason: Refusal | None
