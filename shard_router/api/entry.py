"""Who gets no ticket: all checks of the player come together here."""

from attrs import frozen

from cardroom.service.http import RefusedRequest
from cardroom.service.logins import Login
from cardroom.wire.refusals import Refusal
from shard_router.store.accounts import Accounts


@frozen
class EntryCheck:
    """Lets players through to tables, or refuses them."""

    accounts: Accounts

    async def refuse_entry(self, login: Login, *, has_seat: bool) -> None:
        """Refuse who may not go to a table; ``has_seat``: the player sits there already.

        Refused: players who are gone, frozen ones, and self-excluded ones but to where they sit. A freeze of
        all play refuses nobody: one may watch.
        """
        standing = await self.accounts.standing(login.user_id)
        if standing is None:
            raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
        if standing.is_frozen:
            raise RefusedRequest(403, Refusal.FROZEN)
        if standing.is_excluded and not has_seat:
            raise RefusedRequest(403, Refusal.SELF_EXCLUDED)
