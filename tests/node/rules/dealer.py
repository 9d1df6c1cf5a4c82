"""Plays a dealer's sheet: a hand written as a poker player would note it, with what he expects of it.

A sheet sets the table (``blinds``, ``rake``, ``seats``, ``button`` ...), then tells the action line by line.
Lines that state an expectation (``... may ...``, ``refused``, ``pots``, ``rake``, ``stacks`` ...) are checked
where they stand. ``tests/scripts/README.md`` lists all of them.
"""

import re
from collections.abc import Callable

import attrs
import pytest

from cardroom.ids import SeatIndex
from cardroom.money import BasisPoints, Krw
from node.rules import hand as hands
from node.rules.actions import Action, AllIn, Call, Check, Fold, RaiseTo
from node.rules.blinds import (
    AnteKind,
    Deal,
    DealtSeat,
    HandRules,
    PayingSeat,
    Positions,
    posts_of,
)
from node.rules.cards import FULL_DECK, Card, parse_cards
from node.rules.errors import IllegalAction
from node.rules.events import Event, HandMucked, HandShown, PotAwarded, RakeTaken, UncalledReturned
from node.rules.pots import layer_pots
from node.rules.rake import RakeRule


def money(text: str) -> Krw:
    return Krw(int(text.replace(",", "")))


@attrs.define
class Sheet:
    """The table as a sheet sets it, and the hand as it goes."""

    rules: dict[str, object] = attrs.Factory(dict)
    names: list[str] = attrs.Factory(list)
    stacks: list[Krw] = attrs.Factory(list)
    button: str = ""
    dead_small_blind: bool = False
    live: set[str] = attrs.Factory(set)
    dead: set[str] = attrs.Factory(set)
    straddler: str = ""
    cards: dict[str, tuple[Card, ...]] = attrs.Factory(dict)
    board: tuple[Card, ...] = ()
    hand: hands.Hand | None = None
    events: list[Event] = attrs.Factory(list)
    line: str = ""

    def seat(self, name: str) -> SeatIndex:
        return SeatIndex(self.names.index(name))

    def name(self, seat: SeatIndex) -> str:
        return self.names[seat]

    @property
    def play(self) -> hands.Hand:
        if self.hand is None:
            self.take(hands.start(*self.table()))
        assert self.hand is not None
        return self.hand

    def take(self, step: hands.Step) -> None:
        self.hand, events = step
        self.events.extend(events)

    def table(self) -> tuple[HandRules, Deal, tuple[Card, ...]]:
        rules = HandRules(**({"small_blind": 1_000, "big_blind": 2_000} | self.rules))  # type: ignore[arg-type]
        order = self.dealing_order()
        if len(order) == 2:
            positions = Positions(order[1], order[1], order[0], tuple(order))
        elif self.dead_small_blind:
            positions = Positions(self.seat(self.button), None, order[0], tuple(order))
        else:
            positions = Positions(self.seat(self.button), order[0], order[1], tuple(order))
        paying = [
            PayingSeat(
                seat,
                self.stacks[seat],
                owes_big_blind=self.name(seat) in self.live,
                owes_small_blind=self.name(seat) in self.dead,
                straddles=self.name(seat) == self.straddler,
            )
            for seat in order
        ]
        deal = Deal(
            positions.button,
            positions.small_blind,
            positions.big_blind,
            tuple(DealtSeat(seat.seat, seat.stack) for seat in paying),
            posts_of(rules, positions, paying),
        )
        return rules, deal, self.deck([self.name(seat) for seat in order])

    def dealing_order(self) -> list[SeatIndex]:
        count, button = len(self.names), self.names.index(self.button)
        clockwise = [SeatIndex((button + step) % count) for step in range(1, count + 1)]
        return [seat for seat in clockwise if self.stacks[seat]]

    def deck(self, order: list[str]) -> tuple[Card, ...]:
        """Stack the deck: two rounds, then the board, then whatever is left."""
        known = {card for cards in self.cards.values() for card in cards} | set(self.board)
        rest = [card for card in FULL_DECK if card not in known]
        hole = {name: self.cards.get(name) or (rest.pop(), rest.pop(0)) for name in order}
        dealt = [hole[name][0] for name in order] + [hole[name][1] for name in order] + list(self.board)
        return tuple(dealt + [card for card in rest if card not in dealt])


# Lines that set the table.


