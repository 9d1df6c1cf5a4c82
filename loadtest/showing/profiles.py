"""Where the processor time of a process goes: its flame graph and its ten dearest functions."""

from typing import Final

from loadtest.showing.flame_graph import draw_flame_graph
from loadtest.showing.markup import Html, element, join, note, section, table
from loadtest.showing.result import Result
from loadtest.showing.stacks import read_folded
from loadtest.showing.words import Unit, shown, written

_HEADS: Final = ("Function", "In itself", "With calls")


def show_profiles(result: Result) -> Html:
    """Show each process that was sampled; without any, nothing."""
    profiles = result.parts("profiles")
    if not profiles:
        return Html("")
    return section("Where the time goes", *(show_profile(name, profile) for name, profile in profiles))


def show_profile(name: str, profile: Result) -> Html:
    """Show the samples of one process."""
    rows: list[tuple[str, ...]] = [
        (
            join(dear.text("function") or "?", element("small", dear.text("file") or "")),
            shown(dear.number("self_share"), Unit.PART),
            shown(dear.number("inclusive_share"), Unit.PART),
        )
        for dear in profile.rows("top")
    ]
    return join(
        element("h3", name),
        note(_describe(profile)),
        draw_flame_graph(read_folded(profile.text("folded") or "")),
        element("h3", f"The dearest functions of {name}"),
        table(_HEADS, rows) if rows else note("not measured"),
    )


def _describe(profile: Result) -> str:
    awake, cpu = profile.number("awake_share"), profile.number("cpu_share")
    samples = written(profile.number("samples"), Unit.COUNT)
    seconds = written(profile.number("seconds"), Unit.SECONDS)
    parts = [f"{samples} samples in {seconds}. Shares are of the time that the process was awake."]
    if awake is not None:
        asleep = written(max(0.0, 1 - awake), Unit.PART)
        parts.append(
            f"It was awake {written(awake, Unit.PART)} of the time; {asleep} it slept, and is left out."
        )
    if cpu is not None:
        parts.append(
            f"It had {written(cpu, Unit.SHARE)} of a core: what is awake beyond that waited for one."
        )
    polling = profile.number("polling_share")
    if polling is not None:
        parts.append(f"{written(polling, Unit.PART)} of the samples were in epoll, polling or waking up.")
    return " ".join(parts)
