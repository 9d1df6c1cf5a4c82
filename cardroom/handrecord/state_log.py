"""Recorded hands read from logs of lines ``STATE:n:actions:cards:net:players``, the form of AI matches.

The actions of the streets are divided by slashes: ``f`` folds, ``c`` checks or calls, ``r500`` bets or raises
to 500 chips put in over the whole hand. The cards are those of the players, then the board, street by street.
"""

import re
from collections.abc import Iterator

from attrs import frozen

from cardroom.handrecord.reading import CARDS, MAX_PLAYERS, UnreadableError, Word

MIN_PLAYERS = 3
STREETS = 4
MAX_DIGITS = 15


@frozen
class LogAction:
    """One decision; ``street`` counts from 0, ``amount`` is what was put in over the whole hand."""

    word: Word
    street: int
    amount: int = 0


@frozen
class LogHand:
    """One line; players stand in dealing order."""

    name: str
    holes: tuple[str, ...]
    board: str
    actions: tuple[LogAction, ...]
    net: tuple[int, ...]


def read_state_log(text: str) -> Iterator[LogHand]:
    """Read all lines; what is wrong is said with its line."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        raise UnreadableError("the file holds no hand")
    for number, line in lines:
        try:
            yield _read_line(number, line.strip())
        except UnreadableError as trouble:
            raise UnreadableError(f"line {number}: {trouble}") from trouble


def _read_line(number: int, line: str) -> LogHand:
    fields = line.split(":")
    if len(fields) != len(["STATE", "n", "actions", "cards", "net", "players"]) or fields[0] != "STATE":
        raise UnreadableError("not of the form STATE:n:actions:cards:net:players")
    _, name, actions, cards, net, players = fields
    hole_text, *board = cards.split("/")
    holes, nets = hole_text.split("|"), net.split("|")
    if not MIN_PLAYERS <= len(holes) == len(nets) == len(players.split("|")) <= MAX_PLAYERS:
        raise UnreadableError("cards, nets and players do not fit each other")
    if not all(re.fullmatch(f"{CARDS}{{2}}", hole) for hole in holes):
        raise UnreadableError("cards: a player has other than two")
    if not re.fullmatch(f"{CARDS}{{0,5}}", "".join(board)):
        raise UnreadableError("cards: not a board")
    if not all(re.fullmatch(rf"-?[0-9]{{1,{MAX_DIGITS}}}", amount) for amount in nets):
        raise UnreadableError("net: not amounts")
    return LogHand(
        name=f"line {number} (hand {ascii(name)[1:-1]})",
        holes=tuple(holes),
        board="".join(board),
        actions=tuple(_read_actions(actions)),
        net=tuple(int(amount) for amount in nets),
    )


def _read_actions(text: str) -> Iterator[LogAction]:
    streets = text.split("/")
    if not re.fullmatch(rf"(f|c|r[0-9]{{1,{MAX_DIGITS}}}|/)*", text) or len(streets) > STREETS:
        raise UnreadableError(f"actions: unknown action in {text[:60]!a}")
    for street, words in enumerate(streets):
        for word in re.findall(r"f|c|r[0-9]+", words):
            match word[0]:
                case "r":
                    yield LogAction(Word.BET_OR_RAISE, street, int(word[1:]))
                case "f":
                    yield LogAction(Word.FOLD, street)
                case _:
                    yield LogAction(Word.CHECK_OR_CALL, street)