def _rake(sheet: Sheet, percent: str, cap: str) -> None:
    rule = RakeRule(BasisPoints(round(float(percent) * 100)), money(cap))
    sheet.rules |= {"rake": rule, "heads_up_rake": rule}


def _blinds(sheet: Sheet, small: str, big: str) -> None:
    sheet.rules |= {"small_blind": money(small), "big_blind": money(big)}


def _ante(sheet: Sheet, kind: str, amount: str) -> None:
    ante_kind = {"per seat": AnteKind.PER_SEAT, "big blind": AnteKind.BIG_BLIND}[kind]
    sheet.rules |= {"ante": money(amount), "ante_kind": ante_kind}


def _seats(sheet: Sheet, text: str) -> None:
    for part in text.split("|"):
        name, _, stack = part.strip().partition(" ")
        sheet.names.append(name)
        sheet.stacks.append(Krw(0) if stack == "empty" else money(stack))


def _posts(sheet: Sheet, name: str, what: str) -> None:
    if "live" in what:
        sheet.live.add(name)
    if "dead" in what:
        sheet.dead.add(name)


def _straddles(sheet: Sheet, name: str) -> None:
    sheet.rules |= {"straddle": True}
    sheet.straddler = name


# Lines of action.


def _action(text: str, amount: str | None) -> Action:
    if text in ("r", "bets", "raises to"):
        assert amount is not None
        return RaiseTo(money(amount))
    words: dict[str, Action] = {"folds": Fold(), "checks": Check(), "calls": Call(), "all-in": AllIn()}
    return words[text]


def _acts(sheet: Sheet, name: str, verb: str, amount: str | None) -> None:
    hand = sheet.play
    if verb == "calls" and amount:
        assert hand.legal is not None
        assert hand.legal.call_amount == money(amount)
    sheet.take(hands.apply(hand, sheet.seat(name), _action(verb, amount)))


def _refused(sheet: Sheet, name: str, verb: str, amount: str | None, reason: str) -> None:
    before = sheet.play
    with pytest.raises(IllegalAction) as refusal:
        hands.apply(before, sheet.seat(name), _action(verb, amount))
    assert refusal.value.reason.value == reason
    assert sheet.play is before


def _times_out(sheet: Sheet, name: str) -> None:
    sheet.take(hands.time_out(sheet.play, sheet.seat(name)))


def _leaves(sheet: Sheet, name: str) -> None:
    sheet.take(hands.mark_leaving(sheet.play, sheet.seat(name)))


def _run_twice(sheet: Sheet, answer: str) -> None:
    assert sheet.play.awaiting_run_it_twice
    sheet.take(hands.agree_run_twice(sheet.play, answer == "twice"))


# Lines that expect something.


def _may(sheet: Sheet, name: str, text: str) -> None:
    legal = sheet.play.legal
    assert legal is not None
    assert sheet.name(legal.seat) == name
    for part in text.split(", "):
        words = part.split()
        match words:
            case ["check"]:
                assert legal.can_check
            case ["not", "check"]:
                assert not legal.can_check
            case ["call", amount]:
                assert (legal.call_amount, legal.can_check) == (money(amount), False)
            case ["raise", "from", low]:
                assert legal.min_raise_to == money(low)
            case ["raise", "from", low, "to", high]:
                assert (legal.min_raise_to, legal.max_raise_to) == (money(low), money(high))
            case ["not", "raise"]:
                assert legal.min_raise_to is None
                assert legal.max_raise_to is None
            case _:
                raise AssertionError(f"unknown expectation: {part}")


def _pots(sheet: Sheet, text: str) -> None:
    expected = []
    for amount, eligible in re.findall(r"([\d,]*\d)(?: \(([^)]*)\))?", text):
        expected.append((money(amount), set(eligible.split()) or None))
    pots = layer_pots(sheet.play.players)
    assert [pot.amount for pot in pots] == [amount for amount, _ in expected]
    for pot, (_, eligible) in zip(pots, expected, strict=True):
        assert eligible is None or {sheet.name(seat) for seat in pot.eligible} == eligible


def _rake_taken(sheet: Sheet, total: str, parts: str | None) -> None:
    taken = [event for event in sheet.events if isinstance(event, RakeTaken)]
    assert hands.settlement(sheet.play).rake == money(total)
    if parts:
        assert taken[0].pots == tuple(money(part) for part in parts.split(" + "))


def _stacks(sheet: Sheet, text: str) -> None:
    for part in text.split("|"):
        name, amount = part.split()
        assert (name, sheet.play.player(sheet.seat(name)).stack) == (name, money(amount))


