"""One process of several that play: reads its share, then orders, and tells each second how it goes.

The first line of standard input is its share, each further line an order; its end is the order to stop.
Signals are the parent's business.
"""

import json
import signal
import sys
from collections.abc import AsyncIterator

import trio

from loadtest.crowd import Order, Second, play
from loadtest.parts import read_lines
from loadtest.share import read_share


def main() -> None:
    """Play the share that stands on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    trio.run(_play, strict_exception_groups=True)


async def _play() -> None:
    async with trio.lowlevel.FdStream(sys.stdin.fileno()) as stream:
        lines = read_lines(stream)
        share = read_share((await anext(lines)).decode())
        await play(share, _orders(lines), _tell)


async def _orders(lines: AsyncIterator[bytes]) -> AsyncIterator[Order]:
    async for line in lines:
        yield Order(line.decode())


def _tell(second: Second) -> None:
    sys.stdout.write(json.dumps(second.to_document(), separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
