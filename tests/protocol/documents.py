"""The descriptions of the protocol, made of the classes, a node's limits and one recorded hand."""

import json
from typing import Any

from cardroom.wire.codec import Encoding
from tests.protocol.asyncapi import describe_protocol
from tests.protocol.contents import LIMITS
from tests.protocol.page import write_page
from tests.protocol.recorded_hand import record_hand


def write_documents() -> dict[str, str]:
    """Give the text of each file in ``docs`` by its name."""
    lines = record_hand()
    examples: dict[type, Any] = {}
    for line in lines:
        examples.setdefault(type(line.message), json.loads(line.encoded(Encoding.JSON)))
    document = describe_protocol(LIMITS, examples)
    return {
        "asyncapi.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
        "protocol.md": write_page(lines),
    }
