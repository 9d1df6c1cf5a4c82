"""The post: who answers a request leaves here what is to be mailed, and does not wait for it.

Errands stand in a line with a limit and are done by a few tasks that outlive all requests. Whether an address
has an account is looked up here, where nobody can measure how long it takes.
"""

from typing import Final, assert_never

import trio
from attrs import field, frozen

from cardroom.service.logs import Log
from cardroom.service.mail import MAILS, Letter, Mailer, MailSettings, deliver
from cardroom.service.postgres import PostgresAway, PostgresRefused
from shard_router.rules.letters import (
    Mailed,
    Written,
    confirm_address,
    have_account,
    reset_password,
)
from shard_router.settings import MailedTokenSettings
from shard_router.store.accounts import Accounts
from shard_router.store.registrations import Registrations, Waiting

_CLERKS: Final = 4
"""So many mails are handed over at once."""
_LOOK_SECONDS: Final = 0.02


@frozen
class RegistrationWaits:
    """Somebody has registered: mail the token, or that there is an account already."""

    nickname: str
    email: str = field(repr=False)
    waiting: Waiting


@frozen
class ResetAsked:
    """Somebody wants a new password for this address, whether or not it has an account."""

    email: str = field(repr=False)


@frozen
class Notice:
    """Something about an account has changed, which its owner should know."""

    email: str = field(repr=False)
    written: Written


Errand = RegistrationWaits | ResetAsked | Notice


class Post:
    """Takes errands and does them."""

    def __init__(
        self,
        mailer: Mailer,
        settings: tuple[MailSettings, MailedTokenSettings],
        accounts: Accounts,
        registrations: Registrations,
        log: Log,
    ) -> None:
        self._mailer = mailer
        self._settings, self._tokens = settings
        self._accounts = accounts
        self._registrations = registrations
        self._log = log
        self._under_way = 0
        self._inbox, self._line = trio.open_memory_channel[Errand](self._settings.waiting)

    @property
    def is_full(self) -> bool:
        """Say whether no errand is taken now; asked before anything else, so that it tells nothing."""
        statistics = self._inbox.statistics()
        return statistics.current_buffer_used >= statistics.max_buffer_size

    def put(self, errand: Errand) -> None:
        """Take an errand; one too many is dropped, logged and counted."""
        try:
            self._inbox.send_nowait(errand)
        except trio.WouldBlock:
            MAILS.labels("dropped").inc()
            self._log.error("mail.dropped", errand=type(errand).__name__)

    async def work(self) -> None:
        """Do errands until cancelled."""
        async with trio.open_nursery() as nursery:
            for _ in range(_CLERKS):
                nursery.start_soon(self._serve)

    async def drain(self) -> None:
        """Return when nothing is left to do; before the process ends, within a limit."""
        while self._inbox.statistics().current_buffer_used or self._under_way:  # noqa: ASYNC110 (seldom, short)
            await trio.sleep(_LOOK_SECONDS)

    async def _serve(self) -> None:
        while True:
            errand = await self._line.receive()
            self._under_way += 1
            try:
                letter = await self._write(errand)
                if letter is not None:
                    await deliver(self._mailer, letter, self._settings, self._log)
            except (PostgresAway, PostgresRefused) as trouble:
                MAILS.labels("given_up").inc()
                self._log.warning("mail.not_written", trouble=str(trouble))
            finally:
                self._under_way -= 1

    async def _write(self, errand: Errand) -> Letter | None:
        match errand:
            case RegistrationWaits(nickname, email, waiting):
                if not waiting.may_mail:
                    return None
                if waiting.has_account:
                    return _letter(email, have_account())
                mailed = self._mailed(waiting.token, self._tokens.confirm_seconds)
                return _letter(email, confirm_address(nickname, mailed))
            case ResetAsked(email):
                return await self._write_reset(email)
            case Notice(email, written):
                return _letter(email, written)
            case _ as unreachable:
                assert_never(unreachable)

    async def _write_reset(self, email: str) -> Letter | None:
        account = (await self._accounts.find(email)).account
        token = None if account is None else await self._registrations.add_reset(account)
        if account is None or token is None:
            return None
        mailed = self._mailed(token, self._tokens.reset_seconds)
        return _letter(account.email, reset_password(account.nickname, mailed))

    def _mailed(self, token: str, seconds: int) -> Mailed:
        return Mailed(token, self._settings.site_url, max(1, seconds // 60))


def _letter(email: str, written: Written) -> Letter:
    return Letter(email, written.subject, written.text)
