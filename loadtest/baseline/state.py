"""A table as the bytes of its Redis hash, positional and binary, and back: any worker can go on from it."""

from typing import Any, Final
from uuid import UUID

import msgpack
from attrs import astuple

from cardroom.ids import HandId, SeatIndex, TableId, UserId
from loadtest.baseline.game import RULES
from loadtest.baseline.table import Holder, Play, Table
from node.rules.actions import LegalActions
from node.rules.betting import BettingRound, Player
from node.rules.blinds import Deal, DealtSeat
from node.rules.cards import Card
from node.rules.events import STREETS
from node.rules.hand import Hand
from node.rules.seating import Occupant, Seating
from node.rules.state import HandSetup, Phase

_PHASES: Final = tuple(Phase)


def pack_table(table: Table) -> bytes:
    """Write down all of a table that its next step needs."""
    seating, play = table.seating, table.play
    seats = [None if one is None else astuple(one) for one in seating.seats]
    holders = [astuple(one) for one in table.holders.values()]
    places = (seating.button, seating.small_blind, seating.big_blind)
    told = (table.teller.seq, table.hand_no, table.has_showdown)
    hand = None if table.hand is None or play is None else _pack_hand(table.hand, play)
    return bytes(msgpack.packb((seats, places, holders, told, hand)))


def unpack_table(data: bytes, table_id: TableId, seat_count: int) -> Table:
    """Give the table as it was packed."""
    seats, places, holders, (seq, hand_no, has_showdown), hand = msgpack.unpackb(
        data, use_list=False, strict_map_key=False
    )
    table = Table(table_id, seat_count)
    occupants = tuple(None if one is None else Occupant(*one) for one in seats)
    table.seating = Seating(occupants, *places)
    table.holders = {SeatIndex(one[2]): Holder(*one) for one in holders}
    table.hand_no, table.has_showdown = hand_no, has_showdown
    table.teller.seq, table.teller.hand_no = seq, hand_no
    if hand is not None:
        table.hand, table.play = _unpack_hand(*hand)
    return table


def _pack_hand(hand: Hand, play: Play) -> tuple[Any, ...]:
    deal, setup = play.deal, hand.setup
    dealt = (
        deal.button, deal.small_blind, deal.big_blind, [(one.seat, one.stack) for one in deal.players],
        deal.missed_big_blind, deal.missed_small_blind, play.hand_id.bytes, list(play.users.values()),
        bytes(setup.deck), setup.chips,
    )  # fmt: skip
    now = (
        hand.players, STREETS.index(hand.street), hand.boards, hand.betting, _PHASES.index(hand.phase),
        hand.turn, hand.position_to_act, hand.legal, tuple(hand.leaving), tuple(hand.shown),
    )  # fmt: skip
    return dealt, now


def _unpack_hand(dealt: tuple[Any, ...], now: tuple[Any, ...]) -> tuple[Hand, Play]:
    button, small_blind, big_blind, seats, missed_big, missed_small, hand_id, users, deck, chips = dealt
    players = tuple(DealtSeat(*one) for one in seats)
    deal = Deal(button, small_blind, big_blind, players, (), missed_big, missed_small)
    places = [one.seat for one in players]
    play = Play(HandId(UUID(bytes=hand_id)), deal, dict(zip(places, map(UserId, users), strict=True)))
    setup = HandSetup(RULES, deal, tuple(map(Card, deck)), chips)
    acting, street, boards, betting, phase, turn, position, legal, leaving, shown = now
    hand = Hand(
        setup,
        tuple(Player(*one) for one in acting),
        STREETS[street],
        boards,
        BettingRound(*betting),
        _PHASES[phase],
        turn,
        position,
        None if legal is None else LegalActions(*legal),
        frozenset(leaving),
        frozenset(shown),
    )
    return hand, play
