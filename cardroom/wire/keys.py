"""Every Redis key, with its hash tag and time to live.

Keys of a shard carry the hash tag ``{s<N>}``, so that a Redis Cluster keeps them in one slot and one
script may touch all of them.
"""

from typing import Final

from cardroom.ids import BootNonce, CommandId, NodeId, ShardId, TableId, UserId

COMMAND_FIELD: Final = b"v1"
"""Field of a stream entry that holds an encoded ``LedgerCommand``; the name is the version."""

ADMIN_ACTION_FIELD: Final = b"v1"
"""Field of a stream entry that holds an encoded ``NodeAction``; the name is the version."""

AUDIT_FIELD: Final = b"line"
"""Field of an audit entry that holds a sealed batch, as the audit's files have it."""

REPLIES_SECONDS: Final = 24 * 3600
"""How long the replies to a node start that nobody reads are kept."""

TICKET_SECONDS: Final = 60
"""How long a used ticket is remembered; more than a ticket lives."""

NODE_SECONDS: Final = 15
"""How long a node's announcement stands without being renewed."""

ORDERS_SECONDS: Final = 60
"""How long orders that nobody carries out, and answers that nobody reads, are kept."""

RESERVED_SECONDS: Final = 120
"""How long it is kept that players were sent to seats; each of those times is shorter."""

RATES_SECONDS: Final = 60
"""How long a rate is used without asking its sources again."""

RATES_ASKED_SECONDS: Final = 10
"""How long others wait for the worker who asks the sources of rates; more than that takes, and less than a
minute, so that it need not be given back."""

QUOTE_SECONDS: Final = 30
"""How long a quote is good."""

OFFERS_SECONDS: Final = 60
"""How long offers that nobody reads are kept. They only hurry: the lease says what is offered to whom."""

_USER: Final = "user:"
_USER_BYTES: Final = _USER.encode()
_MOST_DIGITS: Final = 19


def shard_tag(shard: ShardId) -> str:
    """Give the hash tag that keeps all keys of a shard in one slot."""
    return f"{{s{shard}}}"


def commands(shard: ShardId) -> str:
    """Stream of ledger commands of a shard; entries go when their replies are pushed."""
    return f"commands:{shard_tag(shard)}"


def replies(shard: ShardId, boot: BootNonce) -> str:
    """List of ledger replies for one start of a node; lives ``REPLIES_SECONDS``."""
    return f"replies:{shard_tag(shard)}:{boot}"


def audit(shard: ShardId) -> str:
    """Stream of a shard's sealed batches, the newest ones; an entry's id is ``<batch>-1``."""
    return f"audit:{shard_tag(shard)}"


def lease(shard: ShardId) -> str:
    """Hash that says which node start owns a shard, its epoch and its renewal counter."""
    return f"lease:{shard_tag(shard)}"


def journal(shard: ShardId, table_id: TableId) -> str:
    """Hash of what the next owner of a table must know, the hands that are not settled yet among it."""
    return f"journal:{shard_tag(shard)}:{table_id}"


def node(node_id: NodeId) -> str:
    """Announcement of a node: where players reach it and how loaded it is; lives ``NODE_SECONDS``."""
    return f"node:{node_id}"


def nodes() -> str:
    """Set of the names of all nodes that ever took players; which are there now, their announcements say."""
    return "nodes"


def offers(node_id: NodeId) -> str:
    """List of shards that were offered to a node, so that it takes them at once; lives ``OFFERS_SECONDS``."""
    return f"offers:{node_id}"


def orders(node_id: NodeId) -> str:
    """List of orders about tables that routers give to a node; lives ``ORDERS_SECONDS``."""
    return f"orders:{node_id}"


def order_answer(order_id: CommandId) -> str:
    """List with the one answer to an order; lives ``ORDERS_SECONDS``."""
    return f"order:{order_id}"


def house() -> str:
    """Hash of what nodes must know of the house: whether play is frozen, and its last change's number."""
    return "house"


def player_terms() -> str:
    """Hash of user id to the limits that the player's seats are under; written by the wallet worker."""
    return "player_terms"


def admin_actions() -> str:
    """Stream of what administrators ordered at nodes, until the wallet worker has written it down."""
    return "admin_actions"


def lobby(shard: ShardId) -> str:
    """Hash of table id to encoded summary, for all tables of a shard."""
    return f"lobby:{shard_tag(shard)}"


def lobby_changes(shard: ShardId) -> str:
    """Stream of what changed in a shard's lobby, the newest changes; after a gap the hash says all."""
    return f"lobby_changes:{shard_tag(shard)}"


def login(token_hash: str) -> str:
    """Login session by the SHA-256 of its token; lives as long as the session."""
    return f"login:{token_hash}"


def failures(kind: str, digest: str) -> str:
    """Count of wrong passwords, of one account or address by its hash; lives until they are forgiven."""
    return f"failures:{kind}:{digest}"


def limit(name: str) -> str:
    """What one player or address asked for in the time that a rule looks back; lives as long as that."""
    return f"limit:{name}"


def keeper() -> str:
    """Lock of the router that opens and closes extra tables now."""
    return "keeper"


def reserved_seats(table_id: TableId) -> str:
    """Hash of seat to who was sent there, and until when nobody else is; all tables in one slot."""
    return f"{{seats}}:{table_id}"


def fresh_tables() -> str:
    """Hash of the extra tables that were just opened, and may not stand in the lobby yet."""
    return "fresh_tables"


def opening(stake: str, seat_count: int) -> str:
    """Lock of the router that has a table of this game and size opened now."""
    return f"opening:{seat_count}:{stake}"


def used_ticket(ticket_id: str) -> str:
    """Mark of a ticket that was used; lives ``TICKET_SECONDS``."""
    return f"ticket:{ticket_id}"


def user(user_id: UserId) -> str:
    """Channel on which a player's deposits and withdrawals are told; who is not there hears nothing."""
    return f"{_USER}{user_id}"


def all_users() -> str:
    """Pattern of the channels of all players."""
    return f"{_USER}*"


def user_of(channel: bytes) -> UserId | None:
    """Give whose channel it is; None if it is nobody's."""
    digits = channel[len(_USER) :]
    is_theirs = channel.startswith(_USER_BYTES) and digits.isdigit() and len(digits) <= _MOST_DIGITS
    return UserId(int(digits)) if is_theirs else None


def rates() -> str:
    """What the sources of rates said last, shared by all workers; lives ``RATES_SECONDS``."""
    return "rates"


def rates_asked() -> str:
    """Mark of the worker who asks the sources of rates now; lives ``RATES_ASKED_SECONDS``."""
    return "rates:asked"


def quote(quote_id: str) -> str:
    """A quote that a player was given; lives ``QUOTE_SECONDS``."""
    return f"quote:{quote_id}"
