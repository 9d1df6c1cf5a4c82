"""What schemathesis must know to ask our pages: formats that only we have, and who may ask.

Loaded by schemathesis itself, in a process of its own; ``HOLDEM_PROVE`` says where the cluster is.
"""

import json
import os
import secrets
from typing import Any, Final

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.openapi.checks import EnsureResourceAvailability, RejectedPositiveData

from node.tables.chat_text import clean_text
from node.tables.denied import Denied

_PLACE: Final = json.loads(os.environ["HOLDEM_PROVE"])
_SECONDS: Final = 10
_PASSWORD: Final = "correct horse"
_LARGEST: Final = 2**63 - 1
_OF_GATEWAYS: Final = "/wallet/webhook/"
_ABOUT_TWO_VALUES: Final = frozenset(
    {
        "to: later than from",
        "to: later than from, and 31 days at most",
        "from: needed where there is a to",
        "credit: another account than debit",
        "after: no such table in this list",
        "subject: one of subject, admin, action at a time",
        "admin: one of subject, admin, action at a time",
        "user_id or network, one of both; seconds above 0, or none for good; no bits of a host",
        "amount: whole coins, no finer than the coin is",
        "counted: each coin once",
        "value: 0 to 1440, or null",
        "value: 1 to 1440, or null",
        "krw_amount: either this or coin_amount",
        "coin_amount: in whole coins",
        *(f"coin_amount: whole coins above 0, up to {scale} digits after the point" for scale in (6, 8, 18)),
        "krw_amount: less than the least of this coin",
        "krw_amount: more than the most of this coin",
        "address: one of this coin, on the house's network",
    }
)


def _is_readable(text: str) -> bool:
    try:
        return bool(clean_text(text, len(text)))
    except Denied:
        return False


_ids = st.integers(min_value=1, max_value=_LARGEST)
_account_names = st.one_of(
    st.sampled_from(
        ["promotions", "rakeback", "rounding", "deposit_clearing:BTC", "withdrawal_clearing:USDT"]
    ),
    st.builds("{}:{}".format, st.sampled_from(["wallet", "pending_withdrawal"]), st.one_of(st.just(1), _ids)),
    st.builds("rake:{}".format, st.integers(min_value=0, max_value=2**31 - 1)),
)
_cursors = st.builds(
    "{}-{}".format, st.integers(min_value=0, max_value=2**50), st.integers(min_value=0, max_value=_LARGEST)
)
_letters = st.characters(codec="utf-8", categories=["L", "N", "P"])

schemathesis.openapi.format("readable", st.text(_letters, min_size=1, max_size=200).filter(_is_readable))
schemathesis.openapi.format("account-name", _account_names)
schemathesis.openapi.format("cursor", _cursors)
schemathesis.openapi.format("email", st.from_regex(r"[a-z0-9]{1,16}@[a-z]{1,16}\.[a-z]{2,8}", fullmatch=True))
schemathesis.openapi.format("transactions-cursor", st.sampled_from(_PLACE["cursors"]))


def open_player() -> str:
    """Register somebody new and log in; gives the token."""
    name = secrets.token_hex(8)
    account = {"nickname": name, "email": f"{name}@prove.invalid", "password": _PASSWORD}
    for path in ("register", "login"):
        answer = requests.post(f"{_PLACE['router']}/api/v1/auth/{path}", json=account, timeout=_SECONDS)
        answer.raise_for_status()
        account.pop("nickname", None)
    return str(answer.json()["token"])


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """Shows who asks: an administrator, a player, and for what ends a session a player of its own."""

    def get(self, case: Any, context: Any) -> str | None:
        """Give the token that the page wants; none for pages that are open."""
        schemes = {name for way in context.operation.definition.raw.get("security", ()) for name in way}
        if "administrator" in schemes:
            return str(_PLACE["administrator"])
        if "player" in schemes:
            own = "account" in context.operation.definition.raw["tags"] and case.method != "GET"
            return open_player() if own else str(_PLACE["player"])
        return None

    def set(self, case: Any, data: str | None, context: Any) -> None:
        """Show it."""
        if data is not None:
            case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Write whole numbers without a fraction: to JSON schema 1.0 is one, to our pages it is none."""
    return _whole(body)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Ask for what there is, too: the few first tables, players and shards, with every second number."""
    return {
        name: value % 6 if type(value) is int and value % 2 == 0 else value
        for name, value in (path_parameters or {}).items()
    }


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Leave out what no schema can say: that one value depends on another, and that a dry run makes nothing.

    An order that was a dry run is answered as the order would be, so what it names is not there afterwards.
    """
    if isinstance(failure, EnsureResourceAvailability):
        return False
    if not isinstance(failure, RejectedPositiveData):
        return True
    if _OF_GATEWAYS in case.operation.path:  # bodies of gateways' own forms, signed: no schema says them
        return False
    return json.loads(response.content).get("detail") not in _ABOUT_TWO_VALUES
