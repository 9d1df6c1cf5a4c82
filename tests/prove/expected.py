"""How each statement of the product has to be carried out on a large ledger; ``test_plans`` checks it.

A statement that is not here fails that test: look at its plan, and write down the indexes that it uses. What
reads a large table from one end to the other says why it may.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import field, frozen

from tests.prove.plans import AS_MANY

_NOW: Final = datetime.now(UTC)
_WEEK_AGO: Final = _NOW - timedelta(days=7)
_FAR: Final = 2**62


@frozen
class Expected:
    """What is expected of a statement's plan."""

    uses: frozenset[str] = frozenset()
    months: Mapping[str, int] = field(factory=dict)
    """Of each table, so many months may be read at most; the ledger has nine, six of them with rows."""
    values: Mapping[int, Any] = field(factory=dict)
    """Values that matter, by their numbers from 1; ``AS_MANY`` is as many as there are in arrays."""
    may_read: frozenset[str] = frozenset()
    """Large tables that it may read from one end to the other."""
    why: str = ""


def _by(*uses: str, months: Mapping[str, int] | None = None, **values: Any) -> Expected:
    """Give what uses these indexes; values are named by their numbers, as in ``_2=...``."""
    numbered = {int(name.removeprefix("_")): value for name, value in values.items()}
    return Expected(frozenset(uses), months or {}, numbered)


def _reads(*tables: str, why: str) -> Expected:
    return Expected(may_read=frozenset(tables), why=why)


_FEW: Final = Expected(why="only tables of a few rows: shards and their progress, workers")
_ONE_ROW: Final = Expected(why="a table of one row")
_ADDS: Final = Expected(why="adds rows, and looks up nothing but the keys it must not repeat")
_ASKS: Final = Expected(why="reads no table")
_FINDS_FAULTS: Final = "verification reads everything, on purpose; checkpoints keep it short"

