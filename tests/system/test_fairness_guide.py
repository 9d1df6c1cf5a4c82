"""The commands of docs/fairness.md, as they stand there, against a real cluster where bots play."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cardroom.local.ports import ROUTER
from tests.system.place import Place, started, wait_until

ROUTER_IN_THE_GUIDE = "http://127.0.0.1:8800"


def blocks(guide: str, language: str) -> list[str]:
    """Give the blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", guide, flags=re.DOTALL)


@pytest.mark.timeout(120)
def test_the_commands_of_the_guide_save_hands_and_prove_them(tmp_path: Path, project_root: Path) -> None:
    guide = (project_root / "docs" / "fairness.md").read_text(encoding="utf-8")
    (script,), (commands,) = blocks(guide, "python"), blocks(guide, "sh")
    place = Place(project_root, tmp_path)
    (tmp_path / "save_hands.py").write_text(script, encoding="utf-8")
    assert ROUTER_IN_THE_GUIDE in commands
    with started(place):
        wait_until(lambda: max(place.hands_by_table().values(), default=0) >= 2, "the bots play")
        said = ""
        for line in commands.splitlines():
            command = line.replace(ROUTER_IN_THE_GUIDE, place.url(ROUTER))
            program, *arguments = shlex.split(command)
            assert program == ".venv/bin/python"
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=tmp_path,
                env=place.environment(),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            said = done.stdout
    saved = [json.loads(line) for line in (tmp_path / "hands.jsonl").read_text().splitlines()]
    tokens = [message["resume"] for message in saved if message["type"] == "welcome"]
    assert tokens == [""], "a file that is passed on lets nobody come back as its player"
    *proved, end = said.splitlines()
    assert end == "Every card was promised before the first was dealt."
    assert len(proved) == 5
    for line in proved:
        found = re.fullmatch(r"hand \d+ at table \d+: (\d+) of (\d+) cards are proved", line)
        assert found is not None, line
        assert found[1] == found[2]
