"""A program that stands in for sandlint: what it does with a record depends on the record's id."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

STAND_IN = """
import json, os, signal, sys

starts = sys.argv[1]
with open(starts, "a") as f:
    f.write("start\\n")
sys.stderr.write("a stand-in\\n")
sys.stderr.flush()
while line := sys.stdin.buffer.readline():
    record = json.loads(line)
    name = record["id"]
    if "usage" in sys.argv:
        sys.exit(2)
    if "broken" in sys.argv or name.startswith("killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("once") and not os.path.exists(starts + name):
        open(starts + name, "w").close()
        sys.exit(7)
    if name.startswith("silent"):
        signal.pause()
    if name.startswith("noise"):
        sys.stderr.write("x" * 10_000_000)
    answer = {"id": "another" if name == "wrong" else name, "size": len(line)}
    if name.startswith("error"):
        answer["error"] = {"code": "invalid", "message": "no"}
    if name.startswith("large"):
        answer["filler"] = "y" * len(line)
    sys.stdout.write("no JSON\\n" if name == "text" else json.dumps(answer) + "\\n")
    sys.stdout.flush()
"""


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    """Has a line for each start of the stand-in."""
    return tmp_path / "starts"


@pytest.fixture
def stand_in(tmp_path: Path, starts: Path) -> list[str]:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    return [sys.executable, str(script), str(starts)]


@pytest.fixture(autouse=True)
def never_for_ever() -> Iterator[None]:
    """Ends a test that waits for ever with a failure."""
    signal.alarm(120)
    yield
    signal.alarm(0)
