"""The command line of the load test: a profile by name or file, and options that stand above it."""

import argparse
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from cardroom.money import Krw
from cardroom.service.settings import BadSettings
from cardroom.wire.codec import Encoding
from loadtest.course import Surroundings
from loadtest.own_cluster import PINS, OwnCluster
from loadtest.profile import (
    PACES,
    Chatting,
    Grant,
    LobbyWatchers,
    Pace,
    Profile,
    Scenarios,
    SlowReaders,
    Storm,
)
from loadtest.profile_file import pace_of, profile_names, read_profile_file
from loadtest.sampling import SamplingFailed, find_profiler
from loadtest.server import KINDS, Watched
from loadtest.think import QuickThought

_ENCODINGS: Final = {"msgpack": Encoding.MSGPACK, "json": Encoding.JSON}
_MILLISECONDS: Final = 1000.0
_PLAYERS: Final = 24
_RUN_BYTES: Final = 8


@frozen
class Options:
    """What the command line says: what is played, where, and what may be asked."""

    profile: Profile
    surroundings: Surroundings
    own_cluster: OwnCluster | None
    html_file: Path | None = None


def read_options(arguments: Sequence[str] | None, environment: Mapping[str, str]) -> Options:
    """Read the command line; raises ``BadSettings``, and ends the process as argparse does."""
    line = _command_line().parse_args(arguments)
    if not line.local and (line.router is None or line.password_file is None):
        raise BadSettings("--router and --password-file are needed, or --local")
    if line.record is not None and (line.processes or 1) > 1:
        raise BadSettings("--record: one process keeps the record, not several")
    _check_output(line)
    profile = _base(line, environment)
    profile = evolve(
        profile,
        router_url=line.router or "",
        password="" if line.password_file is None else _read_secret(line.password_file),
        names=line.names,
        is_live=line.live,
        json_file=line.json,
        record_file=line.record,
        scenarios=_scenarios(line, profile.scenarios),
        grant=_grant(line),
        **_given(
            line,
            "players",
            "seconds",
            "seed",
            "processes",
            "ramp_seconds",
            "warm_up_seconds",
            "tables",
            "seats",
        ),
    )
    if line.encoding is not None:
        profile = evolve(profile, encoding=_ENCODINGS[line.encoding])
    profile = evolve(profile, pace=_pace(line, profile.pace))
    return Options(profile, _surroundings(line), _own_cluster(line), line.html)


def _check_output(line: argparse.Namespace) -> None:
    """See before the play what would fail after it."""
    for file in (line.json, line.html, line.record):
        if file is not None and not file.parent.is_dir():
            raise BadSettings(f"{file}: there is no folder {file.parent}")
    if not line.profile_nodes:
        return
    if not line.local:
        raise BadSettings(
            "--profile-nodes needs --local; beside a node, use python -m loadtest.flame --pid PID"
        )
    try:
        find_profiler()
    except SamplingFailed as error:
        raise BadSettings(f"--profile-nodes: {error}") from error


def _base(line: argparse.Namespace, environment: Mapping[str, str]) -> Profile:
    """Begin with the profile, or with what is played without one: 24 quick players, and everything counts."""
    empty = Profile(router_url="", players=_PLAYERS, seconds=0.0, seed=1, names="bot", password="")
    if line.profile is None:
        return empty
    file = read_profile_file(line.profile, environment)
    return evolve(
        empty,
        name=Path(line.profile).stem,
        players=file.players,
        seconds=file.seconds,
        seed=file.seed,
        encoding=_ENCODINGS[file.encoding],
        pace=file.bots_pace,
        tables=file.tables,
        seats=file.seats,
        processes=file.processes,
        ramp_seconds=file.ramp_seconds,
        warm_up_seconds=file.warm_up_seconds,
        scenarios=file.scenarios,
    )


def _given(line: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(line, name)) is not None}


def _pace(line: argparse.Namespace, pace: Pace) -> Pace:
    if line.pace is not None:
        pace = pace_of(line.pace)
    if line.think_ms is not None:
        least, most = line.think_ms
        pace = evolve(pace, thought=QuickThought(least / _MILLISECONDS, most / _MILLISECONDS))
    return evolve(
        pace,
        **_given(line, "hands_per_visit", "leave_seconds", "longest_pause_seconds", "answer_seconds"),
    )


def _scenarios(line: argparse.Namespace, scenarios: Scenarios) -> Scenarios:
    """Add what the options say; what the profile says of the same scenario is theirs to overrule."""
    added: dict[str, Any] = {}
    try:
        if line.storm is not None:
            added["storm"] = evolve(scenarios.storm or Storm(), share=line.storm)
        if line.slow_readers is not None:
            added["slow_readers"] = evolve(
                scenarios.slow_readers or SlowReaders(), connections=line.slow_readers
            )
        if line.lobby_watchers is not None:
            added["lobby_watchers"] = evolve(
                scenarios.lobby_watchers or LobbyWatchers(), watchers=line.lobby_watchers
            )
        if line.chat is not None:
            added["chat"] = Chatting(line.chat)
    except ValueError as error:
        raise BadSettings(f"a scenario's option: {error}") from error
    return evolve(scenarios, **added)


