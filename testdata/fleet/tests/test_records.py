"""Records out of rows."""

import base64
import json
from typing import Any

from fleet.records import Problem, Record, Row, records


def lines(*rows: Row | Record, most: int = 1 << 20) -> list[Any]:
    return [json.loads(r.line) if r.line else r.failed for r in records(rows, most)]


def test_rows_of_one_repository_are_one_record() -> None:
    assert lines(Row("a", "x", b"1\xc3\xa9"), Row("a", "y/z", b"\xef\xbb\xbf2\r\n"), Row("b", "x", b"")) == [
        {"id": "a", "files": [{"path": "x", "content": "1\u00e9"}, {"path": "y/z", "content": "\ufeff2\r\n"}]},
        {"id": "b", "files": [{"path": "x", "content": ""}]},
    ]


def test_bytes_that_are_no_text_and_modes() -> None:
    rows = [Row("a", "x", b"\xe9", "100755"), Row("a", "y", b"1", "100644"), Row("a", "z", b"../x", "120000")]
    assert lines(*rows)[0]["files"] == [
        {"path": "x", "base64": base64.b64encode(b"\xe9").decode(), "executable": True},
        {"path": "y", "content": "1", "executable": False},
        {"path": "z", "link": "../x"},
    ]


def test_a_record_that_is_too_large_is_counted_and_not_kept() -> None:
    rows = [Row("a", f"f{n}", b"0123456789") for n in range(100)]
    large, small = records([*rows, Row("b", "x", b"1")], 50)
    assert (large.files, large.size, large.line) == (100, 1000, None)
    assert large.failed
    assert large.failed.code == "too_large"
    assert small.line


def test_rows_without_content_and_rows_that_contradict_each_other() -> None:
    (rec,) = records([Row("a", "x", None), Row("a", "y", b"1"), Row("a", "y", b"1")], 100)
    assert rec.problems == [Problem("x", "no_content", "the row has no content")]
    assert json.loads(rec.line or b"")["files"] == [{"path": "y", "content": "1"}]
    (rec,) = records([Row("a", "y", b"1"), Row("a", "y", b"2")], 100)
    assert rec.failed
    assert rec.failed.code == "two_contents"


def test_a_record_among_rows_is_passed_on_in_its_place() -> None:
    broken = Record("b", failed=Problem(None, "bundle", "no"))
    assert [r.repository for r in records([Row("a", "x", b""), broken, Row("c", "x", b"")], 100)] == ["a", "b", "c"]


def test_rows_without_path_and_names_that_are_no_id() -> None:
    (rec,) = records([Row("a", None, b"1")], 100)
    assert [p.code for p in rec.problems] == ["no_path"]
    assert rec.line == b'{"id": "a", "files": []}'
    for name in ("", "\u00e9" * 2049):
        (rec,) = records([Row(name, "x", b"1")], 100)
        assert rec.line is None
        assert rec.failed
        assert rec.failed.code == "invalid"
    assert next(records([Row("\u00e9" * 2048, "x", b"1")], 100)).line
