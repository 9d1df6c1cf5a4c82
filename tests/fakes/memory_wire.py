"""A player's connection without a network: two memory streams, so that time may be jumped over."""

import trio
import trio.testing

MemoryStream = trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]


class MemoryWire:
    """The node's end of a memory stream, as ``Wire`` wants it; nothing is taken without waiting."""

    address = "192.0.2.1"

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream

    def send_now(self, data: memoryview) -> int:
        """Leave all of it to the writing task."""
        return 0

    async def send(self, data: memoryview) -> int:
        """Send all of it."""
        try:
            await self._stream.send_all(bytes(data))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionResetError from error
        return len(data)

    async def receive(self, max_bytes: int) -> bytes:
        """Wait for the other side."""
        try:
            return bytes(await self._stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionResetError from error

    def end(self) -> None:
        """The far side hears that nothing more comes."""
        self.close()

    def close(self) -> None:
        """Break the connection off."""
        self._stream.send_stream.close()
        self._stream.receive_stream.close()
