"""How statements about withdrawals that are asked for, and about rates, have to be carried out."""

from collections.abc import Mapping
from typing import Final

from tests.prove.expectations import A_ROW_A_COIN, ADDS, ASKS, FAR, Expected, by

WITHDRAWALS: Final[Mapping[str, Mapping[str, Expected]]] = {
    "wallet_worker.store.cancel_withdrawal": {
        "_CANCEL": by("withdrawal_pkey"),
        "_LOCK": by("withdrawal_of_player"),
        "_READ_WALLETS": by("account_user_id"),
    },
    "wallet_worker.store.coin_rates": {
        "LOCK_RATE": A_ROW_A_COIN,
        "READ_RATE": A_ROW_A_COIN,
        "READ_RATES": A_ROW_A_COIN,
        "_ACCEPT": A_ROW_A_COIN,
        "_END_STOP": A_ROW_A_COIN,
        "_NOTE_USED": A_ROW_A_COIN,
        "_STOP": A_ROW_A_COIN,
    },
    "wallet_worker.store.payout_addresses": {
        "FIND_LISTED": by("payout_address_key"),
        "FIND_OURS": by("deposit_address_by_address"),
        "LIST_ADDRESSES": by("payout_address_key"),
        "_ADD": ADDS,
        "_COUNT_LISTED": by("payout_address_of_player"),
        "_LOCK_LIST": ASKS,
        "_REMOVE": by("payout_address_of_player"),
    },
    "wallet_worker.store.read_withdrawals": {
        "FIND_WITHDRAWAL": by("withdrawal_of_player", "payout_address_pkey"),
        "LIST_WITHDRAWALS": by("withdrawal_of_player", "payout_address_pkey", _2=FAR, _3=50),
    },
    "wallet_worker.store.recent_wins": {
        "RECENT_WINS": by(
            "account_owner_key", "entry_pkey", "entry_transfer_key", "account_pkey", _2=7, _3=5000, _4=1
        ),
    },
    "wallet_worker.store.request_withdrawal": {
        "_ADD_WITHDRAWAL": ADDS,
        "_IS_BLOCKED": by("block_user"),
    },
    "wallet_worker.store.withdrawn_today": {
        "ASKED_TODAY": by("withdrawal_requested", _2="Asia/Seoul"),
    },
}
