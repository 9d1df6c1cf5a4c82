"""Recorded hands through the rules: ``python -m node.replay FILE [--json]``.

Reads logs of lines ``STATE:n:actions:cards:net:players`` and PHH files (one hand, or several as numbered
tables). Every hand is played action by action; a refused action, a hand that does not end where the record
ends, or another result is a mismatch. Exit status 0: all agree, 1: a mismatch, 2: the input is unreadable.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from cardroom.ids import SeatIndex
from cardroom.money import BasisPoints, Krw
from node.rules.actions import Action, Call, Check, Fold, RaiseTo
from node.rules.blinds import (
    HEADS_UP,
    MAX_SEATS,
    AnteKind,
    Deal,
    DealtSeat,
    HandRules,
    PayingSeat,
    Positions,
    Post,
    PostKind,
    posts_of,
)
from node.rules.cards import FULL_BOARD, FULL_DECK, Card, format_cards, parse_cards
from node.rules.errors import IllegalAction
from node.rules.hand import Hand, agree_run_twice, apply, settlement, start
from node.rules.rake import RakeRule
from node.rules.state import HOLE_CARDS

LOG_BLINDS = (50, 100)
LOG_STACK = 10_000
EXIT_MISMATCH = 1
EXIT_UNREADABLE = 2


class UnreadableError(Exception):
    """The file is not in a format we read, or says something that cannot be a hand."""


@attrs.frozen
class Step:
    """One recorded decision; None as ``position`` where the record does not name the player."""

    position: int | None
    word: str
    amount: int = 0
    counts_whole_hand: bool = False
    """Whether ``amount`` counts the chips of the whole hand instead of the street."""


@attrs.frozen
class RecordedHand:
    """One hand as recorded; players stand in dealing order, ``net`` is None where not recorded."""

    label: str
    rules: HandRules
    deal: Deal
    deck: tuple[Card, ...]
    board: tuple[Card, ...]
    steps: tuple[Step, ...]
    net: tuple[int, ...] | None


@attrs.frozen
class Report:
    """What a replay found."""

    hands: int
    mismatches: tuple[str, ...]


def read_hands(path: Path) -> Iterator[RecordedHand]:
    """Read a file of recorded hands; ``UnreadableError`` says what is wrong and where."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise UnreadableError(f"{path}: {trouble}") from trouble
    if path.suffix in (".phh", ".phhs"):
        yield from _read_phh(text)
    else:
        yield from _read_log(text)


def replay(recorded: Sequence[RecordedHand]) -> Report:
    """Play all hands and collect what does not agree."""
    found = ((hand.label, _replay_hand(hand)) for hand in recorded)
    return Report(len(recorded), tuple(f"{label}: {trouble}" for label, trouble in found if trouble))


def _replay_hand(recorded: RecordedHand) -> str | None:
    """Play one hand; give what does not agree, or None."""
    hand, _ = start(recorded.rules, recorded.deal, recorded.deck)
    for number, step in enumerate(recorded.steps, start=1):
        seat = hand.seat_to_act
        if seat is None:
            return f"action {number} comes after the end of the hand"
        if step.position not in (None, seat):
            return f"action {number} is by player {step.position}, but player {seat} is to act"
        try:
            hand, _ = apply(hand, seat, _action_of(hand, step))
        except IllegalAction as refusal:
            return f"action {number} ({step.word}) is refused: {refusal.reason.value}"
    if hand.awaiting_run_it_twice:
        hand, _ = agree_run_twice(hand, True)
    elif recorded.rules.run_it_twice:
        return "the record has a second board, but not all are all-in"
    if not hand.is_over:
        return f"the record ends while player {hand.seat_to_act} is to act"
    if hand.board != recorded.board:
        return f"board {format_cards(hand.board)} instead of {format_cards(recorded.board)}"
    net = tuple(part.net for part in settlement(hand).seats)
    if recorded.net is not None and net != recorded.net:
        return f"net {list(net)} instead of {list(recorded.net)}"
    return None


def _deal_of(rules: HandRules, stacks: Sequence[int]) -> Deal:
    """Give a deal without empty seats: the first player is the small blind, heads-up the big blind.

    Who would straddle does, if the rules know a straddle.
    """
    count = len(stacks)
    seats = tuple(SeatIndex(place) for place in range(count))
    small, big = (seats[1], seats[0]) if count == HEADS_UP else (seats[0], seats[1])
    places = Positions(seats[-1], small, big, seats)
    paying = [PayingSeat(seat, Krw(stack), straddles=True) for seat, stack in zip(seats, stacks, strict=True)]
    players = tuple(DealtSeat(seat.seat, seat.stack) for seat in paying)
    return Deal(places.button, small, big, players, posts_of(rules, places, paying))


def _action_of(hand: Hand, step: Step) -> Action:
    legal = hand.legal
    assert legal is not None, "a step is taken when somebody is to act"
    match step.word:
        case "fold":
            return Fold()
        case "call":
            return Check() if legal.can_check else Call()
        case _:
            player = hand.player(legal.seat)
            before = player.contribution - player.street_bet if step.counts_whole_hand else 0
            return RaiseTo(Krw(step.amount - before))


