"""Recorded hands read back from PHH text: our own records in full, other programs' as far as PHH goes.

This is about the form only: what a value has to look like. Whether it makes a hand, the rules know.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum, unique
from typing import Any

from attrs import frozen

from cardroom.handrecord.deck_proof import HASH_BYTES
from cardroom.handrecord.record import CHECKSUM_KEY, checksum_of

MIN_PLAYERS, MAX_PLAYERS = 2, 9
MAX_AMOUNT = 10**15
WHOLE_BASIS_POINTS = 10_000
FINEST = 100
"""Where fractions occur, amounts are read in hundredths."""

CARDS = r"(?:[2-9TJQKA][cdhs])"
_PLAYER = r"p[1-9]"


class UnreadableError(Exception):
    """The text is not in a format we read, or says something that cannot be a hand."""


@unique
class Word(Enum):
    """What an action of PHH is."""

    HOLE_CARDS = "dh"
    BOARD = "db"
    FOLD = "f"
    CHECK_OR_CALL = "cc"
    BET_OR_RAISE = "cbr"
    SHOW_OR_MUCK = "sm"


@frozen
class PhhAction:
    """One action; what does not belong to its word is None or empty."""

    word: Word
    place: int | None = None
    """Whose it is, from 0 in dealing order."""
    cards: str = ""
    amount: int = 0
    note: str = ""
    """The commentary behind the action."""


@frozen
class PhhPost:
    """One nominal post, by its name in the rules."""

    place: int
    kind: str
    amount: int


@frozen
class OwnKeys:
    """What only our own records say."""

    posts: tuple[PhhPost, ...]
    seats: tuple[int, ...]
    user_ids: tuple[int, ...]
    """Who the players are; empty where a record does not say."""
    button: int
    big_blind: int
    rake_rule: tuple[int, int] | None
    """Ratio in basis points, and cap."""
    runs_twice: bool | None
    """What was decided; None: nobody was asked whether to run it twice."""
    second_board: str
    action_texts: tuple[str, ...]
    commitment: bytes | None
    """What was promised of the deck; the oldest records do not say."""
    is_intact: bool
    """Whether the checksum, if there is one, is that of the values."""


@frozen
class PhhHand:
    """One hand as written; players stand in dealing order, amounts in won (fractions: in hundredths)."""

    name: str
    antes: tuple[int, ...]
    blinds: tuple[int, ...]
    starting_stacks: tuple[int, ...]
    finishing_stacks: tuple[int, ...] | None
    actions: tuple[PhhAction, ...]
    rake: int | None
    own: OwnKeys | None


def read_phh(text: str) -> Iterator[PhhHand]:
    """Read one hand, or several as numbered tables; what is wrong is said with its hand and key."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as trouble:
        raise UnreadableError(f"not TOML: {trouble}") from trouble
    tables = {"1": document} if "variant" in document else document
    if not tables:
        raise UnreadableError("the file holds no hand")
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise UnreadableError(f"{name!a} is no hand, and the file has no variant")
        try:
            yield _read_hand(ascii(name)[1:-1], table)
        except UnreadableError as trouble:
            raise UnreadableError(f"hand {ascii(name)[1:-1]}: {trouble}") from trouble


def _read_hand(name: str, table: Mapping[str, Any]) -> PhhHand:
    if table.get("variant") != "NT":
        raise UnreadableError(f"variant: {_told(table.get('variant'))} is not no-limit hold'em")
    stacks = _numbers(table, "starting_stacks")
    count = len(stacks)
    if not MIN_PLAYERS <= count <= MAX_PLAYERS or min(stacks) <= 0:
        raise UnreadableError("starting_stacks: two to nine players have chips")
    antes, blinds = _numbers(table, "antes", count), _numbers(table, "blinds_or_straddles", count)
    finishing = _numbers(table, "finishing_stacks", count) if "finishing_stacks" in table else None
    own = _read_own(table, count) if "_posts" in table else None
    texts = _texts(table, "actions")
    actions = [_action(text, count) for text in texts]
    raises = [amount for _, amount in actions]
    rake = _number(table, "_rake") if "_rake" in table else None
    money = [*antes, *blinds, *stacks, *(finishing or ()), *raises]
    scale = 1 if own is not None or all(amount == int(amount) for amount in money) else FINEST
    return PhhHand(
        name=name,
        antes=_scaled("antes", antes, scale),
        blinds=_scaled("blinds_or_straddles", blinds, scale),
        starting_stacks=_scaled("starting_stacks", stacks, scale),
        finishing_stacks=None if finishing is None else _scaled("finishing_stacks", finishing, scale),
        actions=tuple(
            PhhAction(action.word, action.place, action.cards, amount, action.note)
            for (action, _), amount in zip(actions, _scaled("actions", raises, scale), strict=True)
        ),
        rake=None if rake is None else _scaled("_rake", (rake,), scale)[0],
        own=own,
    )


