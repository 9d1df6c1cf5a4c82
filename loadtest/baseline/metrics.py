"""What a process of the baseline says of itself, with the names that the load test reads."""

import time
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = 4096


def render_metrics(actions: int) -> str:
    """Write the page: processor time in seconds, resident memory in bytes, actions carried out."""
    resident = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * _PAGE_BYTES
    return (
        f"process_cpu_seconds_total {time.process_time()}\n"
        f"process_resident_memory_bytes {resident}\n"
        f"holdem_action_seconds_count {actions}\n"
    )
