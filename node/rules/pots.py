"""Main pot and side pots: who can win which chips, and how a pot is divided."""

from collections.abc import Sequence
from typing import NamedTuple

from cardroom.ids import SeatIndex
from cardroom.money import Krw, split_evenly
from node.rules.betting import Player


class Pot(NamedTuple):
    """Chips in won, and the seats that can win them, in dealing order."""

    amount: Krw
    eligible: tuple[SeatIndex, ...]


def layer_pots(players: Sequence[Player]) -> tuple[Pot, ...]:
    """Lay out what has been put in as main pot and side pots, main pot first.

    Side pots are layers of contribution; folded chips stay in the layers they reach, and layers with the
    same eligible players are one pot (TDA 2024 rule 21). Dead money lies in the main pot. No pot is empty.
    """
    live = [player for player in players if not player.has_folded]
    levels = sorted({player.contribution for player in live})
    dead = sum([player.dead for player in players])
    total = dead + sum([player.contribution for player in players])
    pots: list[Pot] = []
    laid_out = 0
    for level in levels:
        # What a folded player has put in above the highest live level is part of the last pot.
        upto = total
        if level != levels[-1]:
            upto = dead + sum([min(player.contribution, level) for player in players])
        if upto > laid_out:
            eligible = tuple([player.seat for player in live if player.contribution >= level])
            pots.append(Pot(Krw(upto - laid_out), eligible))
        laid_out = upto
    return tuple(pots)


def total_of(pots: Sequence[Pot]) -> Krw:
    """Add up the pots."""
    return Krw(sum([pot.amount for pot in pots]))


def less_rake(pots: Sequence[Pot], parts: Sequence[Krw]) -> tuple[Pot, ...]:
    """Give the pots after each has paid its part of the rake."""
    return tuple([Pot(Krw(pot.amount - part), pot.eligible) for pot, part in zip(pots, parts, strict=True)])


def split_pot(amount: Krw, winners: Sequence[SeatIndex]) -> tuple[tuple[SeatIndex, Krw], ...]:
    """Divide a pot among tied winners; odd won go one each to the first.

    ``winners`` stand in dealing order, so the odd won go clockwise from the first seat left of the button
    (TDA 2024 rule 20).
    """
    return tuple(zip(winners, split_evenly(amount, len(winners)), strict=True))