def _stack_deck(holes: Sequence[tuple[Card, ...]], board: tuple[Card, ...]) -> tuple[Card, ...]:
    """Put the known cards where they are dealt; what was never dealt comes from the rest of the deck."""
    known = [hole[0] for hole in holes] + [hole[1] for hole in holes] + list(board)
    if len(set(known)) < len(known):
        raise UnreadableError("a card is dealt twice")
    return (*known, *(card for card in FULL_DECK if card not in known))


# The log format.


def _read_log(text: str) -> Iterator[RecordedHand]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        raise UnreadableError("the file holds no hand")
    for number, line in lines:
        try:
            yield _read_log_line(number, line.strip())
        except (ValueError, UnreadableError) as trouble:
            raise UnreadableError(f"line {number}: {trouble}") from trouble


def _read_log_line(number: int, line: str) -> RecordedHand:
    fields = line.split(":")
    if len(fields) != len(["STATE", "n", "actions", "cards", "net", "players"]) or fields[0] != "STATE":
        raise UnreadableError("not of the form STATE:n:actions:cards:net:players")
    _, name, actions, cards, net, players = fields
    hole_text, *board_text = cards.split("/")
    holes = [parse_cards(hole) for hole in hole_text.split("|")]
    nets = tuple(int(part) for part in net.split("|"))
    if not len(holes) == len(nets) == len(players.split("|")) > HEADS_UP or any(
        len(hole) != HOLE_CARDS for hole in holes
    ):
        raise UnreadableError("cards, nets and players do not fit each other")
    small, big = LOG_BLINDS
    rules = HandRules(small_blind=Krw(small), big_blind=Krw(big))
    board = parse_cards("".join(board_text))
    return RecordedHand(
        label=f"line {number} (hand {name})",
        rules=rules,
        deal=_deal_of(rules, (LOG_STACK,) * len(holes)),
        deck=_stack_deck(holes, board),
        board=board,
        steps=tuple(_read_log_actions(actions)),
        net=nets,
    )


def _read_log_actions(actions: str) -> Iterator[Step]:
    if not re.fullmatch(r"(f|c|r\d+|/)*", actions):
        raise UnreadableError(f"unknown action in {actions!r}")
    for word in re.findall(r"f|c|r\d+", actions):
        if word[0] == "r":
            yield Step(None, "raise", int(word[1:]), counts_whole_hand=True)
        else:
            yield Step(None, "fold" if word == "f" else "call")


# The PHH format (poker hand history, TOML).


def _read_phh(text: str) -> Iterator[RecordedHand]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as trouble:
        raise UnreadableError(f"not TOML: {trouble}") from trouble
    tables = {"1": document} if "variant" in document else document
    if not tables:
        raise UnreadableError("the file holds no hand")
    for name, table in tables.items():
        try:
            yield _read_phh_hand(name, table)
        except UnreadableError as trouble:
            raise UnreadableError(f"hand {name}: {trouble}") from trouble
        except (KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError) as trouble:
            raise UnreadableError(f"hand {name}: {type(trouble).__name__}: {trouble}") from trouble


def _read_phh_hand(name: str, table: Mapping[str, Any]) -> RecordedHand:
    if table["variant"] != "NT":
        raise UnreadableError(f"variant {table['variant']!r} is not no-limit hold'em")
    money = [*table["antes"], *table["blinds_or_straddles"], *table["starting_stacks"]]
    money += table.get("finishing_stacks", [])
    scale = 1 if all(float(amount).is_integer() for amount in money) else 100
    stacks = _amounts(table["starting_stacks"], scale)
    if not HEADS_UP <= len(stacks) <= MAX_SEATS or min(stacks) <= 0:
        raise UnreadableError("two to nine players have chips")
    holes, board, steps = _phh_actions(table["actions"], scale, len(stacks))
    if any(len(hole) != HOLE_CARDS for hole in holes):
        raise UnreadableError("a player has no known hole cards")
    finishing = table.get("finishing_stacks")
    net = None
    if finishing is not None:
        net = tuple(after - before for after, before in zip(_amounts(finishing, scale), stacks, strict=True))
    second = parse_cards(table.get("_second_board", ""))
    if "_posts" in table:
        rules, deal = _own_deal(table, stacks, runs_twice=bool(second))
    else:
        rules = _phh_rules(table, scale, len(stacks))
        deal = _deal_of(rules, stacks)
    if len(board) > FULL_BOARD or len(second) > FULL_BOARD or (second and len(board) < FULL_BOARD):
        raise UnreadableError("a board has five cards, and a second one comes after a whole first one")
    deck = _stack_deck(holes, board + second)
    return RecordedHand(f"hand {name}", rules, deal, deck, board, tuple(steps), net)


