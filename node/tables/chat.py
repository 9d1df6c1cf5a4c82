"""What is said at a table: who may speak, how often, who hears it.

Words live in memory and, for the table's next owner, in its journal, the last few of them; they are never
logged and in no metric.
"""

import time
from collections import deque
from typing import assert_never

from attrs import define, field

from cardroom.ids import UserId
from cardroom.wire.chat import Emoted, Said
from cardroom.wire.player import Chat, Mute, ShowEmote, Talk
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import SeatStatus
from node.journal.memory import MAX_MUTING, MutedMemory, SilencedMemory, TalkMemory
from node.tables.audience import Audience, Viewer
from node.tables.chat_text import clean_text
from node.tables.denied import Denied
from node.tables.hand_in_play import HandInPlay
from node.tables.keeping import Keeper
from node.tables.metrics import CHAT
from node.tables.seats import SeatHolder, Seats
from node.tables.telling import Telling
from node.tables.throttle import Throttle


@define
class ChatRoom:
    """One table's talk, and who is kept out of it; it outlives a crash of the table's task."""

    seats: Seats
    audience: Audience
    telling: Telling
    keeper: Keeper
    _lines: deque[Said] = field(init=False)
    _mutes: dict[UserId, set[UserId]] = field(factory=dict)
    """Whom each player has muted."""
    _buckets: dict[UserId, Throttle] = field(factory=dict)
    """Of those who have spoken lately."""
    _silenced_until: dict[UserId, float] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._lines = deque(maxlen=self.seats.game.limits.chat_lines)

    def carry_out(self, viewer: Viewer, request: Talk, play: HandInPlay | None, now: float) -> None:
        """Do what a viewer asks for; refused as the requests say."""
        match request:
            case Chat(text=text):
                speaker = self._speaker(viewer.user_id, now)
                cleaned = clean_text(text, self.seats.game.limits.chat_letters)
                self._take_turn(speaker, play, now)
                self._say(speaker, cleaned)
            case ShowEmote(table_id=table_id, emote=emote):
                speaker = self._speaker(viewer.user_id, now)
                self._take_turn(speaker, play, now)
                self._tell(Emoted(table_id, speaker.user_id, emote))
                CHAT.labels(kind="emote").inc()
            case Mute():
                self._mute(viewer.user_id, request)
            case _ as unreachable:
                assert_never(unreachable)

    def tell_last_lines(self, viewer: Viewer) -> None:
        """Tell somebody who comes to watch what was said last."""
        muted = self._muted_by(viewer.user_id)
        for line in self._lines:
            if line.user_id not in muted:
                self.telling.answer(viewer, line)

    def forget_if_gone(self, user_id: UserId) -> None:
        """Drop the mutes of a player who neither watches nor sits here any more."""
        if user_id in self._mutes and not self._is_here(user_id):
            del self._mutes[user_id]
            self.keeper.is_talked = True

    def silence(self, user_id: UserId, seconds: int, now: float) -> bool:
        """Let a player say nothing for a time, 0 lifts it; False if too many are silenced already."""
        self.keeper.is_talked = True
        self._silenced_until = {user: until for user, until in self._silenced_until.items() if until > now}
        self._silenced_until.pop(user_id, None)
        if len(self._silenced_until) >= self.seats.game.limits.silenced:
            return seconds == 0
        if seconds:
            self._silenced_until[user_id] = now + seconds
        return True

    def remember(self, now: float) -> TalkMemory:
        """Write down what the table's next owner must know."""
        muting = [(user, muted) for user, muted in self._mutes.items() if muted]
        return TalkMemory(
            lines=tuple(self._lines),
            muted=tuple(MutedMemory(user, tuple(muted)) for user, muted in muting[-MAX_MUTING:]),
            silenced=tuple(
                SilencedMemory(user, int((until - now) * 1000))
                for user, until in self._silenced_until.items()
                if until > now
            ),
        )

    def recall(self, talk: TalkMemory, now: float) -> None:
        """Go on with what an earlier owner has written down."""
        self._lines.extend(talk.lines)
        self._mutes = {one.user_id: set(one.muted) for one in talk.muted}
        self._silenced_until = {one.user_id: now + one.left_ms / 1000 for one in talk.silenced}

    def _speaker(self, user_id: UserId, now: float) -> SeatHolder:
        holder = self.seats.held_by(user_id)
        if self.seats.status(holder) is SeatStatus.RESERVED:
            raise Denied(Refusal.NOT_SEATED)
        if self._silenced_until.get(user_id, now) > now:
            raise Denied(Refusal.SILENCED)
        return holder

    def _take_turn(self, speaker: SeatHolder, play: HandInPlay | None, now: float) -> None:
        """Count what a player is about to say, or refuse it."""
        if play is not None and is_closed_to(speaker, play):
            raise Denied(Refusal.CHAT_CLOSED)
        bucket = self._buckets.get(speaker.user_id)
        if bucket is None:
            limits = self.seats.game.limits
            bucket = Throttle(limits.chat_per_second, limits.chat_burst, now)
            self._buckets = {user: one for user, one in self._buckets.items() if not one.is_full(now)}
            self._buckets[speaker.user_id] = bucket
        if not bucket.allows(now):
            raise Denied(Refusal.RATE_LIMITED)

    def _say(self, speaker: SeatHolder, text: str) -> None:
        unix_ms = time.time_ns() // 1_000_000
        said = Said(self.seats.game.table_id, speaker.user_id, speaker.nickname, text, unix_ms)
        self._lines.append(said)
        self.keeper.is_talked = True
        self._tell(said)
        CHAT.labels(kind="text").inc()

    def _tell(self, message: Said | Emoted) -> None:
        speaker = message.user_id
        hearers = [one for one in self.audience.viewers if speaker not in self._muted_by(one.user_id)]
        self.telling.send(hearers, message)

    def _muted_by(self, user_id: UserId) -> set[UserId]:
        return self._mutes.get(user_id, set())

    def _mute(self, user_id: UserId, request: Mute) -> None:
        if not self._is_here(user_id):
            raise Denied(Refusal.NOT_SEATED)
        self.keeper.is_talked = True
        if not request.is_muted:
            self._muted_by(user_id).discard(request.user_id)
            return
        if user_id not in self._mutes:
            # Whose seat was paid out while nobody of theirs watched is found here: players never pile up.
            self._mutes = {user: muted for user, muted in self._mutes.items() if self._is_here(user)}
        muted = self._mutes.setdefault(user_id, set())
        if request.user_id not in muted and len(muted) >= self.seats.game.limits.mutes:
            raise Denied(Refusal.MUTES_FULL)
        muted.add(request.user_id)

    def _is_here(self, user_id: UserId) -> bool:
        return self.audience.has_user(user_id) or self.seats.of_user(user_id) is not None


def is_closed_to(speaker: SeatHolder, play: HandInPlay) -> bool:
    """Say whether a player must be silent: dealt into a hand in which somebody live is all-in.

    Who has folded is silent too: words could tell what was folded. Others at the table hold no cards.
    """
    if play.players.get(speaker.seat) != speaker.user_id:
        return False
    return any(player.is_all_in for player in play.hand.players)
