"""Writes ``docs/asyncapi.json`` and ``docs/protocol.md``: ``python -m tests.protocol``."""

import sys

from tests.protocol.documents import write_documents
from tests.protocol.page import DOCS


def main() -> None:
    """Write what has changed, and say so."""
    for name, text in write_documents().items():
        file = DOCS / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"docs/{name} is new\n")


if __name__ == "__main__":
    main()