_STORE: Final[Mapping[str, Mapping[str, Expected]]] = {
    "cardroom.service.blocklist": {
        "BLOCK_CHANGES": Expected(why="a table of one row"),
        "STANDING_BLOCKS": Expected(why="what has not been taken away, read when something has changed"),
    },
    "cardroom.service.logins": {
        "FIND_SESSION": Expected(why="calls a function; its body is below, among the functions and views"),
    },
    "cardroom.service.player_freeze": {
        "FREEZE_PLAYER": Expected(why="calls a function of two rows by their keys")
    },
    "wallet_worker.audit.verify": {"_EXPORT": _ASKS, "_NOW": _ASKS},
    "wallet_worker.store.adjustments": {
        "LIST_ADJUSTMENTS": _by("adjustment_pkey", _1=_FAR, _2=50),
        "LIST_UNDECIDED": _by("adjustment_undecided", _1=_FAR, _2=50),
        "_ADD": _ADDS,
        "_DECIDE": _by("adjustment_pkey"),
        "_HAS_RAKE": _by("account_owner_key"),
        "_LOCK": _by("adjustment_pkey"),
        "_SUM_HELD": _by("outside_payment_user"),
    },
    "cardroom.service.admin_actions": {
        "LIST_ACTIONS": _by("admin_action_pkey", _1=_FAR, _2=50, _3=_WEEK_AGO, _4=_NOW),
        "LIST_ACTIONS_ABOUT": _by(
            "admin_action_subject", _1=_FAR, _2=50, _3=_WEEK_AGO, _4=_NOW, _5="user:17"
        ),
        "LIST_ACTIONS_BY": _by("admin_action_admin", _1=_FAR, _2=50, _3=_WEEK_AGO, _4=_NOW, _5="kim"),
        "LIST_ACTIONS_OF": _by("admin_action_action", _1=_FAR, _2=50, _3=_WEEK_AGO, _4=_NOW, _5="promotion"),
        "_ADD_ACTION": _ADDS,
        "_FIND_ACTION": _by("admin_action_key"),
        "_LOCK_KEY": _ASKS,
    },
    "wallet_worker.store.book_events": {
        "_ADD_PROGRESS": _ADDS,
        "_LOCK_PROGRESS": _FEW,
        "_NEXT_RECORDS": _by("transfer_batch", "hand_pkey", months={"transfer": 6}, _4=_WEEK_AGO, _5=AS_MANY),
        "_ADD_EVENTS": _ADDS,
        "_MOVE_PROGRESS": _FEW,
    },
    "wallet_worker.store.book_hands": {
        "_ADD_HANDS": _ADDS,
        "_ADD_RESULTS": _ADDS,
        "_MOVE_TABLES": Expected(why="a batch has hands of many of the tables, which are a thousand"),
    },
    "wallet_worker.store.bury_letter": {
        "_ADD_LETTER": _by("game_table_pkey"),
        "_HALT_TABLE": _by("game_table_pkey"),
    },
    "wallet_worker.store.checkpoints": {
        "_ADD_ACCOUNTS": _reads("account", why="a checkpoint holds every account"),
        "_ADD_CHECKPOINT": _ADDS,
        "_ADD_HEADS": _FEW,
        "_ADD_TABLES": Expected(why="a checkpoint holds every table, which are a thousand"),
        "_DIGEST": Expected(why="a checkpoint is read whole, and found by its number"),
        "_DRAW": _ASKS,
        "_HEADS": _FEW,
        "_IS_CUT": _reads("batch", why="verification looks for the oldest batch"),
        "_NEWEST": _FEW,
        "_OLDEST_COVERING": _reads("batch", why="verification of a ledger whose old months are gone"),
    },
    "wallet_worker.store.create_room": {
        "_ADD_ROOM": _ADDS,
        "_FIND_ROOM": _by("room_name_key"),
        "_CLOSE_ROOM": _by("room_pkey"),
        "_LIST_ROOMS": _by("room_status", _1="open", _2=_NOW, _3=_FAR, _4=50),
    },
    "wallet_worker.store.create_table": {
        "_ADD_TABLE": _by("room_name_key"),
        "_FIND_INVITATION": _by("game_table_pkey"),
        "_FIND_TABLE": _by("game_table_name_key", "room_pkey"),
        "_FIND_SHARD": _FEW,
        "_FIND_ROOM": _by("room_name_key"),
        "_LIST_TABLES": _by("game_table_pkey", _1=0, _2=50),
    },
    "wallet_worker.store.deposit_room": {
        "CAME_IN": _by("outside_payment_deposits", _3="Asia/Seoul"),
        "_STANDING": _by("player_pkey"),
    },
    "wallet_worker.store.find_first_batch": {"_FIRST_BATCH": _by("transfer_batch")},
    "wallet_worker.store.freezes": {
        "_FREEZE_HOUSE": _FEW,
        "_READ_FREEZES": _FEW,
        "_UNFREEZE_HOUSE": _FEW,
    },
    "wallet_worker.store.held_deposits": {
        "FIND_HELD": _by("held_deposit_key"),
        "LIST_OF_PLAYER": _by("held_deposit_of_player"),
        "LIST_WAITING": _by("held_deposit_waiting", _1=_FAR, _2=50),
        "OLDEST_WAITING": _by("held_deposit_waiting", _1=0, _2=200),
        "_HOLD": _ADDS,
        "_LOCK_HELD": _by("held_deposit_pkey"),
        "_RELEASE": _by("held_deposit_pkey"),
    },
    "wallet_worker.store.house_transfer": {
        "FIND_HOUSE_ACCOUNT": _by("account_owner_key", _1="promotions"),
        "FIND_PLAYERS_ACCOUNT": _by("account_owner_key", _2="wallet"),
        "FIND_REQUEST": _by("keyed_request_pkey"),
        "_ADD_REQUEST": _ADDS,
        "_FIND_FREEZE": _FEW,
        "_FIND_PLAYERS": _by("player_pkey"),
        "_FIND_TRANSFERS": _by("transfer_command_key", months={"transfer": 1}, _2=_WEEK_AGO),
        "_LOCK_ACCOUNTS": _by("account_pkey"),
        "_LOCK_HOUSE": _FEW,
        "_OPEN_ACCOUNT": _ADDS,
    },
    "wallet_worker.store.keep_node_action": {"_ADD_NODE_ACTION": _ADDS},
    "wallet_worker.store.keep_house": {
        "_FORGET": Expected(why="calls a function; its body is below, among the functions and views"),
        "_OPEN_MONTHS": Expected(why="makes partitions"),
    },
    "wallet_worker.store.list_letters": {
        "_COUNT_WAITING": _reads("dead_letter", why="counts those that wait, which are few"),
        "_LIST_LETTERS": _by("dead_letter_pkey", _1=None, _2=False, _3=50),
    },
    "wallet_worker.store.load_books": {
        "_TABLES": _by("game_table_pkey"),
        "_PLAYERS": _by("player_pkey", "block_user"),
        "_HANDS": _by("hand_pkey", months={"hand": 5}),
        "_LOCK_ACCOUNTS": _by("account_pkey", "account_owner_key", "account_seat_key"),
    },
    "wallet_worker.store.lock_shard": {"_LOCK_SHARD": _FEW},
    "wallet_worker.store.open_shard": {
        "_RAISE_EPOCH": _FEW,
        "_READ_TABLES": _reads(
            "account", "player", why="a fourth of all tables with all who sit there, once per start of a node"
        ),
    },
    "wallet_worker.store.outcomes": {"_FIND_OUTCOMES": _by("command_pkey"), "_STORE_OUTCOMES": _ADDS},
    "wallet_worker.store.outside_payments": {
        "_ADD_DEPOSIT": _ADDS,
        "_ADD_TRANSFER": _ADDS,
        "_ADD_WITHDRAWAL": _ADDS,
        "_LOCK_WITHDRAWAL": _by("outside_payment_pkey"),
        "_PAY_WITHDRAWAL": _by("outside_payment_held"),
        "_RELEASE_WITHDRAWAL": _by("outside_payment_held"),
    },
    "wallet_worker.store.post_transfers": {
        "_SEAT_ESCROW": _ADDS,
        "_CLOCK": _ASKS,
        "_OPEN_ACCOUNT": _ADDS,
        "_POST_TRANSFERS": _by("account_pkey"),
    },
    "wallet_worker.store.read_accounts": {
        "FIND_HAND": _by("hand_pkey", months={"hand": 1}, _2=_WEEK_AGO),
        "FIND_PAYMENT": _by("payment_transfer_pkey", "outside_payment_pkey"),
        "FIND_TRANSFER": _by("transfer_pkey"),
        "LIST_ACCOUNTS": _by("account_user_id"),
        "LIST_ENTRIES": _by("entry_transfer_key", months={"entry": 1}, _2=_WEEK_AGO),
        "_FIND_PLAYER": _by("player_pkey"),
    },
    "wallet_worker.store.read_balance": {"_SUM_ACCOUNTS": _by("account_user_id")},
    "wallet_worker.store.read_batches": {
        "_READ_BATCHES": _by("batch_pkey", "entry_transfer_key", "hand_pkey", _1=1, _2=1000, _3=20),
    },
    "wallet_worker.store.read_chain": {"_HEADS": _FEW},
    "wallet_worker.store.read_departures": {
        "READ_DEPARTURES": _by("transfer_cash_out", "entry_transfer_key", months={"transfer": 4}),
    },
    "wallet_worker.store.read_digests": {
        "_READ_DIGESTS": _by("batch_pkey", "entry_transfer_key", _1=1, _2=1000, _3=1020),
    },
    "wallet_worker.store.read_escrow": {
        "_READ_ESCROW": _reads("account", "game_table", why="all seats of all tables, for verification"),
    },
    "wallet_worker.store.read_hands": {
        "_FIND_HAND": _by("hand_pkey"),
        "_FIND_TRANSFER": _by("transfer_hand", months={"transfer": 1}, _2=_WEEK_AGO),
        "_RESULTS": _by(months={"hand_result": 1}, _2=_WEEK_AGO),
        "_EVENTS": _by("hand_event_pkey", months={"hand_event": 1}, _2=_WEEK_AGO),
        "_HANDS_OF_TABLE": _by("hand_started", _2=_NOW, _3=_FAR, _4=50),
    },
    "wallet_worker.store.read_reconciliation": {
        "COUNT_LETTERS": _reads("dead_letter", why="counts those that wait, which are few"),
        "COUNT_UNDECIDED": _by("adjustment_undecided"),
        "LAST_BATCHES": _by("batch_pkey"),
        "SUM_ACCOUNTS": _reads("account", why="the sum of all accounts; it reads no entries"),
        "SUM_HELD": _by("outside_payment_held"),
        "SUM_MOVEMENTS": Expected(
            months={"transfer": 1, "entry": 1},
            values={1: _WEEK_AGO, 2: _NOW},
            may_read=frozenset({"transfer", "entry"}),
            why="all movements of a time, whose months it reads",
        ),
        "SUM_TABLES": _reads("account", why="the sum of all seats; it reads no entries"),
    },
    "wallet_worker.store.read_summary": {
        "_SUM_KINDS": _reads("account", why="the sum of all accounts; it reads no entries"),
        "_COUNT_HANDS": Expected(why="the sum over all tables, which are a thousand"),
    },
    "wallet_worker.store.read_seated": {
        "READ_SEATED": _reads(
            "account", "player", why="all seats of all tables; of the entries it reads none"
        ),
    },
    "wallet_worker.store.read_terms": {
        "AT_RISK": _by("entry_pkey", "account_owner_key", "transfer_pkey", _3="Asia/Seoul"),
        "READ_LIMITS": _by("player_term_newest"),
        "TIME_AT_TABLES": _by("entry_sittings", "account_owner_key", _2="Asia/Seoul"),
    },
    "wallet_worker.store.read_transactions": {
        "FIND_ACCOUNTS": _by("account_owner_key", _2="wallet"),
        "READ_TRANSACTIONS": _by(
            "entry_pkey",
            "transfer_pkey",
            months={"entry": 1},
            _2=_WEEK_AGO,
            _3=_NOW,
            _4=_NOW,
            _5=_FAR,
            _6=_FAR,
            _7=50,
        ),
    },
    "wallet_worker.store.reopen_tables": {
        "_ARE_OPENED": Expected(why="tables that wait for their owner are few, and have an index"),
        "_REOPEN_TABLES": Expected(why="a fourth of all tables, which are a thousand"),
    },
    "wallet_worker.store.resolve_letter": {
        "_FAIL": _by("dead_letter_pkey"),
        "_FIND_KEY": _by("dead_letter_key"),
        "_FIND_RELEASE": Expected(why="tables that wait for their owner are few, and have an index"),
        "_FIND_SHARD": _by("dead_letter_pkey"),
        "_LOCK_LETTER": _by("dead_letter_pkey"),
        "_LOCK_SHARD": _FEW,
        "_RELEASE_TABLE": _by("game_table_pkey", "dead_letter_unresolved"),
        "_RESOLVE": _by("dead_letter_pkey"),
        "_WHO_SITS": _by("account_seat_key"),
    },
    "wallet_worker.store.seal_batch": {"_ADD_LINK": _FEW},
    "wallet_worker.store.table_modes": {
        "_END_TABLE": _by("game_table_pkey"),
        "_FIND_TABLE": _by("game_table_pkey"),
        "_SWITCH_TABLE": _by("game_table_pkey"),
    },
    "wallet_worker.store.terms": {
        "_ADD_SHARDS": _FEW,
        "_TAKE_TERM": _FEW,
        "_RENEW_TERM": _FEW,
        "_END_TERM": _FEW,
    },
    "wallet_worker.store.unopened_tables": {
        "_FIND_UNOPENED": Expected(why="tables that wait for their owner are few, and have an index"),
    },
    "wallet_worker.store.workers": {
        "_SIGN_IN": _FEW,
        "_SIGN_OUT": _FEW,
    },
    "shard_router.store.accounts": {
        "_REGISTER": _ADDS,
        "_IS_EMAIL_TAKEN": _by("player_email_key"),
        "_FIND": _by("player_email_key", "registration_email"),
        "_FIND_BY_ID": _by("player_pkey"),
        "_STANDING": _by("player_pkey"),
        "_REPLACE_HASH": _by("player_pkey"),
    },
    "shard_router.store.blocks": {
        "_ADD_BLOCK": _ADDS,
        "_END_SESSIONS": _by("session_of_user"),
        "_FIND_PLAYER": _by("player_pkey"),
        "_REMOVE_BLOCK": _by("block_not_removed"),
        "LIST_BLOCKS": _by("block_pkey", _1=_FAR, _2=50),
        "LIST_STANDING_BLOCKS": _by("block_not_removed", _1=_FAR, _2=50),
    },
    "shard_router.store.find_players": {
        "FIND_PLAYER": _by("player_pkey"),
        "LIST_BLOCKS_OF": _by("block_user"),
        "LIST_BY_EMAIL": _by("player_email_order", _1="al", _2="", _3=50),
        "LIST_BY_NICKNAME": _by("player_nickname_order", _1="al", _2="", _3=50),
    },
    "shard_router.store.list_tables": {
        "FIND_TABLE": _by("game_table_pkey"),
        "LIST_TABLES": _by("game_table_pkey", _1=0, _2=50, _3=None, _4=None, _5="open"),
    },
    "shard_router.store.protection": {
        "READ_EXCLUSION": _by("player_pkey"),
        "READ_TERMS": _by("player_term_newest"),
        "_ADD_TERM": _ADDS,
        "_EXCLUDE": _by("player_pkey"),
        "_LOCK_PLAYER": _by("player_pkey"),
    },
    "shard_router.store.logins": {
        "_LOCK_PLAYER": _by("player_pkey"),
        "_OPEN_SESSION": _ADDS,
        "_END_OLDEST": _by("session_of_user", "session_pkey", _2=100),
        "_END_SESSION": _by("session_pkey"),
        "_END_ONE": _by("session_id_key"),
        "_END_ALL": _by("session_of_user"),
        "_TELL_SECOND_FACTOR": _by("session_of_user"),
        "_STEP_UP": _by("session_id_key"),
        "_LIST": _by("session_of_user", _2=100),
        "_PURGE_SESSIONS": _by("session_expires", "session_pkey", _1=500),
    },
    "shard_router.store.factors": {
        "_LOCK": _by("player_pkey"),
        "_OFFER": _ADDS,
        "_FIND_SEALED": _by("second_factor_pkey"),
        "_TAKE_STEP": _by("second_factor_pkey"),
        "_TAKE_RECOVERY": _by("recovery_code_pkey"),
        "_ADD_RECOVERY": _ADDS,
        "_TURN": _by("player_pkey"),
        "_REMOVE": _by("second_factor_pkey"),
        "_COUNT_RECOVERY": _by("recovery_code_pkey"),
    },
    "shard_router.store.registrations": {
        "_LOCK_ADDRESS": _ASKS,
        "_IS_NICKNAME_TAKEN": _by("player_nickname_look_key"),
        "_HAS_ACCOUNT": _by("player_email_key"),
        "_ADD": _by("registration_email"),
        "_TAKE": _by("registration_pkey"),
        "_ADD_RESET": _by("password_reset_user", _4=3),
        "_IS_RESET": _by("password_reset_pkey"),
        "_TAKE_RESET": _by("password_reset_pkey"),
        "_TAKE_OTHER_RESETS": _by("password_reset_user"),
        "_SET_HASH": _by("player_pkey"),
        "_PURGE_REGISTRATIONS": _by("registration_expires", "registration_pkey", _1=500),
        "_PURGE_RESETS": _by("password_reset_expires", "password_reset_pkey", _1=500),
    },
}

