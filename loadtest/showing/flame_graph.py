"""Flame graphs, the outermost function at the top: width is share of samples, a click widens a branch.

The picture is plain elements placed by the page's style from three numbers each; zooming changes two of the
graph's. Without script it still shows everything, and names and shares when pointed at.
"""

from collections.abc import Iterator
from typing import Final

from loadtest.showing.markup import Html, element, note
from loadtest.showing.stacks import POLLING, Branch, Stacks, grow_tree, split_frame, without_common_start
from loadtest.showing.words import Unit, written

LEAST_SHARE: Final = 0.001
"""Frames with a smaller share of all samples are not drawn."""
_OURS: Final = ("node/", "wallet_worker/", "shard_router/", "cardroom/", "loadtest/")
_GROUPS: Final = {
    "ours": "this project",
    "trio": "trio",
    "other": "libraries and Python",
    "epoll": "waking up and polling",
}


def draw_flame_graph(stacks: Stacks) -> Html:
    """Draw the tree of the stacks; nothing sampled is said in words."""
    if not stacks:
        return note("not measured")
    root, skipped = without_common_start(grow_tree(stacks))
    frames = list(_frames(root, root.samples, 0, 0))
    depth = 1 + max(level for level, _ in frames)
    graph = element("div", *(frame for _, frame in frames), class_="flame", style=f"--levels:{depth}")
    search = element("input", type="search", placeholder="Find a function", aria_label="Find a function")
    told = element("output", "Point at a frame to read its share; click to make it full width.")
    left_out = f"Frames below {written(LEAST_SHARE, Unit.PART)} are left out"
    shared = f", as are the {skipped} outermost ones that all stacks share." if skipped else "."
    return element("div", _legend(), search, graph, told, note(left_out + shared), class_="graph")


def _frames(branch: Branch, total: int, left: int, level: int) -> Iterator[tuple[int, Html]]:
    """Give the element of each frame with its level; ``left`` is where it begins, in samples."""
    yield level, _frame(branch, total, left, level)
    for call in sorted(branch.calls.values(), key=lambda call: call.frame):
        if call.samples >= LEAST_SHARE * total:
            yield from _frames(call, total, left, level + 1)
        left += call.samples


def _frame(branch: Branch, total: int, left: int, level: int) -> Html:
    function, file = split_frame(branch.frame or "all")
    share = written(branch.samples / total, Unit.PART)
    own = written(branch.own_samples / total, Unit.PART)
    place = f"--x:{100 * left / total:.4g};--w:{100 * branch.samples / total:.4g};--y:{level}"
    told = " · ".join(part for part in (function, file, share, f"{own} in itself") if part)
    label = f"{function} ({file.removesuffix('.py')})" if file else function
    return element("button", label, type="button", title=told, class_=_group(function, file), style=place)


def _group(function: str, file: str) -> str:
    if function == POLLING:
        return "epoll"
    if file.startswith(_OURS):
        return "ours"
    return "trio" if file.startswith("trio/") else "other"


def _legend() -> Html:
    keys = (element("span", element("i", class_=f"key {group}"), words) for group, words in _GROUPS.items())
    return element("div", *keys, class_="legend")
