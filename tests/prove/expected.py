"""How each statement of the product has to be carried out on a large ledger; ``test_plans`` checks it.

A statement that is not here fails that test: look at its plan, and write down the indexes that it uses. What
reads a large table from one end to the other says why it may.
"""

from collections.abc import Mapping
from typing import Final

from tests.prove.expectations import (
    ADDS,
    ASKS,
    FAR,
    FEW,
    FINDS_FAULTS,
    NOW,
    WEEK_AGO,
    Expected,
    by,
    reads,
)
from tests.prove.expected_books import BOOKS, PAYMENT_FAULTS
from tests.prove.expected_deposits import DEPOSITS
from tests.prove.expected_payouts import PAYOUTS
from tests.prove.expected_router import ROUTER
from tests.prove.expected_withdrawals import WITHDRAWALS
from tests.prove.plans import AS_MANY

_STORE: Final[Mapping[str, Mapping[str, Expected]]] = {
    **BOOKS,
    **ROUTER,
    **PAYOUTS,
    **DEPOSITS,
    **WITHDRAWALS,
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
    "wallet_worker.audit.verify": {"_EXPORT": ASKS, "_NOW": ASKS},
    "wallet_worker.store.adjustments": {
        "LIST_ADJUSTMENTS": by("adjustment_pkey", _1=FAR, _2=50),
        "LIST_UNDECIDED": by("adjustment_undecided", _1=FAR, _2=50),
        "_ADD": ADDS,
        "_DECIDE": by("adjustment_pkey"),
        "_HAS_RAKE": by("account_owner_key"),
        "_LOCK": by("adjustment_pkey"),
        "_SUM_HELD": by("outside_payment_user"),
    },
    "cardroom.service.admin_actions": {
        "LIST_ACTIONS": by("admin_action_pkey", _1=FAR, _2=50, _3=WEEK_AGO, _4=NOW),
        "LIST_ACTIONS_ABOUT": by("admin_action_subject", _1=FAR, _2=50, _3=WEEK_AGO, _4=NOW, _5="user:17"),
        "LIST_ACTIONS_BY": by("admin_action_key", _1=FAR, _2=50, _3=WEEK_AGO, _4=NOW, _5="pat"),
        "LIST_ACTIONS_OF": by("admin_action_action", _1=FAR, _2=50, _3=WEEK_AGO, _4=NOW, _5="drain"),
        "_ADD_ACTION": ADDS,
        "_FIND_ACTION": by("admin_action_key", _1="kim", _2="promotion", _3="17"),
        "_LOCK_KEY": ASKS,
    },
    "wallet_worker.store.book_events": {
        "_ADD_PROGRESS": ADDS,
        "_LOCK_PROGRESS": FEW,
        "_NEXT_RECORDS": by("transfer_batch", "hand_pkey", months={"transfer": 6}, _4=WEEK_AGO, _5=AS_MANY),
        "_ADD_EVENTS": ADDS,
        "_MOVE_PROGRESS": FEW,
    },
    "wallet_worker.store.book_hands": {
        "_ADD_HANDS": ADDS,
        "_ADD_RESULTS": ADDS,
        "_MOVE_TABLES": Expected(why="a batch has hands of many of the tables, which are a thousand"),
    },
    "wallet_worker.store.bury_letter": {
        "_ADD_LETTER": by("game_table_pkey"),
        "_HALT_TABLE": by("game_table_pkey"),
    },
    "wallet_worker.store.checkpoints": {
        "_ADD_ACCOUNTS": reads("account", why="a checkpoint holds every account"),
        "_ADD_CHECKPOINT": ADDS,
        "_ADD_HEADS": FEW,
        "_ADD_TABLES": Expected(why="a checkpoint holds every table, which are a thousand"),
        "_DIGEST": Expected(why="a checkpoint is read whole, and found by its number"),
        "_DRAW": ASKS,
        "_HEADS": FEW,
        "_IS_CUT": reads("batch", why="verification looks for the oldest batch"),
        "_NEWEST": FEW,
        "_OLDEST_COVERING": reads("batch", why="verification of a ledger whose old months are gone"),
    },
    "wallet_worker.store.create_room": {
        "_ADD_ROOM": ADDS,
        "_FIND_ROOM": by("room_name_key"),
        "_CLOSE_ROOM": by("room_pkey"),
        "_LIST_ROOMS": by("room_status", _1="open", _2=NOW, _3=FAR, _4=50),
    },
    "wallet_worker.store.create_table": {
        "_ADD_TABLE": by("room_name_key"),
        "_FIND_INVITATION": by("game_table_pkey"),
        "_FIND_TABLE": by("game_table_name_key", "room_pkey"),
        "_FIND_SHARD": FEW,
        "_FIND_ROOM": by("room_name_key"),
        "_LIST_TABLES": by("game_table_pkey", _1=0, _2=50),
    },
    "wallet_worker.store.deposit_room": {
        "CAME_IN": by("outside_payment_deposits", _3="Asia/Seoul"),
        "_STANDING": by("player_pkey"),
    },
    "wallet_worker.store.find_first_batch": {"_FIRST_BATCH": by("transfer_batch")},
    "wallet_worker.store.freezes": {
        "_FREEZE_HOUSE": FEW,
        "_READ_FREEZES": FEW,
        "_UNFREEZE_HOUSE": FEW,
    },
    "wallet_worker.store.held_deposits": {
        "FIND_HELD": by("held_deposit_key"),
        "LIST_OF_PLAYER": by("held_deposit_of_player"),
        "LIST_WAITING": by("held_deposit_waiting", _1=FAR, _2=50),
        "OLDEST_WAITING": by("held_deposit_waiting", _1=0, _2=200),
        "_CREDIT_ON_CHAIN": by("chain_deposit_held_id_key"),
        "_HOLD": ADDS,
        "_LOCK_ALARM": by("chain_deposit_held_id_key"),
        "_LOCK_HELD": by("held_deposit_pkey"),
        "_RELEASE": by("held_deposit_pkey"),
    },
    "wallet_worker.store.house_transfer": {
        "FIND_HOUSE_ACCOUNT": by("account_owner_key", _1="promotions"),
        "FIND_PLAYERS_ACCOUNT": by("account_owner_key", _2="wallet"),
        "FIND_REQUEST": by("keyed_request_pkey"),
        "_ADD_REQUEST": ADDS,
        "_FIND_FREEZE": FEW,
        "_FIND_PLAYERS": by("player_pkey"),
        "_FIND_TRANSFERS": by("transfer_command_key", months={"transfer": 1}, _2=WEEK_AGO),
        "_LOCK_ACCOUNTS": by("account_pkey"),
        "_LOCK_HOUSE": FEW,
        "_OPEN_ACCOUNT": ADDS,
    },
    "wallet_worker.store.keep_node_action": {"_ADD_NODE_ACTION": ADDS},
    "wallet_worker.store.keep_house": {
        "_FORGET": Expected(why="calls a function; its body is below, among the functions and views"),
        "_FORGET_DELIVERIES": Expected(why="what gateways told within an hour, by age, in small steps"),
        "_OPEN_MONTHS": Expected(why="makes partitions"),
    },
    "wallet_worker.store.list_letters": {
        "_COUNT_WAITING": reads("dead_letter", why="counts those that wait, which are few"),
        "_LIST_LETTERS": by("dead_letter_pkey", _1=None, _2=False, _3=50),
    },
    "wallet_worker.store.load_books": {
        "_TABLES": by("game_table_pkey"),
        "_PLAYERS": by("player_pkey", "block_user"),
        "_HANDS": by("hand_pkey", months={"hand": 5}),
        "_LOCK_ACCOUNTS": by("account_pkey", "account_owner_key", "account_seat_key"),
    },
    "wallet_worker.store.lock_shard": {"_LOCK_SHARD": FEW},
    "wallet_worker.store.open_shard": {
        "_RAISE_EPOCH": FEW,
        "_READ_TABLES": reads(
            "account", "player", why="a fourth of all tables with all who sit there, once per start of a node"
        ),
    },
    "wallet_worker.store.outcomes": {"_FIND_OUTCOMES": by("command_pkey"), "_STORE_OUTCOMES": ADDS},
    "wallet_worker.store.outside_payments": {
        "_ADD_DEPOSIT": ADDS,
        "_ADD_TRANSFER": ADDS,
        "_ADD_WITHDRAWAL": ADDS,
        "_LOCK_WITHDRAWAL": by("outside_payment_pkey"),
        "_PAY_WITHDRAWAL": by("outside_payment_held"),
        "_RELEASE_WITHDRAWAL": by("outside_payment_held"),
    },
    "wallet_worker.store.post_transfers": {
        "_SEAT_ESCROW": ADDS,
        "_CLOCK": ASKS,
        "_OPEN_ACCOUNT": ADDS,
        "_POST_TRANSFERS": by("account_pkey"),
    },
    "wallet_worker.store.read_accounts": {
        "FIND_HAND": by("hand_pkey", months={"hand": 1}, _2=WEEK_AGO),
        "FIND_PAYMENT": by("payment_transfer_pkey", "outside_payment_pkey"),
        "FIND_TRANSFER": by("transfer_pkey"),
        "LIST_ACCOUNTS": by("account_user_id"),
        "LIST_ENTRIES": by("entry_transfer_key", months={"entry": 1}, _2=WEEK_AGO),
        "_FIND_PLAYER": by("player_pkey"),
    },
    "wallet_worker.store.read_balance": {"_SUM_ACCOUNTS": by("account_user_id")},
    "wallet_worker.store.read_batches": {
        "_READ_BATCHES": by("batch_pkey", "entry_transfer_key", "hand_pkey", _1=1, _2=1000, _3=20),
    },
    "wallet_worker.store.read_chain": {"_HEADS": FEW},
    "wallet_worker.store.read_departures": {
        "READ_DEPARTURES": by("transfer_cash_out", "entry_transfer_key", months={"transfer": 4}),
    },
    "wallet_worker.store.read_digests": {
        "_READ_DIGESTS": by("batch_pkey", "entry_transfer_key", _1=1, _2=1000, _3=1020),
    },
    "wallet_worker.store.read_escrow": {
        "_READ_ESCROW": reads("account", "game_table", why="all seats of all tables, for verification"),
    },
    "wallet_worker.store.read_hands": {
        "_FIND_HAND": by("hand_pkey"),
        "_FIND_TRANSFER": by("transfer_hand", months={"transfer": 1}, _2=WEEK_AGO),
        "_RESULTS": by(months={"hand_result": 1}, _2=WEEK_AGO),
        "_EVENTS": by("hand_event_pkey", months={"hand_event": 1}, _2=WEEK_AGO),
        "_HANDS_OF_TABLE": by("hand_started", _2=NOW, _3=FAR, _4=50),
    },
    "wallet_worker.store.read_reconciliation": {
        "COUNT_LETTERS": reads("dead_letter", why="counts those that wait, which are few"),
        "COUNT_UNDECIDED": by("adjustment_undecided"),
        "LAST_BATCHES": by("batch_pkey"),
        "SUM_ACCOUNTS": reads("account", why="the sum of all accounts; it reads no entries"),
        "SUM_HELD": by("outside_payment_held"),
        "SUM_HELD_DEPOSITS": by("held_deposit_waiting"),
        "SUM_MOVEMENTS": Expected(
            months={"transfer": 1, "entry": 1},
            values={1: WEEK_AGO, 2: NOW},
            may_read=frozenset({"transfer", "entry"}),
            why="all movements of a time, whose months it reads",
        ),
        "SUM_TABLES": reads("account", why="the sum of all seats; it reads no entries"),
    },
    "wallet_worker.store.read_summary": {
        "_SUM_KINDS": reads("account", why="the sum of all accounts; it reads no entries"),
        "_COUNT_HANDS": Expected(why="the sum over all tables, which are a thousand"),
    },
    "wallet_worker.store.read_seated": {
        "READ_SEATED": reads(
            "account",
            "player",
            why="all seats of all tables, and who is blocked; of the entries it reads none",
        ),
    },
    "wallet_worker.store.read_terms": {
        "AT_RISK": by("entry_pkey", "account_owner_key", "transfer_pkey", _3="Asia/Seoul"),
        "READ_LIMITS": by("player_term_newest"),
        "TIME_AT_TABLES": by("entry_sittings", "account_owner_key", _2="Asia/Seoul"),
    },
    "wallet_worker.store.read_transactions": {
        "FIND_ACCOUNTS": by("account_owner_key", _2="wallet"),
        "READ_TRANSACTIONS": by(
            "entry_pkey",
            "transfer_pkey",
            months={"entry": 1},
            _2=WEEK_AGO,
            _3=NOW,
            _4=NOW,
            _5=FAR,
            _6=FAR,
            _7=50,
        ),
    },
    "wallet_worker.store.reopen_tables": {
        "_ARE_OPENED": Expected(why="tables that wait for their owner are few, and have an index"),
        "_REOPEN_TABLES": Expected(why="a fourth of all tables, which are a thousand"),
    },
    "wallet_worker.store.resolve_letter": {
        "_FAIL": by("dead_letter_pkey"),
        "_FIND_KEY": by("dead_letter_key"),
        "_FIND_RELEASE": Expected(why="tables that wait for their owner are few, and have an index"),
        "_FIND_SHARD": by("dead_letter_pkey"),
        "_LOCK_LETTER": by("dead_letter_pkey"),
        "_LOCK_SHARD": FEW,
        "_RELEASE_TABLE": by("game_table_pkey", "dead_letter_unresolved"),
        "_RESOLVE": by("dead_letter_pkey"),
        "_WHO_SITS": by("account_seat_key"),
    },
    "wallet_worker.store.seal_batch": {"_ADD_LINK": FEW},
    "wallet_worker.store.table_modes": {
        "_END_TABLE": by("game_table_pkey"),
        "_FIND_TABLE": by("game_table_pkey"),
        "_SWITCH_TABLE": by("game_table_pkey"),
    },
    "wallet_worker.store.terms": {
        "_ADD_SHARDS": FEW,
        "_TAKE_TERM": FEW,
        "_RENEW_TERM": FEW,
        "_END_TERM": FEW,
    },
    "wallet_worker.store.unopened_tables": {
        "_FIND_UNOPENED": Expected(why="tables that wait for their owner are few, and have an index"),
    },
    "wallet_worker.store.workers": {
        "_SIGN_IN": FEW,
        "_SIGN_OUT": FEW,
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
        why=FINDS_FAULTS,
    ),
    "wallet_worker.store.find_payment_faults:PAYMENT_FAULTS": PAYMENT_FAULTS,
}
"""What is expected of every statement of a mapping."""

