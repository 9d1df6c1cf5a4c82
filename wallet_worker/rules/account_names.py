"""How administrators name accounts: ``wallet:17``, ``rake:0``, ``deposit_clearing:BTC``, ``promotions``."""

import re
from typing import Final

from cardroom.ids import ShardId, UserId
from wallet_worker.rules.accounts import AccountKey, AccountKind
from wallet_worker.rules.coins import COINS

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")

_OF_USERS: Final = frozenset({AccountKind.WALLET, AccountKind.PENDING_WITHDRAWAL})
_OF_COINS: Final = frozenset({AccountKind.DEPOSIT_CLEARING, AccountKind.WITHDRAWAL_CLEARING})
_ALONE: Final = frozenset({AccountKind.RAKEBACK, AccountKind.PROMOTIONS, AccountKind.ROUNDING})

_LARGEST_ID: Final = 2**63 - 1
_LARGEST_SHARD: Final = 2**31 - 1


def read_account_name(name: str) -> AccountKey | None:
    """Give the account that a name means, and None for what is no name of one.

    An account of a table has no name here: its money lies in a node's memory too, and only commands of that
    node may move it.
    """
    word, colon, owner = name.partition(":")
    kind = next((one for one in AccountKind if one.value == word), None)
    if kind in _ALONE and not colon:
        return AccountKey(kind)
    if kind in _OF_COINS and owner in COINS:
        return AccountKey(kind, coin=owner)
    if kind in _OF_USERS and _number(owner, 1, _LARGEST_ID):
        return AccountKey(kind, user_id=UserId(int(owner)))
    if kind is AccountKind.RAKE and _number(owner, 0, _LARGEST_SHARD):
        return AccountKey(kind, shard=ShardId(int(owner)))
    return None


def account_name(key: AccountKey) -> str:
    """Give an account's name; one of a table, for reading only, is ``escrow:USER:TABLE``."""
    owners = (key.user_id, key.table_id, key.shard, key.coin)
    return ":".join([key.kind.value, *(str(owner) for owner in owners if owner is not None)])


def _number(text: str, smallest: int, largest: int) -> bool:
    return _NUMBER.fullmatch(text) is not None and smallest <= int(text) <= largest
