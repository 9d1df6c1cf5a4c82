"""What the house takes of a pot, and whose share of it was whose."""

from collections.abc import Sequence

import attrs

from cardroom.money import BasisPoints, Krw, share_down, split_by_largest_remainder


@attrs.frozen
class RakeRule:
    """A ratio of the called pot, with a cap in won for the whole hand."""

    ratio: BasisPoints
    cap: Krw


NO_RAKE = RakeRule(ratio=BasisPoints(0), cap=Krw(0))


def rake_rule(ratio: BasisPoints, cap_big_blinds: int, big_blind: Krw) -> RakeRule:
    """Make the rule of a stake whose cap is written in big blinds (a straddle does not raise it)."""
    return RakeRule(ratio, Krw(cap_big_blinds * big_blind))


def rake_of(rule: RakeRule, called_pot: Krw, *, flop_was_dealt: bool) -> Krw:
    """Give the rake of a hand in won: once per hand, rounded down, never above the cap.

    "No flop, no drop": a hand that ends before the flop pays nothing.
    """
    if not flop_was_dealt:
        return Krw(0)
    return min(share_down(called_pot, rule.ratio), rule.cap)


def take_from_pots(rake: Krw, pots: Sequence[Krw]) -> tuple[Krw, ...]:
    """Divide the rake over the pots, main pot first, in proportion; the main pot bears the remainder.

    What a main pot of a few won cannot bear is borne by the next pot: no pot pays more than it holds.
    """
    total = sum(pots)
    if len(pots) == 1:
        return (rake,)
    if not rake:
        return tuple(Krw(0) for _ in pots)
    shares = [rake * pot // total for pot in pots]
    rest = rake - sum(shares)
    for place, pot in enumerate(pots):
        extra = min(rest, pot - shares[place])
        shares[place] += extra
        rest -= extra
    return tuple(Krw(share) for share in shares)


def contributed_rake(rake: Krw, shares: Sequence[Krw]) -> tuple[Krw, ...]:
    """Divide the rake over what each player has in the called pot, so that the parts sum exactly.

    ``shares`` stand in dealing order: a tie of remainders goes to the first seat left of the button.
    """
    return split_by_largest_remainder(rake, shares)