PREFIXES: Final[Mapping[str, str]] = {
    "wallet_worker.store.find_faults:FAULTS": "wallet_worker.store.find_faults:_AFTER",
    "wallet_worker.store.find_payment_faults:PAYMENT_FAULTS": "wallet_worker.store.find_faults:_AFTER",
}
"""What stands before each statement of a mapping."""

FRAGMENTS: Final[frozenset[str]] = frozenset(
    {
        "wallet_worker.store.adjustments:_FACTS",
        "wallet_worker.store.due_withdrawals:_TAKE",
        "wallet_worker.store.list_withdrawals:_PAGE",
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
    "find_session": (_FIND_SESSION, by("session_pkey", "player_pkey")),
    "forget_commands": (_FORGET_COMMANDS, by("command_received", _1=500)),
    "users": ("SELECT * FROM users WHERE id = $1", by("player_pkey", "account_owner_key")),
    "rooms": (
        "SELECT * FROM rooms WHERE status = $1 ORDER BY created_at DESC LIMIT 50",
        by("room_status", _1="open"),
    ),
    "tables": ("SELECT * FROM tables WHERE room_id = $1", by("game_table_room")),
    "hands": (
        "SELECT * FROM hands WHERE table_id = $1 ORDER BY started_at DESC LIMIT 50",
        by("hand_started"),
    ),
    "hand_events": ("SELECT * FROM hand_events WHERE hand_id = $1 ORDER BY seq_no", by("hand_event_pkey")),
    "sessions": (
        "SELECT * FROM sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 50",
        by("session_of_user"),
    ),
    "wallet_transactions": (
        _TRANSACTIONS,
        by("entry_pkey", "transfer_pkey", months={"entry": 4}, _2=WEEK_AGO),
    ),
}
"""The functions' bodies, and what each view is asked for."""
