"""Serves the baseline: ``python -m loadtest.baseline --port 8900 --redis-port 6379 --dsn DSN``."""

import argparse

import uvicorn

from loadtest.baseline.app import Options, make_app
from loadtest.baseline.bare import make_bare_app
from loadtest.baseline.floor import FloorPlan
from loadtest.baseline.game import Pauses


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    line = _command_line().parse_args()
    if line.bare:
        app = make_bare_app(line.seats)
    else:
        pauses = Pauses(line.between_hands_seconds, line.after_showdown_seconds)
        floor = FloorPlan(line.tables, line.seats, pauses, is_shared=line.state == "shared")
        app = make_app(Options(line.port, line.redis_port, line.dsn, floor))
    uvicorn.run(
        app, host="127.0.0.1", port=line.port, loop="uvloop", http="httptools", ws="auto",
        ws_per_message_deflate=False, access_log=False, log_level="warning", timeout_graceful_shutdown=2,
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
    add(
        "--state",
        choices=("shared", "kept"),
        default="shared",
        help="shared: the state is read for each step, so that any worker may do it; kept: in one's memory",
    )
    return parser


if __name__ == "__main__":
    main()
