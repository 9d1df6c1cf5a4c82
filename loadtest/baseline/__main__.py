"""Serves the baseline: ``python -m loadtest.baseline --port 8900 --redis-port 6379 --dsn DSN``."""

import argparse

import uvicorn

from loadtest.baseline.app import Options, make_app
from loadtest.baseline.bare import make_bare_app
from loadtest.baseline.game import Pauses


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    line = _command_line().parse_args()
    if line.bare:
        app = make_bare_app(line.seats)
    else:
        pauses = Pauses(line.between_hands_seconds, line.after_showdown_seconds)
        app = make_app(Options(line.port, line.redis_port, line.dsn, line.tables, line.seats, pauses))
    uvicorn.run(
        app, host="127.0.0.1", port=line.port, loop="uvloop", http="httptools", ws=line.websockets,
        ws_per_message_deflate=False, access_log=False, log_level="warning",
        timeout_graceful_shutdown=2,
    )  # fmt: skip


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.baseline", description="The replaced design.")
    add = parser.add_argument
    add("--port", type=int, required=True, help="where to listen, on loopback")
    add("--redis-port", type=int, help="where Redis is, on loopback")
    add("--dsn", help="where PostgreSQL is")
    add("--tables", type=int, default=16)
    add("--seats", type=int, default=6)
    add("--between-hands-seconds", type=float, default=0.05)
    add("--after-showdown-seconds", type=float, default=0.05)
    add("--bare", action="store_true", help="no game: each message is answered by what an action tells")
    add("--websockets", default="websockets-sansio", help="uvicorn's implementation (websockets-sansio)")
    return parser


if __name__ == "__main__":
    main()
