"""How the statements about withdrawals on their way have to be carried out; see ``expected``."""

from collections.abc import Mapping
from typing import Final

from tests.prove.expectations import ADDS, FAR, Expected, by

_OPEN: Final = Expected(why="withdrawals that have not ended are few, and have indexes of their own")

PAYOUTS: Final[Mapping[str, Mapping[str, Expected]]] = {
    "wallet_worker.store.approve_withdrawals": {
        "APPROVED_TODAY": by("withdrawal_of_player", _2="Asia/Seoul"),
        "COUNT_APPROVALS": Expected(why="the votes on one withdrawal, by the key"),
        "_APPROVE": by("withdrawal_pkey"),
        "_REVIEW": by("withdrawal_pkey"),
    },
    "wallet_worker.store.book_payout": {"_CONFIRM": by("withdrawal_pkey")},
    "wallet_worker.store.claim_payout": {
        "_CLAIM": by("withdrawal_pkey"),
        "_GIVE_BACK": by("withdrawal_pkey"),
        "_TAKE_OVER": by("withdrawal_pkey"),
    },
    "wallet_worker.store.decide_payout": {
        "COUNT_WORDS": Expected(why="the words about one attempt, by the key"),
        "_ADD_WORD": ADDS,
    },
    "wallet_worker.store.due_withdrawals": {
        "FIND_UNSERVED": _OPEN,
        "TAKE_APPROVED": _OPEN,
        "TAKE_FOLLOWED": _OPEN,
        "TAKE_WAITING": _OPEN,
    },
    "wallet_worker.store.end_payout": {
        "_DOUBT": by("withdrawal_pkey"),
        "_FAIL": by("withdrawal_pkey"),
        "_HURRY": by("withdrawal_pkey"),
        "_KEEP_TASK": by("withdrawal_pkey"),
        "_SENT": by("withdrawal_pkey"),
    },
    "wallet_worker.store.list_withdrawals": {
        "LIST_ALARMED": Expected(why="the few of which something else was told, by the key"),
        "LIST_NEWEST": by("withdrawal_pkey", "outside_payment_pkey", "account_owner_key", _1=FAR, _2=50),
        "LIST_OF_STATE": by("outside_payment_pkey", _1=FAR, _2=50, _3="waiting"),
        "TRAVEL_RULE": by("withdrawal_pkey"),
        "VOTES": Expected(why="the votes on one withdrawal, by the key"),
        "WORDS": Expected(why="the words about one withdrawal, by the key"),
    },
    "wallet_worker.store.payer_standing": {
        "SENT_TODAY": by("withdrawal_sent", _1="BTC", _2="Asia/Seoul"),
        "_STANDING": by("player_pkey", "block_user"),
    },
    "wallet_worker.store.payout_alarms": {
        "ALARMS": Expected(why="what was told of one withdrawal, by the key"),
        "_KEEP": ADDS,
    },
    "wallet_worker.store.payout_figures": {
        "COUNT_STATES": _OPEN,
    },
    "wallet_worker.store.vote_withdrawal": {
        "_ADD_FLAG": by("withdrawal_pkey"),
        "_ADD_VOTE": ADDS,
        "_REJECT": by("withdrawal_pkey"),
    },
    "wallet_worker.store.withdrawal_rows": {
        "FIND_ROW": by("withdrawal_pkey", "outside_payment_pkey"),
        "LOCK_ROW": by("withdrawal_pkey", "outside_payment_pkey"),
        "PUT_OFF": Expected(why="one withdrawal, by its key, or among the few of its state"),
    },
}