def _surroundings(line: argparse.Namespace) -> Surroundings:
    watched = [Watched(name, "node", url) for name, url in line.node_admin]
    for kind, url in zip(KINDS[1:], (line.wallet_admin, line.router_admin), strict=True):
        if url is not None:
            watched.append(Watched(kind, kind, url))
    token = None if line.admin_token_file is None else _read_secret(line.admin_token_file)
    return Surroundings(tuple(watched), line.wallet_admin, token)


def _own_cluster(line: argparse.Namespace) -> OwnCluster | None:
    return OwnCluster(line.nodes, line.pin, line.profile_nodes) if line.local else None


def _grant(line: argparse.Namespace) -> Grant | None:
    if line.grant is None:
        return None
    if line.wallet_admin is None or line.admin_token_file is None:
        raise BadSettings("--grant needs --wallet-admin and --admin-token-file")
    return Grant(
        line.wallet_admin, _read_secret(line.admin_token_file), Krw(line.grant), secrets.token_hex(_RUN_BYTES)
    )


def _read_secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file}: {error}") from error


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest", description="Plays against a cluster as real clients do, and measures."
    )
    _add_place(parser)
    _add_play(parser)
    _add_scenarios(parser)
    _add_output(parser)
    return parser


def _add_place(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--router", metavar="URL", help="where accounts, lobby and tickets are")
    add("--password-file", type=Path, metavar="FILE", help="the password of all bots")
    add("--local", action="store_true", help="start a cluster of its own for the profile, and end it")
    add("--nodes", type=int, choices=(1, 2), default=1, help="with --local: how many nodes (default 1)")
    add(
        "--pin",
        choices=sorted(PINS),
        default="nowhere",
        help="with --local: what stays on the first core, away from the players (default nowhere)",
    )
    add("--node-admin", type=_named_url, action="append", default=[], metavar="NAME=URL",
        help="a node's administration, for its metrics; may be repeated")  # fmt: skip
    add("--wallet-admin", metavar="URL", help="the wallet worker, for its metrics and the ledger check")
    add("--router-admin", metavar="URL", help="the router's metrics")
    add(
        "--grant",
        type=_number_above_0,
        metavar="KRW",
        help="give this to players whose wallets hold less, through the wallet's administration",
    )
    add("--admin-token-file", type=Path, metavar="FILE", help="the administrators' token")


def _add_play(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--profile", metavar="NAME|FILE", help=f"one of {', '.join(profile_names())}, or a TOML file")
    add("--players", type=_number_above_0, help="how many bots (default 24)")
    add("--tables", type=_number_above_0, help="with --local: how many tables")
    add("--seats", type=_number_above_0, help="with --local: seats of each table")
    add("--names", default="bot", help="bots are called NAMES-01, NAMES-02 ... (default bot)")
    add("--seconds", type=float, help="how long to play or measure; 0 is until a signal (default)")
    add("--ramp-seconds", type=float, help="over how long the bots come; only what comes after counts")
    add("--warm-up-seconds", type=float, help="after the ramp-up, before what counts")
    add("--seed", type=int, help="what the bots' choices follow from (default 1)")
    add("--pace", choices=PACES, help="how long the bots think (default fast)")
    add("--think-ms", type=_range_of_ms, metavar="MIN-MAX", help="default 10-40")
    add("--hands-per-visit", type=float, help="average, before a bot leaves (default 60)")
    add("--leave-seconds", type=float, help="limit for leaving a table (default 3)")
    add("--longest-pause-seconds", type=float, help="before another try to connect (default 4)")
    add("--answer-seconds", type=float, help="a node that is silent for longer is lost (default 10)")
    add("--encoding", choices=sorted(_ENCODINGS), help="default msgpack")
    add("--processes", type=_number_above_0, help="how many processes play (default by players and CPUs)")


def _add_scenarios(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--storm", type=float, metavar="SHARE", help="break this share of all connections at one instant")
    add("--slow-readers", type=_number_above_0, metavar="N", help="N connections that read nothing")
    add("--lobby-watchers", type=_number_above_0, metavar="N", help="N players who only look at the lobby")
    add("--chat", type=float, metavar="LINES", help="lines that each player says in a minute")


def _add_output(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--live", action="store_true", help="write a line of JSON each second to standard output")
    add("--json", type=Path, metavar="FILE", help="write the final numbers there (default: standard output)")
    add("--html", type=Path, metavar="FILE", help="write the page of the result there")
    add(
        "--profile-nodes",
        action="store_true",
        help="with --local: look into each node with a profiler for 15 s in the middle of measuring",
    )
    add("--record", type=Path, metavar="FILE", help="write all that the bots see there, a line of JSON each")


def _range_of_ms(text: str) -> tuple[int, int]:
    lowest, _, highest = text.partition("-")
    found = int(lowest), int(highest or lowest)
    if not 0 <= found[0] <= found[1]:
        raise argparse.ArgumentTypeError(f"{text} is not a range such as 10-40")
    return found


def _number_above_0(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return int(text)


def _named_url(text: str) -> tuple[str, str]:
    name, _, url = text.partition("=")
    if not name or not url:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=URL")
    return name, url
