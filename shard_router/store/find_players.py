"""Players as administrators look for them: by number, by the beginning of a nickname or an address."""

from collections.abc import Sequence
from typing import Final

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, Row

_FIELDS: Final = """
id, nickname, email, created_at, frozen_at, self_excluded_until, second_factor_at
"""

# A beginning is a range of code points: from itself to itself with the last of all letters behind it.
LIST_BY_NICKNAME: Final = f"""
SELECT {_FIELDS}, lower(nickname) AS place FROM player
WHERE lower(nickname) COLLATE "C" >= lower($1) AND lower(nickname) COLLATE "C" < lower($1) || chr(1114111)
  AND lower(nickname) COLLATE "C" > $2
ORDER BY lower(nickname) COLLATE "C" LIMIT $3
"""  # noqa: S608 (a list of columns)

LIST_BY_EMAIL: Final = f"""
SELECT {_FIELDS}, lower(email) AS place FROM player
WHERE lower(email) COLLATE "C" >= lower($1) AND lower(email) COLLATE "C" < lower($1) || chr(1114111)
  AND lower(email) COLLATE "C" > $2
ORDER BY lower(email) COLLATE "C" LIMIT $3
"""  # noqa: S608 (a list of columns)

FIND_PLAYER: Final = f"SELECT {_FIELDS} FROM player WHERE id = $1"  # noqa: S608 (a list of columns)

LIST_BLOCKS_OF: Final = """
SELECT id, reason, blocked_by, blocked_at, expires_at FROM block
WHERE user_id = $1 AND removed_at IS NULL AND (expires_at IS NULL OR expires_at > now()) ORDER BY id
"""


async def find_player(postgres: Postgres, user_id: UserId) -> Row | None:
    """Give one player, if there is one of that number."""
    return await postgres.fetch_one(FIND_PLAYER, user_id)


async def list_by_nickname(postgres: Postgres, beginning: str, after: str, limit: int) -> Sequence[Row]:
    """Give players whose nickname begins so, whatever the case, behind the one at the place ``after``."""
    return await postgres.fetch(LIST_BY_NICKNAME, beginning, after, limit)


async def list_by_email(postgres: Postgres, beginning: str, after: str, limit: int) -> Sequence[Row]:
    """Give players whose address begins so, or is that, behind the one at the place ``after``."""
    return await postgres.fetch(LIST_BY_EMAIL, beginning, after, limit)


async def list_blocks_of(postgres: Postgres, user_id: UserId) -> Sequence[Row]:
    """Give the blocks of a player that stand now."""
    return await postgres.fetch(LIST_BLOCKS_OF, user_id)
