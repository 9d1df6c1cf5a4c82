"""What is mailed to players: plain text, Korean and then English, for nobody's language is known yet.

No letter holds a password, and none says more about an account than its owner knows.
"""

from typing import Final

from attrs import field, frozen

_LINE: Final = "\n\n- - -\n\n"


@frozen
class Mailed:
    """A token as it is mailed: with the page that takes it, if there is one."""

    token: str = field(repr=False)
    site_url: str
    minutes: int

    def as_lines(self, page: str) -> str:
        """Give what to follow or to paste. It stands behind ``#``, so that no server writes it down."""
        if self.site_url:
            return f"{self.site_url.rstrip('/')}/{page}#{self.token}"
        return self.token


@frozen
class Written:
    """Subject and text of a letter."""

    subject: str
    text: str = field(repr=False)


def confirm_address(nickname: str, mailed: Mailed) -> Written:
    """To who registers a new address."""
    hours, lines = max(1, mailed.minutes // 60), mailed.as_lines("confirm")
    return Written(
        "이메일 주소를 확인해 주세요 / Please confirm your e-mail address",
        f"{nickname} 님, 가입을 마치려면 {hours}시간 안에 아래를 열거나 입력해 주세요.\n\n{lines}\n\n"
        "직접 가입하지 않으셨다면 이 메일을 무시해 주세요. 아무 계정도 만들어지지 않습니다."
        f"{_LINE}"
        f"{nickname}, to finish your registration, open or enter this within {hours} hours:\n\n{lines}\n\n"
        "If it was not you who registered, do nothing: there will be no account.\n",
    )


def have_account() -> Written:
    """To who has an account, when somebody registers the address again."""
    return Written(
        "이미 계정이 있습니다 / You have an account already",
        "이 이메일 주소로 새 계정을 만들려는 요청이 있었지만, 이미 계정이 있습니다. 로그인하시거나, "
        "비밀번호를 잊으셨다면 재설정을 요청해 주세요. 직접 요청하지 않으셨다면 무시하셔도 됩니다."
        f"{_LINE}"
        "Somebody asked for a new account with this e-mail address, which has one already. Log in, or ask "
        "for a new password if you have forgotten yours. If it was not you, you need not do anything.\n",
    )


def reset_password(nickname: str, mailed: Mailed) -> Written:
    """To who has asked for a new password."""
    lines = mailed.as_lines("reset")
    return Written(
        "비밀번호 재설정 / Set a new password",
        f"{nickname} 님, 새 비밀번호를 정하려면 {mailed.minutes}분 안에 아래를 열거나 입력해 주세요."
        f"\n\n{lines}\n\n"
        "직접 요청하지 않으셨다면 이 메일을 무시해 주세요. 비밀번호는 바뀌지 않습니다."
        f"{_LINE}"
        f"{nickname}, to set a new password, open or enter this within {mailed.minutes} minutes:"
        f"\n\n{lines}\n\n"
        "If it was not you who asked, do nothing: your password stays as it is.\n",
    )


def password_changed(nickname: str) -> Written:
    """To who has a new password now, whoever set it."""
    return Written(
        "비밀번호가 변경되었습니다 / Your password was changed",
        f"{nickname} 님의 비밀번호가 변경되었고, 다른 모든 로그인이 종료되었습니다. "
        "직접 변경하지 않으셨다면 바로 비밀번호 재설정을 요청해 주세요."
        f"{_LINE}"
        f"{nickname}, your password was changed, and all other logins were ended. "
        "If it was not you, ask for a new password at once.\n",
    )


def second_factor_changed(nickname: str, *, is_on: bool) -> Written:
    """To whose account has a second factor now, or has none any more."""
    korean, english = ("켜졌습니다", "on") if is_on else ("꺼졌습니다", "off")
    return Written(
        f"2단계 인증이 {korean} / Second factor {english}",
        f"{nickname} 님 계정의 2단계 인증이 {korean}. "
        "직접 하지 않으셨다면 바로 비밀번호 재설정을 요청해 주세요."
        f"{_LINE}"
        f"{nickname}, the second factor of your account is {english} now. "
        "If it was not you, ask for a new password at once.\n",
    )
