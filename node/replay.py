"""Recorded hands through the rules: ``python -m node.replay FILE [--json]``.

Reads logs of lines ``STATE:n:actions:cards:net:players`` and PHH files (one hand, or several as numbered
tables). Every hand is played action by action; a refused action, a street dealt at another time, a hand that
does not end where the record ends, or another result is a mismatch. Our own records say more, and more has to
agree: rake, second board, who showed and mucked. Exit status 0: all agree, 1: a mismatch, 2: the input is
unreadable.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from cardroom.handrecord.reading import OwnKeys, PhhAction, PhhHand, UnreadableError, Word, read_phh
from cardroom.handrecord.state_log import LogHand, read_state_log
from cardroom.ids import SeatIndex
from cardroom.money import BasisPoints, Krw
from node.rules import hand as rounds
from node.rules.actions import Action, ActionCause, Call, Check, Fold, RaiseTo
from node.rules.blinds import (
    HEADS_UP,
    AnteKind,
    Deal,
    DealtSeat,
    HandRules,
    PayingSeat,
    Positions,
    Post,
    PostKind,
    posts_of,
    straddle_of,
)
from node.rules.cards import FULL_BOARD, FULL_DECK, Card, format_cards, parse_cards
from node.rules.errors import IllegalAction
from node.rules.events import STREETS, Event
from node.rules.hand import Hand
from node.rules.rake import RakeRule
from node.tables.recording import phh_actions, phh_antes, phh_blinds, player_names, second_board

LOG_BLINDS = (50, 100)
LOG_STACK = 10_000
WHOLE_POT = BasisPoints(10_000)
EXIT_MISMATCH = 1
EXIT_UNREADABLE = 2


@attrs.frozen
class Step:
    """One recorded decision; None as ``seat`` where the record does not name the player."""

    seat: SeatIndex | None
    word: Word
    board_cards: int
    """How many board cards lay when it was taken."""
    amount: int = 0
    counts_whole_hand: bool = False
    """Whether ``amount`` counts the chips of the whole hand instead of the street."""
    cause: ActionCause = ActionCause.PLAYER


@attrs.frozen
class RecordedHand:
    """One hand as recorded; players stand in dealing order. None: not recorded."""

    label: str
    rules: HandRules
    deal: Deal
    deck: tuple[Card, ...]
    board: tuple[Card, ...]
    steps: tuple[Step, ...]
    net: tuple[int, ...] | None
    rake: int | None = None
    own: OwnKeys | None = None


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
    is_phh = path.suffix in (".phh", ".phhs")
    for written in read_phh(text) if is_phh else read_state_log(text):
        try:
            yield _phh_hand(written) if isinstance(written, PhhHand) else _log_hand(written)
        except UnreadableError as trouble:
            raise UnreadableError(f"{_label(written)}: {trouble}") from trouble


def replay(recorded: Sequence[RecordedHand]) -> Report:
    """Play all hands and collect what does not agree."""
    found = ((hand.label, _replay_hand(hand)) for hand in recorded)
    return Report(len(recorded), tuple(f"{label}: {trouble}" for label, trouble in found if trouble))


def _replay_hand(recorded: RecordedHand) -> str | None:
    """Play one hand; give what does not agree, or None."""
    hand, events = rounds.start(recorded.rules, recorded.deal, recorded.deck)
    happened = list(events)
    for number, step in enumerate(recorded.steps, start=1):
        if hand.seat_to_act is None:
            return f"action {number} comes after the end of the hand"
        if step.seat not in (None, hand.seat_to_act):
            return f"action {number} is by {_name(hand, step.seat)}, but {_to_act(hand)} is to act"
        if step.board_cards != len(hand.board):
            return f"action {number} is taken at {step.board_cards} board cards instead of {len(hand.board)}"
        try:
            hand, events = _take(hand, hand.seat_to_act, step)
        except IllegalAction as refusal:
            return f"action {number} ({step.word.value}) is refused: {refusal.reason.value}"
        happened += events
    was_asked = hand.awaiting_run_it_twice
    if was_asked:
        hand, events = rounds.agree_run_twice(
            hand, recorded.own is not None and bool(recorded.own.runs_twice)
        )
        happened += events
    if not hand.is_over:
        return f"the record ends while {_to_act(hand)} is to act"
    if recorded.rules.run_it_twice and not was_asked:
        return "it was asked whether to run it twice, but not all are all-in"
    trouble = _compare(recorded, hand)
    if trouble is None and recorded.own is not None:
        return _compare_own(recorded.own, hand, happened)
    return trouble


def _take(hand: Hand, seat: SeatIndex, step: Step) -> rounds.Step:
    match step.cause:
        case ActionCause.TIME_OUT:
            return rounds.time_out(hand, seat)
        case ActionCause.LEAVING:
            return rounds.mark_leaving(hand, seat)
        case ActionCause.PLAYER:
            return rounds.apply(hand, seat, _action_of(hand, step))


def _compare(recorded: RecordedHand, hand: Hand) -> str | None:
    if hand.board != recorded.board:
        return f"board {format_cards(hand.board)} instead of {format_cards(recorded.board)}"
    settled = rounds.settlement(hand)
    if recorded.rake not in (None, settled.rake):
        return f"rake {settled.rake} instead of {recorded.rake}"
    net = tuple(part.net for part in settled.seats)
    if recorded.net not in (None, net):
        return f"net {list(net)} instead of {list(recorded.net or ())}"
    return None


def _compare_own(own: OwnKeys, hand: Hand, happened: Sequence[Event]) -> str | None:
    """Write the hand down again: what our own record says has to be just that."""
    second = second_board(happened)
    if second != own.second_board:
        return f"second board {second} instead of {own.second_board}"
    again = phh_actions(happened, player_names([player.seat for player in hand.players]))
    for number, (played, written) in enumerate(zip(again, own.action_texts, strict=False), start=1):
        if played != written:
            return f"line {number} of the actions is {played!r} instead of {written!a}"
    if len(again) != len(own.action_texts):
        return f"{len(again)} lines of actions instead of {len(own.action_texts)}"
    return None if own.is_intact else "the record has been changed: its checksum is another one"


def _action_of(hand: Hand, step: Step) -> Action:
    legal = hand.legal
    assert legal is not None, "a step is taken when somebody is to act"
    match step.word:
        case Word.FOLD:
            return Fold()
        case Word.CHECK_OR_CALL:
            return Check() if legal.can_check else Call()
        case _:
            player = hand.player(legal.seat)
            before = player.contribution - player.street_bet if step.counts_whole_hand else 0
            return RaiseTo(Krw(step.amount - before))


def _name(hand: Hand, seat: SeatIndex | None) -> str:
    return "nobody" if seat is None else player_names([player.seat for player in hand.players])[seat]


def _to_act(hand: Hand) -> str:
    return f"player {_name(hand, hand.seat_to_act)}"


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


def _stack_deck(holes: Sequence[tuple[Card, ...]], board: tuple[Card, ...], key: str) -> tuple[Card, ...]:
    """Put the known cards where they are dealt; what was never dealt comes from the rest of the deck.

    ``key`` is where the cards stand in the file.
    """
    known = [hole[0] for hole in holes] + [hole[1] for hole in holes] + list(board)
    if len(set(known)) < len(known):
        raise UnreadableError(f"{key}: a card is dealt twice")
    return (*known, *(card for card in FULL_DECK if card not in known))


def _label(written: PhhHand | LogHand) -> str:
    return f"hand {written.name}" if isinstance(written, PhhHand) else written.name


def _log_hand(written: LogHand) -> RecordedHand:
    small, big = LOG_BLINDS
    rules = HandRules(small_blind=Krw(small), big_blind=Krw(big))
    board = parse_cards(written.board)
    return RecordedHand(
        label=_label(written),
        rules=rules,
        deal=_deal_of(rules, (LOG_STACK,) * len(written.holes)),
        deck=_stack_deck([parse_cards(hole) for hole in written.holes], board, "cards"),
        board=board,
        steps=tuple(
            Step(None, action.word, STREETS[action.street].board_after, action.amount, counts_whole_hand=True)
            for action in written.actions
        ),
        net=written.net,
    )


def _phh_hand(written: PhhHand) -> RecordedHand:
    rules, deal = _foreign_terms(written) if written.own is None else _own_terms(written, written.own)
    seats = tuple(player.seat for player in deal.players)
    holes: list[tuple[Card, ...]] = [()] * len(seats)
    board: tuple[Card, ...] = ()
    steps: list[Step] = []
    for action in written.actions:
        match action.word, action.place:
            case Word.HOLE_CARDS, int(place):
                holes[place] = parse_cards(action.cards)
            case Word.BOARD, _:
                board += parse_cards(action.cards)
            case ((Word.FOLD | Word.CHECK_OR_CALL | Word.BET_OR_RAISE), int(place)):
                steps.append(_step(action, seats[place], len(board), is_own=written.own is not None))
    if () in holes:
        raise UnreadableError(f"actions: no hole cards for p{holes.index(()) + 1}")
    second = parse_cards(written.own.second_board) if written.own is not None else ()
    if len(board) > FULL_BOARD or (second and len(board) < FULL_BOARD):
        raise UnreadableError(
            "actions: a board has five cards, and the first one is whole before a second one"
        )
    finishing, starting = written.finishing_stacks, written.starting_stacks
    return RecordedHand(
        label=_label(written),
        rules=rules,
        deal=deal,
        deck=_stack_deck(holes, board + second, "actions, _second_board" if second else "actions"),
        board=board,
        steps=tuple(steps),
        net=finishing and tuple(after - before for after, before in zip(finishing, starting, strict=True)),
        rake=written.rake,
        own=written.own,
    )


def _step(action: PhhAction, seat: SeatIndex, board_cards: int, *, is_own: bool) -> Step:
    known = is_own and action.note in {cause.value for cause in ActionCause}
    cause = ActionCause(action.note) if known else ActionCause.PLAYER
    return Step(seat, action.word, board_cards, action.amount, cause=cause)


def _own_terms(written: PhhHand, own: OwnKeys) -> tuple[HandRules, Deal]:
    """Give the terms of our own record, which says who posted what and why."""
    seats = tuple(SeatIndex(seat) for seat in own.seats)
    kinds = {kind.value: kind for kind in PostKind}
    if not all(post.kind in kinds for post in own.posts):
        raise UnreadableError("_posts: unknown kind of post")
    posts = tuple(Post(seats[post.place], kinds[post.kind], Krw(post.amount)) for post in own.posts)
    of_kind = {post.kind: post for post in posts}
    if PostKind.BIG_BLIND not in of_kind:
        raise UnreadableError("_posts: no big blind")
    small = of_kind.get(PostKind.SMALL_BLIND)
    rake = _rake_rule(written)
    big_blind = of_kind[PostKind.BIG_BLIND]
    rules = HandRules(
        small_blind=big_blind.amount if small is None else min(small.amount, big_blind.amount),
        big_blind=big_blind.amount,
        straddle=PostKind.STRADDLE in of_kind,
        rake=rake,
        heads_up_rake=rake,
        run_it_twice=own.runs_twice is not None,
    )
    _check_posts(rules, posts, own)
    if phh_blinds(posts, seats) != written.blinds or phh_antes(posts, seats) != written.antes:
        raise UnreadableError("_posts: not those of blinds_or_straddles and antes")
    players = tuple(
        DealtSeat(seat, Krw(stack)) for seat, stack in zip(seats, written.starting_stacks, strict=True)
    )
    small_seat = None if small is None else small.seat
    return rules, Deal(SeatIndex(own.button), small_seat, big_blind.seat, players, posts)


def _check_posts(rules: HandRules, posts: Sequence[Post], own: OwnKeys) -> None:
    big = rules.big_blind
    fixed = {
        PostKind.BIG_BLIND: own.big_blind,
        PostKind.LIVE_BLIND: big,
        PostKind.STRADDLE: straddle_of(rules),
    }
    if any(post.amount != fixed.get(post.kind, post.amount) for post in posts):
        raise UnreadableError("_posts: a big blind or straddle does not fit min_bet")
    if any(post.amount > big for post in posts if post.kind in (PostKind.SMALL_BLIND, PostKind.DEAD_BLIND)):
        raise UnreadableError("_posts: a small blind is above min_bet")
    once = [
        post.kind
        for post in posts
        if post.kind not in (PostKind.ANTE, PostKind.LIVE_BLIND, PostKind.DEAD_BLIND)
    ]
    if len(set(once)) < len(once) or len({(post.seat, post.kind) for post in posts}) < len(posts):
        raise UnreadableError("_posts: something is posted twice")


def _foreign_terms(written: PhhHand) -> tuple[HandRules, Deal]:
    """Give blinds, straddle and antes; what our tables do not know is unreadable."""
    small, big, *straddles = written.blinds
    straddled = bool(straddles) and straddles[0] == 2 * big
    if any(straddles[1 if straddled else 0 :]) or not 0 < small <= big:
        raise UnreadableError("blinds_or_straddles: not those of our tables")
    antes = written.antes
    if min(antes) < 0 or (len(set(antes)) > 1 and sum(antes) != antes[1]):
        raise UnreadableError("antes: neither per seat nor the big blind's")
    kind = AnteKind.PER_SEAT if len(set(antes)) == 1 else AnteKind.BIG_BLIND
    rake = _rake_rule(written)
    rules = HandRules(
        small_blind=Krw(small),
        big_blind=Krw(big),
        ante=Krw(antes[1]),
        ante_kind=kind if antes[1] else AnteKind.NONE,
        straddle=straddled,
        rake=rake,
        heads_up_rake=rake,
    )
    return rules, _deal_of(rules, written.starting_stacks)


def _rake_rule(written: PhhHand) -> RakeRule:
    """Give the rule of the rake; the oldest records say what was taken: the whole pot, capped at that."""
    if written.own is not None and written.own.rake_rule is not None:
        ratio, cap = written.own.rake_rule
        return RakeRule(BasisPoints(ratio), Krw(cap))
    if written.rake is not None and written.rake < 0:
        raise UnreadableError("_rake: below zero")
    return RakeRule(WHOLE_POT, Krw(written.rake or 0))


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