def _own_deal(table: Mapping[str, Any], stacks: Sequence[int], *, runs_twice: bool) -> tuple[HandRules, Deal]:
    """Read a deal of our own records, which say who posted what and why."""
    posts = tuple(_post(text) for text in table["_posts"])
    seat_of = {post.kind: post.seat for post in posts}
    if PostKind.BIG_BLIND not in seat_of or max(post.seat for post in posts) >= len(stacks):
        raise UnreadableError("_posts do not fit the players")
    big_blind = Krw(_amounts([table["min_bet"]], 1)[0])
    if min([big_blind, *(post.amount for post in posts)]) <= 0:
        raise UnreadableError("what is posted is above zero")
    rules = HandRules(
        small_blind=big_blind,  # posts say what was posted
        big_blind=big_blind,
        straddle=PostKind.STRADDLE in seat_of,
        rake=_rake_taken(table, 1),
        heads_up_rake=_rake_taken(table, 1),
        run_it_twice=runs_twice,
    )
    deal = Deal(
        button=SeatIndex(len(stacks) - 1),
        small_blind=seat_of.get(PostKind.SMALL_BLIND),
        big_blind=seat_of[PostKind.BIG_BLIND],
        players=tuple(DealtSeat(SeatIndex(place), Krw(stack)) for place, stack in enumerate(stacks)),
        posts=posts,
    )
    return rules, deal


def _post(text: str) -> Post:
    player, kind, amount = text.split()
    return Post(SeatIndex(_place(player)), PostKind(kind), Krw(_amounts([amount], 1)[0]))


def _rake_taken(table: Mapping[str, Any], scale: int) -> RakeRule:
    """Our own records say how much rake was taken: the whole pot, capped at just that."""
    return RakeRule(BasisPoints(10_000), Krw(_amounts([table.get("_rake", 0)], scale)[0]))


def _phh_actions(
    actions: Sequence[str], scale: int, players: int
) -> tuple[list[tuple[Card, ...]], tuple[Card, ...], list[Step]]:
    """Read hole cards, board and decisions; what is shown or mucked decides nothing."""
    holes: list[tuple[Card, ...]] = [()] * players
    board: tuple[Card, ...] = ()
    steps: list[Step] = []
    for action in actions:
        match action.partition("#")[0].split():
            case ["d", "dh", player, cards]:
                holes[_place(player)] = parse_cards(cards)
            case ["d", "db", cards]:
                board += parse_cards(cards)
            case [player, "f"]:
                steps.append(Step(_place(player), "fold"))
            case [player, "cc"]:
                steps.append(Step(_place(player), "call"))
            case [player, "cbr", amount]:
                steps.append(Step(_place(player), "raise", _amounts([amount], scale)[0]))
            case [_, "sm", *_] | []:
                pass
            case _:
                raise UnreadableError(f"unknown action {action!r}")
    return holes, board, steps


def _phh_rules(table: Mapping[str, Any], scale: int, players: int) -> HandRules:
    """Read blinds, straddle and antes; what our tables do not know is unreadable."""
    blinds = _amounts(table["blinds_or_straddles"], scale)
    antes = _amounts(table["antes"], scale)
    small, big, *straddles = blinds
    straddled = bool(straddles) and straddles[0] == 2 * big
    if len(blinds) != players or len(antes) != players or any(straddles[1 if straddled else 0 :]):
        raise UnreadableError("blinds and antes are not those of our tables")
    if len(set(antes)) == 1:
        kind, ante = (AnteKind.PER_SEAT if antes[0] else AnteKind.NONE), antes[0]
    elif sum(antes) == antes[1]:
        kind, ante = AnteKind.BIG_BLIND, antes[1]
    else:
        raise UnreadableError("antes are neither per seat nor the big blind's")
    if not 0 < small <= big:
        raise UnreadableError("blinds are not in order")
    rake = _rake_taken(table, scale)
    return HandRules(
        small_blind=Krw(small),
        big_blind=Krw(big),
        ante=Krw(ante),
        ante_kind=kind,
        straddle=straddled,
        rake=rake,
        heads_up_rake=rake,
    )


def _place(player: str) -> int:
    if not re.fullmatch(r"p[1-9]", player):
        raise UnreadableError(f"unknown player {player!r}")
    return int(player[1:]) - 1


def _amounts(values: Sequence[int | float | str], scale: int) -> tuple[int, ...]:
    """Read amounts as whole numbers of the smallest unit (a hundredth where fractions occur)."""
    amounts = tuple(round(float(value) * scale) for value in values)
    if any(abs(float(value) * scale - amount) > 1e-6 for value, amount in zip(values, amounts, strict=True)):
        raise UnreadableError("an amount is finer than a hundredth")
    return amounts


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay the file named on the command line and print what was found; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m node.replay", description="Replay recorded hands.")
    parser.add_argument("file", type=Path, help="a log of STATE lines, or a .phh or .phhs file")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    chosen = parser.parse_args(arguments)
    try:
        report = replay(list(read_hands(chosen.file)))
    except UnreadableError as trouble:
        sys.stderr.write(f"cannot read {chosen.file}: {trouble}\n")
        return EXIT_UNREADABLE
    if chosen.json:
        lines = [json.dumps({"hands": report.hands, "mismatches": len(report.mismatches)})]
    else:
        lines = [*report.mismatches, f"hands replayed: {report.hands}, mismatches: {len(report.mismatches)}"]
    sys.stdout.write("\n".join(lines) + "\n")
    return EXIT_MISMATCH if report.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
