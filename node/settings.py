"""Settings of a node, frozen after the start. Times in seconds, amounts in won."""

from pathlib import Path
from typing import Final, Literal

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, gt, le

from cardroom.ids import NodeId, ShardId
from cardroom.money import BasisPoints, Krw
from cardroom.service.addresses import is_network
from cardroom.service.settings import Bind, LogSettings, RedisSettings, Secret

MIN_SEATS: Final = 2
MAX_SEATS: Final = 9
_NOTHING: Final = Krw(0)


@frozen
class RakeSettings:
    """A ratio of the called pot and its cap."""

    basis_points: BasisPoints = field(validator=[ge(BasisPoints(0)), le(BasisPoints(10_000))])
    cap_big_blinds: int = field(validator=ge(0))


@frozen
class AnteSettings:
    """Who posts an ante: everybody who is dealt in, or the big blind for all (rule 16)."""

    kind: Literal["per_seat", "big_blind"]
    amount: Krw = field(validator=gt(_NOTHING))


@frozen
class TimeBank:
    """Time that a player may use beyond the clock of a turn (rule 31)."""

    first_seconds: float = field(default=30.0, validator=ge(0.0))
    """What a player has on sitting down."""
    gift_seconds: float = field(default=5.0, validator=ge(0.0))
    """What is added for every so many hands."""
    gift_hands: int = field(default=10, validator=gt(0))
    """One gift for so many hands that a player was dealt into."""
    most_seconds: float = field(default=60.0, validator=ge(0.0))
    """No gift lets it grow above this."""


@frozen
class ConnectionTime:
    """Time for a player whose connection is broken, by the size of the pot, once a hand (rule 32).

    Who has used it ``allowed_breaks`` times gets none, until one is forgiven every ``forgiven_hands`` hands.
    """

    least_seconds: float = field(default=30.0, validator=ge(0.0))
    """The shortest extra time, in a small pot."""
    most_seconds: float = field(default=120.0, validator=ge(0.0))
    """The longest extra time, in a large pot."""
    seconds_per_big_blind: float = field(default=1.0, validator=ge(0.0))
    """How the time grows with the pot."""
    allowed_breaks: int = field(default=3, validator=ge(0))
    """How often a player may use it."""
    forgiven_hands: int = field(default=20, validator=gt(0))
    """After so many hands one use is forgiven."""


@frozen
class StakeSettings:
    """One game on offer: what a table that names it plays for, and by which options."""

    small_blind: Krw = field(validator=gt(_NOTHING))
    big_blind: Krw = field(validator=gt(_NOTHING))
    rake: RakeSettings
    heads_up_rake: RakeSettings
    ante: AnteSettings | None = None
    straddle: bool = False
    run_it_twice: bool = False
    sizes: tuple[str, ...] = ()
    """Names of the table sizes that the game is offered at; empty: any."""
    min_buy_in_big_blinds: int = field(default=40, validator=gt(0))
    """The smallest buy-in."""
    max_buy_in_big_blinds: int = field(default=100, validator=gt(0))
    """The largest buy-in."""
    turn_seconds: float = field(default=15.0, validator=gt(0.0))
    """The time of a turn, without time bank."""
    run_it_twice_seconds: float = field(default=5.0, validator=gt(0.0))
    """How long players may think about running it twice; no answer is a no."""
    time_bank: TimeBank = field(factory=TimeBank)
    connection_time: ConnectionTime = field(factory=ConnectionTime)
    same_address_seats: bool = True
    """Whether two players may sit at a table from one network address."""
    missed_blinds_limit: int = field(default=3, validator=gt(0))
    """How often in a row the big blind may pass a player before the seat is lost (rule 22)."""

    def __attrs_post_init__(self) -> None:
        if self.small_blind > self.big_blind:
            raise ValueError("small_blind is above big_blind")
        if self.min_buy_in_big_blinds > self.max_buy_in_big_blinds:
            raise ValueError("min_buy_in_big_blinds is above max_buy_in_big_blinds")


