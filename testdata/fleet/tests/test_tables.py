"""Rows out of answers."""

import base64
from typing import Any

from fleet import tables
from fleet.program import Answer
from fleet.records import Problem, Record


def place(line: int) -> dict[str, int]:
    return {"line": line, "column": 2, "offset": 3}


def finding(**more: Any) -> dict[str, Any]:
    return {
        "rule": "nix/a",
        "aliases": ["X1"],
        "severity": "error",
        "message": "m",
        "help": "h",
        "path": "nix.conf",
        "range": {"start": place(1), "end": place(2)},
        "related": [{"path": "b", "range": {"start": place(5), "end": place(6)}, "message": "r"}],
        "fixes": [{"title": "t", "safety": "safe", "edits": [{"path": "nix.conf", "start": 1, "end": 2, "text": ""}]}],
        "fingerprint": "f",
        "suppressed": None,
        **more,
    }


def body(**more: Any) -> dict[str, Any]:
    return {
        "id": "a",
        "version": 1,
        "tool": {"name": "sandlint", "version": "1.2.3"},
        "findings": [finding(), finding(suppressed={"kind": "inline", "reason": "why"})],
        "files": {
            "checked": 3,
            "skipped": [{"path": "s", "reason": "r"}],
            "incomplete": [{"path": "i", "reason": "r"}],
        },
        "errors": [{"path": "e", "message": "m"}],
        "warnings": [".sandlint.hcl:1:1: w"],
        "diff": "",
        **more,
    }


def test_an_answer_is_one_row() -> None:
    record = Record("a", "c0ffee", files=4, size=99, problems=[Problem("n", "no_content", "m")])
    (batch,) = tables.batches([Answer(record, body(), None, 1)])
    assert batch.schema == tables.ANSWER
    (row,) = batch.to_pylist()
    assert [p["code"] for p in row["problems"]] == ["no_content", "file", "skipped", "incomplete", "warning"]
    first, second = row["findings"]
    assert (first["line"], first["end_line"], first["start"], first["suppressed"]) == (1, 2, 3, None)
    assert first["related"] == [{"path": "b", "line": 5, "column": 2, "message": "r"}]
    assert first["fixes"][0]["edits"] == [{"path": "nix.conf", "start": 1, "end": 2, "text": ""}]
    assert (second["suppressed"], second["reason"]) == ("inline", "why")
    assert (row["commit"], row["files"], row["size"], row["checked"], row["version"]) == ("c0ffee", 4, 99, 3, "1.2.3")
    assert row["error"] is None
    assert row["patch"] is None


def test_patches_are_bytes() -> None:
    assert tables.patch({"diff": "caf\u00e9"}) == "caf\u00e9".encode()
    assert tables.patch({"diff_base64": base64.b64encode(b"caf\xe9").decode()}) == b"caf\xe9"
    assert tables.patch({}) is None


def test_an_error_is_a_row_without_findings() -> None:
    failed = Problem(None, "too_slow", "m")
    (batch,) = tables.batches([Answer(Record("a"), None, failed, 3)])
    (row,) = batch.to_pylist()
    assert row["error"] == {"path": None, "code": "too_slow", "message": "m"}
    assert (row["findings"], row["tries"], row["version"]) == ([], 3, None)


def test_batches_are_bounded() -> None:
    answers = [Answer(Record(str(n)), body(), None, 1) for n in range(300)]
    sizes = [b.num_rows for b in tables.batches(answers)]
    assert sum(sizes) == 300
    assert max(sizes) <= tables.MOST_ROWS
