"""Mails to players: a port, and its two adapters, an SMTP server and a folder of files.

Handing a mail over takes as long as its server likes, so no request waits for it: tasks that outlive all
requests do that, and try again a few times. What cannot be delivered is given up, logged and counted; whoever
waits for it asks for another.
"""

import os
import re
import secrets
import smtplib
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Final, Protocol

import trio
from attrs import Attribute, field, frozen
from attrs.validators import ge, gt, in_
from prometheus_client import Counter

from cardroom.service.logs import Log
from cardroom.service.settings import Secret

MAILS: Final = Counter("holdem_mails_total", "Mails by what became of them", ["outcome"])

_THREADS: Final = 1

# The library's parser reads other texts as several addresses or as another one, and dies of some.
_ONE_ADDRESS: Final = re.compile(r"(?!.*=\?)[\w!#$%&'*+/=?^`{|}~.-]+@[\w.-]+", re.ASCII)


class MailFailed(Exception):
    """The mail was not handed over; whether it may help to try again is not known."""


@frozen
class Letter:
    """A mail of plain text to one address."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


class Mailer(Protocol):
    """Hands one mail over."""

    async def send(self, letter: Letter) -> None:
        """Hand a mail over; raises ``MailFailed``. A repeat may deliver it twice."""


@frozen
class SmtpSettings:
    """The server that takes our mails. ``tls``: ``starttls``, ``tls`` from the first byte, or ``none``."""

    host: str
    port: int = 587
    tls: str = field(default="starttls", validator=in_(("starttls", "tls", "none")))
    user: str = ""
    password: Secret | None = None
    call_seconds: float = field(default=10.0, validator=gt(0.0))

    def __attrs_post_init__(self) -> None:
        if self.password is not None and self.tls == "none":
            raise ValueError("password: not without tls")
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password: both or none")


def _plain_sender(_: object, __: "Attribute[str]", value: str) -> None:
    if "@" not in value or not value.isprintable():
        raise ValueError("sender: an address")


@frozen
class MailSettings:
    """Where mails go, to a server or into a folder, and from whom.

    ``site_url`` is the page that opens a mailed link; without one, mails hold the token alone.
    """

    sender: str = field(validator=_plain_sender)
    site_url: str = ""
    smtp: SmtpSettings | None = None
    folder: Path | None = None
    waiting: int = field(default=256, validator=ge(1))
    """So many mails wait at most."""
    attempts: int = field(default=3, validator=ge(1))
    pause_seconds: float = field(default=5.0, validator=ge(0.0))
    """Between two attempts."""

    def __attrs_post_init__(self) -> None:
        if (self.smtp is None) == (self.folder is None):
            raise ValueError("mail: either smtp or folder")


def make_mailer(settings: MailSettings) -> Mailer:
    """Give the adapter that the settings name."""
    if settings.smtp is not None:
        return SmtpMailer(settings.smtp, settings.sender)
    assert settings.folder is not None, "the settings have one of both"
    return FolderMailer(settings.folder, settings.sender)


def write_message(letter: Letter, sender: str) -> EmailMessage:
    """Write a mail as it goes over the line; headers hold no line of anybody else's.

    Raises ``MailFailed`` for what is not one plain address: nobody else is written to.
    """
    if not _ONE_ADDRESS.fullmatch(letter.to):
        raise MailFailed("not one plain address")
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, charset="utf-8")
    return message


class SmtpMailer:
    """Hands mails to a server, each over a connection of its own, in a thread: decision 30 says why."""

    def __init__(self, settings: SmtpSettings, sender: str) -> None:
        self._settings = settings
        self._sender = sender
        self._threads = trio.CapacityLimiter(_THREADS)

    async def send(self, letter: Letter) -> None:
        """Hand a mail over; each word with the server has the settings' limit. Raises ``MailFailed``."""
        message = write_message(letter, self._sender)
        try:
            await trio.to_thread.run_sync(
                self._deliver, message, abandon_on_cancel=True, limiter=self._threads
            )
        except (smtplib.SMTPException, OSError) as error:
            raise MailFailed(type(error).__name__) from error  # its text may hold the address

    def _deliver(self, message: EmailMessage) -> None:
        settings = self._settings
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if settings.tls == "tls":
            server = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=settings.call_seconds, context=context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=settings.call_seconds)
        try:
            if settings.tls == "starttls":
                server.starttls(context=context)
            if settings.password is not None:
                server.login(settings.user, settings.password.value)
            server.send_message(message)
            with suppress(smtplib.SMTPException, OSError):  # it has been taken, whatever comes now
                server.quit()
        finally:
            server.close()


class FolderMailer:
    """Writes each mail into a file of its own, ``<time>-<number>.eml``, readable to the owner alone."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, letter: Letter) -> None:
        """Write the file, whole or not at all; raises ``MailFailed``."""
        data = write_message(letter, self._sender).as_bytes()
        try:
            await trio.to_thread.run_sync(self._write, data)
        except OSError as error:
            raise MailFailed(str(error)) from error

    def _write(self, data: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
        draft = self._folder / f"{name}.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(data)
        draft.rename(self._folder / f"{name}.eml")


async def deliver(mailer: Mailer, letter: Letter, settings: MailSettings, log: Log) -> bool:
    """Try to hand a mail over, a few times; says whether it was. Never raises ``MailFailed``."""
    for attempt in range(1, settings.attempts + 1):
        try:
            await mailer.send(letter)
        except MailFailed as failure:
            log.warning("mail.failed", attempt=attempt, trouble=str(failure))
        else:
            MAILS.labels("sent").inc()
            return True
        if attempt < settings.attempts:
            await trio.sleep(settings.pause_seconds)
    MAILS.labels("given_up").inc()
    return False
