"""Saved hands checked offline, by anybody: ``python -m cardroom.handrecord.verify FILE [--json] [--seat N]``.

FILE holds the JSON messages of the protocol as a connection heard them, one per line (``saved_hand``). Of
each hand it is checked that its commitment came before its first card, that every opening is proved by that
commitment, that every card in the file has an opening, at the position where rule 46 deals it, and that no
card lies in two places. Not checked is a hand that is void, or in whose middle the connection came.

``--json`` prints ``{"hands", "cards", "proved", "faults"}``. Exit status 0: all is proved, 1: a fault, or
nothing to prove, 2: the file is unreadable.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from cardroom.handrecord.deck_proof import CARDS, is_proved
from cardroom.handrecord.reading import UnreadableError
from cardroom.handrecord.saved_hand import BOARD_CARDS, SavedHand, read_saved
from cardroom.ids import HandId

EXIT_FAULT: Final = 1
EXIT_UNREADABLE: Final = 2
_CAME_LATE: Final = "not checked: the connection came in the middle of it"
_VOID: Final = "not checked: it is void"
_STREETS: Final = ("flop", "flop", "flop", "turn", "river")


@frozen
class Claim:
    """A card that the file shows, and where in the deck it may lie."""

    card: int
    what: str
    positions: tuple[int, ...]


@frozen
class HandReport:
    """What was found of one hand."""

    name: str
    cards: int
    """How many different cards have to be proved."""
    proved: int
    faults: tuple[str, ...]
    note: str
    """Why nothing of it has to be proved; empty if it has."""


def check_hand(hand: SavedHand, seat: int | None = None) -> HandReport:
    """Check all that a file says of one hand; ``seat`` is that of who saved it, if the file does not say."""
    check = _Check(hand, seat if seat is not None else hand.own_seat)
    check.run()
    return HandReport(
        name=f"hand {hand.hand_no} at table {hand.table_id}",
        cards=0 if check.note else len(hand.cards),
        proved=len(check.proved),
        faults=(*hand.faults, *check.faults),
        note=check.note,
    )


@define
class _Check:
    """One hand under examination."""

    hand: SavedHand
    seat: int | None
    faults: list[str] = field(factory=list)
    proved: set[int] = field(factory=set)
    deck: dict[int, int] = field(factory=dict)
    """What the openings prove of the deck, by position."""
    note: str = ""

    def run(self) -> None:
        hand = self.hand
        if hand.is_void:
            self.note = _VOID
        elif hand.hand_id is None and hand.is_joined:
            self.note = _CAME_LATE
        elif hand.hand_id is None:
            self.faults.append("the file does not hold its start, so no commitment before its first card")
        elif hand.openings:
            self._open(hand.hand_id)
            claims = (*self._own_cards(), *self._boards(), *self._shown())
            self._find_doubles(claims)
            self.proved = {claim.card for claim in claims} - {
                claim.card for claim in claims if not self._is_borne_out(claim)
            }
        elif hand.cards:
            self.faults.append("the file holds no openings for it")

    def _open(self, hand_id: HandId) -> None:
        for opening in dict.fromkeys(self.hand.openings):
            if is_proved(hand_id, self.hand.commitment, opening):
                self.deck[opening.position] = opening.card
            else:
                what = f"the opening of {_name(opening.card)} at position {opening.position}"
                self.faults.append(f"{what} is not proved by the commitment")
        for card, times in Counter(self.deck.values()).items():
            if times > 1:
                self.faults.append(f"the promised deck holds {_name(card)} {times} times")

    def _own_cards(self) -> Iterator[Claim]:
        """Two rounds in the order of ``seats``: the cards of place i of n lie at i and i + n."""
        cards, count = self.hand.own_cards, len(self.hand.seats)
        if not cards:
            return
        if self.seat is None:
            # Nobody says which seat is the own one: it is the one to which exactly these cards were dealt.
            dealt = [(self.deck.get(place), self.deck.get(place + count)) for place in range(count)]
            place = dealt.index(cards) if cards in dealt else None
        else:
            place = self._place(self.seat)
        if place is None:
            whose = "no seat" if self.seat is None else f"not seat {self.seat}"
            self.faults.append(f"{whose} was dealt the own cards, {_names(cards)}")
            return
        yield Claim(cards[0], "the first own card", (place,))
        yield Claim(cards[1], "the second own card", (place + count,))

    def _boards(self) -> Iterator[Claim]:
        """The board lies behind the hole cards; a second one behind it, without the cards they share."""
        first, second = self.hand.boards
        start = 2 * len(self.hand.seats)
        for place, card in enumerate(first):
            yield Claim(card, f"the {_STREETS[place]}", (start + place,))
        for place, card in enumerate(second):
            street = _STREETS[BOARD_CARDS - len(second) + place]
            yield Claim(card, f"the second {street}", (start + BOARD_CARDS + place,))

    def _shown(self) -> Iterator[Claim]:
        for shown in self.hand.shown:
            place = self._place(shown.seat)
            if place is None:
                self.faults.append(f"seat {shown.seat} shows {_names(shown.cards)}, but was not dealt in")
                continue
            for card in shown.cards:
                positions = (place, place + len(self.hand.seats))
                yield Claim(card, f"a card that seat {shown.seat} showed", positions)

    def _place(self, seat: int) -> int | None:
        return self.hand.seats.index(seat) if seat in self.hand.seats else None

    def _is_borne_out(self, claim: Claim) -> bool:
        """Say whether an opening proves a claim; what is wrong with that opening itself was named before."""
        if any(self.deck.get(position) == claim.card for position in claim.positions):
            return True
        opened = {opening.position for opening in self.hand.openings}
        missing = [position for position in claim.positions if position not in opened]
        claimed = f"{claim.what}, {_name(claim.card)}, has to lie at position {_either(claim.positions)}"
        if missing:
            self.faults.append(f"{claimed}: there is no opening of position {_either(missing)}")
        elif all(position in self.deck for position in claim.positions):
            lying = _either([_name(self.deck[position]) for position in claim.positions])
            self.faults.append(f"{claimed}: there lies {lying}")
        return False

    def _find_doubles(self, claims: Sequence[Claim]) -> None:
        """Find cards that were shown in two places."""
        first: dict[int, Claim] = {}
        for claim in claims:
            other = first.setdefault(claim.card, claim)
            if not set(other.positions).intersection(claim.positions):
                self.faults.append(
                    f"{_name(claim.card)} was shown twice: as {other.what} and as {claim.what}"
                )


def _name(card: int) -> str:
    return "23456789TJQKA"[card // 4] + "cdhs"[card % 4] if 0 <= card < CARDS else f"no card ({card})"


def _names(cards: Sequence[int]) -> str:
    return " ".join(map(_name, cards))


def _either(values: Sequence[object]) -> str:
    return " or ".join(map(str, values))


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a file and say what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m cardroom.handrecord.verify",
        description="Check saved hands against the commitments that were given before their first cards.",
    )
    parser.add_argument("file", type=Path, help="messages of the protocol as JSON, one per line")
    parser.add_argument("--seat", type=int, help="your seat, from 0, if the file does not say it")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    options = parser.parse_args(arguments)
    try:
        hands = read_saved(options.file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, UnreadableError) as trouble:
        sys.stderr.write(f"{options.file}: {trouble}\n")
        return EXIT_UNREADABLE
    reports = [check_hand(hand, options.seat) for hand in hands]
    faults = [f"{report.name}: {fault}" for report in reports for fault in report.faults]
    proved = sum(report.proved for report in reports)
    if not proved and not faults:
        faults.append("nothing to prove: the file shows no card of a hand that counts")
    if options.json:
        cards = sum(report.cards for report in reports)
        checked = sum(not report.note for report in reports)
        found = {"hands": checked, "cards": cards, "proved": proved, "faults": faults}
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _in_words(reports, faults))
    return EXIT_FAULT if faults else 0


def _in_words(reports: Sequence[HandReport], faults: Sequence[str]) -> Iterator[str]:
    for report in reports:
        note = f" ({report.note})" if report.note else ""
        yield f"{report.name}: {report.proved} of {report.cards} cards are proved{note}"
        yield from (f"    FAULT: {fault}" for fault in report.faults)
    if faults and not any(report.faults for report in reports):
        yield from (f"FAULT: {fault}" for fault in faults)
    yield "Not everything is proved." if faults else "Every card was promised before the first was dealt."


if __name__ == "__main__":
    sys.exit(main())