def _bore(sheet: Sheet, text: str) -> None:
    for part in text.split("|"):
        name, amount = part.split()
        settled = hands.settlement(sheet.play).of(sheet.seat(name))
        assert (name, settled.contributed_rake) == (name, money(amount))


def _returned(sheet: Sheet, amount: str, name: str) -> None:
    returned = [event for event in sheet.events if isinstance(event, UncalledReturned)][-1]
    assert (sheet.name(returned.seat), returned.amount) == (name, money(amount))


def _showdown(sheet: Sheet, text: str) -> None:
    seen = [
        sheet.name(event.seat) + (" mucks" if isinstance(event, HandMucked) else " shows")
        for event in sheet.events
        if isinstance(event, HandShown | HandMucked)
    ]
    assert seen == text.split(", ")


def _wins(sheet: Sheet, pot: str, board: str | None, text: str) -> None:
    award = next(
        event
        for event in sheet.events
        if isinstance(event, PotAwarded) and event.pot == int(pot) and event.board == int(board or 1)
    )
    won = {sheet.name(winner.seat): winner.amount for winner in award.winners}
    expected = dict(part.split() for part in text.split(" | "))
    assert won == {name: money(amount) for name, amount in expected.items()}


def _with_words(sheet: Sheet, name: str, words: str) -> None:
    rankings = {
        winner.ranking.english
        for event in sheet.events
        if isinstance(event, PotAwarded)
        for winner in event.winners
        if sheet.name(winner.seat) == name and winner.ranking is not None
    }
    assert words in rankings


def _over(sheet: Sheet) -> None:
    assert sheet.play.is_over


def _not_asked(sheet: Sheet, name: str) -> None:
    assert sheet.play.seat_to_act != sheet.seat(name)


_VERB = r"(folds|checks|calls|r|bets|raises to|all-in)(?: ([\d,]+))?"
_LINES: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"blinds ([\d,]+)/([\d,]+)", _blinds),
    (r"rake ([\d.]+) %, cap ([\d,]+)", _rake),
    (r"no rake", lambda sheet: None),
    (r"ante (per seat|big blind) ([\d,]+)", _ante),
    (r"seats (.+)", _seats),
    (r"button (\S+)", lambda sheet, name: setattr(sheet, "button", name)),
    (r"dead small blind", lambda sheet: setattr(sheet, "dead_small_blind", True)),
    (r"run it twice allowed", lambda sheet: sheet.rules.update({"run_it_twice": True})),
    (r"(\S+) posts (live|dead|live and dead)", _posts),
    (r"(\S+) straddles", _straddles),
    (r"(\S+) holds (\S+)", lambda sheet, name, cards: sheet.cards.update({name: parse_cards(cards)})),
    (r"board (.+)", lambda sheet, cards: setattr(sheet, "board", sheet.board + parse_cards(cards))),
    (rf"(\S+) {_VERB}", _acts),
    (rf"refused: (\S+) {_VERB} \((\w+)\)", _refused),
    (r"(\S+) times out", _times_out),
    (r"(\S+) leaves", _leaves),
    (r"run it (once|twice)", _run_twice),
    (r"(\S+) may (.+)", _may),
    (r"pots (.+)", _pots),
    (r"rake ([\d,]+)(?: = ([\d, +]+))?", _rake_taken),
    (r"stacks (.+)", _stacks),
    (r"rake borne (.+)", _bore),
    (r"([\d,]+) back to (\S+)", _returned),
    (r"showdown (.+)", _showdown),
    (r"pot (\d)(?: on board (\d))? to (.+)", _wins),
    (r"(\S+) wins with (.+)", _with_words),
    (r"over", _over),
    (r"(\S+) is not asked", _not_asked),
)


def play_sheet(text: str) -> Sheet:
    """Play a sheet to its end; an expectation that fails names its line."""
    sheet = Sheet()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition("#")[0].strip()
        if line:
            _play_line(sheet, number, line)
    return sheet


def _play_line(sheet: Sheet, number: int, line: str) -> None:
    for pattern, perform in _LINES:
        found = re.fullmatch(pattern, line)
        if found:
            try:
                perform(sheet, *found.groups())
            except (AssertionError, IllegalAction, pytest.fail.Exception) as trouble:
                raise AssertionError(f"line {number}: {line}: {trouble}") from trouble
            return
    raise AssertionError(f"line {number} is not understood: {line}")