EXPECTED: Final[Mapping[str, Expected]] = {
    f"{module}:{name}": expected for module, names in _STORE.items() for name, expected in names.items()
}
"""By module and name."""

WHOLE_MAPPINGS: Final[Mapping[str, Expected]] = {
    "wallet_worker.store.find_faults:FAULTS": Expected(
        may_read=frozenset(
            {
                "account",
                "batch",
                "checkpoint_account",
                "checkpoint_table",
                "entry",
                "hand",
                "hand_result",
                "outside_payment",
                "payment_transfer",
                "transfer",
            }
        ),
        why=_FINDS_FAULTS,
    ),
}
"""What is expected of every statement of a mapping."""

PREFIXES: Final[Mapping[str, str]] = {
    "wallet_worker.store.find_faults:FAULTS": "wallet_worker.store.find_faults:_AFTER"
}
"""What stands before each statement of a mapping."""

FRAGMENTS: Final[frozenset[str]] = frozenset(
    {
        "wallet_worker.store.adjustments:_FACTS",
        "wallet_worker.store.checkpoints:_FIRST_MONTH",
        "wallet_worker.store.find_faults:_AFTER",
        "wallet_worker.store.read_batches:BATCH_CONTENTS",
    }
)
"""Constants that are parts of other statements, and none by themselves."""