@frozen
class StakesFile:
    """The file that lists the games on offer, shared by all nodes."""

    stakes: dict[str, StakeSettings]
    sizes: dict[str, int] = field(factory=dict)
    """Table sizes by name: how many seats."""

    def __attrs_post_init__(self) -> None:
        for name, seats in self.sizes.items():
            if not MIN_SEATS <= seats <= MAX_SEATS:
                raise ValueError(f"sizes.{name}: {MIN_SEATS} to {MAX_SEATS} seats")
        for name, stake in self.stakes.items():
            unknown = set(stake.sizes) - set(self.sizes)
            if unknown:
                raise ValueError(f"stakes.{name}.sizes: no size is named {', '.join(sorted(unknown))}")

    def offers(self, stake: StakeSettings, seat_count: int) -> bool:
        """Say whether a game is played at tables of so many seats."""
        return not stake.sizes or seat_count in {self.sizes[name] for name in stake.sizes}


@frozen
class SessionLimits:
    """What one node grants to players' connections.

    ``hello_seconds`` is the time for the handshake, and again for the first message; then closed with 4401.
    A player who gives no sign of life for ``silence_seconds`` is closed with 4408.
    """

    connections: int = 600
    """How many connections a node takes; one more is closed with 1013, if it has no seat at its table."""
    connections_per_user: int = 3
    """How many of them may be one player's; the oldest is closed with 4409."""
    handshakes_per_second: float = field(default=400.0, validator=gt(0.0))
    """When many come at once, tables have the time that this leaves them; newcomers wait in the queue."""
    handshake_burst: int = field(default=50, validator=ge(0))
    """How many may come at once before that pace counts."""
    hello_seconds: float = 5.0
    ping_seconds: float = 20.0
    """A player who was silent for so long is asked for a sign of life, and again after as long."""
    silence_seconds: float = 60.0
    resume_seconds: float = 12 * 3600.0
    """How long one may come back by the tokens that follow from a ticket; then another ticket is needed."""
    messages_per_second: float = 20.0
    """How many messages a connection may send for long; more are refused as ``rate_limited``."""
    message_burst: int = 40
    """How many may come at once. After so many such refusals in a row: closed with 4429."""
    resync_messages: int = field(default=10, validator=gt(0))
    """How many messages one ``Resync`` counts as."""
    outbox_bytes: int = 256 * 1024
    """What the node keeps for a player who does not read; one message more closes the connection."""
    send_buffer_bytes: int = 64 * 1024
    """What the system keeps besides. Left to itself it takes some megabytes before anybody notices."""
    close_seconds: float = 2.0
    """How long the node waits for the other side to close, too."""


@frozen
class TableLimits:
    """What a table task grants and waits for.

    Of the requests that wait there are at most ``inbox``; one more is refused as ``busy``. At the least
    ``between_hands_seconds`` lie between two hands. Up to ``unsettled_hands`` hands may wait for the ledger;
    then the next is not dealt. After a fault a table pauses for ``restart_seconds``; after
    ``restarts_before_halt`` faults it stands still.
    """

    inbox: int = 256
    spectators: int = 100
    """How many players may watch without a seat; who has one, or waits for one, is always let in."""
    kept_events: int = 256
    """How many events a table keeps for viewers who come back; who missed more gets a snapshot."""
    known_top_ups: int = 32
    """How many answered top-ups of a seat are known again when they are repeated."""
    waiting: int = 20
    """How many players may stand in the waiting list."""
    offer_seconds: float = field(default=30.0, validator=gt(0.0))
    """How long a free seat is kept for the next player of the waiting list."""
    waiting_away_seconds: float = field(default=120.0, validator=gt(0.0))
    """How long a player without a connection keeps the place in the waiting list."""
    between_hands_seconds: float = 3.0
    after_showdown_seconds: float = 6.0
    """The pause between hands, and when there are cards to look at."""
    show_seconds: float = 3.0
    """How long after a hand its players may show cards, unless the next one is dealt before (rule 29)."""
    unsettled_hands: int = 2
    restart_seconds: float = 0.5
    restarts_before_halt: int = 5
    chat_letters: int = 200
    """How long a line may be."""
    chat_lines: int = 20
    """What was said last, for who comes to watch."""
    chat_burst: int = 5
    """So many words and emotes of one player at once."""
    chat_per_second: float = 0.5
    """So many words and emotes of one player in the long run."""
    mutes: int = 50
    """How many others a player may mute."""
    silenced: int = 200
    """How many players may be silenced by administrators at a time."""
    provable_hands: int = 20
    """For how many hands after their end the openings of cards are given."""


