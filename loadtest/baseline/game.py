"""What is played at every table of the baseline: the game ``low`` of configs/stakes.toml."""

from typing import Final

from attrs import frozen

from cardroom.ids import TableId
from cardroom.money import BasisPoints, Krw
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.place import Place
from cardroom.wire.table import AnteKind, TableOptions
from node.rules.blinds import HandRules
from node.rules.rake import rake_rule

STAKE: Final = "low"
SMALL_BLIND: Final = Krw(1_000)
BIG_BLIND: Final = Krw(2_000)
MIN_BUY_IN: Final = Krw(40 * BIG_BLIND)
MAX_BUY_IN: Final = Krw(100 * BIG_BLIND)
TURN_SECONDS: Final = 15.0
FIRST_BALANCE: Final = Krw(50_000_000)
"""What a new account has: there is no cashier here."""

RULES: Final = HandRules(
    small_blind=SMALL_BLIND,
    big_blind=BIG_BLIND,
    rake=rake_rule(BasisPoints(500), 3, BIG_BLIND),
    heads_up_rake=rake_rule(BasisPoints(500), 1, BIG_BLIND),
)

OPTIONS: Final = TableOptions(
    ante_kind=AnteKind.NONE,
    ante=Krw(0),
    straddle=Krw(0),
    runs_twice=False,
    turn_ms=int(TURN_SECONDS * 1000),
    same_address_seats=True,
)


@frozen
class Pauses:
    """Seconds between two hands, and when there are cards to look at."""

    between_hands: float = 3.0
    after_showdown: float = 6.0


def name_of(table_id: TableId) -> str:
    """Give the name of a table."""
    return f"Load {table_id}"


def lobby_line(table_id: TableId, seat_count: int, players: int, hand_no: int) -> LobbyTable:
    """Give a table's line of the lobby."""
    return LobbyTable(
        table_id=table_id,
        name=name_of(table_id),
        stake=STAKE,
        small_blind=SMALL_BLIND,
        big_blind=BIG_BLIND,
        min_buy_in=MIN_BUY_IN,
        max_buy_in=MAX_BUY_IN,
        seat_count=seat_count,
        players=players,
        waiting=0,
        hand_no=hand_no,
        is_open=True,
    )


NO_PLACE: Final = Place(
    seat=None,
    straddles=False,
    posts_blind=False,
    sits_out_at_big_blind=False,
    leaves_after_hand=False,
    auto_top_up_to=Krw(0),
    arriving=Krw(0),
    min_buy_in=MIN_BUY_IN,
    max_buy_in=MAX_BUY_IN,
    waiting_number=0,
    offered_seat=None,
    offer_left_ms=0,
)
