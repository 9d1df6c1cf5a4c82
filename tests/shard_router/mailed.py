"""A router that mails into a folder, and who reads what lies there."""

import re
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import trio
from attrs import evolve

from cardroom.service.mail import MailSettings
from shard_router.settings import MailedTokenSettings, RouterSettings

SITE = "https://play.example"
_TOKEN = re.compile(r"#([A-Za-z0-9_=-]{48})(?![A-Za-z0-9_=-])")


def with_mail(
    settings: RouterSettings, folder: Path, *, confirm_email: bool = False, an_hour: int = 3
) -> RouterSettings:
    return evolve(
        settings,
        confirm_email=confirm_email,
        mail=MailSettings(sender="house@example.com", site_url=SITE, folder=folder, pause_seconds=0.0),
        mailed_tokens=MailedTokenSettings(an_hour=an_hour),
    )


def read_mails(folder: Path) -> Sequence[EmailMessage]:
    """Read all mails, the oldest first."""
    mails = []
    for file in sorted(folder.glob("*.eml")):
        mail = message_from_bytes(file.read_bytes(), policy=default)
        assert isinstance(mail, EmailMessage)
        mails.append(mail)
    return mails


async def wait_for_mails(folder: Path, how_many: int) -> Sequence[EmailMessage]:
    """Wait until so many lie there."""
    with trio.fail_after(5):
        while len(mails := read_mails(folder)) < how_many:  # noqa: ASYNC110 (files tell nobody)
            await trio.sleep(0.01)
    assert len(mails) == how_many
    return mails


def token_in(mail: EmailMessage) -> str:
    """Give the token of a mail; Korean and English have the same."""
    (token,) = set(_TOKEN.findall(mail.get_content()))
    return str(token)
