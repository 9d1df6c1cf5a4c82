"""A player's request that is refused."""

from cardroom.wire.refusals import Refusal


class Denied(Exception):
    """A player asked for something that is not allowed now. Nothing was changed."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code