_FIND_SESSION: Final = """
SELECT session.user_id, player.nickname FROM session JOIN player ON player.id = session.user_id
WHERE session.token_hash = $1 AND session.ended_at IS NULL AND session.expires_at > clock_timestamp()
FOR SHARE OF session
"""

_FORGET_COMMANDS: Final = """
SELECT id FROM command WHERE received_at < now() - interval '35 days'
ORDER BY received_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""

_TRANSACTIONS: Final = """
SELECT * FROM wallet_transactions WHERE user_id = $1 AND created_at >= $2
ORDER BY created_at DESC, version DESC LIMIT 50
"""

VIEWS: Final[Mapping[str, tuple[str, Expected]]] = {
    "find_session": (_FIND_SESSION, _by("session_pkey", "player_pkey")),
    "forget_commands": (_FORGET_COMMANDS, _by("command_received", _1=500)),
    "users": ("SELECT * FROM users WHERE id = $1", _by("player_pkey", "account_owner_key")),
    "rooms": (
        "SELECT * FROM rooms WHERE status = $1 ORDER BY created_at DESC LIMIT 50",
        _by("room_status", _1="open"),
    ),
    "tables": ("SELECT * FROM tables WHERE room_id = $1", _by("game_table_room")),
    "hands": (
        "SELECT * FROM hands WHERE table_id = $1 ORDER BY started_at DESC LIMIT 50",
        _by("hand_started"),
    ),
    "hand_events": ("SELECT * FROM hand_events WHERE hand_id = $1 ORDER BY seq_no", _by("hand_event_pkey")),
    "sessions": (
        "SELECT * FROM sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 50",
        _by("session_of_user"),
    ),
    "wallet_transactions": (
        _TRANSACTIONS,
        _by("entry_pkey", "transfer_pkey", months={"entry": 4}, _2=_WEEK_AGO),
    ),
}
"""The functions' bodies, and what each view is asked for."""
