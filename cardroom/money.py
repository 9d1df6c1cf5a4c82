"""Whole won, and the only ways to divide them.

Money is never a float or a Decimal. Every division says how it rounds and who gets the rest.
"""

from collections.abc import Sequence
from typing import NewType

Krw = NewType("Krw", int)
"""An amount of South Korean won; the smallest unit is one won."""

BasisPoints = NewType("BasisPoints", int)
"""A ratio in ten-thousandths: 500 is five percent."""

_WHOLE = 10_000


def format_krw(amount: Krw) -> str:
    """Write an amount as people read it: ``₩10,000``, ``-₩500``."""
    sign = "-" if amount < 0 else ""
    return f"{sign}₩{abs(amount):,}"


def share_down(amount: Krw, ratio: BasisPoints) -> Krw:
    """Give ``ratio`` of an amount that is not negative, rounded down to whole won."""
    assert amount >= 0, "a share is taken of an amount that is not negative"
    return Krw(amount * ratio // _WHOLE)


def split_evenly(amount: Krw, parts: int) -> tuple[Krw, ...]:
    """Split into ``parts`` amounts that sum exactly; odd won go one each to the first parts."""
    assert amount >= 0, "only an amount that is not negative can be split"
    assert parts > 0, "a split needs somebody who receives it"
    if parts == 1:
        return (amount,)
    each, odd = divmod(amount, parts)
    return (Krw(each + 1),) * odd + (Krw(each),) * (parts - odd)


def split_by_largest_remainder(amount: Krw, weights: Sequence[int]) -> tuple[Krw, ...]:
    """Split in proportion to ``weights`` so that the parts sum exactly.

    Each part is rounded down; the won left over go one each to the largest remainders, ties to the
    earlier weight. All weights zero is allowed only for an amount of zero.
    """
    if amount == 0:
        return (Krw(0),) * len(weights)
    total = sum(weights)
    assert amount > 0, "only an amount that is not negative can be split"
    assert total > 0, "an amount above zero needs a weight above zero"
    parts = [Krw(amount * weight // total) for weight in weights]
    odd = amount - sum(parts)
    if odd:
        remainders = [amount * weight % total for weight in weights]
        largest_first = sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)
        for index in largest_first[:odd]:
            parts[index] = Krw(parts[index] + 1)
    return tuple(parts)
