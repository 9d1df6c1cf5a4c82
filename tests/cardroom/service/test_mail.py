"""Both adapters hand whole mails over, and say so when they do not."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path

import pytest
import structlog
import trio
from attrs import evolve

from cardroom.local.servers import free_port
from cardroom.service.mail import (
    FolderMailer,
    Letter,
    MailFailed,
    MailSettings,
    SmtpMailer,
    SmtpSettings,
    deliver,
    make_mailer,
)
from cardroom.service.settings import Secret

LETTER = Letter("alice@example.com", "비밀번호 / Password", "안녕하세요 앨리스\n.\nHello\n")
SENDER = "Hold'em <house@example.com>"
LOG = structlog.get_logger()

NOT_ONE_ADDRESS = (
    ":;@example.com",
    ".:@example.com",
    "().@example.com",
    "a,b@example.com",
    "(1)a@example.com",
)


class SmtpServer:
    """Takes mails as a server does; ``answers`` are said in place of the usual ones, by the client's word."""

    def __init__(self) -> None:
        self.answers: dict[bytes, bytes] = {}
        self.mails: list[bytes] = []
        self.words: list[bytes] = []

    async def talk(self, stream: trio.SocketStream) -> None:
        rest = b""
        await stream.send_all(b"220 mail\r\n")
        async for data in stream:
            rest += data
            while b"\r\n" in rest:
                line, _, rest = rest.partition(b"\r\n")
                word = line.split(b" ")[0].upper()
                self.words.append(word)
                await stream.send_all(
                    self.answers.get(word, b"354 go on" if word == b"DATA" else b"250 ok") + b"\r\n"
                )
                if word == b"DATA" and word not in self.answers:
                    while not rest.endswith(b"\r\n.\r\n"):
                        rest += await stream.receive_some()
                    self.mails.append(rest.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."))
                    rest = b""
                    await stream.send_all(b"250 taken\r\n")
                if word == b"QUIT":
                    return


@asynccontextmanager
async def _serving(server: SmtpServer) -> AsyncIterator[SmtpSettings]:
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, server.talk, 0, host="127.0.0.1")
        listeners = await nursery.start(serve)
        port = listeners[0].socket.getsockname()[1]
        yield SmtpSettings("127.0.0.1", port, tls="none", call_seconds=5.0)
        nursery.cancel_scope.cancel()


async def test_a_mail_goes_to_the_server_whole() -> None:
    server = SmtpServer()
    async with _serving(server) as settings:
        await SmtpMailer(settings, SENDER).send(LETTER)
    (data,) = server.mails
    mail = message_from_bytes(data, policy=default)
    assert (mail["To"], mail["From"], mail["Subject"]) == (LETTER.to, SENDER, LETTER.subject)
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail.get_content().replace("\r\n", "\n") == LETTER.text


@pytest.mark.parametrize("word", [b"RCPT", b"DATA", b"EHLO"])
async def test_a_server_that_refuses(word: bytes) -> None:
    server = SmtpServer()
    server.answers = {word: b"550 no such user alice@example.com", b"HELO": b"550 no"}
    async with _serving(server) as settings:
        with pytest.raises(MailFailed) as failed:
            await SmtpMailer(settings, SENDER).send(LETTER)
    assert "alice" not in str(failed.value)


async def test_nothing_goes_over_a_line_that_should_be_secret_and_is_not() -> None:
    server = SmtpServer()
    async with _serving(server) as settings:
        secret = evolve(settings, tls="starttls", user="house", password=Secret("hunter22"))
        with pytest.raises(MailFailed):
            await SmtpMailer(secret, SENDER).send(LETTER)
    assert server.mails == []
    assert b"AUTH" not in server.words


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
async def test_a_server_that_is_not_there(tls: str) -> None:
    with pytest.raises(MailFailed):
        await SmtpMailer(SmtpSettings("127.0.0.1", free_port(), tls), SENDER).send(LETTER)


async def test_a_server_that_says_nothing_has_a_limit_and_holds_nobody_up() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    mailer = SmtpMailer(SmtpSettings("127.0.0.1", port, "none", call_seconds=0.2), SENDER)
    with trio.fail_after(5), pytest.raises(MailFailed):
        await mailer.send(LETTER)
    with trio.move_on_after(0.01) as hurried:
        await mailer.send(LETTER)
    assert hurried.cancelled_caught
    await listeners[0].aclose()


async def test_a_mail_is_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    mailer = FolderMailer(tmp_path / "mail", SENDER)
    await mailer.send(LETTER)
    await mailer.send(LETTER)
    files = sorted((tmp_path / "mail").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert message_from_bytes(files[0].read_bytes(), policy=default)["Subject"] == LETTER.subject


async def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MailFailed):
        await FolderMailer(tmp_path / "file" / "mail", SENDER).send(LETTER)


async def test_a_mail_is_tried_a_few_times(tmp_path: Path) -> None:
    settings = MailSettings(sender=SENDER, folder=tmp_path, attempts=3, pause_seconds=0.0)
    refuses = _Refusing(2)
    assert await deliver(refuses, LETTER, settings, LOG)
    assert refuses.asked == 3
    refuses = _Refusing(9)
    assert not await deliver(refuses, LETTER, settings, LOG)
    assert refuses.asked == 3


class _Refusing:
    """A mailer that fails so many times."""

    def __init__(self, times: int) -> None:
        self.asked = 0
        self._times = times

    async def send(self, letter: Letter) -> None:
        self.asked += 1
        if self.asked <= self._times:
            raise MailFailed(type(letter).__name__)


def test_settings_name_one_way(tmp_path: Path) -> None:
    smtp = SmtpSettings("mail.example.com")
    assert isinstance(make_mailer(MailSettings(sender=SENDER, smtp=smtp)), SmtpMailer)
    assert isinstance(make_mailer(MailSettings(sender=SENDER, folder=tmp_path)), FolderMailer)
    with pytest.raises(ValueError, match="either smtp or folder"):
        MailSettings(sender=SENDER)
    with pytest.raises(ValueError, match="either smtp or folder"):
        MailSettings(sender=SENDER, smtp=smtp, folder=tmp_path)
    with pytest.raises(ValueError, match="an address"):
        MailSettings(sender="house@example.com\nBcc: all", folder=tmp_path)
    with pytest.raises(ValueError, match="not without tls"):
        SmtpSettings("mail.example.com", tls="none", user="house", password=Secret("x"))
    with pytest.raises(ValueError, match="both or none"):
        SmtpSettings("mail.example.com", user="house")


def test_a_letter_shows_neither_to_whom_nor_what() -> None:
    assert "alice" not in repr(LETTER)
    assert "Hello" not in repr(LETTER)


def mails_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


@pytest.mark.parametrize("to", NOT_ONE_ADDRESS)
async def test_what_is_not_one_address_fails_as_any_other_mail(tmp_path: Path, to: str) -> None:
    """The library's parser dies of some of these, reads others as several addresses or as another one."""
    mailer = FolderMailer(tmp_path, SENDER)
    with pytest.raises(MailFailed):
        await mailer.send(evolve(LETTER, to=to))
    assert mails_in(tmp_path) == []