def _read_own(table: Mapping[str, Any], count: int) -> OwnKeys:
    """Read our own keys; old records lack the commitment, the oldest also rake's rule, decision, checksum."""
    button, seats = _button_and_seats(table, count)
    runs_twice, second_board = _second_run(table)
    return OwnKeys(
        posts=tuple(_post(text, count) for text in _texts(table, "_posts")),
        seats=seats,
        user_ids=_user_ids(table, count),
        button=button,
        big_blind=_whole(table, "min_bet"),
        rake_rule=_rake_rule(table),
        runs_twice=runs_twice,
        second_board=second_board,
        action_texts=_texts(table, "actions"),
        commitment=_commitment(table),
        is_intact=_is_intact(table),
    )


def _button_and_seats(table: Mapping[str, Any], count: int) -> tuple[int, tuple[int, ...]]:
    button, seats = _whole(table, "_button_seat"), _scaled("seats", _numbers(table, "seats", count), 1)
    if not all(1 <= seat <= MAX_PLAYERS for seat in (button, *seats)):
        raise UnreadableError("seats, _button_seat: not seats of a table")
    # A ring of the most seats there are: clockwise stays clockwise when empty seats are added to it.
    distances = [(seat - button - 1) % MAX_PLAYERS for seat in seats]
    if distances != sorted(set(distances)):
        raise UnreadableError("seats, _button_seat: players do not stand in dealing order")
    return button - 1, tuple(seat - 1 for seat in seats)


def _user_ids(table: Mapping[str, Any], count: int) -> tuple[int, ...]:
    if "_user_ids" not in table:
        return ()
    return _scaled("_user_ids", _numbers(table, "_user_ids", count), 1)


def _second_run(table: Mapping[str, Any]) -> tuple[bool | None, str]:
    second_board = table.get("_second_board", "")
    if not isinstance(second_board, str) or not re.fullmatch(f"{CARDS}{{0,5}}", second_board):
        raise UnreadableError(f"_second_board: not cards: {_told(second_board)}")
    runs_twice = table.get("_run_it_twice", True if second_board else None)
    if not isinstance(runs_twice, bool | None):
        raise UnreadableError("_run_it_twice: neither true nor false")
    if bool(second_board) is not bool(runs_twice):
        raise UnreadableError("_second_board, _run_it_twice: do not fit each other")
    return runs_twice, second_board


def _rake_rule(table: Mapping[str, Any]) -> tuple[int, int] | None:
    if "_rake_basis_points" not in table:
        return None
    ratio, cap = _whole(table, "_rake_basis_points"), _whole(table, "_rake_cap")
    if not 0 <= ratio <= WHOLE_BASIS_POINTS or cap < 0:
        raise UnreadableError("_rake_basis_points, _rake_cap: not a rule of a rake")
    return ratio, cap


def _commitment(table: Mapping[str, Any]) -> bytes | None:
    if "_commitment" not in table:
        return None
    written = table["_commitment"]
    if not isinstance(written, str) or not re.fullmatch(f"[0-9a-f]{{{2 * HASH_BYTES}}}", written):
        raise UnreadableError(f"_commitment: not {HASH_BYTES} bytes: {_told(written)}")
    return bytes.fromhex(written)


