"""One hand as the ledger has it and as bots told of it, to be forged in every way."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from cardroom.handrecord.record import HandRecord, RecordedPlayer, RecordedRake, write_phh
from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.money import BasisPoints, Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.codec import Encoding
from cardroom.wire.table import (
    Acted,
    CardsDealt,
    DealtSeat,
    HandEnded,
    HandShown,
    HandStarted,
    MoveCause,
    MoveKind,
    SeatNet,
    Street,
    StreetDealt,
    TableEvent,
    table_codec,
)
from tests.chaos.ledger import SettledHand

HAND, TABLE, NO = HandId(UUID(int=7)), TableId(3), 12
BUTTON, OTHER = SeatIndex(0), SeatIndex(4)
HERO, VILLAIN = UserId(11), UserId(22)
RANKS, SUITS = "23456789TJQKA", "cdhs"


def cards(text: str) -> tuple[CardCode, ...]:
    """Read cards as they are written in records."""
    pairs = [text[at : at + 2] for at in range(0, len(text), 2)]
    return tuple(CardCode(4 * RANKS.index(rank) + SUITS.index(suit)) for rank, suit in map(tuple, pairs))


def settled(actions: Sequence[str] = (), settlements: int = 1) -> SettledHand:
    """Give the hand in the ledger: raised, called, bet on the flop, folded."""
    deal = ("d dh p1 QsQd", "d dh p2 AhKh")
    play = actions or ("p2 cbr 6000", "p1 cc", "d db 2c7d9h", "p1 cc", "p2 cbr 8000", "p1 f")
    record = HandRecord(
        table_id=TABLE, hand_id=HAND, hand_no=NO, started_unix_ms=1_800_000_000_000, button=BUTTON,
        big_blind=Krw(2000),
        players=(
            RecordedPlayer(VILLAIN, OTHER, Krw(100_000), Krw(94_000)),
            RecordedPlayer(HERO, BUTTON, Krw(90_000), Krw(95_700)),
        ),
        blinds=(Krw(2000), Krw(1000)), antes=(Krw(0), Krw(0)),
        posts=("p2 small_blind 1000", "p1 big_blind 2000"),
        actions=(*deal, *play), runs_twice=None, second_board="",
        rake=RecordedRake(Krw(300), BasisPoints(250), Krw(6000)), commitment=bytes(32),
    )  # fmt: skip
    nets = {BUTTON: 5700, OTHER: -6000}
    return SettledHand(HAND, TABLE, NO, 300, nets, settlements, write_phh(record).encode())


def acted(seq: int, seat: SeatIndex, kind: MoveKind, amount: int, street_bet: int) -> Acted:
    """Give an action."""
    return Acted(
        TABLE, seq, NO, seat, kind, Krw(amount), Krw(street_bet), Krw(50_000), False, MoveCause.PLAYER
    )


def told() -> list[TableEvent]:
    """Give what the player at the button was told, turns left out."""
    stacks = (DealtSeat(OTHER, Krw(100_000)), DealtSeat(BUTTON, Krw(90_000)))
    results = (SeatNet(OTHER, Krw(-6000), Krw(94_000)), SeatNet(BUTTON, Krw(5700), Krw(95_700)))
    return [
        HandStarted(TABLE, 100, NO, HAND, BUTTON, BUTTON, OTHER, stacks, (), bytes(32)),
        CardsDealt(TABLE, 101, NO, cards("AhKh")),
        acted(103, BUTTON, MoveKind.RAISE, 5000, 6000),
        acted(105, OTHER, MoveKind.CALL, 4000, 6000),
        StreetDealt(TABLE, 106, NO, Street.FLOP, 1, cards("2c7d9h")),
        acted(108, OTHER, MoveKind.CHECK, 0, 0),
        acted(110, BUTTON, MoveKind.BET, 8000, 8000),
        acted(112, OTHER, MoveKind.FOLD, 0, 0),
        HandEnded(TABLE, 114, NO, HAND, Krw(300), results),
    ]


def shown(seat: SeatIndex, text: str) -> HandShown:
    """Give cards that a player shows after the hand."""
    return HandShown(TABLE, 115, NO, seat, cards(text), None)


def lines(
    events: Iterable[TableEvent],
    player: UserId = HERO,
    connection: int = 1,
    at: float = 50.0,
    node: str = "node-1",
) -> list[str]:
    """Write what a bot would have written down."""
    start: dict[str, Any] = {
        "at": at,
        "connection": connection,
        "player": player,
        "table": TABLE,
        "node": node,
    }
    seat = BUTTON if player == HERO else OTHER
    sight: dict[str, Any] = {
        "seat": seat,
        "table_seq": 99,
        "hand_no": NO - 1,
        "hand_id": None,
        "cards": {},
        "board": [],
    }
    codec = table_codec(Encoding.JSON)
    written = [start | {"kind": "arrived", "is_in_play": False} | sight]
    written += [start | {"kind": "saw", "message": json.loads(codec.encode(event))} for event in events]  # type: ignore[arg-type]
    return [json.dumps(line) + "\n" for line in written]
