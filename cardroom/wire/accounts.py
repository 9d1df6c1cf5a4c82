"""Router and player over HTTP: what belongs to an account besides registering and logging in. JSON."""

from uuid import UUID

from attrs import field, frozen

from cardroom.wire.json_schema import beside, letters


@frozen
class SeeYourMail:
    """The answer to whatever ends in a mail. It is the same whether or not the address has an account."""

    status: str = "see_your_mail"


@frozen
class MailedToken:
    """``POST /api/v1/auth/confirm``. Refused: token invalid, name taken."""

    token: str
    """As it was mailed."""


@frozen
class PasswordChange:
    """``POST /api/v1/auth/password``: ends all other sessions. Refused: wrong credentials, login slowed."""

    old_password: str
    new_password: str = field(metadata=letters(8, 128))
    """8 to 128 characters."""


@frozen
class ResetRequest:
    """``POST /api/v1/auth/reset-request``: a mail follows if the address has an account; nobody is told."""

    email: str = field(metadata=beside(format="email", maxLength=254))


@frozen
class PasswordReset:
    """``POST /api/v1/auth/reset``: ends all sessions. Refused: token invalid, malformed."""

    token: str
    """As it was mailed; good for one time."""
    password: str = field(metadata=letters(8, 128))
    """8 to 128 characters."""


@frozen
class PasswordShown:
    """``POST /api/v1/me/second-factor``. Refused: wrong credentials, second factor on, login slowed."""

    password: str
    """The account's: who has only found a session open does not get a second factor."""


@frozen
class FactorOffer:
    """A secret for an authenticator. It counts once it is confirmed by a code of it."""

    secret: str
    """Base32, to be typed in."""
    uri: str
    """``otpauth://...``, mostly shown as a QR code."""


@frozen
class CodeShown:
    """``POST /api/v1/me/second-factor/confirm`` and ``/api/v1/auth/step-up``.

    Refused: second factor wrong, off or on, login slowed.
    """

    code: str
    """Six digits; to step up, a recovery code too."""


@frozen
class RecoveryCodes:
    """Codes that stand in for a lost device, shown this once; each is good for one time."""

    codes: tuple[str, ...]


@frozen
class FactorRemoval:
    """``POST /api/v1/me/second-factor/remove``. Refused: wrong credentials, second factor wrong or off."""

    password: str
    code: str


@frozen
class FactorState:
    """``GET /api/v1/me/second-factor``."""

    is_on: bool
    recovery_codes: int
    """How many are left."""
    stepped_up_until_unix_ms: int
    """Up to when a code that this session has shown counts; 0: none has been shown, or long ago."""


@frozen
class SessionLine:
    """One session of the player that is open."""

    session_id: UUID
    created_unix_ms: int
    seen_unix_ms: int
    """When it was last used, to the minute."""
    expires_unix_ms: int
    address: str
    """Where the login came from."""
    user_agent: str
    """What the program called itself then."""
    is_current: bool
    """Whether this request came by it."""


@frozen
class SessionList:
    """``GET /api/v1/me/sessions``: all sessions that are open, the newest first."""

    sessions: tuple[SessionLine, ...]
