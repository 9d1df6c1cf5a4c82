"""Coming back after a broken connection: the token of ``Welcome``, and what it is good for."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen
from itsdangerous import BadSignature, Signer

from cardroom.ids import TableId, UserId
from cardroom.service.settings import Secret
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.player import Resume
from cardroom.wire.refusals import Refusal
from node.sessions.admission import Admitted, NotAdmitted, wall_clock_ms

_SALT: Final = b"holdem.resume-token.v1"
_MAX_TOKEN_BYTES: Final = 1024


@frozen
class ResumeToken:
    """Who may come back to which table; ``run`` is the numbering of its events that was followed."""

    user_id: UserId
    nickname: str
    table_id: TableId
    run: str
    expires_unix_ms: int


_TOKENS: Final = Codec[ResumeToken](ResumeToken, Encoding.MSGPACK, _MAX_TOKEN_BYTES, {})


class Resumption:
    """Gives tokens and takes them back, without asking anybody: a whole node's players may come at once.

    A token is good again and again until it expires, at every node that knows the key and holds the table, so
    also after a restart. It need not be good once only, as a ticket is: a second use gives no more than one
    connection more of the same player, and each one over the limit of one player closes the oldest. However
    often it is used, it ends when the first one of its chain does: then the router is asked again, which
    knows who has logged out or is frozen. It is no invitation: the welcome gives it before the table has let
    its player in.
    """

    def __init__(
        self, keys: Sequence[Secret], seconds: float, now_ms: Callable[[], int] = wall_clock_ms
    ) -> None:
        """Sign with the first of the keys, and know what was signed with any of them."""
        self._signer = Signer([key.value for key in reversed(keys)], salt=_SALT)
        self._life_ms = int(seconds * 1000)
        self._now_ms = now_ms

    def issue(self, admitted: Admitted, run: str) -> str:
        """Write a token for who is admitted now to a table whose events are numbered in ``run``."""
        token = ResumeToken(
            user_id=admitted.user_id,
            nickname=admitted.nickname,
            table_id=admitted.table_id,
            run=run,
            expires_unix_ms=admitted.expires_unix_ms or self._now_ms() + self._life_ms,
        )
        return self._signer.sign(urlsafe_b64encode(_TOKENS.encode(token))).decode()

    def admit(self, resume: Resume) -> Admitted:
        """Read the token of who comes back; raises ``NotAdmitted`` if it is not ours or too old."""
        token = self._open(resume.token)
        if token.expires_unix_ms < self._now_ms():
            raise NotAdmitted(Refusal.TICKET_EXPIRED)
        return Admitted(
            user_id=token.user_id,
            nickname=token.nickname,
            table_id=token.table_id,
            run=token.run,
            last_seq=resume.last_seq,
            expires_unix_ms=token.expires_unix_ms,
        )

    def _open(self, text: str) -> ResumeToken:
        try:
            return _TOKENS.decode(urlsafe_b64decode(self._signer.unsign(text)))
        except (BadSignature, Malformed, ValueError):
            raise NotAdmitted(Refusal.TICKET_INVALID) from None
