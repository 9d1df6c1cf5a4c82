"""Sampled stacks of a process: from folded lines to a tree and to the functions that cost most.

A folded line is what sampling profilers write: the frames from the outermost to the innermost with semicolons
between them, a space, and how often it was seen: ``main (node/main.py);run (trio/_core/_run.py) 12``.
"""

import re
from collections import Counter
from typing import Final

from attrs import define, field, frozen

DEAREST: Final = 10
POLLING: Final = "EpollIOManager.get_events"
"""Trio's call of epoll. The profiler leaves out sleep in it: the rest is work or waiting for a core."""
_FRAME: Final = re.compile(r"(?P<function>.*) \((?P<file>.*?)(?::\d+)?\)(?P<line>:\d+)?\Z", re.DOTALL)
_LIBRARY: Final = re.compile(r".*/(?:site-packages|dist-packages|python3(?:\.\d+)?)/")

Stacks = Counter[tuple[str, ...]]
"""How often each stack was seen, its frames from the outermost to the innermost."""


@define
class Branch:
    """A frame of the tree, with all that was called from it. ``samples`` counts those too."""

    frame: str
    samples: int = 0
    own_samples: int = 0
    calls: "dict[str, Branch]" = field(factory=dict)


@frozen
class Dear:
    """A function with its shares of all samples: its own, and with what it calls."""

    function: str
    file: str
    self_share: float
    inclusive_share: float


def read_folded(text: str) -> Stacks:
    """Read folded lines; frames lose their line numbers and the folders of the installation."""
    stacks: Stacks = Counter()
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        if frames and count.isdigit():
            stacks[tuple(_plain(frame) for frame in frames.split(";"))] += int(count)
    return stacks


def write_folded(stacks: Stacks) -> str:
    """Write folded lines, the most frequent first."""
    return "".join(f"{';'.join(frames)} {count}\n" for frames, count in stacks.most_common())


def grow_tree(stacks: Stacks) -> Branch:
    """Put the stacks together: what begins alike is one branch. The root holds all samples."""
    root = Branch("")
    for frames, count in stacks.items():
        root.samples += count
        branch = root
        for frame in frames:
            branch = branch.calls.setdefault(frame, Branch(frame))
            branch.samples += count
        branch.own_samples += count
    return root


def find_dearest(stacks: Stacks, most: int = DEAREST) -> list[Dear]:
    """Give the functions with the most samples of their own; one that calls itself counts once a stack."""
    own: Counter[str] = Counter()
    inclusive: Counter[str] = Counter()
    for frames, count in stacks.items():
        own[frames[-1]] += count
        inclusive.update(dict.fromkeys(set(frames), count))
    total = stacks.total()
    return [
        Dear(*split_frame(frame), self_share=samples / total, inclusive_share=inclusive[frame] / total)
        for frame, samples in own.most_common(most)
    ]


def split_frame(frame: str) -> tuple[str, str]:
    """Give function and file of a frame: ``TableActor.run`` and ``node/tables/actor.py``."""
    found = _FRAME.match(frame)
    return (found["function"], found["file"]) if found else (frame, "")


def samples_in(stacks: Stacks, function: str) -> int:
    """Count the samples whose innermost frame is that function: ``EpollIOManager.get_events``."""
    return sum(count for frames, count in stacks.items() if split_frame(frames[-1])[0] == function)


def without_common_start(root: Branch) -> tuple[Branch, int]:
    """Leave out the outermost frames that all samples share; gives the rest and how many were left out."""
    skipped = 0
    while len(root.calls) == 1 and root.own_samples == 0:
        (only,) = root.calls.values()
        if not only.calls:
            break
        root, skipped = only, skipped + 1
    return root, skipped


def _plain(frame: str) -> str:
    function, file = split_frame(frame)
    return f"{function} ({_LIBRARY.sub('', file)})" if file else function
