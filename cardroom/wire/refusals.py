"""The one list of refusal codes. A code never changes its meaning and is never used again for another."""

from enum import Enum, unique


@unique
class Refusal(Enum):
    """Why a request was refused; whoever is refused changed nothing.

    On JSON the value is sent, on msgpack the position in this list: append, never reorder.
    """

    # The message itself
    MALFORMED = "malformed"
    """The bytes are no message, or a field is missing, too much, or of another type."""
    UNKNOWN_MESSAGE = "unknown_message"
    """No message has this name or tag."""
    UNEXPECTED_MESSAGE = "unexpected_message"
    """A message that has its place only at the start of a connection."""
    TOO_LARGE = "too_large"
    """More bytes than a message or body may have."""
    RATE_LIMITED = "rate_limited"
    """Too many messages in a short time: nothing was carried out, the request may be sent again later."""
    BUSY = "busy"
    """No time for it now: nothing was carried out, the request may be sent again."""
    INTERNAL = "internal"
    """A fault of the server, noted there."""

    # Who is asking
    NOT_AUTHENTICATED = "not_authenticated"
    """Not logged in, or not any more; on a node, no message that opens a connection."""
    FORBIDDEN = "forbidden"
    """Not for this player, or about another table than the connection's."""
    WRONG_CREDENTIALS = "wrong_credentials"
    """E-mail address or password is wrong; which of the two is not said."""
    NAME_TAKEN = "name_taken"
    """Somebody else has this name."""
    EMAIL_TAKEN = "email_taken"
    """The e-mail address has an account already."""
    TICKET_INVALID = "ticket_invalid"
    """No ticket that the router has written."""
    TICKET_EXPIRED = "ticket_expired"
    """The ticket's time is over: take another."""
    TICKET_USED = "ticket_used"
    """The ticket was shown before: take another."""
    WRONG_NODE = "wrong_node"
    """The ticket is for another node, or for this one before it was started again: take another."""

    # Tables and seats
    NO_SUCH_TABLE = "no_such_table"
    """There is no such table here."""
    TABLE_UNAVAILABLE = "table_unavailable"
    """The table cannot serve this now, because it is moved or stopped: try again after some seconds."""
    TABLE_FULL = "table_full"
    """No seat is free."""
    NO_SUCH_SEAT = "no_such_seat"
    """The table has no seat of this number."""
    SEAT_TAKEN = "seat_taken"
    """Somebody has the seat."""
    ALREADY_SEATED = "already_seated"
    """The player has a seat at this table."""
    NOT_SEATED = "not_seated"
    """Only for players who have a seat at this table."""
    BUY_IN_TOO_SMALL = "buy_in_too_small"
    """Less than the table's smallest buy-in."""
    BUY_IN_TOO_LARGE = "buy_in_too_large"
    """More than the table's largest buy-in, or the stack would be larger than that."""
    LEAVING = "leaving"
    """The player has asked to leave, and goes."""

    # The hand
    NO_HAND = "no_hand"
    """No hand is in play."""
    STALE_HAND = "stale_hand"
    """The request names another hand than the one in play."""
    STALE_TURN = "stale_turn"
    """The request names another turn than the present one."""
    OUT_OF_TURN = "out_of_turn"
    """It is another player's turn."""
    ACTION_NOT_ALLOWED = "action_not_allowed"
    """The turn's legal actions do not have this one, or the player has no such cards."""
    AMOUNT_TOO_SMALL = "amount_too_small"
    """Less than the smallest amount allowed."""
    AMOUNT_TOO_LARGE = "amount_too_large"
    """More than the largest amount allowed."""
    ACTION_ID_REUSED = "action_id_reused"
    """The same action id came before with another content."""

    # Money
    INSUFFICIENT_FUNDS = "insufficient_funds"
    """The wallet has less than that."""
    FROZEN = "frozen"
    """An administrator has frozen the account: it brings no money to a table."""
    SELF_EXCLUDED = "self_excluded"
    """The player has asked not to be let play, for a time that is not over."""
    STACK_MISMATCH = "stack_mismatch"
    """Between node and ledger; no player gets it."""
    COMMAND_REUSED = "command_reused"
    """The same idempotency key came before with another content; no player of a table gets it."""
    COMMAND_TOO_OLD = "command_too_old"
    """Between node and ledger; no player gets it."""
    TABLE_HALTED = "table_halted"
    """The table stands still until an administrator has looked at it."""
    HAND_UNBALANCED = "hand_unbalanced"
    """Between node and ledger; no player gets it."""

    # HTTP
    NOT_FOUND = "not_found"
    """Nothing is at this address."""
    METHOD_NOT_ALLOWED = "method_not_allowed"
    """The address does not take this HTTP method."""
    UNAVAILABLE = "unavailable"
    """A part of the service is away: try again after some seconds."""

    # Options of a table
    NOT_OFFERED = "not_offered"
    """The table does not offer this, or not to this player, or not now."""

    # Seats, as more than one may want them
    SEAT_OFFERED = "seat_offered"
    """The seat is kept for the next player of the waiting list."""
    SEAT_IS_FREE = "seat_is_free"
    """Nobody waits for a seat while one is free: sit down."""
    NOT_WAITING = "not_waiting"
    """The player is not on the waiting list."""
    WAITING_LIST_FULL = "waiting_list_full"
    """The waiting list has as many players as it may."""
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

    # Dead letters of the ledger
    LETTER_RESOLVED = "letter_resolved"
    """The dead letter was resolved in the other way; that cannot be changed."""
    LETTER_FAILS = "letter_fails"
    """The command of the dead letter still cannot be carried out; the detail says why, nothing moved."""

    # What two administrators decide
    ALREADY_DECIDED = "already_decided"
    """The proposal was approved or rejected before, or its time is over; no player gets it."""
    ANOTHER_MUST_APPROVE = "another_must_approve"
    """Nobody approves what they have proposed; no player gets it."""

    # Rooms
    ROOM_CLOSED = "room_closed"
    """The room takes no new tables; only administrators make tables, so no player gets it."""

    # Servers that are away
    TABLE_PAUSED = "table_paused"
    """The table waits for a server and goes on by itself; who is to act has all the time again then."""

    # Shards, as administrators move them
    NO_SUCH_SHARD = "no_such_shard"
    """The node neither plays the shard nor stands by for it; no player gets it."""
    SHARD_NOT_HELD = "shard_not_held"
    """The node does not play the shard now, so that it cannot give it away; no player gets it."""
    NODE_AWAY = "node_away"
    """No node of this name is there now, or it is this one; no player gets it."""
    NODE_NOT_STANDBY = "node_not_standby"
    """The node does not take this shard now: it does not stand by for it, or is being drained."""
    LEDGER_AWAY = "ledger_away"
    """The ledger does not answer, so that the other node could not open the shard; no player gets it."""
    MOVE_UNDER_WAY = "move_under_way"
    """The shard is being moved; no player gets it."""

    # Accounts
    EMAIL_NOT_CONFIRMED = "email_not_confirmed"
    """The password is right, but the address was not confirmed yet: the mailed link does that."""
    LOGIN_SLOWED = "login_slowed"
    """Too many wrong passwords for this account or from this address: wait as ``Retry-After`` says."""
    TOKEN_INVALID = "token_invalid"  # noqa: S105 (a code)
    """The mailed token is none, was used before, or is too old: ask for another."""
    SECOND_FACTOR_NEEDED = "second_factor_needed"
    """The account wants a code of the second factor, too."""
    SECOND_FACTOR_WRONG = "second_factor_wrong"
    """The code is wrong, too old, or was used before."""
    SECOND_FACTOR_ON = "second_factor_on"
    """The account has a second factor already: take it away first."""
    SECOND_FACTOR_OFF = "second_factor_off"
    """The account has no second factor, or none that was confirmed."""
    STEP_UP_NEEDED = "step_up_needed"
    """This wants a code of the second factor shown a short time ago: step up, then ask again."""

    # Who is kept out
    USER_BLOCKED = "user_blocked"
    """An administrator has blocked the account; play at a table that holds its money may be ended."""
    ADDRESS_BLOCKED = "address_blocked"
    """Requests from this network address are not served."""
    COUNTRY_BLOCKED = "country_blocked"
    """The house does not serve the country that the request comes from."""

    # Protection of players
    DEPOSIT_LIMIT = "deposit_limit"
    """More than the player's own limit of deposits lets in, or the limit is reached."""
    LOSS_LIMIT = "loss_limit"
    """The buy-in could make the loss larger than the player's own limit."""
    SESSION_LIMIT = "session_limit"
    """The player's own limit of time at tables is reached for today."""
    EXCLUSION_STANDS = "exclusion_stands"
    """A self-exclusion cannot be ended or made shorter before its time."""

    # Freezes of the whole house
    PLAY_FROZEN = "play_frozen"
    """An administrator has frozen all play: no hand is dealt, nobody sits down."""
    WITHDRAWALS_FROZEN = "withdrawals_frozen"
    """An administrator has frozen all withdrawals."""

    # Ways to a table
    ROUTE_STALE = "route_stale"
    """The table is played elsewhere than the request says; the answer holds the present route."""
    NO_SUCH_STAKE = "no_such_stake"
    """No game of this name and number of seats is on offer."""
    NO_SEAT = "no_seat"
    """No seat was found and no table could be opened: try again after some seconds."""
    TABLE_HELD = "table_held"
    """An administrator has paused the table: no hand is dealt, nobody sits down until it goes on."""
    TABLE_CLOSING = "table_closing"
    """The table is being closed: nobody sits down any more."""
    TABLE_NOT_EMPTY = "table_not_empty"
    """Somebody sits there or is about to, and it was to be closed only if nobody does; no player gets it."""
    WRONG_OWNER = "wrong_owner"
    """Between router and node: another node plays the shard; no player gets it."""

    # Administrators
    ROLE_NEEDED = "role_needed"
    """The administrator's role does not allow this; no player gets it."""
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 (a code)
    """The administrator's token is past its date; no player gets it."""
