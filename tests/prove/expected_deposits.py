"""How each statement about coins that come in has to be carried out on a large ledger."""

from collections.abc import Mapping
from typing import Final

from tests.prove.expectations import ADDS, ASKS, FAR, Expected, by

_BTC: Final = {1: "BTC", 3: 15.0}

DEPOSITS: Final[Mapping[str, Mapping[str, Expected]]] = {
    "wallet_worker.store.chain_deposits": {
        "WAITING": by("chain_deposit_by_state"),
        "_ADD": ADDS,
        "_CHANGE": by("chain_deposit_pkey"),
        "_CLAIM": by("chain_deposit_due", _1=8, _2=30.0),
        "_LOCK": by("chain_deposit_pkey"),
        "_LOCK_OUTPUTS": by("chain_deposit_key"),
        "_LOCK_TRANSACTIONS": ASKS,
        "_PUT_OFF": Expected(
            why="from the few on their way, or by the address: whichever are fewer", values=_BTC
        ),
        "_RENEW": Expected(why="by their numbers, or from the few that are claimed", values={2: 30.0}),
    },
    "wallet_worker.store.deposit_addresses": {
        "CLAIM_LOOKS": by("deposit_address_look", _1="shkeeper", _2=8, _3=60.0, _4=86400.0),
        "FIND_AT": by("deposit_address_by_address"),
        "FIND_OF_PLAYER": by("deposit_address_of_player", _2="BTC"),
        "FIND_STANDING": by("player_pkey"),
        "HURRY_LOOK": by("deposit_address_key"),
        "_KEEP": Expected(why="by its number, or from the few that have no address yet"),
        "_RESERVE": ADDS,
        "_RETIRE": by("deposit_address_of_player", _2="BTC"),
        "_WANT": by("deposit_address_pkey"),
    },
    "wallet_worker.store.read_deposits": {
        "FIND_DEPOSIT": by("chain_deposit_pkey"),
        "FIND_OF_PAYMENT": by("chain_deposit_payment_id_key"),
        "LIST_ALARMED": by("chain_deposit_alarms", _1=FAR, _2=50),
        "LIST_ALL": by("chain_deposit_pkey", _1=FAR, _2=50),
        "LIST_BOOKED_AT": by("chain_deposit_at_address", _1="BTC", _3=3600.0),
        "LIST_OF_PLAYER": by("chain_deposit_of_player", _2=FAR, _3=50),
        "LIST_OF_STATE": by("chain_deposit_by_state", _1=FAR, _2=50, _3="review"),
    },
    "wallet_worker.store.webhook_deliveries": {
        "IS_TAKEN": by("webhook_delivery_pkey"),
        "_TAKE": ADDS,
    },
}
