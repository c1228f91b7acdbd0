"""Numbered steps with the time they took."""

import time
from contextlib import contextmanager
from pathlib import Path


class Steps:
    """Announces each step and says how long it took; keeps the times for a table."""

    def __init__(self, total: int):
        self.total = total
        self.began = time.monotonic()
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def step(self, what: str):
        print(f"[{len(self.times) + 1}/{self.total}] {what} …", flush=True)
        began = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            self.times.append((what, now - began))
        print(f"      {now - began:.1f} s, {now - self.began:.0f} s in all", flush=True)

    def save(self, path: Path) -> None:
        """Writes the times as tab-separated lines: seconds, step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{seconds:.1f}\t{what}\n" for what, seconds in self.times))