def _is_intact(table: Mapping[str, Any]) -> bool:
    try:
        return CHECKSUM_KEY not in table or bool(table[CHECKSUM_KEY] == checksum_of(table))
    except (ValueError, RecursionError):  # a number too long to be written, lists in lists without end
        return False


def _post(text: str, count: int) -> PhhPost:
    if not (found := re.fullmatch(rf"({_PLAYER}) ([a-z_]+) ([1-9][0-9]{{0,14}})", text)):
        raise UnreadableError(f"_posts: unknown post {text!r}")
    return PhhPost(_place(found[1], count, "_posts"), found[2], int(found[3]))


def _action(text: str, count: int) -> tuple[PhhAction, Decimal]:
    """Read one action, and apart from it its amount, whose unit is not known yet."""
    words, _, note = (part.strip() for part in text.partition("#"))
    nothing = Decimal(0)
    match words.split():
        case ["d", "dh", player, cards] if re.fullmatch(f"{CARDS}{{2}}", cards):
            return PhhAction(Word.HOLE_CARDS, _place(player, count), cards, note=note), nothing
        case ["d", "db", cards] if re.fullmatch(f"{CARDS}{{1,5}}", cards):
            return PhhAction(Word.BOARD, cards=cards, note=note), nothing
        case [player, ("f" | "cc") as word]:
            return PhhAction(Word(word), _place(player, count), note=note), nothing
        case [player, "cbr", amount]:
            return PhhAction(Word.BET_OR_RAISE, _place(player, count), note=note), _amount("actions", amount)
        case [player, "sm", *cards]:
            shown = "".join(cards)
            return PhhAction(Word.SHOW_OR_MUCK, _place(player, count), shown, note=note), nothing
        case []:
            return PhhAction(Word.SHOW_OR_MUCK, note=note), nothing
        case _:
            raise UnreadableError(f"actions: unknown action {text!r}")


def _place(player: str, count: int, key: str = "actions") -> int:
    if not re.fullmatch(_PLAYER, player) or int(player[1:]) > count:
        raise UnreadableError(f"{key}: unknown player {player!r}")
    return int(player[1:]) - 1


def _value(table: Mapping[str, Any], key: str) -> Any:
    if key not in table:
        raise UnreadableError(f"{key}: missing")
    return table[key]


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = _value(table, key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UnreadableError(f"{key}: not a list of texts")
    return tuple(values)


def _numbers(table: Mapping[str, Any], key: str, count: int | None = None) -> tuple[Decimal, ...]:
    values = _value(table, key)
    if not isinstance(values, list) or (count is not None and len(values) != count):
        raise UnreadableError(f"{key}: not one number for each player")
    return tuple(_amount(key, value) for value in values)


def _number(table: Mapping[str, Any], key: str) -> Decimal:
    return _amount(key, _value(table, key))


def _whole(table: Mapping[str, Any], key: str) -> int:
    return _scaled(key, (_number(table, key),), 1)[0]


def _amount(key: str, value: object) -> Decimal:
    """Read a number of any form; what no table plays for is refused before it is reckoned with."""
    try:
        amount = Decimal(value if isinstance(value, int | str) else str(value))
    except ArithmeticError as trouble:
        raise UnreadableError(f"{key}: not a number: {_told(value)}") from trouble
    if isinstance(value, bool) or not amount.is_finite() or abs(amount) > MAX_AMOUNT:
        raise UnreadableError(f"{key}: not an amount: {_told(value)}")
    return amount


def _told(value: object) -> str:
    """Name a value that is wrong, however large it is."""
    return ascii(value[:60]) if isinstance(value, str) else f"a value of type {type(value).__name__}"


def _scaled(key: str, amounts: tuple[Decimal, ...] | list[Decimal], scale: int) -> tuple[int, ...]:
    scaled = [amount * scale for amount in amounts]
    if any(amount != int(amount) for amount in scaled):
        raise UnreadableError(f"{key}: finer than {'a hundredth' if scale == FINEST else 'whole numbers'}")
    return tuple(int(amount) for amount in scaled)
