"""What the house gives back of a player's rake, once a week."""

from datetime import date
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import MAX_AMOUNT, Transfer, rakeback_transfer

_MONDAY: Final = 0


@frozen
class Rakeback:
    """``amount`` won for the hands of one player in the week that began on ``monday``."""

    user_id: UserId
    monday: date
    amount: Krw

    def __attrs_post_init__(self) -> None:
        assert self.monday.weekday() == _MONDAY, "weeks begin on Monday (house rule 41)"


def give_rakeback(rakeback: Rakeback, *, is_everything_frozen: bool) -> Transfer:
    """Give the transfer. Denied: amount too small or too large, or everything is frozen (it may come later).

    A player who is frozen gets it: it was earned, and stays in the wallet.
    """
    if is_everything_frozen:
        raise Denied(Denial.FROZEN)
    if rakeback.amount < 1:
        raise Denied(Denial.AMOUNT_TOO_SMALL)
    if rakeback.amount > MAX_AMOUNT:
        raise Denied(Denial.AMOUNT_TOO_LARGE)
    return rakeback_transfer(rakeback.user_id, rakeback.amount)
