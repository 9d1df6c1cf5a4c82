"""What is text that others are shown: of any language, with emoji, and nothing in it that cannot be seen."""

import unicodedata
from typing import Final

from cardroom.wire.refusals import Refusal
from node.tables.denied import Denied

_NO_TEXT: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories: control, format, half a surrogate pair, private, unassigned, what breaks lines."""
_JOINER: Final = "\u200d"
"""The one format character that emoji need: a family is people, joined. It ends no row of marks."""
_PICTURES: Final = range(0x1F000, 0x1FB00)
"""Unicode keeps these for emoji: those of next year are unassigned to us, and readable to others."""
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
"""Letters and signs that show nothing: fillers of Hangul, the empty Braille pattern."""
_UNREADABLE: Final = "!"
_MARKS: Final = 4
"""More marks on one letter than any script wants reach into other players' lines."""


def clean_text(text: str, most_letters: int) -> str:
    """Give a text as it is shown to others, in form NFC; refused: empty, too long, not to be read.

    Bidirectional overrides are format characters, and refused with them: they make others' words look
    different from what was written.
    """
    cleaned = unicodedata.normalize("NFC", text).strip()
    kinds = "".join(_kind(letter) for letter in cleaned if letter != _JOINER)
    if len(cleaned) > most_letters or _UNREADABLE in kinds or "M" * (_MARKS + 1) in kinds:
        raise Denied(Refusal.TEXT_NOT_ALLOWED)
    if not set("LNPS").intersection(kinds):
        raise Denied(Refusal.TEXT_NOT_ALLOWED)
    return cleaned


def _kind(letter: str) -> str:
    """Give the first letter of a character's category: letter, mark, number, punctuation, sign, separator."""
    category = unicodedata.category(letter)
    if category == "Cn" and ord(letter) in _PICTURES:
        return "S"
    if letter in _BLANKS or category in _NO_TEXT:
        return _UNREADABLE
    return category[0]