@frozen
class LeaseSettings:
    """How long a shard's owner may be silent (DESIGN 6: no dealing at 2/3, judged dead at the end)."""

    renew_seconds: float = field(default=1.0, validator=gt(0.0))
    """How often a shard where nothing happens writes its lease; each flush of its journal writes it too."""
    dead_seconds: float = field(default=30.0, validator=gt(0.0))


@frozen
class JournalSettings:
    """How hands in play are kept in Redis."""

    patience_seconds: float = field(default=3.0, validator=gt(0.0))
    """When Redis has not answered for so long, the tables pause until it does."""


@frozen
class LedgerSettings:
    """How the node talks to the wallet worker."""

    poll_seconds: float = 5.0
    """How long the node waits for replies at a time; it is told of each at once."""
    resend_seconds: float = 2.0
    open_seconds: float = 10.0


@frozen
class MoveSettings:
    """How a shard is given to another node while it is played."""

    wait_seconds: float = field(default=60.0, validator=ge(0.0))
    """How long a moment between hands is looked for; then it moves in the middle of hands."""
    take_seconds: float = field(default=5.0, validator=gt(0.0))
    """How long the other node has for taking it; then it is taken back."""
    open_seconds: float = field(default=30.0, validator=gt(0.0))
    """How long a node that has taken it may need to open it; then the players are sent to the router."""


@frozen
class StopSettings:
    """How long each step of an orderly stop may take; together less than 20 seconds."""

    hand_over_seconds: float = field(default=4.0, validator=ge(0.0))
    """For giving shards to standbys that are there; half of it for a moment between hands."""
    hands_seconds: float = 8.0
    """For hands in play at shards that nobody takes; those that last longer stay in the journal."""
    settle_seconds: float = 4.0
    sessions_seconds: float = 2.0


@frozen
class ProtectionSettings:
    """How players' own limits are seen to; which are on, routers and wallet workers say."""

    watch_seconds: float = field(default=2.0, validator=gt(0.0))
    """How often it is looked who has to go, and whom to tell of time and money."""
    reality_check_minutes: int = field(default=0, validator=ge(0))
    """How often players are told who have not chosen it themselves; 0: not at all."""


@frozen
class NodeSettings:
    """All of one node's settings."""

    node_id: NodeId
    shards: tuple[ShardId, ...]
    players: Bind
    player_url: str
    admin: Bind
    admins_file: Path
    """Who administrates: see ``cardroom/service/admins.py``."""
    ticket_key: Secret
    """Opens the tickets of the routers, which have the same one, and signs the tokens for coming back."""
    journal_key: Secret
    """Seals the decks of hands in play; the same for all nodes that may take each other's shards."""
    redis: RedisSettings
    stakes_file: Path
    trusted_proxies: tuple[str, ...] = field(default=(), validator=deep_iterable(is_network))
    """Networks of proxies in front of this node, such as ``127.0.0.1/32``: what they say about where a player
    comes from is believed."""
    old_ticket_key: Secret | None = None
    """Opens tickets and tokens too, while the key is changed; nothing is signed with it."""
    standby_for: tuple[ShardId, ...] = ()
    """Shards of other nodes that this one takes when their owner is gone, or offers them."""
    announce_seconds: float = 1.0
    lobby_seconds: float = field(default=0.25, validator=gt(0.0))
    sessions: SessionLimits = field(factory=SessionLimits)
    tables: TableLimits = field(factory=TableLimits)
    lease: LeaseSettings = field(factory=LeaseSettings)
    journal: JournalSettings = field(factory=JournalSettings)
    ledger: LedgerSettings = field(factory=LedgerSettings)
    move: MoveSettings = field(factory=MoveSettings)
    stop: StopSettings = field(factory=StopSettings)
    protection: ProtectionSettings = field(factory=ProtectionSettings)
    log: LogSettings = field(factory=LogSettings)

    @property
    def ticket_keys(self) -> tuple[Secret, ...]:
        """All keys that open tickets and tokens; the first one signs."""
        return (self.ticket_key,) if self.old_ticket_key is None else (self.ticket_key, self.old_ticket_key)

    def __attrs_post_init__(self) -> None:
        if both := sorted(set(self.shards) & set(self.standby_for)):
            raise ValueError(f"standby_for: {', '.join(map(str, both))} stands in shards, too")
        for name, shards in (("shards", self.shards), ("standby_for", self.standby_for)):
            if len(set(shards)) < len(shards):
                raise ValueError(f"{name}: one shard stands there twice")
