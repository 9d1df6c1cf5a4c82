"""Which protection of players is switched on: the same section for routers and wallet workers."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from cardroom.service.settings import BadSettings

_LONGEST_HOURS = 24 * 31


@frozen
class ProtectionSettings:
    """The section ``[protection]``. What is off is refused by ``not_offered``, and not enforced.

    A self-exclusion that stands is enforced even where no new ones are taken. ``loosen_hours`` is how long a
    limit that becomes looser waits; ``time_zone`` says when days, weeks and months begin. Every
    ``watch_seconds`` the worker looks who has run out of time, and every ``release_seconds`` which held
    deposits a limit lets in by now.
    """

    self_exclusion: bool = True
    deposit_limits: bool = True
    loss_limits: bool = True
    session_limits: bool = True
    reality_checks: bool = True
    loosen_hours: int = 24
    time_zone: str = "Asia/Seoul"
    watch_seconds: float = 1.0
    release_seconds: float = 60.0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.loosen_hours <= _LONGEST_HOURS:
            raise BadSettings(f"protection: loosen_hours is 1 to {_LONGEST_HOURS}")
        if not 0.05 <= self.watch_seconds <= 5.0 or self.release_seconds < 0.05:
            raise BadSettings("protection: watch_seconds is 0.05 to 5, release_seconds at least 0.05")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise BadSettings(f"protection: time_zone {self.time_zone!r} is not known here") from None

    def offers(self, kind: str) -> bool:
        """Say whether limits of this kind are on; kinds are named as in ``LimitKind``, or ``exclusion``."""
        switches = {
            "deposit": self.deposit_limits,
            "loss": self.loss_limits,
            "session": self.session_limits,
            "reality": self.reality_checks,
            "exclusion": self.self_exclusion,
        }
        return switches[kind.partition("_")[0]]
