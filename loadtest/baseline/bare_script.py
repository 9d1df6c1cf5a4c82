"""What actions tell at a table, played before anybody comes: the bytes that the bare server sends."""

from random import Random
from typing import Final

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.player import Act, ActionKind, SitDown
from cardroom.wire.table import TableMessage, table_codec
from loadtest.baseline.game import MIN_BUY_IN
from loadtest.baseline.table import Table
from loadtest.baseline.telling import Told
from node.rules.cards import FULL_DECK

HANDS: Final = 60

Bundle = list[bytes]
"""The messages that one action has told, in their order."""


def play_script(seats: int, hands: int) -> list[Bundle]:
    """Play hands as the bots do, the same each time; give what each action told to somebody at the table.

    What is told between hands counts to the action before it.
    """
    dice = Random("bare")  # noqa: S311 - it plays
    table, codec = Table(TableId(1), seats), table_codec(Encoding.MSGPACK)
    for number in range(seats):
        _sit_down(table, number)
    table.take_told()
    bundles: list[Bundle] = []
    while table.hand_no < hands or table.hand is not None:
        if table.hand is None and not _deal(table, dice):
            break
        if table.hand is not None and not table.hand.is_over:
            _act(table, dice)
        table.finish()
        bundles.append([_encode_one(codec, told) for told in table.take_told()])
    return bundles


def _sit_down(table: Table, number: int) -> None:
    request = SitDown(1, table.table_id, SeatIndex(number), Krw(2 * MIN_BUY_IN), posts_blind=True)
    table.sit_down(UserId(1000 + number), f"bot-{number:02}", SeatIndex(number), request)


def _deal(table: Table, dice: Random) -> bool:
    """Deal the next hand; who has lost all has a full stack again."""
    for holder in table.holders.values():
        missing = MIN_BUY_IN - table.seating.occupant(holder.seat).stack
        if missing > 0:
            table.fill_up(holder, Krw(missing))
    return table.deal(dice.sample(FULL_DECK, len(FULL_DECK)))


def _act(table: Table, dice: Random) -> None:
    """Choose as loadtest/strategy.py does, by the same chances."""
    assert table.hand is not None, "somebody is to act"
    legal = table.hand.legal
    assert legal is not None, "somebody is to act"
    luck, kind, amount = dice.random(), ActionKind.FOLD, Krw(0)
    if legal.all_in_amount is not None and luck < 0.015:
        kind = ActionKind.ALL_IN
    elif legal.min_raise_to is not None and luck < 0.135:
        kind, amount = ActionKind.RAISE_TO, legal.min_raise_to
    elif legal.can_check:
        kind = ActionKind.CHECK
    elif dice.random() > 0.35:
        kind = ActionKind.CALL
    user_id = table.holders[legal.seat].user_id
    table.act(user_id, Act(1, table.table_id, table.hand_no, table.hand.turn, kind, amount))


def _encode_one(codec: Codec[TableMessage], told: Told) -> bytes:
    """Write one of the forms of a message: with cards where somebody gets cards."""
    return codec.encode(next(iter(told.own.values()), told.message))
