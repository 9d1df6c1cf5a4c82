"""Messages that are not quite right: Hypothesis changes a good one somewhere."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from cardroom.wire.refusals import Refusal
from wallet_worker.gateways.port import WebhookMessage, WebhookReader, WebhookRefused

Json = dict[str, Any]

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["1e5", "-1", "NaN", "0.5", "BTC", "ETH-USDT", "btc", "PAID", "1" * 64, "0x" + "F" * 64, "\ud800"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, good: Json) -> Json:
    """Give a good body with one to three fields, at any depth, that are another thing, gone or new."""
    body = deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        place: Any = body
        while inner := [value for value in _values(place) if isinstance(value, dict | list) and value]:
            if draw(st.booleans()):
                break
            place = draw(st.sampled_from(inner))
        if isinstance(place, list):
            place[draw(st.integers(0, len(place) - 1))] = draw(anything)
            continue
        key = draw(st.sampled_from([*place, "new"]))
        if draw(st.booleans()):
            place[key] = draw(anything)
        else:
            place.pop(key, None)
    return body


def _values(place: Any) -> list[Any]:
    return list(place.values()) if isinstance(place, dict) else list(place)


def outcome(
    reader: WebhookReader, signed: tuple[dict[str, str], bytes], now: float, *, is_payout: bool = False
) -> WebhookMessage | Refusal:
    """Let a message be read: gives what it says, or the code that it is refused with."""
    headers, raw = signed
    try:
        return (reader.read_payout if is_payout else reader.read_deposits)(headers, raw, now)
    except WebhookRefused as refused:
        return refused.code


def written(body: Any) -> bytes:
    return json.dumps(body).encode()
