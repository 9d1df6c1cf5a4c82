"""A process whose clock is put wrong while it runs."""

import os
import subprocess
import sys
import time
from pathlib import Path

CLOCK = Path(__file__).parent / "clock"
TELL = "import time; print(time.time()); print(time.time_ns()); print(time.monotonic())"


def tell(file: Path | None) -> list[float]:
    environment = dict(os.environ) | {"PYTHONPATH": str(CLOCK)}
    environment |= {} if file is None else {"CLOCK_OFFSET_FILE": str(file)}
    done = subprocess.run([sys.executable, "-c", TELL], env=environment, capture_output=True, check=True)
    return [float(line) for line in done.stdout.split()]


def test_the_clock_is_off_by_what_the_file_says_and_the_steady_clock_is_not(tmp_path: Path) -> None:
    file = tmp_path / "offset"
    file.write_text("-3600\n")
    seconds, nanoseconds, steady = tell(file)
    assert abs(seconds - (time.time() - 3600)) < 30
    assert abs(nanoseconds / 1e9 - (time.time() - 3600)) < 30
    assert abs(steady - time.monotonic()) < 30


def test_without_a_file_it_is_right(tmp_path: Path) -> None:
    assert abs(tell(tmp_path / "none")[0] - time.time()) < 30
    assert abs(tell(None)[0] - time.time()) < 30
