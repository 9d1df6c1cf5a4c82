"""What stands in ``docs`` is what the code says today."""

import json

import pytest

from tests.protocol.documents import write_documents
from tests.protocol.page import DOCS, GENERATED


@pytest.mark.parametrize("name", GENERATED)
def test_the_documents_are_up_to_date(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == write_documents()[name], "run: python -m tests.protocol"


def test_the_documents_are_the_same_however_often_they_are_written() -> None:
    assert write_documents() == write_documents()
    assert sorted(write_documents()) == sorted(GENERATED)


def test_messages_of_the_recorded_hand_are_the_examples() -> None:
    messages = json.loads(write_documents()["asyncapi.json"])["components"]["messages"]
    shown = {name for name, message in messages.items() if "examples" in message}
    assert {"hello", "snapshot", "sit_down", "act", "hand_started", "hand_ended"} <= shown
