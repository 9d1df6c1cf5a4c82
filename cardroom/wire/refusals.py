"""The one list of refusal codes. A code never changes its meaning and is never used again for another."""

from enum import Enum, unique


@unique
class Refusal(Enum):
    """Why a request was refused; whoever is refused changed nothing.

    On JSON the value is sent, on msgpack the position in this list: append, never reorder.
    """

    # The message itself
    MALFORMED = "malformed"
    UNKNOWN_MESSAGE = "unknown_message"
    UNEXPECTED_MESSAGE = "unexpected_message"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    INTERNAL = "internal"

    # Who is asking
    NOT_AUTHENTICATED = "not_authenticated"
    FORBIDDEN = "forbidden"
    WRONG_CREDENTIALS = "wrong_credentials"
    NAME_TAKEN = "name_taken"
    EMAIL_TAKEN = "email_taken"
    TICKET_INVALID = "ticket_invalid"
    TICKET_EXPIRED = "ticket_expired"
    TICKET_USED = "ticket_used"
    WRONG_NODE = "wrong_node"

    # Tables and seats
    NO_SUCH_TABLE = "no_such_table"
    TABLE_UNAVAILABLE = "table_unavailable"
    TABLE_FULL = "table_full"
    NO_SUCH_SEAT = "no_such_seat"
    SEAT_TAKEN = "seat_taken"
    ALREADY_SEATED = "already_seated"
    NOT_SEATED = "not_seated"
    BUY_IN_TOO_SMALL = "buy_in_too_small"
    BUY_IN_TOO_LARGE = "buy_in_too_large"
    LEAVING = "leaving"

    # The hand
    NO_HAND = "no_hand"
    STALE_HAND = "stale_hand"
    STALE_TURN = "stale_turn"
    OUT_OF_TURN = "out_of_turn"
    ACTION_NOT_ALLOWED = "action_not_allowed"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    ACTION_ID_REUSED = "action_id_reused"

    # Money
    INSUFFICIENT_FUNDS = "insufficient_funds"
    FROZEN = "frozen"
    SELF_EXCLUDED = "self_excluded"
    STACK_MISMATCH = "stack_mismatch"
    COMMAND_REUSED = "command_reused"
    COMMAND_TOO_OLD = "command_too_old"
    TABLE_HALTED = "table_halted"
    HAND_UNBALANCED = "hand_unbalanced"

    # HTTP
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNAVAILABLE = "unavailable"

    # Options of a table
    NOT_OFFERED = "not_offered"

    # Seats, as more than one may want them
    SEAT_OFFERED = "seat_offered"
    """The seat is kept for the next player of the waiting list."""
    SEAT_IS_FREE = "seat_is_free"
    """Nobody waits for a seat while one is free: sit down."""
    NOT_WAITING = "not_waiting"
    WAITING_LIST_FULL = "waiting_list_full"
    OFFER_EXPIRED = "offer_expired"
    """The seat was not taken in time and goes to the next player of the waiting list."""
    SAME_ADDRESS = "same_address"
    """Another player of the table has the same network address, and this table allows no two."""
    BUY_IN_BELOW_LAST_STACK = "buy_in_below_last_stack"
    """Who comes back within the hour brings at least what was taken away (rule 35)."""
    TOP_UP_UNDER_WAY = "top_up_under_way"
    """One top-up at a time: the last one has no answer of the ledger yet."""
    INVITATION_NEEDED = "invitation_needed"
    """The table is private, and the invitation code is not its own."""
    SPECTATORS_FULL = "spectators_full"
    """The table has as many watchers as it may."""
    NODE_FULL = "node_full"
    """The node has as many connections as it may: ask the router for a ticket again after some seconds."""

    # Chat
    TEXT_NOT_ALLOWED = "text_not_allowed"
    """The text is empty, too long, or has characters that are none to read."""
    CHAT_CLOSED = "chat_closed"
    """Who has cards in a hand in which somebody is all-in says nothing before its end."""
    SILENCED = "silenced"
    """An administrator has taken the player's right to chat."""
    MUTES_FULL = "mutes_full"
    """A player mutes as many others at a table as one may."""
