"""How the router's statements have to be carried out; see ``expected.py``."""

from collections.abc import Mapping
from typing import Final

from tests.prove.expectations import ADDS, ASKS, FAR, Expected, by

ROUTER: Final[Mapping[str, Mapping[str, Expected]]] = {
    "shard_router.store.accounts": {
        "_REGISTER": ADDS,
        "_IS_EMAIL_TAKEN": by("player_email_key"),
        "_FIND": by("player_email_key", "registration_email"),
        "_FIND_BY_ID": by("player_pkey"),
        "_STANDING": by("player_pkey"),
        "_REPLACE_HASH": by("player_pkey"),
    },
    "shard_router.store.blocks": {
        "_ADD_BLOCK": ADDS,
        "_END_SESSIONS": by("session_of_user"),
        "_FIND_PLAYER": by("player_pkey"),
        "_REMOVE_BLOCK": by("block_not_removed"),
        "LIST_BLOCKS": by("block_pkey", _1=FAR, _2=50),
        "LIST_STANDING_BLOCKS": by("block_not_removed", _1=FAR, _2=50),
    },
    "shard_router.store.find_players": {
        "FIND_PLAYER": by("player_pkey"),
        "LIST_BLOCKS_OF": by("block_user"),
        "LIST_BY_EMAIL": by("player_email_order", _1="al", _2="", _3=50),
        "LIST_BY_NICKNAME": by("player_nickname_order", _1="al", _2="", _3=50),
    },
    "shard_router.store.list_tables": {
        "FIND_TABLE": by("game_table_pkey"),
        "LIST_TABLES": by("game_table_pkey", _1=0, _2=50, _3=None, _4=None, _5="open"),
    },
    "shard_router.store.protection": {
        "READ_EXCLUSION": by("player_pkey"),
        "READ_TERMS": by("player_term_newest"),
        "_ADD_TERM": ADDS,
        "_EXCLUDE": by("player_pkey"),
        "_LOCK_PLAYER": by("player_pkey"),
    },
    "shard_router.store.logins": {
        "_LOCK_PLAYER": by("player_pkey"),
        "_OPEN_SESSION": ADDS,
        "_END_OLDEST": by("session_of_user", "session_pkey", _2=100),
        "_END_SESSION": by("session_pkey"),
        "_END_ONE": by("session_id_key"),
        "_END_ALL": by("session_of_user"),
        "_TELL_SECOND_FACTOR": by("session_of_user"),
        "_STEP_UP": by("session_id_key"),
        "_LIST": by("session_of_user", _2=100),
        "_PURGE_SESSIONS": by("session_expires", "session_pkey", _1=500),
    },
    "shard_router.store.factors": {
        "_LOCK": by("player_pkey"),
        "_OFFER": ADDS,
        "_FIND_SEALED": by("second_factor_pkey"),
        "_TAKE_STEP": by("second_factor_pkey"),
        "_TAKE_RECOVERY": by("recovery_code_pkey"),
        "_ADD_RECOVERY": ADDS,
        "_TURN": by("player_pkey"),
        "_REMOVE": by("second_factor_pkey"),
        "_COUNT_RECOVERY": by("recovery_code_pkey"),
    },
    "shard_router.store.registrations": {
        "_LOCK_ADDRESS": ASKS,
        "_IS_NICKNAME_TAKEN": by("player_nickname_look_key"),
        "_HAS_ACCOUNT": by("player_email_key"),
        "_ADD": by("registration_email"),
        "_TAKE": by("registration_pkey"),
        "_ADD_RESET": by("password_reset_user", _4=3),
        "_IS_RESET": by("password_reset_pkey"),
        "_TAKE_RESET": by("password_reset_pkey"),
        "_TAKE_OTHER_RESETS": by("password_reset_user"),
        "_SET_HASH": by("player_pkey"),
        "_PURGE_REGISTRATIONS": by("registration_expires", "registration_pkey", _1=500),
        "_PURGE_RESETS": by("password_reset_expires", "password_reset_pkey", _1=500),
    },
}
